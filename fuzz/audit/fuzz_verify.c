/* Covers audit/verify.c, schema.c, scan.c and glance.c: any bytes in any pieces give the same findings. */
#include <stdlib.h>

#include "audit/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_problem(void *ctx, const struct sp_verify_problem *problem)
{
    uint64_t *lines = ctx;
    *lines = *lines * 31 + problem->line;
}

static struct sp_verify_totals verify(const uint8_t *data, size_t size, size_t piece, uint64_t *lines)
{
    struct sp_verify *v = NULL;
    if (sp_verify_new(on_problem, lines, &v) != SP_OK) {
        abort();
    }
    sp_verify_file(v, sp_slice_of("entries-00000000000000000000.jsonl"));
    for (size_t at = 0; at < size; at += piece) {
        (void)!sp_verify_bytes(v, sp_slice_make(data + at, size - at < piece ? size - at : piece));
    }
    sp_verify_file_end(v, true);
    struct sp_verify_totals totals = sp_verify_totals(v);
    sp_verify_free(v);
    return totals;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t whole = 0;
    uint64_t split = 0;
    struct sp_verify_totals a = verify(data, size, size + 1, &whole);
    struct sp_verify_totals b = verify(data, size, 7, &split);
    if (whole != split || a.entries != b.entries || a.problems != b.problems || a.open > a.intents) {
        abort();
    }
    return 0;
}
