#include "policy/judge_template.h"

#include "base/num.h"
#include "base/text.h"
#include "python/names.h"

/*
 * A template of Jinja is a program: its filters, subscripts and blocks reach attributes by names that it computes itself.
 * One whose text stands in the code is let pass when it does no more than show values, go through them and choose:
 * attributes by plain names, filters and blocks of the lists below. What is not understood is refused.
 */

#define DYNAMIC SP_CAPABILITY_BIT(SP_CAPABILITY_DYNAMIC_CODE)

/* What came last in a block: a name behind a dot is an attribute, one behind a bar a filter. */
enum last { LAST_NOTHING, LAST_VALUE, LAST_DOT, LAST_BAR };

struct scan {
    const struct sp_table *table;
    struct sp_slice text;
    size_t at;
    enum last last;
    bool has_join; /* a second argument of it is the name of an attribute */
    bool has_comma;
};

static bool is_one_of(struct sp_slice word, const char *const list[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (sp_slice_is(word, list[i])) {
            return true;
        }
    }
    return false;
}

/* Filters that give a form to a value, and read none of its attributes. */
static bool is_plain_filter(struct sp_slice word)
{
    static const char *const list[] = {"abs",
                                       "batch",
                                       "capitalize",
                                       "center",
                                       "count",
                                       "d",
                                       "default",
                                       "e",
                                       "escape",
                                       "first",
                                       "float",
                                       "format",
                                       "filesizeformat",
                                       "indent",
                                       "int",
                                       "items",
                                       "join",
                                       "last",
                                       "length",
                                       "list",
                                       "lower",
                                       "nl2br",
                                       "replace",
                                       "reverse",
                                       "round",
                                       "safe",
                                       "slice",
                                       "string",
                                       "tojson",
                                       "title",
                                       "trim",
                                       "striptags",
                                       "truncate",
                                       "upper",
                                       "urlencode",
                                       "urlize",
                                       "wordcount",
                                       "wordwrap"};
    return is_one_of(word, list, SP_COUNT(list));
}

static bool is_plain_block(struct sp_slice word)
{
    static const char *const list[] = {"for", "endfor", "if",    "elif",     "else", "endif",
                                       "set", "endset", "macro", "endmacro", "with", "endwith"};
    return is_one_of(word, list, SP_COUNT(list));
}

static bool is_plain_attribute(const struct sp_table *t, struct sp_slice word)
{
    return word.ptr[0] != '_' && !sp_slice_starts(word, "format") &&
           !sp_map_has(&t->attributes, word) && !sp_map_has(&t->objects, word) &&
           !sp_map_has(&t->orphans, word) && !sp_map_has(&t->methods, word) &&
           sp_table_reexport(t, word).len == 0;
}

static uint8_t byte_at(const struct scan *s, size_t at)
{
    return at < s->text.len ? s->text.ptr[at] : 0;
}

static bool is_word_byte(uint8_t byte)
{
    return byte == '_' || sp_text_is_alnum(byte);
}

static bool take_word(struct scan *s)
{
    size_t end = s->at;
    while (end < s->text.len && is_word_byte(s->text.ptr[end])) {
        end++;
    }
    struct sp_slice word = sp_slice_sub(s->text, s->at, end - s->at);
    enum last before = s->last;
    s->at = end;
    s->last = LAST_VALUE;
    if (before == LAST_DOT) {
        return is_plain_attribute(s->table, word);
    }
    if (before == LAST_BAR) {
        s->has_join = s->has_join || sp_slice_is(word, "join");
        return is_plain_filter(word);
    }
    return !sp_slice_starts(word, "__") && !sp_slice_is(word, "attribute");
}

static bool take_text(struct scan *s)
{
    size_t end = sp_slice_find(s->text, s->at + 1, s->text.ptr[s->at]);
    struct sp_slice inner = sp_slice_sub(s->text, s->at + 1, end - s->at - 1);
    s->at = end + 1;
    s->last = LAST_VALUE;
    return end < s->text.len && sp_slice_find(inner, 0, '\\') == inner.len;
}

/* A number, or a text that is no private name. */
static bool take_constant(struct scan *s)
{
    uint8_t first = byte_at(s, s->at);
    if (first == '\'' || first == '"') {
        bool is_private = byte_at(s, s->at + 1) == '_';
        return take_text(s) && !is_private;
    }
    s->at += first == '-' ? 1 : 0;
    size_t start = s->at;
    while (sp_text_is_digit(byte_at(s, s->at))) {
        s->at++;
    }
    return s->at > start;
}

/*
 * Behind a value or a word: a subscript, which could name an attribute unless it stands there; or the list of
 * `x in [1, 2]`. Which of them only Jinja's grammar knows: `x is defined if[y]` has a variable `if`.
 */
static bool take_subscript(struct scan *s)
{
    do {
        s->at++;
        while (byte_at(s, s->at) == ' ') {
            s->at++;
        }
        if (!take_constant(s)) {
            return false;
        }
    } while (byte_at(s, s->at) == ',');
    s->last = LAST_VALUE;
    return byte_at(s, s->at++) == ']';
}

static bool take_sign(struct scan *s, uint8_t byte)
{
    static const char signs[] = " \t\r\n()],:=!<>+-*/%~|.";
    if (byte == '[' && (s->last == LAST_VALUE || s->last == LAST_BAR || s->last == LAST_DOT)) {
        return take_subscript(s);
    }
    if (byte != '[' && sp_slice_find(sp_slice_of(signs), 0, byte) == sizeof(signs) - 1) {
        return false;
    }
    s->at++;
    s->has_comma = s->has_comma || byte == ',';
    if (sp_text_is_space(byte) || byte == '\r' || byte == '\n') {
        return true;
    }
    s->last = byte == '.'                  ? LAST_DOT
              : byte == '|'                ? LAST_BAR
              : byte == ')' || byte == ']' ? LAST_VALUE
                                           : LAST_NOTHING;
    return true;
}

/* What stands between the braces, up to and with `close` and a brace. */
static bool take_inside(struct scan *s, uint8_t close)
{
    s->last = LAST_NOTHING;
    s->has_join = false;
    s->has_comma = false;
    while (s->at < s->text.len) {
        uint8_t byte = s->text.ptr[s->at];
        bool is_quote = byte == '"' || byte == '\'';
        if (byte == close && byte_at(s, s->at + 1) == '}') {
            s->at += 2;
            return !(s->has_join && s->has_comma);
        }
        if (is_word_byte(byte) ? !take_word(s) : is_quote ? !take_text(s) : !take_sign(s, byte)) {
            return false;
        }
    }
    return false;
}

/* {% for x in xs %}: the first word says what it does. */
static bool take_block(struct scan *s)
{
    while (sp_text_is_space(byte_at(s, s->at)) || byte_at(s, s->at) == '-' ||
           byte_at(s, s->at) == '+' || byte_at(s, s->at) == '\n') {
        s->at++;
    }
    size_t end = s->at;
    while (is_word_byte(byte_at(s, end))) {
        end++;
    }
    bool is_plain = is_plain_block(sp_slice_sub(s->text, s->at, end - s->at));
    s->at = end;
    return is_plain && take_inside(s, '%');
}

static bool is_plain_template(const struct sp_table *table, struct sp_slice text)
{
    struct scan s = {.table = table, .text = text};
    while (s.at < text.len) {
        uint8_t next = byte_at(&s, s.at + 1);
        bool is_open = text.ptr[s.at] == '{';
        s.at += is_open && (next == '{' || next == '%' || next == '#') ? 2 : 1;
        if (is_open && next == '#') {
            s.at = sp_slice_search(text, s.at, SP_SLICE_LITERAL("#}")) + 2;
        } else if (is_open &&
                   ((next == '{' && !take_inside(&s, '}')) || (next == '%' && !take_block(&s)))) {
            return false;
        }
    }
    return true;
}

static void check_text(struct sp_judge *j, const struct sp_const *constant,
                       const struct sp_span *place, struct sp_slice callee)
{
    uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    size_t len = 0;
    if (constant->is_guess || sp_facts_decode(j->facts, constant, text, &len) != SP_OK ||
        !is_plain_template(j->table, sp_slice_make(text, len))) {
        judge_capabilities(j, DYNAMIC, place, callee);
    }
}

/* Other arguments than these give the template other braces, or functions. */
static bool has_plain_arguments(const struct sp_judge *j, const struct sp_call *call)
{
    static const char *const plain[] = {"autoescape", "trim_blocks", "lstrip_blocks",
                                        "keep_trailing_newline", "undefined"};
    size_t count = 0;
    unsigned own = 0;
    const struct sp_call *calls = sp_facts_calls(j->facts, &count);
    const struct sp_keyword *keywords = sp_facts_keywords(j->facts, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_own = &calls[keywords[i].call] == call;
        own += is_own ? 1 : 0;
        if (is_own &&
            !is_one_of(sp_facts_symbol(j->facts, keywords[i].name), plain, SP_COUNT(plain))) {
            return false;
        }
    }
    return call->arg_count == own + 1;
}

/* The text of the first argument, or all that a name there can hold. */
static void check_first(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                        struct sp_slice callee)
{
    const struct sp_const *constant = sp_facts_const(j->facts, call->arg0);
    struct sp_name_values values = {.count = 0};
    if (constant != NULL) {
        check_text(j, constant, &constant->place, callee);
        return;
    }
    if (judge_values(j, call->arg0_ref, &values) == 0) {
        judge_capabilities(j, DYNAMIC, &ref->place, callee);
    }
    for (unsigned i = 0; i < values.count; i++) {
        check_text(j, &values.value[i], &ref->place, callee);
    }
}

void judge_template(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call,
                    struct sp_slice callee)
{
    if (call == NULL || !has_plain_arguments(j, call)) {
        judge_capabilities(j, DYNAMIC, &ref->place, callee);
        return;
    }
    check_first(j, ref, call, callee);
}

bool judge_template_method(struct sp_judge *j, const struct sp_ref *ref, const struct sp_call *call)
{
    static const char *const owners[] = {"env", "environment", "jinja_env"};
    struct sp_slice name = sp_facts_segment(j->facts, ref, ref->count - 1U);
    if (!sp_slice_is(name, "from_string")) {
        return false;
    }
    bool is_owned = ref->count > 1 && is_one_of(sp_facts_segment(j->facts, ref, ref->count - 2U),
                                                owners, SP_COUNT(owners));
    struct sp_name_values values = {.count = 0};
    bool is_known = call->arg0 != SP_FACTS_NONE || judge_values(j, call->arg0_ref, &values) > 0;
    if (!is_known && !is_owned) {
        return false; /* many objects are made from texts */
    }
    check_first(j, ref, call, SP_SLICE_LITERAL("jinja2.Template"));
    return true;
}
