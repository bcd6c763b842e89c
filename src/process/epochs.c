#include "process/epochs.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/own.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "codec/json_out.h"
#include "os/files.h"
#include "policy/widen.h"

#define FILE_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define HEX_CHARS      (SP_DIGEST_BYTES * 2)

/* What the file says. */
struct memory {
    struct sp_buf text;
    struct sp_json *doc;
    const struct sp_json_value *tenants;
    const struct sp_json_value *policies;
};

static void forget(struct memory *memory)
{
    sp_json_free(memory->doc);
    sp_buf_done(&memory->text);
}

/* --- reading --- */

static enum sp_err open_memory(int state_dir, struct memory *out)
{
    const struct sp_json_limits limits = {.bytes_max = FILE_BYTES_MAX, .depth_max = 8};
    enum sp_err err = sp_file_read_at(state_dir, SP_EPOCHS_FILE, &out->text);
    if (err == SP_ERR_NOT_FOUND) {
        return SP_OK;
    }
    SP_TRY(err);
    if (sp_json_parse(sp_buf_slice(&out->text), &limits, &out->doc, NULL) != SP_OK) {
        return SP_ERR_CORRUPT;
    }
    const struct sp_json_value *root = sp_json_root(out->doc);
    out->tenants = sp_json_get(root, "tenants");
    out->policies = sp_json_get(root, "policies");
    return sp_json_is(out->tenants, SP_JSON_ARRAY) && sp_json_is(out->policies, SP_JSON_ARRAY)
               ? SP_OK
               : SP_ERR_CORRUPT;
}

static enum sp_err read_tenant(const struct memory *memory, const struct sp_json_value *value,
                               struct sp_epoch *out)
{
    struct sp_slice name = {NULL, 0};
    struct sp_slice digest = {NULL, 0};
    int64_t epoch = 0;
    bool is_sound = sp_json_string(sp_json_get(value, "name"), &name) == SP_OK &&
                    sp_json_string(sp_json_get(value, "policy"), &digest) == SP_OK &&
                    sp_json_integer(memory->doc, sp_json_get(value, "epoch"), &epoch) == SP_OK;
    if (!is_sound || epoch < SP_EPOCH_FIRST || name.len > SP_MSG_NAME_MAX ||
        digest.len != HEX_CHARS || sp_hex_read(digest, SP_DIGEST_BYTES, out->policy) != SP_OK) {
        return SP_ERR_CORRUPT;
    }
    sp_slice_to_text(name, out->tenant, sizeof(out->tenant));
    out->epoch = (uint64_t)epoch;
    return SP_OK;
}

/* The text that the file keeps of a policy; empty when it keeps none. */
static struct sp_slice text_of(const struct memory *memory, const uint8_t digest[SP_DIGEST_BYTES])
{
    char wanted[HEX_CHARS + 1];
    sp_hex_write(sp_slice_make(digest, SP_DIGEST_BYTES), wanted);
    for (const struct sp_json_value *v = sp_json_first(memory->policies); v != NULL;
         v = sp_json_next(v)) {
        struct sp_slice name = {NULL, 0};
        struct sp_slice text = {NULL, 0};
        if (sp_json_string(sp_json_get(v, "digest"), &name) == SP_OK && sp_slice_is(name, wanted) &&
            sp_json_string(sp_json_get(v, "text"), &text) == SP_OK) {
            return text;
        }
    }
    return sp_slice_make(NULL, 0);
}

static int by_tenant(const void *a, const void *b)
{
    const struct sp_epoch *left = a;
    const struct sp_epoch *right = b;
    return sp_slice_compare(sp_slice_of(left->tenant), sp_slice_of(right->tenant));
}

static int is_tenant(const void *key, const void *item)
{
    const struct sp_slice *tenant = key;
    const struct sp_epoch *epoch = item;
    return sp_slice_compare(*tenant, sp_slice_of(epoch->tenant));
}

/* Among the first `count`, which stand in the order of their names. */
static struct sp_epoch *find(struct sp_epoch *items, size_t count, struct sp_slice tenant)
{
    return count == 0 ? NULL : bsearch(&tenant, items, count, sizeof(*items), is_tenant);
}

/* Everybody whom the file knows, with room for those of the configuration. Who is gone is kept: he may come back. */
static enum sp_err recall(const struct memory *memory, size_t more, struct sp_epochs *out)
{
    size_t count = memory->tenants == NULL ? 0 : sp_json_count(memory->tenants);
    out->items = calloc(count + more + 1, sizeof(*out->items));
    if (out->items == NULL) {
        return SP_ERR_NOMEM;
    }
    const struct sp_json_value *v = memory->tenants == NULL ? NULL : sp_json_first(memory->tenants);
    for (; v != NULL; v = sp_json_next(v)) {
        SP_TRY(read_tenant(memory, v, &out->items[out->count]));
        out->count++;
    }
    qsort(out->items, out->count, sizeof(*out->items), by_tenant);
    return SP_OK;
}

/* --- comparing --- */

static bool is_same(const uint8_t a[SP_DIGEST_BYTES], const uint8_t b[SP_DIGEST_BYTES])
{
    return sp_slice_equal(sp_slice_make(a, SP_DIGEST_BYTES), sp_slice_make(b, SP_DIGEST_BYTES));
}

/* Those that the file knows are the first `known`; a tenant of the configuration stands there once. */
static enum sp_err settle_one(const struct memory *memory, const struct sp_config_tenant *tenant,
                              const struct sp_policy_in_force *policy, size_t known,
                              struct sp_epochs *epochs, bool *changed)
{
    struct sp_epoch *at = find(epochs->items, known, sp_slice_of(tenant->name));
    bool is_widening = true;
    if (at == NULL) {
        at = &epochs->items[epochs->count++];
        sp_slice_to_text(sp_slice_of(tenant->name), at->tenant, sizeof(at->tenant));
        at->epoch = SP_EPOCH_FIRST;
    } else if (is_same(at->policy, policy->digest)) {
        return SP_OK;
    } else {
        SP_TRY(sp_policy_texts_widen(text_of(memory, at->policy), sp_buf_slice(&policy->text),
                                     &is_widening));
    }
    if (!is_widening) {
        at->epoch++;
        sp_log(SP_LOG_INFO, "policy.epoch", "tenant=%s epoch=%llu policy=%s", tenant->name,
               (unsigned long long)at->epoch, policy->name);
    }
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        at->policy[i] = policy->digest[i];
    }
    *changed = true;
    return SP_OK;
}

/* --- writing --- */

static struct sp_slice current_text(const struct memory *memory, const struct sp_policies *policies,
                                    const uint8_t digest[SP_DIGEST_BYTES])
{
    for (size_t i = 0; i < policies->count; i++) {
        if (is_same(policies->items[i].digest, digest)) {
            return sp_buf_slice(&policies->items[i].text);
        }
    }
    return text_of(memory, digest);
}

static bool is_first_use(const struct sp_epochs *epochs, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (is_same(epochs->items[i].policy, epochs->items[index].policy)) {
            return false;
        }
    }
    return true;
}

static void put_hex(struct sp_json_out *w, const char *key, const uint8_t digest[SP_DIGEST_BYTES])
{
    char hex[HEX_CHARS + 1];
    sp_hex_write(sp_slice_make(digest, SP_DIGEST_BYTES), hex);
    sp_json_out_member_text(w, key, hex);
}

static enum sp_err print(const struct memory *memory, const struct sp_policies *policies,
                         const struct sp_epochs *epochs, struct sp_buf *out)
{
    struct sp_json_out w;
    sp_json_out_init(&w, out);
    sp_json_out_object(&w);
    sp_json_out_key(&w, "tenants");
    sp_json_out_array(&w);
    for (size_t i = 0; i < epochs->count; i++) {
        sp_json_out_object(&w);
        sp_json_out_member_text(&w, "name", epochs->items[i].tenant);
        sp_json_out_member_u64(&w, "epoch", epochs->items[i].epoch);
        put_hex(&w, "policy", epochs->items[i].policy);
        sp_json_out_object_end(&w);
    }
    sp_json_out_array_end(&w);
    sp_json_out_key(&w, "policies");
    sp_json_out_array(&w);
    for (size_t i = 0; i < epochs->count; i++) {
        if (is_first_use(epochs, i)) {
            sp_json_out_object(&w);
            put_hex(&w, "digest", epochs->items[i].policy);
            sp_json_out_member_string(&w, "text",
                                      current_text(memory, policies, epochs->items[i].policy));
            sp_json_out_object_end(&w);
        }
    }
    sp_json_out_array_end(&w);
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

static enum sp_err write_file(int state_dir, const struct memory *memory,
                              const struct sp_policies *policies, const struct sp_epochs *epochs)
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, FILE_BYTES_MAX);
    SP_TRY(print(memory, policies, epochs, &text));
    return sp_file_write_private_at(state_dir, SP_EPOCHS_FILE, sp_buf_slice(&text));
}

static enum sp_err settle(int state_dir, const struct sp_config *config,
                          const struct sp_policies *policies, struct memory *memory,
                          struct sp_epochs *out)
{
    bool has_changed = false;
    SP_TRY(open_memory(state_dir, memory));
    SP_TRY(recall(memory, config->tenant_count, out));
    const size_t known = out->count;
    for (size_t i = 0; i < config->tenant_count; i++) {
        const struct sp_policy_in_force *policy =
            sp_policies_find(policies, sp_slice_of(config->tenants[i].policy));
        if (policy == NULL) {
            return SP_ERR_CONFIG;
        }
        SP_TRY(settle_one(memory, &config->tenants[i], policy, known, out, &has_changed));
    }
    qsort(out->items, out->count, sizeof(*out->items), by_tenant);
    return has_changed ? write_file(state_dir, memory, policies, out) : SP_OK;
}

enum sp_err sp_epochs_settle(int state_dir, const struct sp_config *config,
                             const struct sp_policies *policies, struct sp_epochs *out)
{
    struct memory memory = {.doc = NULL};
    struct sp_epochs settled = {.items = NULL};
    sp_buf_init(&memory.text, FILE_BYTES_MAX);
    enum sp_err err = settle(state_dir, config, policies, &memory, &settled);
    forget(&memory);
    if (err != SP_OK) {
        sp_epochs_done(&settled);
        return err;
    }
    sp_epochs_done(out);
    *out = settled;
    return SP_OK;
}

void sp_epochs_done(struct sp_epochs *epochs)
{
    free(epochs->items);
    *epochs = (struct sp_epochs){.items = NULL};
}

uint64_t sp_epochs_of(const struct sp_epochs *epochs, struct sp_slice tenant)
{
    const struct sp_epoch *at = find(epochs->items, epochs->count, tenant);
    return at == NULL ? SP_EPOCH_FIRST : at->epoch;
}
