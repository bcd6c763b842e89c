/* Covers audit/entry.c: what is taken reads back to the same bytes, members, items and strings alike. */
#include "audit/entry.h"
#include "base/assert.h"
#include "codec/json_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_value(struct sp_json_out *w, struct sp_slice value)
{
    struct sp_slice rest;
    struct sp_slice item;
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, (size_t)1 << 20);
    if (sp_entry_items(value, &rest)) {
        sp_json_out_array(w);
        while (sp_entry_next(&rest, &item)) {
            put_value(w, item);
        }
        sp_json_out_array_end(w);
    } else if (sp_entry_unescape(value, &text) == SP_OK) {
        sp_json_out_string(w, sp_buf_slice(&text));
    } else {
        sp_json_out_raw(w, value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sp_slice in = sp_slice_make(data, size);
    static struct sp_entry entry;
    struct sp_where where;
    struct sp_json_out w;
    SP_AUTO_BUF struct sp_buf again;
    sp_buf_init(&again, (size_t)1 << 21);
    if (sp_entry_read(in, &entry, &where) == SP_OK) {
        sp_json_out_init(&w, &again);
        sp_json_out_object(&w);
        for (size_t i = 0; i < entry.count; i++) {
            sp_json_out_key_slice(&w, entry.members[i].key);
            put_value(&w, entry.members[i].value);
        }
        sp_json_out_object_end(&w);
        SP_ASSERT(sp_json_out_end(&w) == SP_OK && sp_slice_equal(sp_buf_slice(&again), in));
    }
    return 0;
}
