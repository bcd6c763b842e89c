#include "identity/used.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/num.h"

#define DIGITS  ((size_t)20)
#define TOLD_ID "#told" /* no token's id has such a character */

_Static_assert(SP_USED_LINE == SP_TOKEN_ID_MAX + 1 + DIGITS + 1,
               "a line is an id, a blank, a number and a line feed");

static enum sp_err read_line(struct sp_slice line, struct sp_slice *out_id, uint64_t *out_number)
{
    const struct sp_slice id = sp_slice_trim(sp_slice_sub(line, 0, SP_TOKEN_ID_MAX));
    if (line.len != SP_USED_LINE || line.ptr[SP_TOKEN_ID_MAX] != ' ' ||
        line.ptr[SP_USED_LINE - 1] != '\n') {
        return SP_ERR_INVALID;
    }
    SP_TRY(sp_parse_u64(sp_slice_sub(line, SP_TOKEN_ID_MAX + 1, DIGITS), UINT64_MAX, out_number));
    *out_id = id;
    return SP_OK;
}

void sp_used_read(struct sp_slice text, uint64_t *out_told, sp_used_fn *fn, void *ctx)
{
    *out_told = 0;
    for (size_t at = 0; at < text.len; at += SP_USED_LINE) {
        struct sp_slice id = {NULL, 0};
        uint64_t number = 0;
        if (read_line(sp_slice_sub(text, at, SP_USED_LINE), &id, &number) != SP_OK) {
            continue;
        }
        if (at == 0 && sp_slice_is(id, TOLD_ID)) {
            *out_told = number;
        } else if (sp_token_id_check(id) == SP_OK) {
            fn(ctx, id, number, (uint32_t)(at / SP_USED_LINE));
        }
    }
}

static void take_use(void *ctx, struct sp_slice id, uint64_t used_us, uint32_t line)
{
    struct sp_token_use *use = sp_directory_token_use_of(ctx, id);
    if (use != NULL) {
        use->used_us = used_us;
        use->line = line;
        use->is_unwritten = false;
    }
}

static enum sp_err read_all(int fd, struct sp_buf *out)
{
    struct stat st;
    uint8_t *at = NULL;
    if (fstat(fd, &st) != 0) {
        return SP_ERR_SYSTEM;
    }
    if (st.st_size < 0 || (size_t)st.st_size > SP_USED_BYTES_MAX) {
        return SP_ERR_TOO_BIG;
    }
    SP_TRY(sp_buf_reserve(out, (size_t)st.st_size + 1, &at));
    while (out->len < (size_t)st.st_size) {
        const ssize_t got =
            pread(fd, at + out->len, (size_t)st.st_size - out->len, (off_t)out->len);
        if (got < 0 && errno != EINTR) {
            return SP_ERR_SYSTEM;
        }
        if (got == 0) {
            return SP_OK;
        }
        sp_buf_commit(out, got > 0 ? (size_t)got : 0);
    }
    return SP_OK;
}

enum sp_err sp_used_load(int fd, struct sp_directory *directory, uint64_t *out_told)
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, SP_USED_BYTES_MAX + 1);
    SP_TRY(read_all(fd, &text));
    sp_used_read(sp_buf_slice(&text), out_told, take_use, directory);
    return SP_OK;
}

static enum sp_err write_line(int fd, uint32_t line, struct sp_slice id, uint64_t number)
{
    char name[SP_TOKEN_ID_MAX + 1];
    char text[SP_USED_LINE + 1];
    sp_slice_to_text(id, name, sizeof(name));
    (void)snprintf(text, sizeof(text), "%-32s %020llu\n", name, (unsigned long long)number);
    return pwrite(fd, text, SP_USED_LINE, (off_t)(line * SP_USED_LINE)) == (ssize_t)SP_USED_LINE
               ? SP_OK
               : SP_ERR_SYSTEM;
}

/* A new line comes after the last whole one: tokens of other directories stand in this file too. */
enum sp_err sp_used_save(int fd, struct sp_directory *directory, uint64_t told)
{
    struct stat st;
    SP_TRY(write_line(fd, 0, sp_slice_of(TOLD_ID), told));
    if (fstat(fd, &st) != 0 || st.st_size < 0 || (size_t)st.st_size > SP_USED_BYTES_MAX) {
        return SP_ERR_SYSTEM;
    }
    uint32_t lines = (uint32_t)((size_t)st.st_size / SP_USED_LINE);
    for (size_t i = 0; i < sp_directory_tokens(directory); i++) {
        struct sp_token_use *use = sp_directory_token_use(directory, i);
        if (use->is_unwritten) {
            const uint32_t line = use->line == SP_DIRECTORY_NO_TOKEN ? lines : use->line;
            SP_TRY(write_line(fd, line, use->id, use->used_us));
            lines += line == lines ? 1 : 0;
            use->line = line;
            use->is_unwritten = false;
        }
    }
    return SP_OK;
}
