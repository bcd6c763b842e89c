/* Covers toml and its parts: every member is found by its key, counts are right, places lie inside the text. */
#include "base/assert.h"
#include "codec/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The reader bounds the depth. */
static void walk(const struct sp_toml_value *container, size_t size)
{
    size_t count = 0;
    for (const struct sp_toml_value *v = sp_toml_first(container); v != NULL; v = sp_toml_next(v)) {
        struct sp_toml_place place = sp_toml_place(v);
        SP_ASSERT(place.line >= 1 && place.line <= size && place.column >= 1 &&
                  place.column <= size);
        if (sp_toml_type(container) == SP_TOML_TABLE) {
            SP_ASSERT(sp_toml_get_slice(container, sp_toml_key(v)) == v);
        }
        walk(v, size);
        count++;
    }
    SP_ASSERT(count == sp_toml_count(container));
}

static enum sp_err take(void *ctx, const struct sp_toml_value *table)
{
    walk(table, *(const size_t *)ctx);
    return SP_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_TOML struct sp_toml *doc = NULL;
    SP_AUTO_TOML struct sp_toml *rest = NULL;
    const struct sp_toml_each each = {.name = "a", .fn = take, .ctx = &size};
    struct sp_where where = {0};
    enum sp_err err = sp_toml_parse(sp_slice_make(data, size), &doc, &where);
    SP_ASSERT((err == SP_OK) == (doc != NULL) && (err == SP_OK) == (where.line == 0));
    SP_ASSERT(sp_toml_parse_each(sp_slice_make(data, size), &each, &rest, NULL) == err);
    if (doc != NULL) {
        walk(sp_toml_root(doc), size);
    }
    return 0;
}
