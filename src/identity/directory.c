#include "identity/directory.h"

#include <stdlib.h>

#include "api/scope.h"
#include "base/num.h"
#include "base/own.h"
#include "base/secret.h"
#include "base/text.h"

#define FIRST_SLOTS ((size_t)16)
#define NO_ROW      UINT32_MAX

/* Row numbers by name: open addressing, at most half full. Names come from the configuration, not from outside. */
struct index {
    uint32_t *slots;
    size_t slot_count;
};

struct tenant_row {
    struct sp_tenant tenant;
    char *name;
    char *policy_name;
};

struct token_row {
    char *id;
    uint32_t tenant;
    unsigned scopes;
    bool is_revoked;
    uint64_t expires_us;
    struct sp_token_use use; /* its id is ours */
    uint8_t digest[SP_TOKEN_DIGEST_BYTES];
};

struct sp_directory {
    struct tenant_row *tenants;
    size_t tenant_count;
    size_t tenant_room;
    struct index by_name;
    struct token_row *tokens;
    size_t token_count;
    size_t token_room;
    struct index by_id;
    struct token_row nobody; /* stands in for an unknown id, so that it costs a comparison too */
};

typedef struct sp_slice row_name_fn(const struct sp_directory *d, uint32_t row);

static struct sp_slice tenant_name(const struct sp_directory *d, uint32_t row)
{
    return d->tenants[row].tenant.name;
}

static struct sp_slice token_id(const struct sp_directory *d, uint32_t row)
{
    return d->tokens[row].use.id;
}

static size_t hash_of(struct sp_slice name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ name.ptr[i]) * UINT64_C(0x100000001b3);
    }
    return (size_t)(hash ^ hash >> 32);
}

/* The slot that holds this name, or the free one where it belongs. */
static size_t slot_of(const struct sp_directory *d, const struct index *index, row_name_fn *name_of,
                      struct sp_slice name)
{
    size_t at = hash_of(name) & (index->slot_count - 1);
    while (index->slots[at] != NO_ROW && !sp_slice_equal(name_of(d, index->slots[at]), name)) {
        at = (at + 1) & (index->slot_count - 1);
    }
    return at;
}

static uint32_t find(const struct sp_directory *d, const struct index *index, row_name_fn *name_of,
                     struct sp_slice name)
{
    return index->slot_count == 0 ? NO_ROW : index->slots[slot_of(d, index, name_of, name)];
}

/* Doubles the table when `rows` would fill more than half of it. */
static enum sp_err index_reserve(const struct sp_directory *d, struct index *index,
                                 row_name_fn *name_of, size_t rows)
{
    if ((rows + 1) * 2 <= index->slot_count) {
        return SP_OK;
    }
    struct index larger = {
        .slots = NULL, .slot_count = index->slot_count == 0 ? FIRST_SLOTS : index->slot_count * 2};
    larger.slots = calloc(larger.slot_count, sizeof(*larger.slots));
    if (larger.slots == NULL) {
        return SP_ERR_NOMEM;
    }
    for (size_t i = 0; i < larger.slot_count; i++) {
        larger.slots[i] = NO_ROW;
    }
    for (uint32_t row = 0; row < rows; row++) {
        larger.slots[slot_of(d, &larger, name_of, name_of(d, row))] = row;
    }
    free(index->slots);
    *index = larger;
    return SP_OK;
}

/* Makes room for one more row of `size` bytes. */
static enum sp_err rows_reserve(void **rows, size_t count, size_t *room, size_t size)
{
    if (count < *room) {
        return SP_OK;
    }
    if (count >= SP_DIRECTORY_ROWS_MAX) {
        return SP_ERR_FULL;
    }
    size_t larger = *room == 0 ? FIRST_SLOTS : *room * 2;
    void *grown = reallocarray(*rows, larger, size);
    if (grown == NULL) {
        return SP_ERR_NOMEM;
    }
    *rows = grown;
    *room = larger;
    return SP_OK;
}

enum sp_err sp_directory_new(struct sp_directory **out)
{
    struct sp_directory *d = calloc(1, sizeof(*d));
    if (d == NULL) {
        return SP_ERR_NOMEM;
    }
    *out = d;
    return SP_OK;
}

void sp_directory_free(struct sp_directory *d)
{
    if (d == NULL) {
        return;
    }
    for (size_t i = 0; i < d->tenant_count; i++) {
        free(d->tenants[i].name);
        free(d->tenants[i].policy_name);
    }
    for (size_t i = 0; i < d->token_count; i++) {
        free(d->tokens[i].id);
    }
    free(d->tenants);
    free(d->tokens);
    free(d->by_name.slots);
    free(d->by_id.slots);
    free(d);
}

enum sp_err sp_directory_add_tenant(struct sp_directory *d, const struct sp_tenant *tenant)
{
    if (tenant->name.len == 0 || tenant->name.len > SP_TENANT_NAME_MAX) {
        return SP_ERR_INVALID;
    }
    if (find(d, &d->by_name, tenant_name, tenant->name) != NO_ROW) {
        return SP_ERR_DUPLICATE;
    }
    void *rows = d->tenants;
    SP_TRY(rows_reserve(&rows, d->tenant_count, &d->tenant_room, sizeof(*d->tenants)));
    d->tenants = rows;
    SP_TRY(index_reserve(d, &d->by_name, tenant_name, d->tenant_count));
    SP_AUTO_FREE char *name = sp_slice_dup(tenant->name);
    SP_AUTO_FREE char *policy_name = sp_slice_dup(tenant->policy_name);
    if (name == NULL || policy_name == NULL) {
        return SP_ERR_NOMEM;
    }
    struct tenant_row *row = &d->tenants[d->tenant_count];
    row->tenant = *tenant;
    row->tenant.name = sp_slice_of(name);
    row->tenant.policy_name = sp_slice_of(policy_name);
    row->name = sp_take_ptr(name);
    row->policy_name = sp_take_ptr(policy_name);
    d->by_name.slots[slot_of(d, &d->by_name, tenant_name, row->tenant.name)] =
        (uint32_t)d->tenant_count;
    d->tenant_count++;
    return SP_OK;
}

/* A new row for this id. Its fields are the caller's to fill in. */
static enum sp_err add_token_row(struct sp_directory *d, struct sp_slice id, struct token_row **out)
{
    void *rows = d->tokens;
    SP_TRY(rows_reserve(&rows, d->token_count, &d->token_room, sizeof(*d->tokens)));
    d->tokens = rows;
    SP_TRY(index_reserve(d, &d->by_id, token_id, d->token_count));
    struct token_row *row = &d->tokens[d->token_count];
    *row = (struct token_row){.id = sp_slice_dup(id)};
    if (row->id == NULL) {
        return SP_ERR_NOMEM;
    }
    row->use =
        (struct sp_token_use){.id = sp_slice_make(row->id, id.len), .line = SP_DIRECTORY_NO_TOKEN};
    d->by_id.slots[slot_of(d, &d->by_id, token_id, id)] = (uint32_t)d->token_count;
    d->token_count++;
    *out = row;
    return SP_OK;
}

enum sp_err sp_directory_put_token(struct sp_directory *d, const struct sp_token_row *from)
{
    SP_TRY(sp_token_id_check(from->id));
    const uint32_t owner = find(d, &d->by_name, tenant_name, from->tenant);
    if (owner == NO_ROW) {
        return SP_ERR_NOT_FOUND;
    }
    const uint32_t at = find(d, &d->by_id, token_id, from->id);
    struct token_row *row = at == NO_ROW ? NULL : &d->tokens[at];
    if (row == NULL) {
        SP_TRY(add_token_row(d, from->id, &row));
    }
    row->tenant = owner;
    row->scopes = from->scopes;
    row->expires_us = from->expires_us;
    row->is_revoked = from->is_revoked;
    for (size_t i = 0; i < SP_TOKEN_DIGEST_BYTES; i++) {
        row->digest[i] = from->digest[i];
    }
    return SP_OK;
}

enum sp_err sp_directory_add_token(struct sp_directory *d, struct sp_slice id,
                                   struct sp_slice tenant,
                                   const uint8_t digest[SP_TOKEN_DIGEST_BYTES], uint64_t expires_us)
{
    struct sp_token_row row = {
        .id = id, .tenant = tenant, .scopes = SP_SCOPES_ALL, .expires_us = expires_us};
    for (size_t i = 0; i < SP_TOKEN_DIGEST_BYTES; i++) {
        row.digest[i] = digest[i];
    }
    if (find(d, &d->by_id, token_id, id) != NO_ROW) {
        return SP_ERR_DUPLICATE;
    }
    return sp_directory_put_token(d, &row);
}

size_t sp_directory_tenants(const struct sp_directory *d)
{
    return d->tenant_count;
}

const struct sp_tenant *sp_directory_tenant(const struct sp_directory *d, size_t index)
{
    return index < d->tenant_count ? &d->tenants[index].tenant : NULL;
}

enum sp_err sp_directory_find(const struct sp_directory *d, struct sp_slice name, size_t *out)
{
    const uint32_t at = find(d, &d->by_name, tenant_name, name);
    if (at == NO_ROW) {
        return SP_ERR_NOT_FOUND;
    }
    *out = at;
    return SP_OK;
}

size_t sp_directory_tokens(const struct sp_directory *d)
{
    return d->token_count;
}

struct sp_token_use *sp_directory_token_use(struct sp_directory *d, size_t index)
{
    return index < d->token_count ? &d->tokens[index].use : NULL;
}

struct sp_token_use *sp_directory_token_use_of(struct sp_directory *d, struct sp_slice id)
{
    const uint32_t at = find(d, &d->by_id, token_id, id);
    return at == NO_ROW ? NULL : &d->tokens[at].use;
}

bool sp_directory_is_news(const struct sp_directory *d, struct sp_slice token)
{
    struct sp_token parts = {.id = {NULL, 0}};
    return sp_token_parse(token, &parts) == SP_OK &&
           find(d, &d->by_id, token_id, parts.id) == NO_ROW;
}

/* The row of a token whose secret is right. An id that is not there is compared with nobody's digest. */
static enum sp_err verify(struct sp_directory *d, struct sp_slice text, struct token_row **out)
{
    static const char dummy[] = "0000000000000000000000000000000000000000000";
    struct sp_token token = {.id = {NULL, 0},
                             .secret = {(const uint8_t *)dummy, SP_TOKEN_SECRET_CHARS}};
    uint8_t digest[SP_TOKEN_DIGEST_BYTES];
    bool is_token = sp_token_parse(text, &token) == SP_OK;
    uint32_t at = find(d, &d->by_id, token_id, token.id);
    struct token_row *row = at == NO_ROW ? &d->nobody : &d->tokens[at];
    SP_TRY(sp_token_digest(&token, digest));
    bool is_equal = sp_secret_equal(sp_slice_make(digest, sizeof(digest)),
                                    sp_slice_make(row->digest, sizeof(row->digest)));
    if (!is_token || at == NO_ROW || !is_equal || row->is_revoked) {
        return SP_ERR_TOKEN_UNKNOWN;
    }
    *out = row;
    return SP_OK;
}

enum sp_err sp_directory_authenticate(struct sp_directory *d, struct sp_slice token,
                                      uint64_t wall_us, struct sp_principal *out)
{
    struct token_row *row = NULL;
    SP_TRY(verify(d, token, &row));
    if (row->expires_us != 0 && wall_us >= row->expires_us) {
        return SP_ERR_TOKEN_EXPIRED;
    }
    row->use.used_us = wall_us;
    row->use.is_unwritten = true;
    *out = (struct sp_principal){
        .tenant = &d->tenants[row->tenant].tenant,
        .tenant_index = row->tenant,
        .id = row->use.id,
        .scopes = row->scopes,
    };
    return SP_OK;
}
