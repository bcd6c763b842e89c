#include <stdlib.h>

#include "base/clock.h"
#include "base/num.h"
#include "python/facts_step.h"

#define STEP_ITEMS       32u /* by which a list grows, and by an eighth of itself while that fits */
/* What all lists of a source may take together: nine bytes for each of its own, and no less than BUDGET_LEAST where they
   can be needed at all. Dense code takes seven; a submission of 64 KiB stays below a mebibyte with all around it. */
#define BUDGET_EACH      ((size_t)9)
#define BUDGET_EACH_MOST ((size_t)24)
#define BUDGET_LEAST     ((size_t)576 * 1024)
#define BUDGET_FIRST     ((size_t)16 * 1024) /* the first step of every list */
#define LIST_MORE                                                                                  \
    (SP_WORD_COUNT + 1U) /* what is not counted: symbols have words in front, and one behind */

/* What a list may take at most: every item needs some bytes of source. Only what is used of it becomes memory. */
static bool reserve(void **out, size_t item, uint32_t count)
{
    *out = calloc(count, item);
    return *out != NULL;
}

/* Arguments that are worked out: bounded whatever the source. */
static bool reserve_folds(struct sp_facts *f)
{
    return reserve((void **)&f->folds, sizeof(*f->folds), FACTS_FOLDS_MAX) &&
           reserve((void **)&f->folded, 1, FACTS_FOLDED_MAX) &&
           reserve((void **)&f->fold_room, 1, FACTS_FOLD_ROOM);
}

/* In front of the first symbol are the reserved words. */
static void begin_symbols(struct sp_facts *f)
{
    if (f->symbols != NULL) {
        f->symbols += SP_WORD_COUNT;
        sp_facts_put_words(f);
    }
}

static bool reserve_all(struct sp_facts *f, uint32_t source_max)
{
    uint32_t slots = 1024; /* the table begins with that many */
    bool is_done = true;
#define FACTS_AS_RESERVE(name, list, max, bytes)                                                   \
    f->list_most[FACTS_##name] = (sizeof(*f->list) > 1 ? 1 : 4) * source_max / (bytes) + 4096;     \
    is_done =                                                                                      \
        reserve((void **)&f->list, sizeof(*f->list), f->list_most[FACTS_##name] + LIST_MORE) &&    \
        is_done;
    FACTS_LISTS(FACTS_AS_RESERVE)
#undef FACTS_AS_RESERVE
    begin_symbols(f);
    while (slots < 4 * f->list_most[FACTS_SYMBOLS]) {
        slots *= 2;
    }
    return reserve((void **)&f->slots, sizeof(*f->slots), slots) && reserve_folds(f) && is_done;
}

/* ---- the budget ---- */

void sp_facts_empty(struct sp_facts *f, size_t source_len)
{
    f->budget = sp_size_min(BUDGET_EACH_MOST * source_len + BUDGET_FIRST,
                            sp_size_max(BUDGET_EACH * source_len, BUDGET_LEAST));
    f->bytes_left = f->budget;
#define FACTS_AS_EMPTY(name, list, max, bytes) f->max = 0;
    FACTS_LISTS(FACTS_AS_EMPTY)
#undef FACTS_AS_EMPTY
    f->symbol_count = 0;
    f->segment_count = 0;
    f->ref_count = 0;
    f->import_count = 0;
    f->call_count = 0;
    f->keyword_count = 0;
    f->const_count = 0;
    f->magic_count = 0;
    f->binding_count = 0;
    f->meaning_count = 0;
    f->text_bytes = 0;
    f->name_bytes = 0;
}

enum sp_err sp_facts_spend(struct sp_facts *f, size_t bytes)
{
    if (bytes > f->bytes_left) {
        return SP_ERR_FULL;
    }
    f->bytes_left -= bytes;
    f->bytes_most = sp_size_max(f->bytes_most, f->budget - f->bytes_left);
    return SP_OK;
}

enum sp_err sp_facts_more(struct sp_facts *f, enum facts_list list, uint32_t count)
{
    static const size_t sizes[] = {
#define FACTS_AS_SIZE(name, list, max, bytes) [FACTS_##name] = sizeof(*f->list),
        FACTS_LISTS(FACTS_AS_SIZE)
#undef FACTS_AS_SIZE
    };
    uint32_t *const maxima[] = {
#define FACTS_AS_MAX(name, list, max, bytes) [FACTS_##name] = &f->max,
        FACTS_LISTS(FACTS_AS_MAX)
#undef FACTS_AS_MAX
    };
    uint32_t least = count > STEP_ITEMS ? count : STEP_ITEMS;
    uint32_t left = f->list_most[list] - *maxima[list];
    uint32_t step = least + *maxima[list] / 8;
    if (step > left || step * sizes[list] > f->bytes_left) {
        step = least;
    }
    if (step > left) {
        return SP_ERR_FULL;
    }
    SP_TRY(sp_facts_spend(f, step * sizes[list]));
    *maxima[list] += step;
    return SP_OK;
}

size_t sp_facts_memory(const struct sp_facts *facts)
{
    return sizeof(*facts) + FACTS_FOLDS_MAX * sizeof(*facts->folds) + FACTS_FOLDED_MAX +
           FACTS_FOLD_ROOM + facts->bytes_most;
}

/* ---- life ---- */

enum sp_err sp_facts_new(size_t source_bytes_max, struct sp_facts **out)
{
    if (source_bytes_max > SP_PYTHON_SOURCE_BYTES_MAX) {
        return SP_ERR_TOO_BIG;
    }
    struct sp_facts *f = calloc(1, sizeof(*f));
    if (f == NULL) {
        return SP_ERR_NOMEM;
    }
    f->source_max = (uint32_t)source_bytes_max;
    f->seed = (sp_clock_mono_us() ^ (uint64_t)(uintptr_t)f) * 0x9E3779B97F4A7C15U;
    if (!reserve_all(f, f->source_max)) {
        sp_facts_free(f);
        return SP_ERR_NOMEM;
    }
    *out = f;
    return SP_OK;
}

void sp_facts_free(struct sp_facts *facts)
{
    if (facts == NULL) {
        return;
    }
    free(facts->symbols == NULL ? NULL : facts->symbols - SP_WORD_COUNT);
    free(facts->slots);
    free(facts->segments);
    free(facts->refs);
    free(facts->imports);
    free(facts->calls);
    free(facts->keywords);
    free(facts->consts);
    free(facts->magics);
    free(facts->bindings);
    free(facts->meanings);
    free(facts->texts);
    free(facts->names);
    free(facts->folds);
    free(facts->folded);
    free(facts->fold_room);
    free(facts);
}

void sp_facts_free_cleanup(struct sp_facts **facts)
{
    sp_facts_free(*facts);
}

/* ---- what the reader of facts asks for ---- */

const struct sp_lexer *sp_facts_lexer(const struct sp_facts *facts)
{
    return &facts->lx;
}

unsigned sp_facts_depth(const struct sp_facts *facts)
{
    return facts->depth_most;
}

unsigned sp_facts_lines(const struct sp_facts *facts)
{
    bool is_open = facts->lx.at > facts->lx.line_start;
    return facts->lx.line - (is_open ? 0 : 1);
}

const struct sp_import *sp_facts_imports(const struct sp_facts *facts, size_t *out_count)
{
    *out_count = facts->import_count;
    return facts->imports;
}

const struct sp_ref *sp_facts_refs(const struct sp_facts *facts, size_t *out_count)
{
    *out_count = facts->ref_count;
    return facts->refs;
}

const struct sp_call *sp_facts_calls(const struct sp_facts *facts, size_t *out_count)
{
    *out_count = facts->call_count;
    return facts->calls;
}

const struct sp_keyword *sp_facts_keywords(const struct sp_facts *facts, size_t *out_count)
{
    *out_count = facts->keyword_count;
    return facts->keywords;
}

const struct sp_magic *sp_facts_magics(const struct sp_facts *facts, size_t *out_count)
{
    *out_count = facts->magic_count;
    return facts->magics;
}

const struct sp_const *sp_facts_consts(const struct sp_facts *facts, size_t *out_count)
{
    *out_count = facts->const_count;
    return facts->consts;
}

const struct sp_const *sp_facts_const(const struct sp_facts *facts, uint32_t index)
{
    return index < facts->const_count ? &facts->consts[index] : NULL;
}

bool sp_facts_is_lost(const struct sp_facts *facts)
{
    return facts->is_lost;
}

size_t sp_facts_symbol_count(const struct sp_facts *facts)
{
    return facts->symbol_count;
}

size_t sp_facts_symbol_most(const struct sp_facts *facts)
{
    return facts->list_most[FACTS_SYMBOLS];
}

bool sp_facts_has_meaning(const struct sp_facts *facts, uint32_t symbol)
{
    return symbol < facts->symbol_count && facts->symbols[symbol].meaning != SP_FACTS_NONE;
}

struct sp_slice sp_facts_symbol(const struct sp_facts *facts, uint32_t symbol)
{
    if (symbol >= facts->symbol_count) {
        return sp_slice_make(NULL, 0);
    }
    const struct facts_symbol *known = &facts->symbols[symbol];
    bool is_kept = (known->flags & SYMBOL_KEPT) != 0;
    return sp_slice_make((is_kept ? facts->names : facts->lx.ptr) + known->at, known->len);
}

uint32_t sp_facts_base(const struct sp_facts *facts, const struct sp_ref *ref)
{
    return ref->root == SP_ROOT_CALL ? facts->segments[ref->path_at] : SP_FACTS_NONE;
}

uint32_t sp_facts_segment_symbol(const struct sp_facts *facts, const struct sp_ref *ref,
                                 unsigned index)
{
    if (index >= ref->count) {
        return SP_FACTS_NONE;
    }
    return sp_facts_is_lone(ref) ? ref->path_at : facts->segments[sp_facts_path_at(ref) + index];
}

struct sp_slice sp_facts_segment(const struct sp_facts *facts, const struct sp_ref *ref,
                                 unsigned index)
{
    return sp_facts_symbol(facts, sp_facts_segment_symbol(facts, ref, index));
}

static uint32_t count_characters(const uint8_t *ptr, uint32_t from, uint32_t to)
{
    uint32_t count = 0;
    for (uint32_t at = from; at < to; at++) {
        count += (ptr[at] & 0xC0U) != 0x80 ? 1 : 0;
    }
    return count;
}

static bool is_pair(struct sp_slice source, size_t at)
{
    return at + 1 < source.len && source.ptr[at] == '\r' && source.ptr[at + 1] == '\n';
}

/* Lines that end between two offsets: with LF, with CR, or with both, which counts at the LF. */
static uint32_t count_lines(struct sp_slice source, size_t from, size_t to)
{
    uint32_t count = 0;
    for (size_t at = from; at < to; at++) {
        count += source.ptr[at] == '\n' ? 1 : 0;
    }
    struct sp_slice text = sp_slice_make(source.ptr, to);
    for (size_t at = sp_slice_find(text, from, '\r'); at < to;
         at = sp_slice_find(text, at + 1, '\r')) {
        count += is_pair(source, at) ? 0 : 1;
    }
    return count;
}

/* Where the line begins that holds this offset. */
static uint32_t start_of_line(const uint8_t *ptr, uint32_t at)
{
    while (at > 0 && ptr[at - 1] != '\n' && ptr[at - 1] != '\r') {
        at--;
    }
    return at;
}

struct sp_place sp_facts_place(const struct sp_facts *facts, const struct sp_span *span)
{
    const uint8_t *ptr = facts->lx.ptr;
    struct sp_slice source = sp_slice_make(ptr, facts->lx.len);
    uint32_t end = (uint32_t)sp_size_min(span->end, facts->lx.len);
    uint32_t start = (uint32_t)sp_size_min(span->start, end);
    /* A line end that the span ends with belongs to its last line. */
    uint32_t last = end > start ? end - 1 : end;
    last -= last > start && is_pair(source, last - 1) ? 1 : 0;
    uint32_t line = 1 + count_lines(source, 0, start);
    return (struct sp_place){.line = line,
                             .column = 1 + count_characters(ptr, start_of_line(ptr, start), start),
                             .end_line = line + count_lines(source, start, last),
                             .end_column =
                                 1 + count_characters(ptr, start_of_line(ptr, last), end)};
}

struct sp_place sp_facts_fault_place(const struct sp_facts *facts)
{
    const struct sp_lexer *lx = &facts->lx;
    uint32_t at = (uint32_t)sp_size_min(lx->fault_at, lx->len);
    uint32_t line = lx->fault_line;
    uint32_t column = 1 + count_characters(lx->ptr, lx->fault_line_start, at);
    return (struct sp_place){
        .line = line, .column = column, .end_line = line, .end_column = column};
}
