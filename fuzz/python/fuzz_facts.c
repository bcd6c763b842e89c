/* fuzz_facts - sp_facts_scan, _resolve, _decode, _place, sp_scopes_is_own: what is found can be asked about. */
#include "base/assert.h"
#include "python/facts.h"
#include "python/scopes.h"

#define SOURCE_BYTES_MAX ((size_t)64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct sp_facts *facts, size_t size)
{
    static struct sp_paths paths;
    uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    size_t count = 0;
    size_t len = 0;
    const struct sp_ref *refs = sp_facts_refs(facts, &count);
    for (size_t i = 0; i < count; i++) {
        struct sp_place place = sp_facts_place(facts, &refs[i].place);
        SP_ASSERT(refs[i].place.start <= refs[i].place.end && refs[i].place.end <= size);
        SP_ASSERT(place.line >= 1 && place.column >= 1 && place.end_line >= place.line);
        SP_ASSERT(sp_facts_resolve(facts, &refs[i], &paths) != SP_OK ||
                  paths.count <= SP_FACTS_PATHS_MAX);
        SP_ASSERT(!sp_scopes_is_own(facts, &refs[i]) || refs[i].root == SP_ROOT_NAME);
    }
    const struct sp_const *consts = sp_facts_consts(facts, &count);
    for (size_t i = 0; i < count; i++) {
        SP_ASSERT(sp_facts_decode(facts, &consts[i], text, &len) != SP_OK || len <= sizeof(text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sp_facts *facts;
    SP_ASSERT(facts != NULL || sp_facts_new(SOURCE_BYTES_MAX, &facts) == SP_OK);
    size = size < SOURCE_BYTES_MAX ? size : SOURCE_BYTES_MAX;
    if (sp_facts_scan(facts, sp_slice_make(data, size), SP_PYTHON_311, SP_PYTHON_CELL) == SP_OK) {
        ask(facts, size);
    }
    return 0;
}
