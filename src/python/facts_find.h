/*
 * facts_find - the symbol of a name that is being read, found without a branch on what the name is; for the files of facts.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 * Reserved words are in the same table, with numbers below 0: one look says which word, or which symbol, a name is.
 */
#ifndef SP_PYTHON_FACTS_FIND_H
#define SP_PYTHON_FACTS_FIND_H

#include "base/load.h"
#include "python/facts_inner.h"

#define FACTS_HASH_FACTOR 0xD6E8FEB86659FD93U

/* Where a reserved word stands, as a number of a symbol; and the other way round. */
#define FACTS_WORD(word)  (-(int32_t)(word)-1)

/* The hash of a name of at most sixteen bytes; `tail` are its last eight, or 0 when it has no more than that. */
static inline uint32_t sp_facts_hash(const struct sp_facts *f, uint32_t len, uint64_t head,
                                     uint64_t tail)
{
    /* The bytes of a short name stand at the top of its head, from where a product takes nothing down. */
    uint64_t h = (f->seed ^ __builtin_bswap64(head) ^ len) * FACTS_HASH_FACTOR;
    return (uint32_t)((((h ^ h >> 32) ^ tail) * FACTS_HASH_FACTOR) >> 32);
}

/* Whether a symbol is this name of at most eight letters. Its head says so alone: no name holds a NUL. */
static inline bool sp_facts_is_text(const struct facts_symbol *symbol, const char text[8],
                                    size_t len)
{
    return symbol->head == sp_load_first(sp_load_u64((const uint8_t *)text), len);
}

/* The name to look for is written behind the last symbol: it becomes the next one, if it is not known yet. Its bytes are
   `text`. */
enum sp_err sp_facts_seek(struct sp_facts *f, const uint8_t *text, int32_t *out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);
/* Makes room for the next symbol, and for its slot. */
enum sp_err sp_facts_more_symbols(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
/* Of a name of more than sixteen bytes. */
enum sp_err sp_facts_find_long(struct sp_facts *f, uint32_t at, uint32_t len, int32_t *out)
    SP_MUST_CHECK SP_NONNULL(1, 4);

/* The symbol of a name in ASCII of `len` bytes, with eight bytes from its begin on: a reserved word's when it is one. */
static inline enum sp_err sp_facts_find(struct sp_facts *f, uint32_t at, uint32_t len, int32_t *out)
{
    const uint8_t *ptr = f->lx.ptr + at;
    if (len > 16) {
        return sp_facts_find_long(f, at, len, out);
    }
    /* No branch, because nobody can foretell how long a name is, and whether it is new. */
    uint32_t more = len > 8 ? len - 8 : 0;
    uint64_t head = sp_load_first(sp_load_u64(ptr), len - more);
    uint64_t tail = sp_load_u64(ptr + more) & (0 - (uint64_t)(more != 0));
    uint32_t hash = sp_facts_hash(f, len, head, tail);
    f->symbols[f->symbol_count] = (struct facts_symbol){.head = head,
                                                        .tail = tail,
                                                        .at = at,
                                                        .hash = hash,
                                                        .meaning = SP_FACTS_NONE,
                                                        .len = (uint16_t)len};
    int32_t *slot = &f->slots[hash & f->slot_mask];
    uint32_t is_new = *slot == 0 ? 1 : 0;
    int32_t symbol = *slot - 1 + (int32_t)((f->symbol_count + 1) & (0 - is_new));
    const struct facts_symbol *known = f->symbols + symbol;
    if (((known->head ^ head) | (known->tail ^ tail) | (known->len ^ len)) != 0) {
        return sp_facts_seek(f, ptr, out);
    }
    *slot = symbol + 1;
    *out = symbol;
    f->symbol_count += is_new;
    return f->symbol_count < f->symbol_due ? SP_OK : sp_facts_more_symbols(f);
}

#endif
