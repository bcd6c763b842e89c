/* fuzz_walk - sp_facts_scan: the walk's short ways find the very facts that are found without them, and the same fault. */
#include "base/assert.h"
#include "python/facts_step.h"

#define SOURCE_BYTES_MAX ((size_t)64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare_names(const struct sp_facts *a, const struct sp_facts *b)
{
    SP_ASSERT(a->symbol_count == b->symbol_count && a->segment_count == b->segment_count);
    for (uint32_t i = 0; i < a->symbol_count; i++) {
        SP_ASSERT(sp_slice_equal(sp_facts_symbol(a, i), sp_facts_symbol(b, i)));
        SP_ASSERT(a->symbols[i].flags == b->symbols[i].flags);
        SP_ASSERT(a->symbols[i].meaning == b->symbols[i].meaning);
    }
    for (uint32_t i = 0; i < a->segment_count; i++) {
        SP_ASSERT(a->segments[i] == b->segments[i]);
    }
    SP_ASSERT(a->ref_count == b->ref_count);
    for (uint32_t i = 0; i < a->ref_count; i++) {
        const struct sp_ref *x = &a->refs[i];
        const struct sp_ref *y = &b->refs[i];
        SP_ASSERT(x->place.start == y->place.start && x->place.end == y->place.end);
        SP_ASSERT(x->path_at == y->path_at && x->count == y->count);
        SP_ASSERT(x->root == y->root && x->flags == y->flags);
    }
}

static void compare_calls(const struct sp_facts *a, const struct sp_facts *b)
{
    SP_ASSERT(a->call_count == b->call_count);
    for (uint32_t i = 0; i < a->call_count; i++) {
        const struct sp_call *x = &a->calls[i];
        const struct sp_call *y = &b->calls[i];
        SP_ASSERT(x->callee == y->callee && x->arg0_ref == y->arg0_ref && x->arg0 == y->arg0);
        SP_ASSERT(x->arg1 == y->arg1 && x->arg1_ref == y->arg1_ref && x->arg_count == y->arg_count);
        SP_ASSERT(x->has_args == y->has_args && x->is_number == y->is_number);
        SP_ASSERT(x->is_lambda == y->is_lambda && x->may_fold == y->may_fold);
    }
    SP_ASSERT(a->keyword_count == b->keyword_count);
    for (uint32_t i = 0; i < a->keyword_count; i++) {
        const struct sp_keyword *x = &a->keywords[i];
        const struct sp_keyword *y = &b->keywords[i];
        SP_ASSERT(x->call == y->call && x->name == y->name && x->value == y->value);
    }
}

static void compare_others(const struct sp_facts *a, const struct sp_facts *b)
{
    SP_ASSERT(a->const_count == b->const_count && a->import_count == b->import_count);
    for (uint32_t i = 0; i < a->const_count; i++) {
        SP_ASSERT(a->consts[i].place.start == b->consts[i].place.start);
        SP_ASSERT(a->consts[i].place.end == b->consts[i].place.end);
    }
    SP_ASSERT(a->binding_count == b->binding_count && a->magic_count == b->magic_count);
    for (uint32_t i = 0; i < a->binding_count; i++) {
        SP_ASSERT(a->bindings[i].symbol == b->bindings[i].symbol);
        SP_ASSERT(a->bindings[i].ref == b->bindings[i].ref);
    }
    SP_ASSERT(sp_facts_depth(a) == sp_facts_depth(b) && sp_facts_lines(a) == sp_facts_lines(b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sp_facts *quick;
    static struct sp_facts *slow;
    SP_ASSERT(quick != NULL || (sp_facts_new(SOURCE_BYTES_MAX, &quick) == SP_OK &&
                                sp_facts_new(SOURCE_BYTES_MAX, &slow) == SP_OK));
    struct sp_slice source = sp_slice_make(data, size < SOURCE_BYTES_MAX ? size : SOURCE_BYTES_MAX);
    for (unsigned mode = SP_PYTHON_TEXT; mode <= SP_PYTHON_FRAGMENT; mode++) {
        enum sp_err err = sp_facts_scan(quick, source, SP_PYTHON_311, (enum sp_python_mode)mode);
        SP_ASSERT(err ==
                  sp_facts_scan_closely(slow, source, SP_PYTHON_311, (enum sp_python_mode)mode));
        SP_ASSERT(quick->lx.fault == slow->lx.fault && quick->lx.fault_at == slow->lx.fault_at);
        if (err == SP_OK) {
            compare_names(quick, slow);
            compare_calls(quick, slow);
            compare_others(quick, slow);
        }
    }
    return 0;
}
