/* Covers audit/entry.c, verify.c, schema.c and glance.c: an entry that is taken is JSON, and the only way to write it. */
#include <stdlib.h>

#include "audit/record.h"
#include "audit/verify.h"
#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_problem(void *ctx, const struct sp_verify_problem *problem)
{
    uint64_t *count = ctx;
    *count += problem->text != NULL ? 1 : 0;
}

static void check_line(struct sp_slice line)
{
    static const struct sp_json_limits limits = {
        .bytes_max = (size_t)1 << 20, .depth_max = 32, .nul = SP_JSON_NUL_ALLOWED};
    static struct sp_entry entry;
    SP_AUTO_JSON struct sp_json *doc = NULL;
    SP_AUTO_BUF struct sp_buf again;
    struct sp_where where;
    sp_buf_init(&again, (size_t)1 << 21);
    if (sp_entry_read(line, &entry, &where) == SP_OK &&
        (sp_json_parse(line, &limits, &doc, NULL) != SP_OK ||
         sp_json_print(doc, sp_json_root(doc), &again) != SP_OK ||
         !sp_slice_equal(line, sp_buf_slice(&again)))) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_slice rest = sp_slice_make(data, size);
    struct sp_record_glance glance;
    struct sp_verify *v = NULL;
    uint64_t problems = 0;
    if (sp_verify_new(0, on_problem, &problems, &v) != SP_OK) {
        abort();
    }
    while (rest.len > 0) {
        struct sp_slice line = sp_slice_sub(rest, 0, sp_slice_find(rest, 0, '\n'));
        rest = sp_slice_sub(rest, line.len + 1, rest.len);
        check_line(line);
        (void)!sp_record_look(line, &glance);
        (void)!sp_verify_entry(v, line);
    }
    if (sp_verify_totals(v).problems != problems ||
        sp_verify_totals(v).open > sp_verify_totals(v).intents) {
        abort();
    }
    sp_verify_free(v);
    return 0;
}
