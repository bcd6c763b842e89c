/* fuzz_quick - the lexer's quick steps give the very tokens that it finds without them, and the same fault. */
#include "base/assert.h"
#include "python/lexer_inner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(struct sp_slice source, enum sp_python_family family, enum sp_python_mode mode)
{
    static struct sp_lexer quick;
    static struct sp_lexer slow;
    struct sp_py_token a = {0};
    struct sp_py_token b = {0};
    sp_lexer_init(&quick, source, family, mode);
    sp_lexer_init(&slow, source, family, mode);
    do {
        slow.quick = LEX_FROM_ANYWHERE;
        slow.quick_end = 0;
        enum sp_err err = sp_lexer_next(&quick, &a);
        SP_ASSERT(err == sp_lexer_next(&slow, &b) && quick.fault == slow.fault);
        if (err != SP_OK) {
            SP_ASSERT(quick.fault_at == slow.fault_at && quick.fault_line == slow.fault_line);
            SP_ASSERT(quick.fault_line_start == slow.fault_line_start);
            return;
        }
        SP_ASSERT(a.kind == b.kind && a.op == b.op && a.flags == b.flags && a.quote == b.quote);
        SP_ASSERT(a.start == b.start && a.end == b.end);
        SP_ASSERT(a.line == b.line && a.line_start == b.line_start);
    } while (a.kind != SP_TOKEN_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (unsigned family = SP_PYTHON_311; family <= SP_PYTHON_314; family++) {
        run(sp_slice_make(data, size), (enum sp_python_family)family, SP_PYTHON_TEXT);
        run(sp_slice_make(data, size), (enum sp_python_family)family, SP_PYTHON_CELL);
    }
    return 0;
}
