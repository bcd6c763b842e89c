#include "audit/scan.h"

#include "audit/record.h"

#define PIECE_BYTES ((size_t)256 * 1024)

_Static_assert(PIECE_BYTES > SP_RECORD_BYTES_MAX, "a whole line must fit a piece");

struct walk {
    struct sp_open_set *open;
    struct sp_scan *scan;
    uint64_t at;  /* of the first byte in the piece */
    uint64_t bad; /* lines since the last good one */
};

static enum sp_err note(struct walk *walk, const struct sp_record_glance *glance)
{
    uint64_t ignored = 0;
    enum sp_err err = SP_OK;
    if (glance->is_intent) {
        err = sp_open_set_add(walk->open, glance->exchange, glance->index);
    }
    if (glance->is_outcome) {
        err = sp_open_set_take(walk->open, glance->exchange, &ignored);
    }
    /* A pair that does not fit is for `audit verify` to report; a start must not fail on it. */
    return err == SP_ERR_NOMEM ? err : SP_OK;
}

/* What an earlier start or recovery blanked out. */
static bool is_blank(struct sp_slice line)
{
    size_t at = 0;
    while (at < line.len && line.ptr[at] == ' ') {
        at++;
    }
    return at == line.len;
}

static enum sp_err on_line(struct walk *walk, struct sp_slice line, uint64_t end)
{
    struct sp_record_glance glance;
    if (is_blank(line)) {
        return SP_OK;
    }
    /* An index that jumps ahead is taken: what is written next must not repeat a number. */
    if (sp_record_look(line, &glance) != SP_OK || glance.index < walk->scan->next) {
        walk->bad++;
        return SP_OK;
    }
    walk->scan->damaged_lines += walk->bad + (glance.index != walk->scan->next ? 1 : 0);
    walk->bad = 0;
    walk->scan->next = glance.index + 1;
    walk->scan->good_end = end;
    walk->scan->latest_us = glance.wall_us;
    return note(walk, &glance);
}

/* Takes the whole lines out of a piece. */
static enum sp_err on_piece(struct walk *walk, struct sp_buf *piece)
{
    size_t done = 0;
    struct sp_slice bytes = sp_buf_slice(piece);
    for (size_t end = sp_slice_find(bytes, 0, '\n'); end < bytes.len; end = sp_slice_find(bytes, done, '\n')) {
        SP_TRY(on_line(walk, sp_slice_sub(bytes, done, end - done), walk->at + end + 1));
        done = end + 1;
    }
    if (done == 0 && bytes.len == PIECE_BYTES) {
        walk->bad += is_blank(bytes) ? 0 : 1; /* no entry is that long: its pieces count as bad lines */
        done = bytes.len;
    }
    sp_buf_consume(piece, done);
    walk->at += done;
    return SP_OK;
}

enum sp_err sp_scan_segment(const struct sp_disk *disk, int fd, uint64_t size, struct sp_open_set *open,
                            struct sp_scan *scan)
{
    SP_AUTO_BUF struct sp_buf piece;
    struct walk walk = {.open = open, .scan = scan, .at = 0, .bad = 0};
    sp_buf_init(&piece, PIECE_BYTES);
    scan->good_end = 0;
    scan->damaged_lines = 0;
    for (uint64_t at = 0; at < size;) {
        uint8_t *room = NULL;
        size_t got = 0;
        SP_TRY(sp_buf_reserve(&piece, PIECE_BYTES - piece.len, &room));
        SP_TRY(disk->read(disk->ctx, fd, at, room, PIECE_BYTES - piece.len, &got));
        if (got == 0) {
            break;
        }
        sp_buf_commit(&piece, got);
        at += got;
        SP_TRY(on_piece(&walk, &piece));
    }
    return SP_OK;
}
