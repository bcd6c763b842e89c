/* fuzz_grammar - the grammar's quick steps lead to the very states that it reaches without them, and the same fault. */
#include "base/assert.h"
#include "python/syntax_inner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const struct sp_syntax *a, const struct sp_syntax *b)
{
    const struct sp_syntax_level *x = a->top;
    const struct sp_syntax_level *y = b->top;
    SP_ASSERT(x - a->levels == y - b->levels && a->blocks == b->blocks);
    SP_ASSERT(x->kind == y->kind && x->context == y->context && x->state == y->state);
    SP_ASSERT(x->phase == y->phase && x->shape == y->shape && x->string == y->string);
    SP_ASSERT(x->params == y->params && x->count == y->count && x->permits == y->permits);
    /* Between the words of a statement nobody asks what its expression held. */
    bool is_dead = x->state == STATE_START || x->state == STATE_WORDS;
    SP_ASSERT(is_dead || (x->bits == y->bits && x->seen == y->seen));
    SP_ASSERT(a->special == b->special);
    SP_ASSERT(a->at_line_start == b->at_line_start && a->block_due == b->block_due);
    SP_ASSERT(a->has_await == b->has_await && a->deferred == b->deferred);
}

static void run(struct sp_slice source, enum sp_python_family family, enum sp_python_mode mode)
{
    static struct sp_lexer lexers[2];
    static struct sp_syntax quick;
    static struct sp_syntax slow;
    struct sp_py_token tokens[2] = {{0}};
    enum sp_err err = SP_OK;
    sp_lexer_init(&lexers[0], source, family, mode);
    sp_lexer_init(&lexers[1], source, family, mode);
    sp_syntax_start(&quick, &lexers[0]);
    sp_syntax_start(&slow, &lexers[1]);
    while (err == SP_OK && sp_lexer_next(&lexers[0], &tokens[0]) == SP_OK) {
        SP_ASSERT(sp_lexer_next(&lexers[1], &tokens[1]) == SP_OK);
        err = sp_syntax_take(&quick, &tokens[0]);
        SP_ASSERT(err == sp_syntax_take_closely(&slow, &tokens[1]));
        compare(&quick, &slow);
        if (tokens[0].kind == SP_TOKEN_END) {
            break;
        }
    }
    SP_ASSERT(lexers[0].fault == lexers[1].fault || err == SP_OK);
    SP_ASSERT(lexers[0].fault_at == lexers[1].fault_at || err == SP_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (unsigned family = SP_PYTHON_311; family <= SP_PYTHON_314; family++) {
        run(sp_slice_make(data, size), (enum sp_python_family)family, SP_PYTHON_TEXT);
        run(sp_slice_make(data, size), (enum sp_python_family)family, SP_PYTHON_CELL);
    }
    return 0;
}
