/* Covers audit/chain.c and audit/dropped.c: entries of anybody, a line each; nothing leads from a key that nobody named. */
#include "audit/chain.h"
#include "audit/dropped.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_problem(void *ctx, uint64_t index, const char *text)
{
    unsigned *problems = ctx;
    (void)index;
    SP_ASSERT(*text != '\0');
    (*problems)++;
}

static void take_line(struct sp_chain *chain, struct sp_dropped *dropped, uint64_t index,
                      struct sp_slice line)
{
    static const struct sp_node root = {.bytes = {1}};
    if (sp_chain_may_care(line)) {
        SP_ASSERT(sp_chain_entry(chain, index, line) == SP_OK);
    }
    if (sp_chain_wants_root(chain, index + 1)) {
        sp_chain_root(chain, &root);
    }
    const uint64_t before = dropped->recorded;
    if (sp_dropped_may_care(line)) {
        (void)sp_dropped_entry(dropped, line);
    }
    SP_ASSERT(dropped->recorded >= before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_slice rest = sp_slice_make(data, size);
    struct sp_dropped dropped = {.first = 512};
    struct sp_chain chain;
    unsigned problems = 0;
    sp_chain_init(&chain, on_problem, &problems);
    for (uint64_t index = 0; rest.len > 0 && index < 64; index++) {
        const size_t end = sp_slice_find(rest, 0, '\n');
        take_line(&chain, &dropped, index, sp_slice_sub(rest, 0, end));
        rest = sp_slice_sub(rest, end + 1, rest.len);
    }
    sp_chain_end(&chain, 64);
    SP_ASSERT((*sp_chain_latest(&chain) == '\0') ==
              (chain.count == 0 || chain.keys[chain.count - 1].text[0] == '\0'));
    SP_ASSERT(sp_chain_leads_from(&chain, sp_chain_latest(&chain)));
    /* Everything that is proved is signed by both: without a problem each key of the chain leads to the last. */
    for (size_t i = 0; problems == 0 && i < chain.count; i++) {
        SP_ASSERT(sp_chain_leads_from(&chain, chain.keys[i].text));
    }
    sp_chain_done(&chain);
    return 0;
}
