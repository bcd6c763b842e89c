#include "relay/seen.h"

#include <stdio.h>

#include "base/num.h"
#include "base/writer.h"
#include "wire/session_act.h"

#define FACT_BYTES_MAX 64

static enum sp_err put_fact(struct sp_buf *out, const char *name, const char *what)
{
    struct sp_writer w;
    char text[FACT_BYTES_MAX];
    int len = snprintf(text, sizeof(text), "%s %s", name, what);
    sp_writer_init(&w, out);
    sp_writer_block(&w,
                    sp_slice_make(text, len > 0 ? sp_size_min((size_t)len, sizeof(text) - 1) : 0));
    return sp_writer_end(&w);
}

static bool names(const struct sp_json_value *list, const char *name)
{
    struct sp_slice text = {NULL, 0};
    for (const struct sp_json_value *at = sp_json_first(list); at != NULL; at = sp_json_next(at)) {
        if (sp_json_string(at, &text) == SP_OK && sp_slice_is(text, name)) {
            return true;
        }
    }
    return false;
}

enum sp_err sp_seen_read(const struct sp_json *doc, const struct sp_json_value *seen,
                         struct sp_buf *out)
{
    const struct sp_json_value *counts = sp_json_get(seen, "capabilities");
    const struct sp_json_value *denied = sp_json_get(seen, "deniedCapabilities");
    bool is_complete = false;
    if (seen == NULL) {
        return SP_OK;
    }
    for (unsigned i = 0; i < SP_ACT_COUNT; i++) {
        const char *name = sp_act_name((enum sp_act)i);
        char text[FACT_BYTES_MAX];
        int64_t count = 0;
        if (sp_json_integer(doc, sp_json_get(counts, name), &count) == SP_OK && count > 0 &&
            count <= UINT32_MAX) {
            (void)snprintf(text, sizeof(text), "%lld", (long long)count);
            SP_TRY(put_fact(out, name, text));
        }
        if (names(denied, name)) {
            SP_TRY(put_fact(out, name, "denied"));
        }
    }
    if (sp_json_bool(sp_json_get(seen, "isWitnessComplete"), &is_complete) == SP_OK &&
        !is_complete) {
        return put_fact(out, "witness", "incomplete");
    }
    return SP_OK;
}
