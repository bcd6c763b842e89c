#include "base/num.h"
#include "python/facts_step.h"
#include "python/unicode.h"

#define SLOTS_LEAST 1024u
#define SLOTS_SHORT 4096u

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

/* ---- the table ---- */

static void put_slot(struct sp_facts *f, int32_t symbol)
{
    uint32_t slot = f->symbols[symbol].hash & f->slot_mask;
    while (f->slots[slot] != 0) {
        slot = (slot + 1) & f->slot_mask;
    }
    f->slots[slot] = symbol + 1;
}

/* How many symbols make the table too full: of a short one three quarters are free, so that most names stand in the first
   slot that is looked at. */
static uint32_t most_symbols(const struct sp_facts *f)
{
    return f->slot_mask < SLOTS_SHORT ? f->slot_mask / 4 : f->slot_mask / 4 * 3;
}

static void fill_slots(struct sp_facts *f, uint32_t count)
{
    f->slot_mask = count - 1;
    for (uint32_t i = 0; i < count; i++) {
        f->slots[i] = 0;
    }
    for (int32_t i = FACTS_WORD(SP_WORD_COUNT - 1); i < (int32_t)f->symbol_count; i++) {
        if (i != FACTS_WORD(SP_WORD_PLAIN)) {
            put_slot(f, i);
        }
    }
}

enum sp_err sp_facts_more_symbols(struct sp_facts *f)
{
    if (f->symbol_count == f->symbol_max) {
        SP_TRY(sp_facts_more(f, FACTS_SYMBOLS, 1));
    }
    if (f->symbol_count >= most_symbols(f)) {
        SP_TRY(sp_facts_spend(f, (f->slot_mask + 1) * sizeof(*f->slots)));
        fill_slots(f, 2 * (f->slot_mask + 1));
    }
    f->symbol_due = (uint32_t)sp_size_min(f->symbol_max, most_symbols(f));
    return SP_OK;
}

void sp_facts_put_words(struct sp_facts *f)
{
    for (uint32_t i = 0; i < SP_WORD_SLOTS; i++) {
        const struct sp_word_slot *slot = &sp_word_slots[i];
        if (slot->word != SP_WORD_PLAIN) {
            uint64_t head = sp_load_first(sp_load_u64(slot->text), slot->len);
            f->symbols[FACTS_WORD(slot->word)] =
                (struct facts_symbol){.head = head,
                                      .hash = sp_facts_hash(f, slot->len, head, 0),
                                      .meaning = SP_FACTS_NONE,
                                      .len = slot->len};
        }
    }
}

enum sp_err sp_facts_symbols_start(struct sp_facts *f)
{
    fill_slots(f, SLOTS_LEAST);
    SP_TRY(sp_facts_spend(f, SLOTS_LEAST * sizeof(*f->slots)));
    return sp_facts_more_symbols(f);
}

/* ---- looking for a name ---- */

/* Whether a symbol is the proposed name. */
static bool is_same(const struct sp_facts *f, int32_t known, const uint8_t *text)
{
    const struct facts_symbol *name = &f->symbols[f->symbol_count];
    const struct facts_symbol *other = &f->symbols[known];
    bool is_alike = other->hash == name->hash && other->len == name->len &&
                    other->head == name->head && other->tail == name->tail;
    /* What is read in NFKC is never a reserved word. */
    bool is_word = known < 0 && (name->flags & SYMBOL_KEPT) != 0;
    /* Head and tail are all of a name that is not long. */
    return is_alike && !is_word &&
           (name->len <= 16 ||
            sp_slice_equal(sp_facts_symbol(f, (uint32_t)known), sp_slice_make(text, name->len)));
}

SP_NOINLINE enum sp_err sp_facts_seek(struct sp_facts *f, const uint8_t *text, int32_t *out)
{
    uint32_t slot = f->symbols[f->symbol_count].hash & f->slot_mask;
    while (f->slots[slot] != 0) {
        if (is_same(f, f->slots[slot] - 1, text)) {
            *out = f->slots[slot] - 1;
            return SP_OK;
        }
        slot = (slot + 1) & f->slot_mask;
    }
    *out = (int32_t)f->symbol_count;
    f->symbol_count++;
    f->slots[slot] = (int32_t)f->symbol_count;
    return f->symbol_count < f->symbol_due ? SP_OK : sp_facts_more_symbols(f);
}

/* `at` is where the bytes stand: in the source, or in f->names when `flags` say so. */
static enum sp_err intern_bytes(struct sp_facts *f, struct sp_slice name, uint32_t at,
                                uint8_t flags, int32_t *out)
{
    if (name.len > UINT16_MAX) {
        return SP_ERR_FULL;
    }
    uint32_t len = (uint32_t)name.len;
    uint64_t head = sp_load_first(len >= 8 ? sp_load_u64(name.ptr) : sp_word_head(name.ptr, len),
                                  sp_size_min(len, 8));
    f->symbols[f->symbol_count] =
        (struct facts_symbol){.head = head,
                              .tail = len > 8 ? sp_load_u64(name.ptr + len - 8) : 0,
                              .at = at,
                              .hash = hash_of(f, name.ptr, len, head),
                              .meaning = SP_FACTS_NONE,
                              .len = (uint16_t)len,
                              .flags = flags};
    return sp_facts_seek(f, name.ptr, out);
}

SP_NOINLINE enum sp_err sp_facts_find_long(struct sp_facts *f, uint32_t at, uint32_t len,
                                           int32_t *out)
{
    return intern_bytes(f, sp_slice_make(f->lx.ptr + at, len), at, 0, out);
}

static enum sp_err intern_nonascii(struct sp_facts *f, struct sp_slice name, int32_t *out)
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
    int32_t symbol = 0;
    struct sp_slice name = sp_lexer_text(&f->lx, token);
    SP_TRY((token->flags & SP_TOKEN_NONASCII) != 0
               ? intern_nonascii(f, name, &symbol)
               : intern_bytes(f, name, token->start, 0, &symbol));
    *out = (uint32_t)symbol;
    return SP_OK;
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
