/*
 * settings - what the supervisor tells each role of the configuration: that role's part and nothing else.
 *
 * Runs in: supervisor (writes), each role (reads its own at start).   Input: trusted.
 * Encoded like messages, by lists of fields (wire/msg.h). Lists are blocks inside BYTES, written item by item.
 */
#ifndef SP_PROCESS_SETTINGS_H
#define SP_PROCESS_SETTINGS_H

#include "process/settings_log.h"
#include "process/settings_token.h"
#include "wire/msg.h"

#define SP_SETTINGS_LIST_MAX    ((size_t)4 * 1024 * 1024)
#define SP_SETTINGS_TENANTS_MAX ((size_t)64 * 1024 * 1024) /* all of them, and all organisations */
#define SP_SETTINGS_BYTES_MAX   (3 * SP_SETTINGS_TENANTS_MAX) /* of any role */

#define SP_SETTINGS_DOOR_FIELDS(F)                                                                 \
    F(U32, connections_max, 0)                                                                     \
    F(U32, connections_per_address, 0)                                                             \
    F(U32, head_ms, 0)                                                                             \
    F(U32, body_ms, 0)                                                                             \
    F(U32, idle_ms, 0)                                                                             \
    F(U64, body_bytes_max, 0)                                                                      \
    F(U8, must_certificate, 0)

#define SP_SETTINGS_FRONT_FIELDS(F)                                                                \
    F(U64, body_bytes_max, 0)                                                                      \
    F(U16, workers, 0)

/* organisations, tenants, tokens: blocks of sp_settings_organisation, sp_settings_tenant, sp_settings_token. */
#define SP_SETTINGS_ADMIT_FIELDS(F)                                                                \
    F(U16, workers, 0)                                                                             \
    F(U16, file_workers, 0) /* behind the others in number */                                      \
    F(U64, body_bytes_max, 0)                                                                      \
    F(U64, upload_body_max, 0) /* of the whole body around a file */                               \
    F(U64, bytes_in_flight_max, 0)                                                                 \
    F(U32, queue_max, 0)                                                                           \
    F(U32, failed_logins_per_minute, 0)                                                            \
    F(U64, cooldown_s, 0)                   /* how long a session lives unused */                  \
    F(BYTES, identity_key, SP_DIGEST_BYTES) /* for names of no tenant; empty: nothing is hidden */ \
    F(BYTES, organisations, SP_SETTINGS_TENANTS_MAX)                                               \
    F(BYTES, tenants, SP_SETTINGS_TENANTS_MAX)                                                     \
    F(BYTES, tokens, SP_SETTINGS_LIST_MAX)                                                         \
    F(BYTES, issuers, SP_SETTINGS_LIST_MAX) /* blocks of sp_settings_issuer */

#define SP_SETTINGS_TENANT_FIELDS(F)                                                               \
    F(TEXT, name, SP_MSG_NAME_MAX)                                                                 \
    F(TEXT, policy_name, SP_MSG_NAME_MAX)                                                          \
    F(DIGEST, policy, 0)                                                                           \
    F(U64, policy_epoch, 0)                                                                        \
    F(TEXT, organisation, SP_MSG_NAME_MAX) /* empty: none */                                       \
    F(BYTES, quota,                                                                                \
      SP_MSG_NAME_MAX) /* sp_settings_limits, as is the next; empty: no limit at all */            \
    F(BYTES, token_quota, SP_MSG_NAME_MAX)                                                         \
    F(U8, is_denial_result, 0)                                                                     \
    F(BYTES, certificates, SP_SETTINGS_LIST_MAX) /* blocks of text */                              \
    F(U8, needs_certificate, 0)                                                                    \
    F(BYTES, identity_key, SP_DIGEST_BYTES) /* empty: its names stand in the log as they are */

#define SP_SETTINGS_ORGANISATION_FIELDS(F)                                                         \
    F(TEXT, name, SP_MSG_NAME_MAX) F(BYTES, quota, SP_MSG_NAME_MAX)

/* 0: no limit. */
#define SP_SETTINGS_LIMITS_FIELDS(F)                                                               \
    F(U32, requests_per_minute, 0)                                                                 \
    F(U32, concurrent_runs, 0)                                                                     \
    F(U32, sessions, 0)                                                                            \
    F(U64, run_seconds_per_day, 0)                                                                 \
    F(U64, code_bytes_per_day, 0)                                                                  \
    F(U64, upload_bytes_per_day, 0)

#define SP_SETTINGS_TOKEN_FIELDS(F)                                                                \
    F(TEXT, id, SP_MSG_NAME_MAX)                                                                   \
    F(TEXT, tenant, SP_MSG_NAME_MAX)                                                               \
    F(DIGEST, digest, 0)  /* SHA-256 of the token's secret part */                                 \
    F(U64, expires_us, 0) /* 0: never */

#define SP_KEYS_BYTES_MAX ((size_t)512 * 1024) /* a JWKS document */

/* directories, audiences: blocks of text; keys: a JWKS document, empty for none; rules: blocks of sp_settings_rule. */
#define SP_SETTINGS_ISSUER_FIELDS(F)                                                               \
    F(TEXT, name, SP_MSG_NAME_MAX)                                                                 \
    F(TEXT, issuer, SP_MSG_DETAIL_MAX)                                                             \
    F(BYTES, directories, SP_SETTINGS_LIST_MAX)                                                    \
    F(BYTES, audiences, SP_SETTINGS_LIST_MAX)                                                      \
    F(TEXT, principal, SP_MSG_NAME_MAX)                                                            \
    F(TEXT, url, SP_MSG_DETAIL_MAX) /* that its keys are fetched from; empty: a file */            \
    F(U32, leeway_s, 0)                                                                            \
    F(BYTES, keys, SP_KEYS_BYTES_MAX)                                                              \
    F(BYTES, rules, SP_SETTINGS_LIST_MAX)

/* match: blocks of text. */
#define SP_SETTINGS_RULE_FIELDS(F)                                                                 \
    F(BYTES, match, SP_SETTINGS_LIST_MAX)                                                          \
    F(TEXT, tenant, SP_MSG_NAME_MAX)                                                               \
    F(U32, scopes, 0)

/* policies: blocks of sp_settings_policy. */
#define SP_SETTINGS_INSPECT_FIELDS(F)                                                              \
    F(U64, body_bytes_max, 0)                                                                      \
    F(U64, upload_bytes_max, 0)                                                                    \
    F(U8, gives_denied, 0) /* denied code goes to audit, which keeps it */                         \
    F(BYTES, policies, SP_SETTINGS_LIST_MAX)

/* text: the policy resolved (extends followed), as TOML. */
#define SP_SETTINGS_POLICY_FIELDS(F)                                                               \
    F(TEXT, name, SP_MSG_NAME_MAX)                                                                 \
    F(DIGEST, digest, 0)                                                                           \
    F(BYTES, text, SP_SETTINGS_LIST_MAX)

/* pools: blocks of sp_settings_relay_pool, in the order of dial's targets. */
#define SP_SETTINGS_RELAY_FIELDS(F)                                                                \
    F(U8, is_embedded, 0)                                                                          \
    F(BYTES, pools, SP_SETTINGS_LIST_MAX)                                                          \
    F(TEXT, api_version, SP_MSG_NAME_MAX)                                                          \
    F(BYTES, ca_pem, SP_SETTINGS_LIST_MAX) /* empty: the system's */                               \
    F(U32, connect_ms, 0)                                                                          \
    F(U32, connections_max, 0)                                                                     \
    F(U32, attempts_max, 0)                                                                        \
    F(U32, failures_max, 0)

#define SP_SETTINGS_RELAY_POOL_FIELDS(F)                                                           \
    F(TEXT, name, SP_MSG_SESSION_MAX) F(TEXT, endpoint, SP_MSG_TARGET_MAX) F(U32, weight, 0)

/* targets: blocks of sp_settings_target, numbered in order; the pools are the first. */
#define SP_SETTINGS_DIAL_FIELDS(F)                                                                 \
    F(U32, connect_ms, 0)                                                                          \
    F(BYTES, targets, SP_SETTINGS_LIST_MAX)

/* port 0: host is the path of a unix socket. kind: enum sp_dial_kind. asker: the one role that may have it connected. */
#define SP_SETTINGS_TARGET_FIELDS(F)                                                               \
    F(TEXT, host, SP_MSG_TARGET_MAX)                                                               \
    F(U16, port, 0) F(U8, kind, 0) F(U8, asker, 0)

#define SP_SETTINGS_POOL_FIELDS(F)                                                                 \
    F(U32, max_sessions, 0)                                                                        \
    F(U32, ready_sessions, 0)                                                                      \
    F(U32, cooldown_s, 0)                                                                          \
    F(U32, max_life_s, 0)                                                                          \
    F(U8, is_by_key, 0) /* a template for each tenant */                                           \
    F(U64, output_bytes_max, 0)

#define SP_SETTINGS_NURSERY_FIELDS(F)                                                              \
    F(U64, memory_bytes, 0)                                                                        \
    F(U64, data_bytes, 0)                                                                          \
    F(U32, cpus_milli, 0)                                                                          \
    F(U32, processes, 0)                                                                           \
    F(U32, template_life_s, 0)                                                                     \
    F(U32, template_forks, 0)                                                                      \
    F(U32, templates, 0) /* at once, one for each tenant; 0: all share one */                      \
    F(U8, has_egress, 0)                                                                           \
    F(TEXT, program, SP_MSG_TARGET_MAX)  /* path of sallyport-session */                           \
    F(BYTES, preload, SP_MSG_FIELD_MAX)  /* blocks of module names */                              \
    F(BYTES, given_up, SP_MSG_FIELD_MAX) /* blocks of layer names that the configuration gives up */

#define SP_SETTINGS_LIST(X)                                                                        \
    X(DOOR, door)                                                                                  \
    X(FRONT, front)                                                                                \
    X(ADMIT, admit)                                                                                \
    X(TENANT, tenant)                                                                              \
    X(ORGANISATION, organisation)                                                                  \
    X(LIMITS, limits)                                                                              \
    X(TOKEN, token)                                                                                \
    X(ISSUER, issuer)                                                                              \
    X(RULE, rule)                                                                                  \
    X(INSPECT, inspect)                                                                            \
    X(POLICY, policy)                                                                              \
    X(AUDIT, audit)                                                                                \
    X(QUOTA, quota)                                                                                \
    X(SHIP, ship)                                                                                  \
    X(SHIP_TARGET, ship_target)                                                                    \
    X(RELAY, relay)                                                                                \
    X(RELAY_POOL, relay_pool)                                                                      \
    X(TOKEN_ROLE, token_role)                                                                      \
    X(JWKS, jwks)                                                                                  \
    X(CLI, cli)                                                                                    \
    X(DIAL, dial)                                                                                  \
    X(TARGET, target)                                                                              \
    X(POOL, pool)                                                                                  \
    X(NURSERY, nursery)

#define SP_SETTINGS_AS_STRUCT(type, name)                                                          \
    struct sp_settings_##name {                                                                    \
        SP_SETTINGS_##type##_FIELDS(SP_MSG_DECLARE)                                                \
    };
SP_SETTINGS_LIST(SP_SETTINGS_AS_STRUCT)
#undef SP_SETTINGS_AS_STRUCT

/* sp_settings_NAME_write and sp_settings_NAME_read for each; reading wants the whole slice and borrows from it. */
#define SP_SETTINGS_AS_PROTOTYPES(type, name)                                                      \
    void sp_settings_##name##_write(struct sp_writer *w, const struct sp_settings_##name *msg)     \
        SP_NONNULL(1, 2);                                                                          \
    enum sp_err sp_settings_##name##_read(struct sp_slice in, struct sp_settings_##name *out)      \
        SP_MUST_CHECK SP_NONNULL(2);
SP_SETTINGS_LIST(SP_SETTINGS_AS_PROTOTYPES)
#undef SP_SETTINGS_AS_PROTOTYPES

#endif
