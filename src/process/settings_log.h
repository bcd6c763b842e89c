/*
 * settings_log - the fields of what those around the log are told; see settings.h.
 *
 * Runs in: supervisor, audit, ship.   Only settings.h includes this.
 */
#ifndef SP_PROCESS_SETTINGS_LOG_H
#define SP_PROCESS_SETTINGS_LOG_H

/* policies: the digests in force, 32 bytes each. confinement: one text a role, as reported. */
#define SP_SETTINGS_AUDIT_FIELDS(F)                                                                \
    F(TEXT, version, SP_MSG_NAME_MAX)                                                              \
    F(TEXT, origin, SP_MSG_SESSION_MAX)                                                            \
    F(TEXT, code_key, SP_MSG_SESSION_MAX) /* whom code is sealed to; empty: it is not kept */      \
    F(U64, file_bytes_max, 0)             /* files up to this size are kept, too */                \
    F(U8, hides_sources, 0)               /* of strangers that admit never sees */                 \
    F(DIGEST, configuration, 0)                                                                    \
    F(U16, workers, 0)                                                                             \
    F(BYTES, policies, SP_SETTINGS_LIST_MAX)                                                       \
    F(BYTES, quotas, SP_SETTINGS_LIST_MAX) /* at a reload: blocks of sp_settings_quota */

/* Whose limits a reload changes; changes: blocks of text, `more`: owners that have no block of their own. */
#define SP_SETTINGS_QUOTAS_MAX ((size_t)1000)
#define SP_SETTINGS_QUOTA_FIELDS(F)                                                                \
    F(U8, scope, 0) /* enum sp_limit_scope */                                                      \
    F(TEXT, name, SP_MSG_NAME_MAX)                                                                 \
    F(BYTES, changes, SP_MSG_MODULES_MAX)                                                          \
    F(U64, more, 0)

/* targets: blocks of sp_settings_ship_target; the one of number i may have SP_GIFT_SHIP i, else dial connects. */
#define SP_SETTINGS_SHIP_FIELDS(F)                                                                 \
    F(TEXT, version, SP_MSG_NAME_MAX)                                                              \
    F(BYTES, targets, SP_SETTINGS_LIST_MAX)

#define SP_SETTINGS_SHIP_TARGET_FIELDS(F)                                                          \
    F(TEXT, to, SP_MSG_DETAIL_MAX * 2)                                                             \
    F(TEXT, host, SP_MSG_DETAIL_MAX)                                                               \
    F(U16, target, 0) /* dial's number */                                                          \
    F(U8, is_tls, 0)                                                                               \
    F(BYTES, ca_pem, SP_SETTINGS_LIST_MAX) /* empty: the system's */                               \
    F(U8, is_ocsf, 0)                                                                              \
    F(U64, behind_max, 0)

#endif
