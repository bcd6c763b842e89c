#include "command/token_list.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/scope.h"
#include "base/clock.h"
#include "base/own.h"
#include "identity/used.h"
#include "os/files.h"

/* Times to the second: "2026-11-22T10:00:00Z". */
#define TIME_BYTES ((size_t)21)

/* The latest uses, in the order of the file; a binary search would need them sorted, and a list is printed once. */
struct uses {
    struct use {
        char id[SP_TOKEN_ID_MAX + 1];
        uint64_t us;
    } * rows;
    size_t count;
    size_t room;
};

struct table {
    const struct sp_token_list_options *options;
    struct uses uses;
};

static void take_use(void *ctx, struct sp_slice id, uint64_t used_us, uint32_t line)
{
    struct uses *uses = ctx;
    (void)line;
    if (uses->count < uses->room) {
        sp_slice_to_text(id, uses->rows[uses->count].id, sizeof(uses->rows[uses->count].id));
        uses->rows[uses->count++].us = used_us;
    }
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct use *)a)->id, ((const struct use *)b)->id);
}

/* A file that is not there, or cannot be read, is a gateway that never ran: nothing was used. */
static enum sp_err load_uses(const char *state_dir, struct uses *out)
{
    SP_AUTO_BUF struct sp_buf text;
    SP_AUTO_CLOSE int dir = -1;
    uint64_t ignored = 0;
    sp_buf_init(&text, SP_USED_BYTES_MAX);
    SP_TRY(sp_dir_open(state_dir, &dir));
    if (sp_file_read_at(dir, SP_USED_FILE, &text) != SP_OK) {
        return SP_OK;
    }
    out->room = text.len / SP_USED_LINE + 1;
    out->rows = calloc(out->room, sizeof(*out->rows));
    if (out->rows == NULL) {
        return SP_ERR_NOMEM;
    }
    sp_used_read(sp_buf_slice(&text), &ignored, take_use, out);
    qsort(out->rows, out->count, sizeof(*out->rows), by_id);
    return SP_OK;
}

static uint64_t use_of(const struct uses *uses, const char *id)
{
    struct use key = {.us = 0};
    sp_slice_to_text(sp_slice_of(id), key.id, sizeof(key.id));
    const struct use *found =
        uses->count == 0 ? NULL : bsearch(&key, uses->rows, uses->count, sizeof(key), by_id);
    return found == NULL ? 0 : found->us;
}

static void time_text(uint64_t us, const char *never, char out[TIME_BYTES])
{
    char whole[SP_CLOCK_RFC3339_BYTES];
    if (us == 0) {
        sp_slice_to_text(sp_slice_of(never), out, TIME_BYTES);
        return;
    }
    sp_clock_rfc3339(us, whole);
    sp_slice_to_text(sp_slice_of(whole), out, TIME_BYTES - 1);
    out[TIME_BYTES - 2] = 'Z';
    out[TIME_BYTES - 1] = '\0';
}

static const char *state_of(const struct sp_token_entry *entry, uint64_t now_us)
{
    const bool is_over = entry->row.expires_us != 0 && now_us >= entry->row.expires_us;
    return entry->row.is_revoked ? "revoked" : is_over ? "expired" : "good";
}

static enum sp_err print_entry(void *ctx, const struct sp_token_entry *entry)
{
    const struct table *table = ctx;
    char id[SP_TOKEN_ID_MAX + 1];
    char issued[TIME_BYTES];
    char expires[TIME_BYTES];
    char used[TIME_BYTES];
    SP_AUTO_BUF struct sp_buf scopes;
    sp_buf_init(&scopes, SP_SCOPES_TEXT_MAX);
    if (table->options->tenant != NULL && !sp_slice_is(entry->row.tenant, table->options->tenant)) {
        return SP_OK;
    }
    SP_TRY(sp_scopes_put(entry->row.scopes, ",", &scopes));
    sp_slice_to_text(entry->row.id, id, sizeof(id));
    time_text(entry->issued_us, "-", issued);
    time_text(entry->row.expires_us, "never", expires);
    time_text(use_of(&table->uses, id), "never", used);
    (void)printf("%-12s  %-16.*s  %-7s  %-20s  %-20s  %-20s  %.*s\n", id,
                 (int)entry->row.tenant.len, (const char *)entry->row.tenant.ptr,
                 state_of(entry, table->options->now_us), issued, expires, used, (int)scopes.len,
                 (const char *)scopes.ptr);
    return SP_OK;
}

/* The gateway's own token: its file is there from the first start on. */
static enum sp_err print_local(struct table *table, const struct sp_config *config)
{
    SP_AUTO_CLOSE int dir = -1;
    SP_AUTO_CLOSE int file = -1;
    if (sp_dir_open(config->state_dir, &dir) != SP_OK ||
        sp_file_open_beneath(dir, "local.token", O_PATH, 0, &file) != SP_OK) {
        return SP_OK;
    }
    const struct sp_token_entry local = {.row = {.id = SP_SLICE_LITERAL(SP_TOKEN_LOCAL_ID),
                                                 .tenant = sp_slice_of(config->tenants[0].name),
                                                 .scopes = SP_SCOPES_ALL}};
    return print_entry(table, &local);
}

enum sp_err sp_token_list_print(struct sp_token_store *store, const struct sp_config *config,
                                const struct sp_token_list_options *options)
{
    struct table table = {.options = options};
    SP_TRY(load_uses(config->state_dir, &table.uses));
    (void)printf("%-12s  %-16s  %-7s  %-20s  %-20s  %-20s  %s\n", "ID", "TENANT", "STATE", "ISSUED",
                 "EXPIRES", "LAST USED", "SCOPES");
    enum sp_err err = print_local(&table, config);
    if (err == SP_OK) {
        err = sp_token_store_each(store, 0, print_entry, &table);
    }
    free(table.uses.rows);
    return err;
}
