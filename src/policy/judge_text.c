#include "base/num.h"
#include "base/text.h"
#include "policy/judge_inner.h"

/* ---- code inside a constant ---- */

void judge_code(struct sp_judge *j, uint32_t constant, struct sp_slice callee)
{
    uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    size_t len = 0;
    const struct sp_const *found = sp_facts_const(j->facts, constant);
    if (found == NULL || j->within != NULL ||
        sp_facts_decode(j->facts, found, text, &len) != SP_OK) {
        /* Code within code within code, or too much of it. */
        struct sp_span nowhere = {.start = 0};
        judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_DYNAMIC_CODE),
                           found == NULL ? &nowhere : &found->place, callee);
        return;
    }
    judge_source(j, text, len, &found->place);
}

void judge_source(struct sp_judge *j, uint8_t *text, size_t len, const struct sp_span *place)
{
    for (size_t i = 0; i < len; i++) {
        /* pandas marks local names by @ and odd column names by backquotes. */
        if (text[i] == '@' || text[i] == '`') {
            text[i] = ' ';
        }
    }
    size_t start = 0;
    while (start < len && (text[start] == ' ' || text[start] == '\t' || text[start] == '\n')) {
        start++;
    }
    struct sp_slice code = sp_slice_make(text + start, len - start);
    /* What does not lex does not run either; its constants were searched like all others. */
    if (sp_facts_scan(j->constant, code, SP_PYTHON_311, SP_PYTHON_FRAGMENT) == SP_OK) {
        const struct sp_facts *outer = j->facts;
        j->within = place;
        j->facts = j->constant;
        judge_facts(j);
        j->facts = outer;
        j->within = NULL;
    }
}

/* ---- constants ---- */

static bool is_word(uint8_t byte)
{
    return byte == '_' || sp_text_is_alnum(byte);
}

static void check_words(struct sp_judge *j, struct sp_slice text, const struct sp_span *span)
{
    size_t at = 0;
    while (at < text.len) {
        size_t end = at;
        while (end < text.len && is_word(text.ptr[end])) {
            end++;
        }
        struct sp_slice word = sp_slice_sub(text, at, end - at);
        uint32_t bits = 0;
        if (word.len > 4 && sp_map_get(&j->table->strings, word, &bits)) {
            judge_capabilities(j, bits, span, word);
        }
        at = end == at ? at + 1 : end;
    }
}

static bool ends_word(struct sp_slice text, size_t at)
{
    return at >= text.len || !is_word(text.ptr[at]);
}

/* One name of a format field; what only says what something is called is fine, also behind __class__. */
static bool is_telling_name(struct sp_slice text, size_t at, size_t end)
{
    static const char *const harmless[] = {"__name__", "__qualname__", "__module__", "__doc__"};
    struct sp_slice name = sp_slice_sub(text, at, end - at);
    if (!sp_slice_starts(name, "__")) {
        return false;
    }
    if (sp_slice_is(name, "__class__")) {
        struct sp_slice rest = sp_slice_sub(text, end, text.len - end);
        bool is_name = sp_slice_starts(rest, ".__name__") || sp_slice_starts(rest, ".__qualname__");
        return !is_name;
    }
    for (size_t i = 0; i < SP_COUNT(harmless); i++) {
        if (sp_slice_is(name, harmless[i])) {
            return false;
        }
    }
    return true;
}

static bool is_in_field(uint8_t byte)
{
    return is_word(byte) || byte == '.' || byte == '[' || byte == ']';
}

/*
 * "{0.__class__}".format reads attributes by their names in the text. A field that is not closed in this piece is closed
 * by another one, so that its names are computed.
 */
static void check_field(struct sp_judge *j, struct sp_slice text, size_t *at,
                        const struct sp_span *span)
{
    bool has_dot = false;
    size_t i = *at;
    while (i < text.len && is_in_field(text.ptr[i])) {
        bool is_access = text.ptr[i] == '.' || text.ptr[i] == '[';
        size_t end = i + 1;
        while (is_access && !ends_word(text, end)) {
            end++;
        }
        has_dot = has_dot || text.ptr[i] == '.';
        if (is_access && is_telling_name(text, i + 1, end)) {
            judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_INTROSPECTION), span,
                               sp_slice_sub(text, i + 1, end - i - 1));
        }
        i = end;
    }
    bool is_open = i == text.len || text.ptr[i] == '%';
    if (is_open && has_dot && i > *at) {
        judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_DYNAMIC_CODE), span,
                           SP_SLICE_LITERAL("a format field that is put together from pieces"));
    }
    *at = i;
}

void judge_fields(struct sp_judge *j, struct sp_slice text, const struct sp_span *span)
{
    size_t at = sp_slice_find(text, 0, '{');
    while (at < text.len) {
        at++;
        check_field(j, text, &at, span);
        at = sp_slice_find(text, at, '{');
    }
}

/* Files that give access to the interpreter's own memory. */
static void check_places(struct sp_judge *j, struct sp_slice text, const struct sp_span *span)
{
    for (size_t i = 0; i < j->table->places.slot_count; i++) {
        const struct sp_map_entry *entry = &j->table->places.slots[i];
        struct sp_slice start = sp_slice_sub(text, 0, entry->key.len);
        if (entry->key.ptr != NULL && sp_slice_equal(start, entry->key)) {
            judge_capabilities(j, entry->value, span, entry->key);
        }
    }
}

void judge_consts(struct sp_judge *j)
{
    size_t count = 0;
    const struct sp_const *consts = sp_facts_consts(j->facts, &count);
    for (size_t i = 0; i < count && !judge_is_full(j); i++) {
        uint8_t text[SP_FACTS_CONST_BYTES_MAX];
        size_t len = 0;
        struct sp_slice raw = sp_slice_make(sp_facts_lexer(j->facts)->ptr + consts[i].place.start,
                                            consts[i].place.end - consts[i].place.start);
        if (sp_facts_decode(j->facts, &consts[i], text, &len) == SP_OK) {
            check_words(j, sp_slice_make(text, len), &consts[i].place);
            check_places(j, sp_slice_make(text, len), &consts[i].place);
            if (!consts[i].is_format) {
                judge_fields(j, sp_slice_make(text, len), &consts[i].place);
            }
        } else {
            check_words(j, raw, &consts[i].place); /* too long to decode: as it is written */
        }
    }
}

/* ---- IPython ---- */

static bool holds_python(struct sp_slice name)
{
    static const char *const names[] = {"time",  "timeit", "prun", "capture",
                                        "memit", "mprun",  "lprun"};
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        if (sp_slice_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

/* Lines of magics that could do more, as everybody writes them. */
static bool is_everyday(struct sp_slice line)
{
    static const char *const starts[] = {"config InlineBackend.",    "load_ext autoreload",
                                         "load_ext memory_profiler", "load_ext line_profiler",
                                         "reload_ext autoreload",    "config IPCompleter."};
    for (size_t i = 0; i < SP_COUNT(starts); i++) {
        if (sp_slice_starts(line, starts[i])) {
            return true;
        }
    }
    return false;
}

/* `%config InlineBackend.figure_format = 'retina'`: the value is an expression, which is evaluated. */
static void judge_setting(struct sp_judge *j, struct sp_slice name, struct sp_slice all,
                          const struct sp_span *place)
{
    uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    size_t at = sp_slice_find(all, 0, '=') + 1;
    if (!sp_slice_is(name, "config") || at >= all.len) {
        return;
    }
    struct sp_slice value = sp_slice_sub(all, at, all.len);
    if (value.len > sizeof(text) || j->within != NULL) {
        judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_DYNAMIC_CODE), place, name);
        return;
    }
    for (size_t i = 0; i < value.len; i++) {
        text[i] = value.ptr[i];
    }
    judge_source(j, text, value.len, place);
}

/* Over one option of a magic, with its number: `-n1`, `-n 10`, `-q`. */
static size_t skip_option(struct sp_slice line, size_t at)
{
    size_t end = at;
    while (end < line.len && line.ptr[end] != ' ' && line.ptr[end] != '\t') {
        end++;
    }
    size_t next = end;
    while (next < line.len && (line.ptr[next] == ' ' || line.ptr[next] == '\t')) {
        next++;
    }
    size_t number = next;
    while (number < line.len && line.ptr[number] >= '0' && line.ptr[number] <= '9') {
        number++;
    }
    return end == at + 2 && number > next ? number : end;
}

/* `%time %run x`, `%timeit -n1 !ls`: what the magic runs is read by IPython again. */
static bool holds_escape(const struct sp_judge *j, const struct sp_magic *magic)
{
    const struct sp_lexer *lx = sp_facts_lexer(j->facts);
    struct sp_slice code = sp_slice_make(lx->ptr, lx->len);
    size_t end = sp_size_min(sp_slice_find(code, magic->name_end, '\n'),
                             sp_slice_find(code, magic->name_end, '\r'));
    struct sp_slice line = sp_slice_sub(code, magic->name_end, end - magic->name_end);
    size_t at = 0;
    while (at < line.len && (line.ptr[at] == ' ' || line.ptr[at] == '\t' || line.ptr[at] == '-')) {
        at = line.ptr[at] == '-' ? skip_option(line, at) : at + 1;
    }
    return at < line.len && (line.ptr[at] == '%' || line.ptr[at] == '!');
}

static void judge_percent(struct sp_judge *j, const struct sp_magic *magic, struct sp_slice name,
                          struct sp_slice all)
{
    uint32_t bits = 0;
    bool is_known = sp_map_get(&j->table->magics, name, &bits);
    if (!is_known) {
        bits = SP_CAPABILITY_BIT(SP_CAPABILITY_SHELL_ESCAPE);
    }
    /* IPython fills {expressions} and $names into the line before the magic sees it. */
    bool is_filled = sp_slice_find(all, 0, '{') < all.len || sp_slice_find(all, 0, '$') < all.len;
    if (holds_python(name) && holds_escape(j, magic)) {
        bits |= SP_CAPABILITY_BIT(SP_CAPABILITY_SHELL_ESCAPE);
    }
    if (is_filled && !magic->is_cell && !holds_python(name)) {
        bits |= SP_CAPABILITY_BIT(SP_CAPABILITY_DYNAMIC_CODE);
    } else if (!magic->is_cell &&
               is_everyday(sp_slice_sub(all, magic->name_at - magic->place.start, all.len))) {
        bits = 0;
        judge_setting(j, name, all, &magic->place);
    }
    if (bits != 0) {
        judge_capabilities(j, bits, &magic->place, name.len > 0 ? name : SP_SLICE_LITERAL("%"));
    }
}

/* ---- get_ipython().run_line_magic('matplotlib', 'inline'), as notebooks are turned into scripts ---- */

static size_t put_text(const struct sp_judge *j, uint32_t constant,
                       uint8_t text[SP_FACTS_CONST_BYTES_MAX])
{
    size_t len = 0;
    const struct sp_const *found = sp_facts_const(j->facts, constant);
    bool is_known =
        found != NULL && !found->is_guess && sp_facts_decode(j->facts, found, text, &len) == SP_OK;
    return is_known ? len : 0;
}

static bool is_style_setting(struct sp_slice name, struct sp_slice line)
{
    return sp_slice_is(name, "config") &&
           (sp_slice_starts(line, "InlineBackend.") || sp_slice_starts(line, "IPCompleter."));
}

/* The magic and its line are known, and harmless. */
static bool is_harmless_line(struct sp_judge *j, const struct sp_call *call,
                             const struct sp_span *place)
{
    uint8_t name_text[SP_FACTS_CONST_BYTES_MAX];
    uint8_t line_text[SP_FACTS_CONST_BYTES_MAX];
    uint32_t bits = 0;
    struct sp_slice name = sp_slice_make(name_text, put_text(j, call->arg0, name_text));
    struct sp_slice line = sp_slice_make(line_text, put_text(j, call->arg1, line_text));
    bool is_known = name.len > 0 && (call->arg_count == 1 || call->arg1 != SP_FACTS_NONE) &&
                    call->arg_count <= 2 && sp_map_get(&j->table->magics, name, &bits);
    bool is_filled =
        sp_slice_find(line, 0, '{') < line.len || sp_slice_find(line, 0, '$') < line.len;
    if (!is_known || is_filled || j->within != NULL) {
        return false;
    }
    bool is_style = is_style_setting(name, line);
    if (is_style || holds_python(name)) {
        judge_source(j, line_text, line.len, place);
        return true;
    }
    return bits == 0 || (sp_slice_is(name, "load_ext") && sp_slice_is(line, "autoreload"));
}

bool judge_is_harmless_magic(struct sp_judge *j, uint32_t number)
{
    size_t ref_count = 0;
    size_t call_count = 0;
    const struct sp_ref *refs = sp_facts_refs(j->facts, &ref_count);
    const struct sp_call *calls = sp_facts_calls(j->facts, &call_count);
    uint32_t method = number + 1;
    uint32_t base = method < ref_count ? sp_facts_base(j->facts, &refs[method]) : SP_FACTS_NONE;
    bool is_chain = base < call_count && refs[method].count == 1 && calls[base].callee == number;
    if (!is_chain || calls[base].has_args ||
        !sp_slice_is(sp_facts_segment(j->facts, &refs[method], 0), "run_line_magic")) {
        return false;
    }
    for (size_t i = base + 1U; i < call_count; i++) {
        if (calls[i].callee == method) {
            return is_harmless_line(j, &calls[i], &refs[method].place);
        }
    }
    return false;
}

static void judge_magic(struct sp_judge *j, const struct sp_magic *magic)
{
    const uint8_t *ptr = sp_facts_lexer(j->facts)->ptr;
    struct sp_slice name = sp_slice_make(ptr + magic->name_at, magic->name_end - magic->name_at);
    struct sp_slice all =
        sp_slice_make(ptr + magic->place.start, magic->place.end - magic->place.start);
    switch (magic->escape) {
    case '?':
        break; /* help shows what is there */
    case '!':
        judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_SHELL_ESCAPE), &magic->place,
                           SP_SLICE_LITERAL("!"));
        break;
    case '%':
        judge_percent(j, magic, name, all);
        break;
    default: /* , ; and / call what follows */
        judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_DYNAMIC_CODE), &magic->place,
                           SP_SLICE_LITERAL("a line of IPython's automatic calls"));
        break;
    }
}

void judge_magics(struct sp_judge *j)
{
    size_t count = 0;
    const struct sp_magic *magics = sp_facts_magics(j->facts, &count);
    for (size_t i = 0; i < count && !judge_is_full(j); i++) {
        judge_magic(j, &magics[i]);
    }
}

static struct sp_slice first_word(struct sp_slice line, size_t *out_after)
{
    size_t start = 0;
    while (start < line.len && (line.ptr[start] == ' ' || line.ptr[start] == '\t')) {
        start++;
    }
    size_t end = start;
    while (end < line.len && is_word(line.ptr[end])) {
        end++;
    }
    *out_after = end;
    while (*out_after < line.len && line.ptr[*out_after] == ' ') {
        (*out_after)++;
    }
    return sp_slice_sub(line, start, end - start);
}

/* Whether what follows the word leaves IPython in no doubt that it is an expression of Python. */
static bool is_expression(struct sp_slice word, uint8_t next)
{
    static const char operators[] = "=.[,:;)]}*%&|^<>+@";
    for (size_t i = 0; i + 1 < sizeof(operators); i++) {
        if ((uint8_t)operators[i] == next) {
            return true;
        }
    }
    /* A call of a name that an earlier run may have defined, unless only a shell can be meant. */
    return next == '(' && !sp_slice_is(word, "system") && !sp_slice_is(word, "sx");
}

void judge_automagic(struct sp_judge *j)
{
    const struct sp_lexer *lx = sp_facts_lexer(j->facts);
    struct sp_slice line = sp_slice_make(lx->ptr, lx->len);
    while (line.len > 0 && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r')) {
        line.len--;
    }
    bool is_one_line =
        sp_slice_find(line, 0, '\n') == line.len && sp_slice_find(line, 0, '\r') == line.len;
    size_t after = 0;
    uint32_t bits = 0;
    struct sp_slice word = first_word(line, &after);
    if (!is_one_line || !sp_map_get(&j->table->magics, word, &bits) || bits == 0) {
        return;
    }
    if (after < line.len && is_expression(word, line.ptr[after])) {
        return;
    }
    uint32_t start = (uint32_t)(word.ptr - lx->ptr);
    struct sp_span span = {.start = start, .end = start + (uint32_t)word.len};
    judge_capabilities(j, bits, &span, word);
}
