/* The structure of a TOML document: lines, keys, headers, arrays and inline tables, and what may be defined twice. */
#include "codec/toml_read.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/text.h"

int sp_toml_peek(const struct sp_toml_reader *r, size_t ahead)
{
    return ahead < r->len - r->at ? r->text[r->at + ahead] : -1;
}

struct sp_toml_place sp_toml_here(struct sp_toml_reader *r)
{
    for (; r->mark_at < r->at; r->mark_at++) {
        r->mark_column += (r->text[r->mark_at] & 0xC0U) != 0x80 ? 1 : 0;
    }
    return (struct sp_toml_place){r->line, r->mark_column};
}

bool sp_toml_take_newline(struct sp_toml_reader *r)
{
    size_t len = sp_toml_peek(r, 0) == '\n' ? 1 : 0;
    if (sp_toml_peek(r, 0) == '\r' && sp_toml_peek(r, 1) == '\n') {
        len = 2;
    }
    if (len == 0) {
        return false;
    }
    r->at += len;
    r->line++;
    r->mark_at = r->at;
    r->mark_column = 1;
    return true;
}

static void tell(struct sp_toml_reader *r, struct sp_toml_place place, const char *format,
                 va_list args) SP_PRINTF(3, 0);
static void tell(struct sp_toml_reader *r, struct sp_toml_place place, const char *format,
                 va_list args)
{
    char text[SP_WHERE_TEXT_MAX];
    (void)vsnprintf(text, sizeof(text), format, args);
    sp_where_set(r->where, place.line, place.column, "%s", text);
}

enum sp_err sp_toml_fail(struct sp_toml_reader *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(r, sp_toml_here(r), format, args);
    va_end(args);
    return SP_ERR_CONFIG;
}

enum sp_err sp_toml_fail_at(struct sp_toml_reader *r, struct sp_toml_place place,
                            const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(r, place, format, args);
    va_end(args);
    return SP_ERR_CONFIG;
}

static void skip_blanks(struct sp_toml_reader *r)
{
    while (sp_toml_peek(r, 0) == ' ' || sp_toml_peek(r, 0) == '\t') {
        r->at++;
    }
}

static enum sp_err skip_comment(struct sp_toml_reader *r)
{
    if (sp_toml_peek(r, 0) != '#') {
        return SP_OK;
    }
    for (;;) {
        int byte = sp_toml_peek(r, 0);
        if (byte < 0 || byte == '\n' || (byte == '\r' && sp_toml_peek(r, 1) == '\n')) {
            return SP_OK;
        }
        if ((byte < 0x20 && byte != '\t') || byte == 0x7F) {
            return sp_toml_fail(r, "a comment holds a control character");
        }
        r->at++;
    }
}

/* Blanks, comments and line ends, as they may stand between the elements of an array. */
static enum sp_err skip_lines(struct sp_toml_reader *r)
{
    do {
        skip_blanks(r);
        SP_TRY(skip_comment(r));
    } while (sp_toml_take_newline(r));
    return SP_OK;
}

static enum sp_err end_line(struct sp_toml_reader *r)
{
    skip_blanks(r);
    SP_TRY(skip_comment(r));
    if (sp_toml_peek(r, 0) < 0 || sp_toml_take_newline(r)) {
        return SP_OK;
    }
    return sp_toml_fail(r, "nothing more may stand on this line");
}

static bool is_bare(int byte)
{
    return byte >= 0 && (sp_text_is_alnum((uint8_t)byte) || byte == '_' || byte == '-');
}

/* One part of a key: bare, or quoted on one line. */
static enum sp_err read_key_part(struct sp_toml_reader *r, struct sp_slice *out,
                                 struct sp_toml_place *out_place)
{
    int byte = sp_toml_peek(r, 0);
    *out_place = sp_toml_here(r);
    if (byte == '"' || byte == '\'') {
        return sp_toml_read_string(r, false, out);
    }
    size_t start = r->at;
    while (is_bare(sp_toml_peek(r, 0))) {
        r->at++;
    }
    *out = sp_slice_make(r->text + start, r->at - start);
    return r->at > start ? SP_OK : sp_toml_fail(r, "a key must stand here");
}

/* After a part of a key: whether a dot and another part follow. */
static bool take_dot(struct sp_toml_reader *r)
{
    skip_blanks(r);
    if (sp_toml_peek(r, 0) != '.') {
        return false;
    }
    r->at++;
    skip_blanks(r);
    return true;
}

static enum sp_err taken(struct sp_toml_reader *r, struct sp_toml_place place, struct sp_slice key,
                         const struct sp_toml_value *by)
{
    return sp_toml_fail_at(r, place, "'%.*s' is already defined in line %u",
                           (int)sp_size_min(key.len, 64), (const char *)key.ptr, by->place.line);
}

static enum sp_err add(struct sp_toml_reader *r, struct sp_toml_value *parent, struct sp_slice key,
                       struct sp_toml_place place, struct sp_toml_value **out)
{
    enum sp_err err = sp_toml_add(r->doc, parent, key, out);
    if (err == SP_ERR_DEPTH || err == SP_ERR_TOO_BIG) {
        return sp_toml_fail_at(
            r, place, err == SP_ERR_DEPTH ? "values nest too deeply" : "there are too many values");
    }
    SP_TRY(err);
    (*out)->key_place = place;
    (*out)->place = place;
    return SP_OK;
}

static enum sp_err add_table(struct sp_toml_reader *r, struct sp_toml_value *parent,
                             struct sp_slice key, struct sp_toml_place place,
                             enum sp_toml_kind kind, struct sp_toml_value **out)
{
    SP_TRY(add(r, parent, key, place, out));
    (*out)->type = SP_TOML_TABLE;
    (*out)->kind = kind;
    (*out)->section = r->section;
    return SP_OK;
}

/*
 * Goes through one part of a dotted key that is not its last. A table that a header defined, or that dotted keys under
 * another header made, cannot be added to in this way.
 */
static enum sp_err step_dotted(struct sp_toml_reader *r, struct sp_toml_value **table,
                               struct sp_slice key, struct sp_toml_place place)
{
    struct sp_toml_value *found = sp_toml_find(r->doc, *table, key);
    if (found == NULL) {
        return add_table(r, *table, key, place, SP_TOML_KIND_DOTTED, table);
    }
    bool is_open = found->kind == SP_TOML_KIND_IMPLICIT ||
                   (found->kind == SP_TOML_KIND_DOTTED && found->section == r->section);
    if (found->type != SP_TOML_TABLE || !is_open) {
        return taken(r, place, key, found);
    }
    found->kind = SP_TOML_KIND_DOTTED;
    found->section = r->section;
    *table = found;
    return SP_OK;
}

/* Goes through one part of a header that is not its last; an array of tables means its newest element. */
static enum sp_err step_header(struct sp_toml_reader *r, struct sp_toml_value **table,
                               struct sp_slice key, struct sp_toml_place place)
{
    struct sp_toml_value *found = sp_toml_find(r->doc, *table, key);
    if (found == NULL) {
        return add_table(r, *table, key, place, SP_TOML_KIND_IMPLICIT, table);
    }
    if (found->kind == SP_TOML_KIND_TABLES) {
        *table = found->last;
        return SP_OK;
    }
    if (found->type != SP_TOML_TABLE || found->kind == SP_TOML_KIND_INLINE) {
        return taken(r, place, key, found);
    }
    *table = found;
    return SP_OK;
}

/* A whole key: goes through all its parts but the last, which it hands out. */
typedef enum sp_err step_fn(struct sp_toml_reader *r, struct sp_toml_value **table,
                            struct sp_slice key, struct sp_toml_place place);
static enum sp_err read_key(struct sp_toml_reader *r, step_fn *step, struct sp_toml_value **table,
                            struct sp_slice *out_key, struct sp_toml_place *out_place)
{
    SP_TRY(read_key_part(r, out_key, out_place));
    while (take_dot(r)) {
        SP_TRY(step(r, table, *out_key, *out_place));
        SP_TRY(read_key_part(r, out_key, out_place));
    }
    return SP_OK;
}

static enum sp_err read_value(struct sp_toml_reader *r, struct sp_toml_value *out);

/* key = value, into a table. */
static enum sp_err read_pair(struct sp_toml_reader *r, struct sp_toml_value *table)
{
    struct sp_slice key;
    struct sp_toml_place place;
    SP_TRY(read_key(r, step_dotted, &table, &key, &place));
    if (sp_toml_peek(r, 0) != '=') {
        return sp_toml_fail(r, "'=' must follow the key");
    }
    r->at++;
    skip_blanks(r);
    const struct sp_toml_value *found = sp_toml_find(r->doc, table, key);
    if (found != NULL) {
        return taken(r, place, key, found);
    }
    struct sp_toml_value *value = NULL;
    SP_TRY(add(r, table, key, place, &value));
    return read_value(r, value);
}

static enum sp_err read_array(struct sp_toml_reader *r, struct sp_toml_value *out)
{
    out->type = SP_TOML_ARRAY;
    r->at++;
    SP_TRY(skip_lines(r));
    while (sp_toml_peek(r, 0) != ']') {
        struct sp_toml_value *element = NULL;
        SP_TRY(add(r, out, (struct sp_slice){NULL, 0}, sp_toml_here(r), &element));
        SP_TRY(read_value(r, element));
        SP_TRY(skip_lines(r));
        if (sp_toml_peek(r, 0) == ',') {
            r->at++;
            SP_TRY(skip_lines(r));
        } else if (sp_toml_peek(r, 0) != ']') {
            return sp_toml_fail(r, "a comma or ] must stand here");
        }
    }
    r->at++;
    return SP_OK;
}

/* On one line, without a comma at the end; nothing outside the braces can add to it. */
static enum sp_err read_inline_table(struct sp_toml_reader *r, struct sp_toml_value *out)
{
    unsigned outer = r->section;
    out->type = SP_TOML_TABLE;
    out->kind = SP_TOML_KIND_INLINE;
    r->section = ++r->sections;
    r->at++;
    skip_blanks(r);
    bool has_more = sp_toml_peek(r, 0) != '}';
    while (has_more) {
        SP_TRY(read_pair(r, out));
        skip_blanks(r);
        has_more = sp_toml_peek(r, 0) == ',';
        if (has_more) {
            r->at++;
            skip_blanks(r);
        } else if (sp_toml_peek(r, 0) != '}') {
            return sp_toml_fail(r, "a comma or } must stand here");
        }
    }
    r->at++;
    r->section = outer;
    return SP_OK;
}

/* Nesting is bounded: every level adds a value, and sp_toml_add refuses those that are too deep. */
static enum sp_err read_value(struct sp_toml_reader *r, struct sp_toml_value *out)
{
    out->place = sp_toml_here(r);
    switch (sp_toml_peek(r, 0)) {
    case '"':
    case '\'':
        out->type = SP_TOML_STRING;
        return sp_toml_read_string(r, true, &out->as.text);
    case '[':
        return read_array(r, out);
    case '{':
        return read_inline_table(r, out);
    default:
        return sp_toml_read_scalar(r, out);
    }
}

/* [a.b]: a table gets its header once, and only when no dotted keys have made it. */
static enum sp_err open_table(struct sp_toml_reader *r, struct sp_toml_value *parent,
                              struct sp_slice key, struct sp_toml_place place)
{
    struct sp_toml_value *found = sp_toml_find(r->doc, parent, key);
    if (found == NULL) {
        return add_table(r, parent, key, place, SP_TOML_KIND_HEADER, &r->table);
    }
    if (found->type != SP_TOML_TABLE || found->kind != SP_TOML_KIND_IMPLICIT) {
        return taken(r, place, key, found);
    }
    found->kind = SP_TOML_KIND_HEADER;
    found->key_place = place;
    found->place = place;
    r->table = found;
    return SP_OK;
}

/* The elements that are complete go to whoever wants them one by one. */
static enum sp_err hand_over(struct sp_toml_reader *r, struct sp_toml_value *array)
{
    for (const struct sp_toml_value *v = array->first; v != NULL; v = v->next) {
        SP_TRY(r->each->fn(r->each->ctx, v));
    }
    sp_toml_drop_elements(r->doc, array);
    return SP_OK;
}

static bool is_wanted(const struct sp_toml_reader *r, const struct sp_toml_value *array)
{
    return r->each != NULL && array->kind == SP_TOML_KIND_TABLES && array->parent == r->doc->root &&
           sp_slice_is(array->key, r->each->name);
}

/* [[a.b]]: one more element of an array that only such headers make. */
static enum sp_err open_element(struct sp_toml_reader *r, struct sp_toml_value *parent,
                                struct sp_slice key, struct sp_toml_place place)
{
    struct sp_toml_value *array = sp_toml_find(r->doc, parent, key);
    if (array == NULL) {
        SP_TRY(add(r, parent, key, place, &array));
        array->type = SP_TOML_ARRAY;
        array->kind = SP_TOML_KIND_TABLES;
    } else if (array->kind != SP_TOML_KIND_TABLES) {
        return taken(r, place, key, array);
    } else if (is_wanted(r, array)) {
        SP_TRY(hand_over(r, array));
    }
    return add_table(r, array, (struct sp_slice){NULL, 0}, place, SP_TOML_KIND_HEADER, &r->table);
}

static enum sp_err read_header(struct sp_toml_reader *r)
{
    bool is_element = sp_toml_peek(r, 1) == '[';
    struct sp_toml_value *parent = r->doc->root;
    struct sp_slice key;
    struct sp_toml_place place;
    r->at += is_element ? 2 : 1;
    skip_blanks(r);
    SP_TRY(read_key(r, step_header, &parent, &key, &place));
    if (sp_toml_peek(r, 0) != ']' || (is_element && sp_toml_peek(r, 1) != ']')) {
        return sp_toml_fail(r, "%s must end the header", is_element ? "]]" : "]");
    }
    r->at += is_element ? 2 : 1;
    r->section = ++r->sections;
    return is_element ? open_element(r, parent, key, place) : open_table(r, parent, key, place);
}

static enum sp_err read_line(struct sp_toml_reader *r)
{
    skip_blanks(r);
    int byte = sp_toml_peek(r, 0);
    if (byte == '[') {
        SP_TRY(read_header(r));
    } else if (byte >= 0 && byte != '#' && byte != '\n' && byte != '\r') {
        SP_TRY(read_pair(r, r->table));
    }
    return end_line(r);
}

static enum sp_err check_utf8(struct sp_toml_reader *r)
{
    size_t at = 0;
    if (sp_utf8_check(sp_slice_make(r->text, r->len), &at) == SP_OK) {
        return SP_OK;
    }
    unsigned line = 1;
    for (size_t i = 0; i < at; i++) {
        if (r->text[i] == '\n') {
            line++;
            r->mark_at = i + 1;
        }
    }
    r->line = line;
    r->at = at;
    return sp_toml_fail(r, "the file is not valid UTF-8");
}

static enum sp_err read_document(struct sp_toml_reader *r)
{
    SP_TRY(check_utf8(r));
    SP_TRY(sp_toml_add(r->doc, NULL, (struct sp_slice){NULL, 0}, &r->doc->root));
    r->doc->root->type = SP_TOML_TABLE;
    r->doc->root->kind = SP_TOML_KIND_HEADER;
    r->doc->root->place = (struct sp_toml_place){1, 1};
    r->table = r->doc->root;
    if (sp_slice_starts(sp_slice_make(r->text, r->len), "\xEF\xBB\xBF")) {
        r->at = 3; /* editors of one system put a byte order mark there */
        r->mark_at = 3;
    }
    while (r->at < r->len) {
        SP_TRY(read_line(r));
    }
    struct sp_toml_value *last =
        r->each == NULL ? NULL : sp_toml_find(r->doc, r->doc->root, sp_slice_of(r->each->name));
    return last != NULL && is_wanted(r, last) ? hand_over(r, last) : SP_OK;
}

static enum sp_err copy_text(struct sp_toml *doc, struct sp_slice in)
{
    struct sp_buf copy;
    sp_buf_init(&copy, SP_TOML_BYTES_MAX);
    SP_TRY(sp_buf_put(&copy, in));
    doc->text = (uint8_t *)sp_buf_take(&copy, &doc->len);
    return doc->text == NULL ? SP_ERR_NOMEM : SP_OK;
}

static enum sp_err parse(struct sp_slice in, const struct sp_toml_each *each, struct sp_toml **out,
                         struct sp_where *out_where)
{
    SP_AUTO_TOML struct sp_toml *doc = calloc(1, sizeof(*doc));
    if (doc == NULL) {
        return SP_ERR_NOMEM;
    }
    enum sp_err err = copy_text(doc, in);
    if (err == SP_ERR_TOO_BIG) {
        sp_where_set(out_where, 0, 0, "the file is larger than %zu bytes", SP_TOML_BYTES_MAX);
        return SP_ERR_CONFIG;
    }
    SP_TRY(err);
    struct sp_toml_reader r = {.doc = doc,
                               .text = doc->text,
                               .len = doc->len,
                               .line = 1,
                               .mark_column = 1,
                               .where = out_where,
                               .each = each};
    SP_TRY(read_document(&r));
    *out = doc;
    doc = NULL;
    return SP_OK;
}

enum sp_err sp_toml_parse(struct sp_slice in, struct sp_toml **out, struct sp_where *out_where)
{
    return parse(in, NULL, out, out_where);
}

enum sp_err sp_toml_parse_each(struct sp_slice in, const struct sp_toml_each *each,
                               struct sp_toml **out, struct sp_where *out_where)
{
    return parse(in, each, out, out_where);
}
