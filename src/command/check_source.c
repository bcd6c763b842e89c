#include "command/check_source.h"

#include "base/num.h"

#define CELLS_MAX  70U /* of the line that are shown */
#define LEFT_CELLS 30U /* of those in front of a mark that stands far behind */

enum sp_err check_put_plain(struct sp_buf *out, struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        bool is_c1 = byte == 0xC2 && i + 1 < text.len && text.ptr[i + 1] < 0xA0;
        uint8_t shown = byte == '\t' ? ' ' : byte < 0x20 || byte == 0x7F || is_c1 ? '.' : byte;
        i += is_c1 ? 1 : 0;
        SP_TRY(sp_buf_put_byte(out, shown));
    }
    return SP_OK;
}

static struct sp_slice line_of(struct sp_slice code, uint32_t line)
{
    size_t at = 0;
    uint32_t now = 1;
    while (now < line && at < code.len) {
        bool is_pair = code.ptr[at] == '\r' && at + 1 < code.len && code.ptr[at + 1] == '\n';
        if (code.ptr[at] == '\n' || (code.ptr[at] == '\r' && !is_pair)) {
            now++;
        }
        at++;
    }
    size_t end = at;
    while (end < code.len && code.ptr[end] != '\n' && code.ptr[end] != '\r') {
        end++;
    }
    return sp_slice_sub(code, at, end - at);
}

/* ---- characters ---- */

/* Bytes of the character at `at`. The source is UTF-8; whatever else is there counts as one. */
static size_t length_at(struct sp_slice line, size_t at)
{
    size_t len = 1;
    while (at + len < line.len && (line.ptr[at + len] & 0xC0U) == 0x80 && len < 4) {
        len++;
    }
    return len;
}

static uint32_t point_at(struct sp_slice line, size_t at, size_t len)
{
    uint32_t point = len == 1 ? line.ptr[at] : line.ptr[at] & (0x7FU >> len);
    for (size_t i = 1; i < len; i++) {
        point = point << 6U | (line.ptr[at + i] & 0x3FU);
    }
    return point;
}

/* Cells of a terminal: two for what East Asia and emoji take. */
static unsigned width_of(uint32_t point)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } wide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},  {0xAC00, 0xD7A3},
                {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},  {0xFFE0, 0xFFE6},
                {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
    bool is_mark = (point >= 0x300 && point <= 0x36F) || point == 0x200B || point == 0xFE0F;
    for (size_t i = 0; i < SP_COUNT(wide); i++) {
        if (point >= wide[i].first && point <= wide[i].last) {
            return 2;
        }
    }
    return is_mark ? 0 : 1;
}

/* ---- the line and its mark ---- */

struct view {
    struct sp_slice line;
    uint32_t from;  /* characters that are left out at the start */
    unsigned cells; /* shown so far */
    unsigned mark_at;
    unsigned mark_end;
    bool is_cut;
};

/* One character, counted from 1. */
static enum sp_err show(struct view *v, struct sp_buf *out, const struct sp_place *place,
                        uint32_t column, struct sp_slice character)
{
    unsigned width = width_of(point_at(character, 0, character.len));
    if (column <= v->from || v->is_cut) {
        return SP_OK;
    }
    if (v->cells + width > CELLS_MAX) {
        v->is_cut = true;
        return SP_OK;
    }
    v->mark_at = column <= place->column ? v->cells : v->mark_at;
    v->cells += width;
    bool is_marked = place->end_line != place->line || column < place->end_column;
    v->mark_end = is_marked ? v->cells : v->mark_end;
    return check_put_plain(out, character);
}

static enum sp_err put_line(struct view *v, struct sp_buf *out, const struct sp_place *place)
{
    uint32_t column = 0;
    for (size_t at = 0; at < v->line.len;) {
        size_t len = length_at(v->line, at);
        column++;
        SP_TRY(show(v, out, place, column, sp_slice_sub(v->line, at, len)));
        at += len;
    }
    if (place->column > column) {
        v->mark_at = v->cells; /* behind the end */
    }
    return v->is_cut ? sp_buf_put_text(out, "...") : SP_OK;
}

static enum sp_err put_mark(const struct view *v, struct sp_buf *out)
{
    for (unsigned i = 0; i < v->mark_at; i++) {
        SP_TRY(sp_buf_put_byte(out, ' '));
    }
    SP_TRY(sp_buf_put_byte(out, '^'));
    for (unsigned i = v->mark_at + 1; i < v->mark_end; i++) {
        SP_TRY(sp_buf_put_byte(out, '~'));
    }
    return SP_OK;
}

enum sp_err check_put_source(struct sp_buf *out, struct sp_slice code, const struct sp_place *place,
                             const char *on, const char *off)
{
    struct view v = {.line = line_of(code, place->line)};
    if (v.line.len == 0) {
        return SP_OK;
    }
    v.from = place->column > CELLS_MAX - LEFT_CELLS / 2 ? place->column - LEFT_CELLS : 0;
    const char *margin = v.from > 0 ? "    ..." : "    ";
    SP_TRY(sp_buf_put_text(out, margin));
    SP_TRY(put_line(&v, out, place));
    SP_TRY(sp_buf_putf(out, "\n%s%s", v.from > 0 ? "       " : "    ", on));
    SP_TRY(put_mark(&v, out));
    return sp_buf_putf(out, "%s\n", off);
}
