#include "base/load.h"
#include "python/facts_step.h"
#include "python/unicode.h"

#define SLOTS_LEAST 256u
#define SLOTS_SHORT 4096u

/* The first eight bytes of a name, or all of a shorter one. Names stand in front of something, but at the very end. */
static uint64_t head_of(const uint8_t *ptr, uint32_t len, bool has_room)
{
    if (len >= 8) {
        return sp_load_u64(ptr);
    }
    return sp_load_first(has_room ? sp_load_u64(ptr) : sp_word_head(ptr, len), len);
}

static uint32_t hash_of(const struct sp_facts *f, const uint8_t *ptr, uint32_t len, uint64_t head)
{
    if (len <= 16) {
        return sp_facts_hash(f, len, head, len > 8 ? sp_load_u64(ptr + len - 8) : 0);
    }
    uint64_t h = (f->seed ^ __builtin_bswap64(head) ^ len) * FACTS_HASH_FACTOR;
    for (uint32_t at = 8; at < len; at += 8) {
        /* The last step may overlap the one before. */
        uint32_t from = len - at < 8 ? len - 8 : at;
        h = ((h ^ h >> 32) ^ sp_load_u64(ptr + from)) * FACTS_HASH_FACTOR;
    }
    return (uint32_t)(h >> 32);
}

static void put_slot(struct sp_facts *f, uint32_t symbol)
{
    uint32_t slot = f->symbols[symbol].hash & f->slot_mask;
    while (f->slots[slot] != 0) {
        slot = (slot + 1) & f->slot_mask;
    }
    f->slots[slot] = symbol + 1;
}

static void clear_slots(struct sp_facts *f, uint32_t count)
{
    f->slot_mask = count - 1;
    for (uint32_t i = 0; i < count; i++) {
        f->slots[i] = 0;
    }
}

/* A short table stays in the cache; half of it is free, so that most names are found in the first slot. */
static enum sp_err widen_slots(struct sp_facts *f)
{
    SP_TRY(sp_facts_spend(f, (f->slot_mask + 1) * sizeof(*f->slots)));
    clear_slots(f, 2 * (f->slot_mask + 1));
    for (uint32_t i = 0; i < f->symbol_count; i++) {
        put_slot(f, i);
    }
    return SP_OK;
}

SP_NOINLINE static enum sp_err add_symbol(struct sp_facts *f, const struct facts_symbol *symbol,
                                          uint32_t slot, uint32_t *out)
{
    if (f->symbol_count == f->symbol_max) {
        SP_TRY(sp_facts_more(f, FACTS_SYMBOLS, 1));
    }
    f->symbols[f->symbol_count] = *symbol;
    f->slots[slot] = f->symbol_count + 1;
    *out = f->symbol_count;
    f->symbol_count++;
    bool is_short = f->slot_mask < SLOTS_SHORT;
    bool is_tight = f->symbol_count > (is_short ? f->slot_mask / 2 : f->slot_mask / 4 * 3);
    return is_tight ? widen_slots(f) : SP_OK;
}

static bool is_same(const struct sp_facts *f, uint32_t known, const struct facts_symbol *name,
                    const uint8_t *text)
{
    const struct facts_symbol *other = &f->symbols[known];
    bool is_alike = other->hash == name->hash && other->len == name->len &&
                    other->head == name->head && other->tail == name->tail;
    /* Head and tail are all of a name that is not long. */
    return is_alike && (name->len <= 16 ||
                        sp_slice_equal(sp_facts_symbol(f, known), sp_slice_make(text, name->len)));
}

enum sp_err sp_facts_seek(struct sp_facts *f, const struct facts_symbol *name, const uint8_t *text,
                          uint32_t *out)
{
    for (uint32_t slot = name->hash & f->slot_mask;; slot = (slot + 1) & f->slot_mask) {
        uint32_t found = f->slots[slot];
        if (found == 0) {
            return add_symbol(f, name, slot, out);
        }
        if (is_same(f, found - 1, name, text)) {
            *out = found - 1;
            return SP_OK;
        }
    }
}

/* `at` is where the bytes stand: in the source, or in f->names when `flags` say so. */
static enum sp_err intern_bytes(struct sp_facts *f, struct sp_slice name, uint32_t at,
                                uint8_t flags, uint32_t *out)
{
    bool has_room = flags == 0 && f->lx.len - at >= 8;
    if (name.len > UINT16_MAX) {
        return SP_ERR_FULL;
    }
    uint32_t len = (uint32_t)name.len;
    uint64_t head = head_of(name.ptr, len, has_room);
    struct facts_symbol symbol = {.head = head,
                                  .tail = len > 8 ? sp_load_u64(name.ptr + len - 8) : 0,
                                  .at = at,
                                  .hash = hash_of(f, name.ptr, len, head),
                                  .meaning = SP_FACTS_NONE,
                                  .len = (uint16_t)len,
                                  .flags = flags};
    return sp_facts_seek(f, &symbol, name.ptr, out);
}

static enum sp_err intern_nonascii(struct sp_facts *f, struct sp_slice name, uint32_t *out)
{
    SP_ROOM uint8_t form[SP_UNICODE_NAME_BYTES_MAX];
    size_t len = 0;
    SP_TRY(sp_unicode_nfkc(name, form, &len));
    if (len > f->name_max - f->name_bytes) {
        SP_TRY(sp_facts_more(f, FACTS_NAMES, (uint32_t)len));
    }
    uint8_t *kept = f->names + f->name_bytes;
    for (size_t i = 0; i < len; i++) {
        kept[i] = form[i];
    }
    uint32_t before = f->symbol_count;
    SP_TRY(intern_bytes(f, sp_slice_make(kept, len), f->name_bytes, SYMBOL_KEPT, out));
    if (f->symbol_count != before) {
        f->name_bytes += (uint32_t)len;
    }
    return SP_OK;
}

enum sp_err sp_facts_intern(struct sp_facts *f, const struct sp_py_token *token, uint32_t *out)
{
    struct sp_slice name = sp_lexer_text(&f->lx, token);
    return (token->flags & SP_TOKEN_NONASCII) != 0 ? intern_nonascii(f, name, out)
                                                   : intern_bytes(f, name, token->start, 0, out);
}

enum sp_err sp_facts_symbols_start(struct sp_facts *f)
{
    clear_slots(f, SLOTS_LEAST);
    return sp_facts_spend(f, SLOTS_LEAST * sizeof(*f->slots));
}

enum sp_err sp_facts_bind(struct sp_facts *f, struct facts_binding binding)
{
    if (f->binding_count == f->binding_max) {
        SP_TRY(sp_facts_more(f, FACTS_BINDINGS, 1));
    }
    f->symbols[binding.symbol].flags |= SYMBOL_BOUND;
    f->bindings[f->binding_count] = binding;
    f->binding_count++;
    return SP_OK;
}
