/*
 * settings_token - the fields of what token is told; see settings.h.
 *
 * Runs in: supervisor, token, cli.   Only settings.h includes this.
 */
#ifndef SP_PROCESS_SETTINGS_TOKEN_H
#define SP_PROCESS_SETTINGS_TOKEN_H

/* The secret comes as SP_GIFT_SECRET: index 0 a sealed memfd, index 1 the file of a certificate and its key. */
#define SP_SETTINGS_TOKEN_ROLE_FIELDS(F)                                                           \
    F(U8, source, 0) /* enum sp_provider_source */                                                 \
    F(U8, is_imds, 0)                                                                              \
    F(TEXT, endpoint, SP_MSG_TARGET_MAX)                                                           \
    F(TEXT, audience, SP_MSG_DETAIL_MAX)                                                           \
    F(TEXT, tenant_id, SP_MSG_SESSION_MAX)                                                         \
    F(TEXT, client_id, SP_MSG_SESSION_MAX)                                                         \
    F(TEXT, token_file, SP_MSG_TARGET_MAX) /* its name beneath SP_GIFT_STATE */                    \
    F(BYTES, ca_pem, SP_SETTINGS_LIST_MAX) /* empty: the system's */                               \
    F(U16, target, 0)                      /* dial's number of the identity provider */            \
    F(U8, has_pool, 0)                     /* one that wants a bearer */                           \
    F(BYTES, jwks, SP_SETTINGS_LIST_MAX)   /* blocks of sp_settings_jwks */

/* What the Azure CLI is started with; its directory comes as SP_GIFT_STATE. */
#define SP_SETTINGS_CLI_FIELDS(F)                                                                  \
    F(TEXT, program, SP_MSG_TARGET_MAX)                                                            \
    F(TEXT, home, SP_MSG_TARGET_MAX)                                                               \
    F(TEXT, path, SP_MSG_TARGET_MAX)                                                               \
    F(TEXT, config_dir, SP_MSG_TARGET_MAX)                                                         \
    F(TEXT, audience, SP_MSG_DETAIL_MAX)                                                           \
    F(TEXT, tenant_id, SP_MSG_SESSION_MAX) /* empty: the one that is logged in */

#define SP_SETTINGS_JWKS_FIELDS(F)                                                                 \
    F(TEXT, name, SP_MSG_NAME_MAX)                                                                 \
    F(U16, target, 0)                                                                              \
    F(TEXT, url, SP_MSG_DETAIL_MAX)                                                                \
    F(BYTES, ca_pem, SP_SETTINGS_LIST_MAX) /* empty: the system's */

#endif
