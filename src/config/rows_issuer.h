/*
 * rows_issuer - the keys of [[issuer]] and [[issuer.rule]]; see rows.h for what a row is.
 *
 * Runs in: supervisor, commands.   Only rows.h includes this.
 */
#ifndef SP_CONFIG_ROWS_ISSUER_H
#define SP_CONFIG_ROWS_ISSUER_H

/* a row is easier to read than a column */
/* clang-format off */
/* The rows of each [[issuer]]. */
#define SP_CONFIG_ISSUER_ROWS(X)                                                                   \
    X(TEXT, "issuer", "name", name, 0, 16, "\"\"", "",                                             \
      "its name in the log: a-z, 0-9 and dash")                                                    \
    X(TEXT, "issuer", "issuer", issuer, 0, 512, "\"\"", "",                                        \
      "what 'iss' of its tokens is, letter by letter; not for Entra")                              \
    X(TEXTS, "issuer", "entra_directories", entra_directories, 0, 64, "[]", "",                    \
      "Microsoft Entra: the tenant ids whose tokens, of version 1 and 2, are taken")               \
    X(TEXTS, "issuer", "audiences", audiences, 0, 64, "[]", "",                                    \
      "what 'aud' may name; empty, for Entra only: https://dynamicsessions.io and "                \
      "https://acasessions.io")                                                                    \
    X(TEXT, "issuer", "jwks_file", jwks_file, 0, 4096, "\"\"", "",                                 \
      "its keys, a JWKS; read again when it changes")                                              \
    X(TEXT, "issuer", "jwks_uri", jwks_uri, 0, 512, "\"\"", "",                                    \
      "where its keys are fetched, again and again; empty, for Entra without a file: Entra's own") \
    X(TEXT, "issuer", "jwks_ca_file", jwks_ca_file, 0, 4096, "\"\"", "",                            \
      "authorities of that server's certificate, PEM; empty: the system's")                        \
    X(TEXT, "issuer", "principal", principal, 0, 64, "\"\"", "",                                   \
      "the claim that names who it is in the log; empty: 'sub', and 'oid' for Entra")              \
    X(SECONDS, "issuer", "leeway", leeway_s, 0, 600, "\"1m\"", "",                                 \
      "how far clocks may differ")

/* The rows of each [[issuer.rule]]; the first that holds decides. */
#define SP_CONFIG_RULE_ROWS(X)                                                                     \
    X(TEXTS, "issuer.rule", "match", match, 0, 16, "[]", "",                                       \
      "conditions 'claim=value' that must all hold; empty: every token")                           \
    X(TEXT, "issuer.rule", "tenant", tenant, 0, 64, "\"\"", "", "the tenant that it stands for")   \
    X(TEXTS, "issuer.rule", "scopes", scopes, 1, 16,                                               \
      "[\"execute\", \"files\", \"sessions\"]", "",                                                \
      "what it may do: execute, files, sessions, audit:read, admin")

/* clang-format on */

#endif
