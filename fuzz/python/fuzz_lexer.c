/* fuzz_lexer - sp_lexer_init and sp_lexer_next: tokens stand in order, inside the source, and come to an end. */
#include "base/assert.h"
#include "python/lexer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(struct sp_slice source, enum sp_python_family family, enum sp_python_mode mode)
{
    struct sp_lexer lx;
    struct sp_py_token token = {0};
    uint32_t before = 0;
    size_t count = 0;
    sp_lexer_init(&lx, source, family, mode);
    do {
        if (sp_lexer_next(&lx, &token) != SP_OK) {
            SP_ASSERT(lx.fault != SP_PYTHON_FINE && lx.fault_at <= source.len &&
                      lx.fault_line_start <= lx.fault_at);
            return;
        }
        SP_ASSERT(token.start >= before && token.end >= token.start && token.end <= source.len);
        SP_ASSERT(token.line_start <= token.start && token.line >= 1);
        before = token.start;
        count++;
        /* Each byte gives at most one token and one dedent of its own, the end one line end and the open blocks. */
        SP_ASSERT(count <= 2 * source.len + SP_PYTHON_INDENTS_MAX + 2);
    } while (token.kind != SP_TOKEN_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (unsigned family = SP_PYTHON_311; family <= SP_PYTHON_314; family++) {
        run(sp_slice_make(data, size), (enum sp_python_family)family, SP_PYTHON_TEXT);
        run(sp_slice_make(data, size), (enum sp_python_family)family, SP_PYTHON_CELL);
    }
    return 0;
}
