#include "audit/tile.h"

#include "base/num.h"
#include "base/text.h"

#define GROUP      1000U
#define GROUPS_MAX 7U /* of three digits: 2^64 has twenty */

/* --- writing --- */

struct path {
    char *out;
    size_t len;
};

static void put_text(struct path *path, const char *text)
{
    for (; *text != '\0'; text++) {
        path->out[path->len++] = *text;
    }
}

static void put_number(struct path *path, unsigned number)
{
    if (number >= 10) {
        put_number(path, number / 10);
    }
    path->out[path->len++] = (char)('0' + number % 10);
}

static void put_group(struct path *path, unsigned group)
{
    path->out[path->len++] = (char)('0' + group / 100);
    path->out[path->len++] = (char)('0' + group / 10 % 10);
    path->out[path->len++] = (char)('0' + group % 10);
}

void sp_tile_path(struct sp_tile tile, char out[SP_TILE_PATH_BYTES])
{
    struct path path = {.out = out, .len = 0};
    unsigned groups[GROUPS_MAX];
    unsigned count = 0;
    do {
        groups[count++] = (unsigned)(tile.number % GROUP);
        tile.number /= GROUP;
    } while (tile.number > 0);
    put_text(&path, "tile/");
    if (tile.level == SP_TILE_ENTRIES) {
        put_text(&path, "entries");
    } else {
        put_number(&path, tile.level);
    }
    while (count > 0) {
        put_text(&path, count > 1 ? "/x" : "/");
        put_group(&path, groups[--count]);
    }
    if (tile.width < SP_TILE_WIDTH) {
        put_text(&path, ".p/");
        put_number(&path, tile.width);
    }
    path.out[path.len] = '\0';
}

/* --- reading --- */

/* A number without leading zeros. */
static enum sp_err read_number(struct sp_text *t, uint64_t max, unsigned *out)
{
    uint64_t number = 0;
    bool is_zero = sp_text_peek(t) == '0';
    size_t start = t->at;
    SP_TRY(sp_text_number(t, max, &number));
    if (is_zero && t->at - start > 1) {
        return SP_ERR_INVALID;
    }
    *out = (unsigned)number;
    return SP_OK;
}

static enum sp_err read_group(struct sp_text *t, uint64_t *number)
{
    struct sp_slice digits = {NULL, 0};
    uint64_t group = 0;
    SP_TRY(sp_text_run(t, sp_text_is_digit, 3, &digits));
    SP_TRY(sp_parse_u64(digits, GROUP - 1, &group));
    if (digits.len != 3 || *number > (UINT64_MAX - group) / GROUP) {
        return SP_ERR_INVALID;
    }
    *number = *number * GROUP + group;
    return SP_OK;
}

static enum sp_err read_path(struct sp_text *t, struct sp_tile *tile)
{
    SP_TRY(sp_text_literal(t, "tile/"));
    if (sp_text_literal(t, "entries") == SP_OK) {
        tile->level = SP_TILE_ENTRIES;
    } else {
        SP_TRY(read_number(t, SP_TILE_LEVELS - 1, &tile->level));
    }
    SP_TRY(sp_text_byte(t, '/'));
    while (sp_text_byte(t, 'x') == SP_OK) {
        SP_TRY(read_group(t, &tile->number));
        SP_TRY(sp_text_byte(t, '/'));
    }
    SP_TRY(read_group(t, &tile->number));
    tile->width = SP_TILE_WIDTH;
    if (sp_text_literal(t, ".p/") == SP_OK) {
        SP_TRY(read_number(t, SP_TILE_WIDTH - 1, &tile->width));
    }
    return sp_text_at_end(t) ? SP_OK : SP_ERR_INVALID;
}

enum sp_err sp_tile_from_path(struct sp_slice path, struct sp_tile *out)
{
    struct sp_tile tile = {.level = 0};
    struct sp_text t;
    char again[SP_TILE_PATH_BYTES];
    sp_text_init(&t, path);
    if (read_path(&t, &tile) != SP_OK || tile.width == 0) {
        return SP_ERR_INVALID;
    }
    /* One file has one name: no groups of zeros in front. */
    sp_tile_path(tile, again);
    if (!sp_slice_is(path, again)) {
        return SP_ERR_INVALID;
    }
    *out = tile;
    return SP_OK;
}

/* --- shapes --- */

static uint64_t nodes_of(unsigned level, uint64_t size)
{
    unsigned shift = level == SP_TILE_ENTRIES ? 0 : 8 * level;
    return shift < 64 ? size >> shift : 0;
}

uint64_t sp_tile_full(unsigned level, uint64_t size)
{
    return nodes_of(level, size) / SP_TILE_WIDTH;
}

unsigned sp_tile_partial(unsigned level, uint64_t size)
{
    return (unsigned)(nodes_of(level, size) % SP_TILE_WIDTH);
}

enum sp_err sp_bundle_next(struct sp_slice *bundle, struct sp_slice *out_entry)
{
    if (bundle->len == 0) {
        return SP_ERR_NOT_FOUND;
    }
    if (bundle->len < 2) {
        return SP_ERR_SHORT;
    }
    size_t len = (size_t)bundle->ptr[0] << 8 | bundle->ptr[1];
    if (bundle->len - 2 < len) {
        return SP_ERR_SHORT;
    }
    *out_entry = sp_slice_sub(*bundle, 2, len);
    *bundle = sp_slice_sub(*bundle, 2 + len, bundle->len);
    return SP_OK;
}
