#include "base/load.h"
#include "python/facts_inner.h"
#include "python/unicode.h"

static uint32_t hash_of(uint64_t seed, const uint8_t *ptr, uint32_t len)
{
    uint64_t h = seed + len * 0x9E3779B97F4A7C15U;
    while (len >= 8) {
        h = (h ^ sp_load_u64(ptr)) * 0xD6E8FEB86659FD93U;
        h ^= h >> 32;
        ptr += 8;
        len -= 8;
    }
    uint64_t tail = 0;
    for (uint32_t i = 0; i < len; i++) {
        tail = tail << 8 | ptr[i];
    }
    h = (h ^ tail) * 0xD6E8FEB86659FD93U;
    return (uint32_t)(h ^ h >> 32);
}

static enum sp_err add_symbol(struct sp_facts *f, struct facts_symbol symbol, uint32_t slot,
                              uint32_t *out)
{
    if (f->symbol_count == f->symbol_max) {
        return SP_ERR_FULL;
    }
    f->symbols[f->symbol_count] = symbol;
    f->slots[slot] = (struct facts_slot){.generation = f->generation, .symbol = f->symbol_count};
    *out = f->symbol_count;
    f->symbol_count++;
    return SP_OK;
}

static enum sp_err intern_bytes(struct sp_facts *f, const uint8_t *ptr, uint32_t len, uint32_t *out)
{
    uint32_t hash = hash_of(f->seed, ptr, len);
    /* At most half of the slots are taken, so a free one comes soon. */
    for (uint32_t slot = hash & f->slot_mask;; slot = (slot + 1) & f->slot_mask) {
        if (f->slots[slot].generation != f->generation) {
            struct facts_symbol symbol = {
                .ptr = ptr, .len = len, .hash = hash, .meaning = SP_FACTS_NONE};
            return add_symbol(f, symbol, slot, out);
        }
        const struct facts_symbol *known = &f->symbols[f->slots[slot].symbol];
        if (known->hash == hash && known->len == len &&
            sp_slice_equal(sp_slice_make(known->ptr, len), sp_slice_make(ptr, len))) {
            *out = f->slots[slot].symbol;
            return SP_OK;
        }
    }
}

static enum sp_err intern_nonascii(struct sp_facts *f, struct sp_slice name, uint32_t *out)
{
    uint8_t form[SP_UNICODE_NAME_BYTES_MAX];
    size_t len = 0;
    SP_TRY(sp_unicode_nfkc(name, form, &len));
    if (len > f->name_max - f->name_bytes) {
        return SP_ERR_FULL;
    }
    uint8_t *kept = f->names + f->name_bytes;
    for (size_t i = 0; i < len; i++) {
        kept[i] = form[i];
    }
    uint32_t before = f->symbol_count;
    SP_TRY(intern_bytes(f, kept, (uint32_t)len, out));
    if (f->symbol_count != before) {
        f->name_bytes += (uint32_t)len;
    }
    return SP_OK;
}

enum sp_err sp_facts_intern(struct sp_facts *f, const struct sp_py_token *token, uint32_t *out)
{
    if ((token->flags & SP_TOKEN_NONASCII) != 0) {
        return intern_nonascii(f, sp_lexer_text(&f->lx, token), out);
    }
    return intern_bytes(f, f->lx.ptr + token->start, token->end - token->start, out);
}

void sp_facts_symbols_start(struct sp_facts *f)
{
    f->symbol_count = 0;
    f->name_bytes = 0;
    f->generation++;
    if (f->generation == 0) {
        /* The counter wrapped: old slots would look new. */
        for (uint32_t i = 0; i <= f->slot_mask; i++) {
            f->slots[i].generation = 0;
        }
        f->generation = 1;
    }
}

enum sp_err sp_facts_bind(struct sp_facts *f, struct facts_binding binding)
{
    if (f->binding_count == f->binding_max) {
        return SP_ERR_FULL;
    }
    f->symbols[binding.symbol].flags |= SYMBOL_BOUND;
    f->bindings[f->binding_count] = binding;
    f->binding_count++;
    return SP_OK;
}

enum sp_err sp_facts_put_segment(struct sp_facts *f, uint32_t symbol)
{
    if (f->segment_count == f->segment_max) {
        return SP_ERR_FULL;
    }
    f->segments[f->segment_count] = symbol;
    f->segment_count++;
    return SP_OK;
}
