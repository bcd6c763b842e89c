/* fuzz_syntax - sp_syntax_take over tokens of every family: its fault, if any, lies inside the source and stays. */
#include "base/assert.h"
#include "python/syntax.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(struct sp_slice source, enum sp_python_family family, enum sp_python_mode mode)
{
    static struct sp_syntax syntax;
    static struct sp_lexer lx;
    struct sp_py_token token = {0};
    sp_lexer_init(&lx, source, family, mode);
    sp_syntax_start(&syntax, &lx);
    while (sp_lexer_next(&lx, &token) == SP_OK) {
        if (sp_syntax_take(&syntax, &token) != SP_OK) {
            SP_ASSERT(lx.fault != SP_PYTHON_FINE && lx.fault_at <= source.len);
            SP_ASSERT(lx.fault_line_start <= lx.fault_at && lx.fault_line >= 1);
            SP_ASSERT(sp_lexer_next(&lx, &token) == sp_python_fault_err(lx.fault));
            return;
        }
        SP_ASSERT(syntax.top < &syntax.levels[SP_SYNTAX_LEVELS_MAX]);
        SP_ASSERT(syntax.blocks < SP_SYNTAX_BLOCKS_MAX);
        if (token.kind == SP_TOKEN_END) {
            SP_ASSERT(mode == SP_PYTHON_CELL ||
                      (syntax.top == syntax.levels && syntax.blocks == 0));
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (unsigned family = SP_PYTHON_311; family <= SP_PYTHON_314; family++) {
        run(sp_slice_make(data, size), (enum sp_python_family)family, SP_PYTHON_TEXT);
        run(sp_slice_make(data, size), (enum sp_python_family)family, SP_PYTHON_CELL);
    }
    return 0;
}
