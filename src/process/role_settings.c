#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "codec/url.h"
#include "os/files.h"
#include "process/collectors.h"
#include "process/house.h"
#include "process/identities.h"
#include "process/issuers.h"
#include "process/upstream.h"

/* The embedded pool answers on this socket in dial's working directory. */
#define POOL_SOCKET         "pool.sock"
#define CA_BYTES_MAX        ((size_t)2 * 1024 * 1024)
/* What multipart puts around a file, at most. */
#define UPLOAD_AROUND_BYTES ((uint64_t)64 * 1024)

typedef enum sp_err settings_fn(const struct sp_child *child, struct sp_writer *w);

/* A tool for lists: each item is a block of its own. */
#define PUT_ITEM(list, name, item)                                                                 \
    do {                                                                                           \
        SP_AUTO_BUF struct sp_buf encoded;                                                         \
        struct sp_writer item_writer;                                                              \
        sp_buf_init(&encoded, SP_SETTINGS_LIST_MAX);                                               \
        sp_writer_init(&item_writer, &encoded);                                                    \
        sp_settings_##name##_write(&item_writer, &(item));                                         \
        SP_TRY(sp_writer_end(&item_writer));                                                       \
        sp_writer_block((list), sp_buf_slice(&encoded));                                           \
    } while (0)

static void copy_digest(uint8_t out[SP_DIGEST_BYTES], const uint8_t in[SP_DIGEST_BYTES])
{
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        out[i] = in[i];
    }
}

/* The body around a file of the largest size; no more than may be in flight at all. */
static uint64_t upload_body_max(const struct sp_config *config)
{
    uint64_t most = config->limits_upload_bytes + UPLOAD_AROUND_BYTES;
    return most < config->limits_bytes_in_flight ? most : config->limits_bytes_in_flight;
}

static uint64_t any_body_max(const struct sp_config *config)
{
    uint64_t upload = upload_body_max(config);
    return upload > config->limits_body_bytes ? upload : config->limits_body_bytes;
}

static uint16_t all_workers(const struct sp_config *config)
{
    return (uint16_t)(config->limits_workers + config->limits_file_workers);
}

static enum sp_err door(const struct sp_child *child, struct sp_writer *w)
{
    const struct sp_config *config = child->house->config;
    const struct sp_settings_door s = {
        .connections_max = (uint32_t)config->limits_connections,
        .connections_per_address = (uint32_t)config->limits_connections_per_address,
        .head_ms = (uint32_t)config->limits_head_ms,
        .body_ms = (uint32_t)config->limits_body_ms,
        .idle_ms = (uint32_t)config->limits_idle_ms,
        .body_bytes_max = config->limits_body_bytes,
        .must_certificate = config->tls_client_certificates == SP_CONFIG_CERTIFICATES_REQUIRED,
    };
    sp_settings_door_write(w, &s);
    return SP_OK;
}

static enum sp_err front(const struct sp_child *child, struct sp_writer *w)
{
    const struct sp_config *config = child->house->config;
    const struct sp_settings_front s = {.body_bytes_max = any_body_max(config),
                                        .workers = all_workers(config)};
    sp_settings_front_write(w, &s);
    return SP_OK;
}

/* The rows of a quota have the same names wherever they stand, but for what goes before them. */
#define LIMITS(of, prefix)                                                                         \
    {                                                                                              \
        .requests_per_minute = (uint32_t)(of)->prefix##_requests_per_minute,                       \
        .concurrent_runs = (uint32_t)(of)->prefix##_concurrent_runs,                               \
        .sessions = (uint32_t)(of)->prefix##_sessions,                                             \
        .run_seconds_per_day = (of)->prefix##_run_seconds_per_day,                                 \
        .code_bytes_per_day = (of)->prefix##_code_bytes_per_day,                                   \
        .upload_bytes_per_day = (of)->prefix##_upload_bytes_per_day                                \
    }

static enum sp_err put_limits(struct sp_settings_limits limits, struct sp_buf *out)
{
    struct sp_writer w;
    const uint64_t any = limits.requests_per_minute | limits.concurrent_runs | limits.sessions |
                         limits.run_seconds_per_day | limits.code_bytes_per_day |
                         limits.upload_bytes_per_day;
    sp_buf_init(out, SP_MSG_NAME_MAX);
    if (any == 0) {
        return SP_OK;
    }
    sp_writer_init(&w, out);
    sp_settings_limits_write(&w, &limits);
    return sp_writer_end(&w);
}

static enum sp_err put_organisations(const struct sp_config *config, struct sp_writer *list)
{
    for (size_t i = 0; i < config->organisation_count; i++) {
        const struct sp_config_organisation *organisation = &config->organisations[i];
        SP_AUTO_BUF struct sp_buf quota = {.ptr = NULL};
        SP_TRY(put_limits((struct sp_settings_limits)LIMITS(organisation, quota), &quota));
        struct sp_settings_organisation s = {.name = sp_slice_of(organisation->name),
                                             .quota = sp_buf_slice(&quota)};
        PUT_ITEM(list, organisation, s);
    }
    return SP_OK;
}

/* The key of a tenant, made when there is none; empty when nothing is hidden. */
static enum sp_err put_identity(struct sp_identity_batch *batch, const char *name,
                                uint8_t key[SP_VEIL_KEY_BYTES], struct sp_slice *out)
{
    if (batch->dir >= 0) {
        SP_TRY(sp_identity_draft(batch, name, key));
        *out = sp_slice_make(key, SP_VEIL_KEY_BYTES);
    }
    return SP_OK;
}

static enum sp_err put_tenants(const struct sp_house *house, struct sp_identity_batch *batch,
                               struct sp_writer *list)
{
    for (size_t i = 0; i < house->config->tenant_count; i++) {
        const struct sp_config_tenant *tenant = &house->config->tenants[i];
        const struct sp_policy_in_force *policy =
            sp_policies_find(&house->policies, sp_slice_of(tenant->policy));
        if (policy == NULL) {
            return SP_ERR_CONFIG;
        }
        SP_AUTO_BUF struct sp_buf quota = {.ptr = NULL};
        SP_AUTO_BUF struct sp_buf token_quota = {.ptr = NULL};
        SP_TRY(put_limits((struct sp_settings_limits)LIMITS(tenant, quota), &quota));
        SP_TRY(put_limits((struct sp_settings_limits)LIMITS(tenant, token_quota), &token_quota));
        struct sp_settings_tenant s = {
            .name = sp_slice_of(tenant->name),
            .policy_name = sp_slice_of(tenant->policy),
            .policy_epoch = sp_epochs_of(&house->epochs, sp_slice_of(tenant->name)),
            .organisation = sp_slice_of(tenant->organisation),
            .quota = sp_buf_slice(&quota),
            .token_quota = sp_buf_slice(&token_quota),
            .is_denial_result = tenant->denial == SP_CONFIG_DENIAL_RESULT};
        uint8_t identity_key[SP_VEIL_KEY_BYTES];
        SP_TRY(put_identity(batch, tenant->name, identity_key, &s.identity_key));
        SP_AUTO_BUF struct sp_buf certificates;
        sp_buf_init(&certificates, SP_SETTINGS_LIST_MAX);
        SP_TRY(sp_certificates_settings(tenant, &certificates));
        s.certificates = sp_buf_slice(&certificates);
        s.needs_certificate = tenant->certificate_use == SP_CONFIG_CERTIFICATE_WITH_TOKEN;
        copy_digest(s.policy, policy->digest);
        PUT_ITEM(list, tenant, s);
    }
    return SP_OK;
}

static enum sp_err put_tokens(const struct sp_house *house, struct sp_writer *list)
{
    struct sp_settings_token s = {.id = sp_slice_of(house->estate.token_id),
                                  .tenant = sp_slice_of(house->config->tenants[0].name),
                                  .expires_us = 0};
    copy_digest(s.digest, house->estate.token_digest);
    PUT_ITEM(list, token, s);
    return SP_OK;
}

static enum sp_err admit(const struct sp_child *child, struct sp_writer *w)
{
    const struct sp_config *config = child->house->config;
    SP_AUTO_BUF struct sp_buf organisations;
    SP_AUTO_BUF struct sp_buf tenants;
    SP_AUTO_BUF struct sp_buf tokens;
    SP_AUTO_BUF struct sp_buf issuers;
    SP_CLEANUP(sp_identity_end) struct sp_identity_batch batch = {.dir = -1};
    struct sp_writer lists;
    sp_buf_init(&organisations, SP_SETTINGS_TENANTS_MAX);
    sp_buf_init(&tenants, SP_SETTINGS_TENANTS_MAX);
    sp_buf_init(&tokens, SP_SETTINGS_LIST_MAX);
    sp_buf_init(&issuers, SP_SETTINGS_LIST_MAX);
    sp_writer_init(&lists, &organisations);
    SP_TRY(put_organisations(config, &lists));
    SP_TRY(sp_writer_end(&lists));
    sp_writer_init(&lists, &tenants);
    if (config->audit_identities == SP_CONFIG_IDENTITIES_KEYED) {
        SP_TRY(sp_identity_begin(child->house->estate.state_dir, &batch));
    }
    SP_TRY(put_tenants(child->house, &batch, &lists));
    SP_TRY(sp_writer_end(&lists));
    sp_writer_init(&lists, &tokens);
    SP_TRY(put_tokens(child->house, &lists));
    SP_TRY(sp_writer_end(&lists));
    SP_TRY(sp_issuers_settings(config, &issuers));
    uint8_t nobody_key[SP_VEIL_KEY_BYTES];
    struct sp_slice nobody = {NULL, 0};
    SP_TRY(put_identity(&batch, SP_IDENTITY_OF_NOBODY, nobody_key, &nobody));
    SP_TRY(sp_identity_settle(&batch));
    const struct sp_settings_admit s = {.identity_key = nobody,
                                        .workers = (uint16_t)config->limits_workers,
                                        .file_workers = (uint16_t)config->limits_file_workers,
                                        .body_bytes_max = config->limits_body_bytes,
                                        .upload_body_max = upload_body_max(config),
                                        .bytes_in_flight_max = config->limits_bytes_in_flight,
                                        .queue_max = (uint32_t)config->limits_queue,
                                        .failed_logins_per_minute =
                                            (uint32_t)config->limits_failed_logins,
                                        .cooldown_s = config->pool_cooldown_s,
                                        .organisations = sp_buf_slice(&organisations),
                                        .tenants = sp_buf_slice(&tenants),
                                        .tokens = sp_buf_slice(&tokens),
                                        .issuers = sp_buf_slice(&issuers)};
    sp_settings_admit_write(w, &s);
    return SP_OK;
}

static enum sp_err inspect(const struct sp_child *child, struct sp_writer *w)
{
    const struct sp_policies *policies = &child->house->policies;
    SP_AUTO_BUF struct sp_buf list;
    struct sp_writer items;
    sp_buf_init(&list, SP_SETTINGS_LIST_MAX);
    sp_writer_init(&items, &list);
    for (size_t i = 0; i < policies->count; i++) {
        struct sp_settings_policy s = {.name = sp_slice_of(policies->items[i].name),
                                       .text = sp_buf_slice(&policies->items[i].text)};
        copy_digest(s.digest, policies->items[i].digest);
        PUT_ITEM(&items, policy, s);
    }
    SP_TRY(sp_writer_end(&items));
    const struct sp_settings_inspect s = {
        .body_bytes_max = child->house->config->limits_body_bytes,
        .upload_bytes_max = child->house->config->limits_upload_bytes,
        .gives_denied = child->house->config->audit_code == SP_CONFIG_AUDIT_FULL,
        .policies = sp_buf_slice(&list)};
    sp_settings_inspect_write(w, &s);
    return SP_OK;
}

static enum sp_err audit(const struct sp_child *child, struct sp_writer *w)
{
    const struct sp_house *house = child->house;
    SP_AUTO_BUF struct sp_buf digests;
    sp_buf_init(&digests, SP_SETTINGS_LIST_MAX);
    for (size_t i = 0; i < house->policies.count; i++) {
        SP_TRY(
            sp_buf_put(&digests, sp_slice_make(house->policies.items[i].digest, SP_DIGEST_BYTES)));
    }
    struct sp_settings_audit s = {
        .version = sp_slice_of(house->version),
        .quotas = sp_buf_slice(&house->reload.quotas), /* until audit has recorded them */
        .origin = sp_slice_of(house->config->audit_origin),
        .code_key = sp_slice_of(
            house->config->audit_code == SP_CONFIG_AUDIT_FULL ? house->config->audit_code_key : ""),
        .file_bytes_max = house->config->audit_files,
        .hides_sources = house->config->audit_identities == SP_CONFIG_IDENTITIES_KEYED,
        .workers = all_workers(house->config),
        .policies = sp_buf_slice(&digests)};
    SP_TRY(sp_configuration_digest(house->config, s.configuration));
    sp_settings_audit_write(w, &s);
    return SP_OK;
}

static enum sp_err put_pools(const struct sp_config *config, struct sp_writer *items)
{
    struct sp_settings_relay_pool s = {.name = SP_SLICE_LITERAL("embedded"),
                                       .endpoint = SP_SLICE_LITERAL("http://pool"),
                                       .weight = 1};
    if (!config->has_azure) {
        PUT_ITEM(items, relay_pool, s);
    }
    for (size_t i = 0; i < config->pool_count; i++) {
        s.name = sp_config_pool_name(&config->pools[i]);
        s.endpoint = sp_slice_of(config->pools[i].endpoint);
        s.weight = (uint32_t)config->pools[i].weight;
        PUT_ITEM(items, relay_pool, s);
    }
    return sp_writer_end(items);
}

static enum sp_err relay(const struct sp_child *child, struct sp_writer *w)
{
    const struct sp_config *config = child->house->config;
    SP_AUTO_BUF struct sp_buf authorities;
    SP_AUTO_BUF struct sp_buf pools;
    struct sp_writer items;
    sp_buf_init(&authorities, CA_BYTES_MAX);
    sp_buf_init(&pools, SP_SETTINGS_LIST_MAX);
    sp_writer_init(&items, &pools);
    SP_TRY(put_pools(config, &items));
    if (config->has_azure && config->azure_ca_file[0] != '\0') {
        SP_TRY(sp_file_read(config->azure_ca_file, &authorities));
    }
    const struct sp_settings_relay s = {
        .is_embedded = !config->has_azure,
        .pools = sp_buf_slice(&pools),
        .api_version = sp_slice_of(config->azure_api_version),
        .ca_pem = sp_buf_slice(&authorities),
        .connect_ms = (uint32_t)config->azure_connect_ms,
        .connections_max = (uint32_t)config->azure_connections,
        .attempts_max = (uint32_t)config->azure_attempts,
        .failures_max = (uint32_t)config->azure_failures,
    };
    sp_settings_relay_write(w, &s);
    return SP_OK;
}

static struct sp_slice last_part(const char *path)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    return path == NULL ? (struct sp_slice){NULL, 0}
                        : sp_slice_of(slash == NULL ? path : slash + 1);
}

static struct sp_slice text_or_none(const char *text)
{
    return text == NULL ? (struct sp_slice){NULL, 0} : sp_slice_of(text);
}

/* Numbers of dial's targets: the pools, the identity provider if there is one, the issuers whose keys are fetched. */
static uint16_t target_of_provider(const struct sp_config *config)
{
    return config->has_azure ? (uint16_t)config->pool_count : 1;
}

static uint16_t target_of_keys(const struct sp_config *config, const struct sp_upstream *upstream)
{
    return (uint16_t)(target_of_provider(config) + (upstream->endpoint.len == 0 ? 0 : 1));
}

static enum sp_err put_one_jwks(const struct sp_config_issuer *issuer, struct sp_settings_jwks *s,
                                struct sp_writer *list)
{
    SP_AUTO_BUF struct sp_buf authorities;
    sp_buf_init(&authorities, CA_BYTES_MAX);
    if (issuer->jwks_ca_file[0] != '\0') {
        SP_TRY(sp_file_read(issuer->jwks_ca_file, &authorities));
    }
    s->ca_pem = sp_buf_slice(&authorities);
    PUT_ITEM(list, jwks, *s);
    return SP_OK;
}

static enum sp_err put_jwks(const struct sp_config *config, uint16_t target, struct sp_writer *list)
{
    for (size_t i = 0; i < config->issuer_count; i++) {
        const char *uri = sp_issuer_jwks_uri(&config->issuers[i]);
        if (uri != NULL) {
            struct sp_settings_jwks s = {.name = sp_slice_of(config->issuers[i].name),
                                         .target = target++,
                                         .url = sp_slice_of(uri)};
            SP_TRY(put_one_jwks(&config->issuers[i], &s, list));
        }
    }
    return SP_OK;
}

/* The targets in the same order. */
static enum sp_err put_key_targets(const struct sp_config *config, struct sp_writer *items)
{
    for (size_t i = 0; i < config->issuer_count; i++) {
        const char *uri = sp_issuer_jwks_uri(&config->issuers[i]);
        struct sp_url url;
        if (uri != NULL) {
            SP_TRY(sp_url_parse(sp_slice_of(uri), &url));
            const struct sp_settings_target target = {
                .host = url.host, .port = url.port, .asker = (uint8_t)SP_ROLE_TOKEN};
            PUT_ITEM(items, target, target);
        }
    }
    return SP_OK;
}

static enum sp_err token(const struct sp_child *child, struct sp_writer *w)
{
    const struct sp_config *config = child->house->config;
    SP_CLEANUP(sp_upstream_done) struct sp_upstream upstream;
    SP_AUTO_BUF struct sp_buf authorities;
    SP_AUTO_BUF struct sp_buf jwks;
    struct sp_writer list;
    const char *why = "";
    sp_buf_init(&authorities, CA_BYTES_MAX);
    sp_buf_init(&jwks, SP_SETTINGS_LIST_MAX);
    sp_writer_init(&list, &jwks);
    SP_TRY(sp_upstream_of(config, &upstream, &why));
    SP_TRY(put_jwks(config, target_of_keys(config, &upstream), &list));
    SP_TRY(sp_writer_end(&list));
    if (config->azure_authority_ca_file[0] != '\0') {
        SP_TRY(sp_file_read(config->azure_authority_ca_file, &authorities));
    }
    const struct sp_settings_token_role s = {.source = (uint8_t)config->azure_credential,
                                             .is_imds = upstream.is_imds,
                                             .endpoint = sp_buf_slice(&upstream.endpoint),
                                             .audience = sp_slice_of(upstream.audience),
                                             .tenant_id = text_or_none(upstream.tenant_id),
                                             .client_id = text_or_none(upstream.client_id),
                                             .token_file = last_part(upstream.token_file),
                                             .ca_pem = sp_buf_slice(&authorities),
                                             .target = target_of_provider(config),
                                             .has_pool = config->has_azure,
                                             .jwks = sp_buf_slice(&jwks)};
    sp_settings_token_role_write(w, &s);
    return SP_OK;
}

static struct sp_slice without_end(const struct sp_buf *text)
{
    return text->len == 0 ? (struct sp_slice){NULL, 0}
                          : sp_slice_sub(sp_buf_slice(text), 0, text->len - 1);
}

static enum sp_err cli(const struct sp_child *child, struct sp_writer *w)
{
    SP_CLEANUP(sp_upstream_done) struct sp_upstream upstream;
    const char *why = "";
    SP_TRY(sp_upstream_of(child->house->config, &upstream, &why));
    const struct sp_settings_cli s = {.program = without_end(&upstream.cli_program),
                                      .home = text_or_none(getenv("HOME")),
                                      .path = text_or_none(getenv("PATH")),
                                      .config_dir = without_end(&upstream.cli_config),
                                      .audience = sp_slice_of(upstream.audience),
                                      .tenant_id =
                                          sp_slice_of(child->house->config->azure_tenant_id)};
    sp_settings_cli_write(w, &s);
    return SP_OK;
}

/* dial's targets: the pools, and behind them the identity provider. */
static enum sp_err put_provider(const struct sp_config *config, struct sp_writer *items)
{
    SP_CLEANUP(sp_upstream_done) struct sp_upstream upstream;
    struct sp_url url;
    const char *why = "";
    SP_TRY(sp_upstream_of(config, &upstream, &why));
    if (upstream.endpoint.len == 0) {
        return SP_OK;
    }
    SP_TRY(sp_url_parse(sp_buf_slice(&upstream.endpoint), &url));
    const struct sp_settings_target target = {
        .host = url.host, .port = url.port, .asker = (uint8_t)SP_ROLE_TOKEN};
    PUT_ITEM(items, target, target);
    return SP_OK;
}

static enum sp_err dial(const struct sp_child *child, struct sp_writer *w)
{
    const struct sp_config *config = child->house->config;
    struct sp_settings_target target = {
        .host = SP_SLICE_LITERAL(POOL_SOCKET), .port = 0, .asker = (uint8_t)SP_ROLE_RELAY};
    struct sp_url url;
    SP_AUTO_BUF struct sp_buf list;
    struct sp_writer items;
    sp_buf_init(&list, SP_SETTINGS_LIST_MAX);
    sp_writer_init(&items, &list);
    if (!config->has_azure) {
        PUT_ITEM(&items, target, target);
    }
    for (size_t i = 0; i < config->pool_count; i++) {
        SP_TRY(sp_url_parse(sp_slice_of(config->pools[i].endpoint), &url));
        target = (struct sp_settings_target){
            .host = url.host, .port = url.port, .asker = (uint8_t)SP_ROLE_RELAY};
        PUT_ITEM(&items, target, target);
    }
    SP_TRY(put_provider(config, &items));
    SP_TRY(put_key_targets(config, &items));
    SP_TRY(sp_collectors_targets(config, &items));
    SP_TRY(sp_writer_end(&items));
    const struct sp_settings_dial s = {.connect_ms = (uint32_t)config->azure_connect_ms,
                                       .targets = sp_buf_slice(&list)};
    sp_settings_dial_write(w, &s);
    return SP_OK;
}

static enum sp_err pool(const struct sp_child *child, struct sp_writer *w)
{
    const struct sp_config *config = child->house->config;
    const struct sp_settings_pool s = {
        .max_sessions = (uint32_t)config->pool_max_sessions,
        .ready_sessions = (uint32_t)config->pool_ready_sessions,
        .cooldown_s = (uint32_t)config->pool_cooldown_s,
        .max_life_s = (uint32_t)config->pool_max_life_s,
        .is_by_key = config->pool_template == SP_CONFIG_TEMPLATE_TENANT ? 1 : 0,
        .output_bytes_max = config->pool_output_bytes};
    sp_settings_pool_write(w, &s);
    return SP_OK;
}

/* The program of the sessions stands beside this one. */
static enum sp_err session_program(struct sp_buf *out)
{
    char self[SP_FILE_PATH_MAX];
    const ssize_t len = readlink("/proc/self/exe", self, sizeof(self));
    if (len <= 0 || (size_t)len >= sizeof(self)) {
        return SP_ERR_SYSTEM;
    }
    size_t end = (size_t)len;
    while (end > 0 && self[end - 1] != '/') {
        end--;
    }
    SP_TRY(sp_buf_put(out, sp_slice_make(self, end)));
    return sp_buf_put_text(out, "sallyport-session");
}

static enum sp_err put_texts(struct sp_config_texts texts, struct sp_buf *out)
{
    struct sp_writer w;
    sp_writer_init(&w, out);
    for (size_t i = 0; i < texts.count; i++) {
        sp_writer_block(&w, sp_slice_of(texts.items[i]));
    }
    return sp_writer_end(&w);
}

static enum sp_err nursery(const struct sp_child *child, struct sp_writer *w)
{
    const struct sp_config *config = child->house->config;
    SP_AUTO_BUF struct sp_buf program;
    SP_AUTO_BUF struct sp_buf preload;
    SP_AUTO_BUF struct sp_buf given_up;
    sp_buf_init(&preload, SP_MSG_FIELD_MAX);
    sp_buf_init(&given_up, SP_MSG_FIELD_MAX);
    sp_buf_init(&program, SP_FILE_PATH_MAX);
    SP_TRY(session_program(&program));
    SP_TRY(put_texts(config->session_preload, &preload));
    SP_TRY(put_texts(config->sandbox_give_up, &given_up));
    const struct sp_settings_nursery s = {
        .memory_bytes = config->session_memory_bytes,
        .data_bytes = config->session_data_bytes,
        .cpus_milli = (uint32_t)(config->session_cpus * 1000.0),
        .processes = (uint32_t)config->session_processes,
        .template_life_s = (uint32_t)config->pool_template_life_s,
        .template_forks = (uint32_t)config->pool_template_forks,
        .templates = config->pool_template == SP_CONFIG_TEMPLATE_TENANT
                         ? (uint32_t)config->pool_templates
                         : 0,
        .has_egress = config->pool_network_status == SP_CONFIG_EGRESS_ENABLED,
        .program = sp_buf_slice(&program),
        .preload = sp_buf_slice(&preload),
        .given_up = sp_buf_slice(&given_up)};
    sp_settings_nursery_write(w, &s);
    return SP_OK;
}

/* Its collectors stand behind all other targets of dial. */
static enum sp_err ship(const struct sp_child *child, struct sp_writer *w)
{
    const struct sp_config *config = child->house->config;
    SP_CLEANUP(sp_upstream_done) struct sp_upstream upstream;
    SP_AUTO_BUF struct sp_buf targets;
    struct sp_writer list;
    const char *why = "";
    sp_buf_init(&targets, SP_SETTINGS_LIST_MAX);
    sp_writer_init(&list, &targets);
    SP_TRY(sp_upstream_of(config, &upstream, &why));
    const uint16_t first =
        (uint16_t)(target_of_keys(config, &upstream) + sp_issuers_fetched(config));
    SP_TRY(sp_collectors_settings(config, first, &list));
    SP_TRY(sp_writer_end(&list));
    const struct sp_settings_ship s = {.version = sp_slice_of(child->house->version),
                                       .targets = sp_buf_slice(&targets)};
    sp_settings_ship_write(w, &s);
    return SP_OK;
}

/* The log's directory is all that it is given. */
static enum sp_err reader(const struct sp_child *child, struct sp_writer *w)
{
    (void)child;
    (void)w;
    return SP_OK;
}

enum sp_err sp_role_settings(const struct sp_child *child, struct sp_buf *out)
{
    static settings_fn *const of[SP_ROLE_COUNT] = {
        [SP_ROLE_DOOR] = door,       [SP_ROLE_FRONT] = front,   [SP_ROLE_ADMIT] = admit,
        [SP_ROLE_INSPECT] = inspect, [SP_ROLE_AUDIT] = audit,   [SP_ROLE_RELAY] = relay,
        [SP_ROLE_TOKEN] = token,     [SP_ROLE_DIAL] = dial,     [SP_ROLE_POOL] = pool,
        [SP_ROLE_NURSERY] = nursery, [SP_ROLE_READER] = reader, [SP_ROLE_CLI] = cli,
        [SP_ROLE_SHIP] = ship,
    };
    struct sp_writer w;
    if (of[child->who.role] == NULL) {
        return SP_ERR_INVALID;
    }
    sp_writer_init(&w, out);
    SP_TRY(of[child->who.role](child, &w));
    return sp_writer_end(&w);
}
