/*
 * rows - every key of config.toml, once.
 *
 * Runs in: supervisor, commands.
 * A row gives kind, table, key, field, lowest, highest, default (as TOML), what it may be (choices only), and help for
 * the operator. From it come the struct, the parser, the defaults, `config show` and the table of `config keys`.
 *
 * Kinds: TEXT (a string; bounds: its length), CHOICE (one of the words, stored as its number), NUMBER, BYTES (512 or
 * "512 MiB"), SECONDS (300 or "5m"), MS (2500 or "10s"), REAL (bounds: whole numbers), BOOL, TEXTS (strings; how many).
 */
#ifndef SP_CONFIG_ROWS_H
#define SP_CONFIG_ROWS_H

#include "config/rows_issuer.h"
#include "config/rows_pool.h"
#include "config/rows_session.h"
#include "config/rows_ship.h"

/* a row is easier to read than a column */
/* clang-format off */
#define SP_CONFIG_ROWS(X)                                                                          \
    X(TEXT, "server", "listen", server_listen, 1, 128, "\"127.0.0.1:8080\"", "",                   \
      "address and port of the gateway")                                                           \
    X(TEXT, "server", "state", server_state, 0, 4096, "\"\"", "",                                  \
      "directory of what must last; empty: /var/lib/sallyport for root, else sallyport under "     \
      "XDG_STATE_HOME")                                                                            \
    X(BOOL, "server", "plaintext", server_plaintext, 0, 1, "false", "",                            \
      "serve without TLS although the address is not loopback")                                    \
    X(TEXT, "server", "policies", server_policies, 0, 4096, "\"\"", "",                            \
      "directory of policies; empty: the shipped ones")                                            \
    X(TEXT, "server", "session_key_file", server_session_key_file, 0, 4096, "\"\"", "",            \
      "the key of session names, 64 hexadecimal digits, the same for every replica; empty: made "  \
      "at the first start")                                                                        \
    X(CHOICE, "server", "log_level", server_log_level, 0, 0, "\"info\"", "error|warn|info|debug",  \
      "the least important lines that are logged")                                                 \
    X(TEXT, "server.tls", "certificate", tls_certificate, 0, 4096, "\"\"", "",                     \
      "certificate chain, PEM")                                                                    \
    X(TEXT, "server.tls", "key", tls_key, 0, 4096, "\"\"", "", "private key, PEM")                 \
    X(TEXT, "server.tls", "client_ca", tls_client_ca, 0, 4096, "\"\"", "",                         \
      "authorities of client certificates, PEM; turns them on")                                    \
    X(TEXT, "server.tls", "client_crl", tls_client_crl, 0, 4096, "\"\"", "",                       \
      "revoked client certificates: a list of each authority, PEM; empty: none is")                \
    X(CHOICE, "server.tls", "client_certificates", tls_client_certificates, 0, 0, "\"optional\"",  \
      "optional|required", "whether a client may come without a certificate")                      \
    X(NUMBER, "server.limits", "connections", limits_connections, 1, 65536, "4096", "",            \
      "connections at once")                                                                       \
    X(NUMBER, "server.limits", "connections_per_address", limits_connections_per_address, 1,       \
      65536, "1024", "", "connections at once of one address (IPv4 /32, IPv6 /64)")                \
    X(MS, "server.limits", "head_timeout", limits_head_ms, 100, 600000, "\"10s\"", "",             \
      "time for the head of a request to arrive")                                                  \
    X(MS, "server.limits", "body_timeout", limits_body_ms, 100, 3600000, "\"60s\"", "",            \
      "time for the body of a request to arrive")                                                  \
    X(MS, "server.limits", "idle_timeout", limits_idle_ms, 100, 3600000, "\"75s\"", "",            \
      "how long a connection may stay between requests")                                           \
    X(MS, "server.limits", "stop_grace", limits_stop_grace_ms, 0, 600000, "\"10s\"", "",           \
      "how long runs may still finish when the service stops")                                     \
    X(BYTES, "server.limits", "body", limits_body_bytes, 1024, 268435456, "\"4 MiB\"", "",         \
      "size of a request's body")                                                                  \
    X(BYTES, "server.limits", "upload", limits_upload_bytes, 1024, 134217728, "\"128 MiB\"", "",   \
      "size of an uploaded file")                                                                  \
    X(BYTES, "server.limits", "bytes_in_flight", limits_bytes_in_flight, 65536, 17179869184,       \
      "\"1 GiB\"", "", "bodies held at once, in all")                                              \
    X(NUMBER, "server.limits", "queue", limits_queue, 1, 65536, "1024", "",                        \
      "requests of one tenant that may wait")                                                      \
    X(NUMBER, "server.limits", "failed_logins_per_minute", limits_failed_logins, 0, 1000000,       \
      "60", "", "wrong tokens of one address (IPv4 /32, IPv6 /64) before it is slowed; 0: never")  \
    X(NUMBER, "server.limits", "workers", limits_workers, 1, 48, "2", "",                          \
      "processes that inspect code")                                                               \
    X(NUMBER, "server.limits", "file_workers", limits_file_workers, 1, 16, "1", "",                \
      "processes that inspect uploads over 1 MiB, so that nothing else waits for them")            \
    X(TEXTS, "sandbox", "give_up", sandbox_give_up, 0, 16, "[]", "",                               \
      "layers of confinement that this machine may lack")                                          \
    X(TEXT, "azure_code_interpreter", "pool_endpoint", azure_pool_endpoint, 0, 2048, "\"\"", "",   \
      "management endpoint of a session pool; without it the embedded pool runs the code")         \
    X(TEXT, "azure_code_interpreter", "token_env_var", azure_token_env_var, 1, 128,                \
      "\"AZURE_CODE_INTERPRETER_TOKEN\"", "", "environment variable with the bearer token")        \
    X(CHOICE, "azure_code_interpreter", "credential", azure_credential, 0, 0, "\"environment\"",   \
      "environment|managed-identity|workload-identity|client-secret|client-certificate|azure-cli", \
      "where the bearer token comes from")                                                         \
    X(TEXT, "azure_code_interpreter", "audience", azure_audience, 1, 512,                          \
      "\"https://dynamicsessions.io\"", "", "whom the bearer is for")                              \
    X(TEXT, "azure_code_interpreter", "tenant_id", azure_tenant_id, 0, 128, "\"\"", "",            \
      "Entra tenant of the credential; empty: AZURE_TENANT_ID")                                    \
    X(TEXT, "azure_code_interpreter", "client_id", azure_client_id, 0, 128, "\"\"", "",            \
      "client, or which managed identity; empty: AZURE_CLIENT_ID")                                 \
    X(TEXT, "azure_code_interpreter", "authority_host", azure_authority_host, 0, 512, "\"\"", "",  \
      "identity provider; empty: AZURE_AUTHORITY_HOST, else login.microsoftonline.com")            \
    X(TEXT, "azure_code_interpreter", "identity_endpoint", azure_identity_endpoint, 0, 512,        \
      "\"\"", "",                                                                                  \
      "endpoint of managed identities; empty: IDENTITY_ENDPOINT, else the metadata service")       \
    X(TEXT, "azure_code_interpreter", "federated_token_file", azure_federated_token_file, 0, 4096, \
      "\"\"", "", "projected token; empty: AZURE_FEDERATED_TOKEN_FILE")                            \
    X(TEXT, "azure_code_interpreter", "client_certificate", azure_client_certificate, 0, 4096,     \
      "\"\"", "", "certificate and RSA key, PEM; empty: AZURE_CLIENT_CERTIFICATE_PATH")            \
    X(TEXT, "azure_code_interpreter", "cli_program", azure_cli_program, 0, 4096, "\"\"", "",         \
      "path of the Azure CLI; empty: 'az' on the PATH that the service starts with")               \
    X(TEXT, "azure_code_interpreter", "cli_config_dir", azure_cli_config_dir, 0, 4096, "\"\"", "",   \
      "where 'az login' keeps its session; empty: AZURE_CONFIG_DIR, else .azure in HOME")          \
    X(TEXT, "azure_code_interpreter", "authority_ca_file", azure_authority_ca_file, 0, 4096,       \
      "\"\"", "", "authorities of the identity provider's certificate, PEM; empty: the system's")  \
    X(TEXT, "azure_code_interpreter", "ca_file", azure_ca_file, 0, 4096, "\"\"", "",               \
      "authorities of the pool's certificate, PEM; empty: the system's")                           \
    X(TEXT, "azure_code_interpreter", "api_version", azure_api_version, 1, 32,                     \
      "\"2025-10-02-preview\"", "", "api-version of the requests to the pool")                     \
    X(MS, "azure_code_interpreter", "connect_timeout", azure_connect_ms, 100, 60000, "\"5s\"", "", \
      "time to connect to the pool")                                                               \
    X(NUMBER, "azure_code_interpreter", "connections", azure_connections, 1, 4096, "256", "",      \
      "connections to each pool at once")                                                          \
    X(NUMBER, "azure_code_interpreter", "attempts", azure_attempts, 1, 8, "4", "",                 \
      "how often a run is offered that surely did not start: full pools, failed connections")      \
    X(NUMBER, "azure_code_interpreter", "failures", azure_failures, 0, 1000, "5", "",              \
      "failures of a pool in a row before it is left alone for a while; 0: it never is")           \
    SP_CONFIG_SESSION_ROWS(X)                                                                      \
    X(CHOICE, "audit", "code", audit_code, 0, 0, "\"digest\"", "digest|full",                      \
      "whether the code itself is kept, sealed to the auditor, beside the log")                                  \
    X(BYTES, "audit", "files", audit_files, 0, 134217728, "\"128 MiB\"", "",                        \
      "uploaded files up to this size are kept as the code is; 0: none are")                       \
    X(SECONDS, "audit", "keep", audit_keep_s, 0, 4294967295, "0", "",                              \
      "how long entries and kept code stay, at least a day; 0: for ever")                          \
    X(BYTES, "audit", "keep_bytes", audit_keep_bytes, 0, 1125899906842624, "0", "",                \
      "how many bytes of entries stay, at least a MiB and all of the last day; 0: any number")     \
    X(CHOICE, "audit", "identities", audit_identities, 0, 0, "\"clear\"", "clear|keyed",           \
      "whether tenant, principal, address and session stand in the log as they are, or as digests under the tenant's key") \
    X(TEXT, "audit", "code_key", audit_code_key, 0, 128, "\"\"", "",                              \
      "the auditor's public key that kept code is sealed to, as 'sallyport audit keygen' prints it") \
    X(TEXT, "audit", "origin", audit_origin, 0, 64, "\"\"", "",                                      \
      "name of this log in its checkpoints; empty: made up from its first key")

/*
 * The rows of each [[tenant]]. A quota of 0 is no limit; one of `tenant.token_quota` holds for each token of the tenant
 * by itself.
 */
#define SP_CONFIG_TENANT_ROWS(X)                                                                   \
    X(TEXT, "tenant", "name", name, 1, 64, "\"local\"", "",                                        \
      "name of the tenant: letters, digits, dot, dash, underscore")                                \
    X(TEXT, "tenant", "policy", policy, 1, 64, "\"data-science\"", "",                             \
      "policy of its submissions")                                                                 \
    X(TEXT, "tenant", "organisation", organisation, 0, 64, "\"\"", "",                             \
      "organisation that it belongs to, whose quotas all its tenants share; empty: none")          \
    X(CHOICE, "tenant", "denial", denial, 0, 0, "\"error\"", "error|result",                       \
      "how a denied run is answered: an error, or a result with the reason in stderr")             \
    X(TEXTS, "tenant", "certificates", certificates, 0, 64, "[]", "",                              \
      "client certificates that stand for it: 'sha256:' and the digest, 'subject:' and the "       \
      "subject as RFC 4514 has it, or an alternative name: 'dns:', 'uri:', 'email:'")              \
    X(CHOICE, "tenant", "certificate_use", certificate_use, 0, 0, "\"alone\"", "alone|with-token", \
      "whether a certificate is enough, or certificate and token are needed both")                 \
    X(NUMBER, "tenant.quota", "requests_per_minute", quota_requests_per_minute, 0, 1000000, "0",   \
      "", "requests")                                                                              \
    X(NUMBER, "tenant.quota", "concurrent_runs", quota_concurrent_runs, 0, 65536, "0", "",         \
      "runs at once")                                                                              \
    X(NUMBER, "tenant.quota", "sessions", quota_sessions, 0, 65536, "0", "",                       \
      "sessions alive at once")                                                                    \
    X(SECONDS, "tenant.quota", "run_seconds_per_day", quota_run_seconds_per_day, 0, 4294967295,    \
      "0", "", "time of runs")                                                                     \
    X(BYTES, "tenant.quota", "code_bytes_per_day", quota_code_bytes_per_day, 0, 1125899906842624,  \
      "0", "", "submitted code")                                                                   \
    X(BYTES, "tenant.quota", "upload_bytes_per_day", quota_upload_bytes_per_day, 0,                \
      1125899906842624, "0", "", "uploaded files")                                                 \
    X(NUMBER, "tenant.token_quota", "requests_per_minute", token_quota_requests_per_minute, 0,     \
      1000000, "0", "", "requests")                                                                \
    X(NUMBER, "tenant.token_quota", "concurrent_runs", token_quota_concurrent_runs, 0, 65536, "0", \
      "", "runs at once")                                                                          \
    X(NUMBER, "tenant.token_quota", "sessions", token_quota_sessions, 0, 65536, "0", "",           \
      "sessions alive at once")                                                                    \
    X(SECONDS, "tenant.token_quota", "run_seconds_per_day", token_quota_run_seconds_per_day, 0,    \
      4294967295, "0", "", "time of runs")                                                         \
    X(BYTES, "tenant.token_quota", "code_bytes_per_day", token_quota_code_bytes_per_day, 0,        \
      1125899906842624, "0", "", "submitted code")                                                 \
    X(BYTES, "tenant.token_quota", "upload_bytes_per_day", token_quota_upload_bytes_per_day, 0,    \
      1125899906842624, "0", "", "uploaded files")

/* The rows of each [[organisation]]. */
#define SP_CONFIG_ORGANISATION_ROWS(X)                                                             \
    X(TEXT, "organisation", "name", name, 1, 64, "\"all\"", "",                                       \
      "name of the organisation: letters, digits, dot, dash, underscore")                          \
    X(NUMBER, "organisation.quota", "requests_per_minute", quota_requests_per_minute, 0, 1000000,  \
      "0", "", "requests")                                                                         \
    X(NUMBER, "organisation.quota", "concurrent_runs", quota_concurrent_runs, 0, 65536, "0", "",   \
      "runs at once")                                                                              \
    X(NUMBER, "organisation.quota", "sessions", quota_sessions, 0, 65536, "0", "",                 \
      "sessions alive at once")                                                                    \
    X(SECONDS, "organisation.quota", "run_seconds_per_day", quota_run_seconds_per_day, 0,          \
      4294967295, "0", "", "time of runs")                                                         \
    X(BYTES, "organisation.quota", "code_bytes_per_day", quota_code_bytes_per_day, 0,              \
      1125899906842624, "0", "", "submitted code")                                                 \
    X(BYTES, "organisation.quota", "upload_bytes_per_day", quota_upload_bytes_per_day, 0,          \
      1125899906842624, "0", "", "uploaded files")

/* clang-format on */

#endif
