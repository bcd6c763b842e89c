/* Covers audit/ocsf.c: of any entry with a time an event is made that is JSON, and in it the whole entry stands. */
#include "audit/ocsf.h"
#include "base/assert.h"
#include "base/clock.h"
#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sp_json_limits limits = {
        .bytes_max = (size_t)1 << 22, .depth_max = SP_JSON_DEPTH, .nul = SP_JSON_NUL_ALLOWED};
    const struct sp_slice in = sp_slice_make(data, size);
    static struct sp_entry entry;
    struct sp_where where;
    uint64_t wall_us = 0;
    SP_AUTO_JSON struct sp_json *doc = NULL;
    SP_AUTO_BUF struct sp_buf event;
    SP_AUTO_BUF struct sp_buf again;
    sp_buf_init(&event, limits.bytes_max);
    sp_buf_init(&again, limits.bytes_max);
    if (sp_entry_read(in, &entry, &where) != SP_OK) {
        return 0;
    }
    const bool has_time =
        sp_clock_from_rfc3339(sp_entry_text(sp_entry_get(&entry, "time")), &wall_us) == SP_OK;
    const enum sp_err err =
        sp_ocsf_put(&entry, sp_slice_of("example/log"), sp_slice_of("1.2.3"), &event);
    SP_ASSERT((err == SP_OK) == has_time);
    if (err == SP_OK) {
        SP_ASSERT(sp_json_parse(sp_buf_slice(&event), &limits, &doc, NULL) == SP_OK);
        SP_ASSERT(sp_json_print(doc, sp_json_get(sp_json_root(doc), "unmapped"), &again) == SP_OK);
        SP_ASSERT(sp_slice_equal(sp_buf_slice(&again), in));
    }
    return 0;
}
