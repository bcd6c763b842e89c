#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/num.h"
#include "base/secret.h"

#define FIRST_ROOM ((size_t)256)

void sp_buf_init(struct sp_buf *b, size_t max)
{
    *b = (struct sp_buf){.ptr = NULL, .len = 0, .room = 0, .max = max};
}

void sp_buf_done(struct sp_buf *b)
{
    free(b->ptr);
    sp_buf_init(b, b->max);
}

void sp_buf_wipe(struct sp_buf *b)
{
    if (b->ptr != NULL) {
        sp_wipe(b->ptr, b->room);
    }
    sp_buf_done(b);
}

void sp_buf_clear(struct sp_buf *b)
{
    b->len = 0;
}

/* Room doubles, so n puts cost O(n); one byte beyond the content stays for the NUL of sp_buf_take. */
static enum sp_err grow(struct sp_buf *b, size_t len)
{
    if (len > b->max - b->len) {
        return SP_ERR_TOO_BIG;
    }
    size_t need = 0;
    SP_TRY(sp_size_add(b->len + 1, len, &need));
    if (need <= b->room) {
        return SP_OK;
    }
    size_t room = b->room == 0 ? FIRST_ROOM : b->room;
    while (room < need) {
        SP_TRY(sp_size_mul(room, 2, &room));
    }
    uint8_t *ptr = realloc(b->ptr, room);
    if (ptr == NULL) {
        return SP_ERR_NOMEM;
    }
    b->ptr = ptr;
    b->room = room;
    return SP_OK;
}

enum sp_err sp_buf_reserve(struct sp_buf *b, size_t len, uint8_t **out)
{
    SP_TRY(grow(b, len));
    *out = b->ptr + b->len;
    return SP_OK;
}

void sp_buf_commit(struct sp_buf *b, size_t len)
{
    SP_ASSERT(b->room > b->len && len < b->room - b->len + 1);
    b->len += len;
}

enum sp_err sp_buf_put_growing(struct sp_buf *b, struct sp_slice bytes)
{
    uint8_t *at = NULL;
    SP_TRY(sp_buf_reserve(b, bytes.len, &at));
    if (bytes.len > 0) {
        memcpy(at, bytes.ptr, bytes.len);
        b->len += bytes.len;
    }
    return SP_OK;
}

enum sp_err sp_buf_put_u64(struct sp_buf *b, uint64_t decimal)
{
    uint8_t digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (uint8_t)('0' + decimal % 10);
        decimal /= 10;
    } while (decimal > 0);
    return sp_buf_put(b, sp_slice_make(digits + at, sizeof(digits) - at));
}

/* Most texts fit into the room that is there; the others are formatted once more when their length is known. */
enum sp_err sp_buf_putf(struct sp_buf *b, const char *format, ...)
{
    uint8_t *at = NULL;
    va_list args;
    SP_TRY(sp_buf_reserve(b, 0, &at));
    size_t room = sp_size_min(b->room - b->len, b->max - b->len + 1);
    va_start(args, format);
    int len = vsnprintf((char *)at, room, format, args);
    va_end(args);
    if (len < 0) {
        return SP_ERR_SYSTEM;
    }
    if ((size_t)len >= room) {
        SP_TRY(sp_buf_reserve(b, (size_t)len, &at));
        va_start(args, format);
        (void)vsnprintf((char *)at, (size_t)len + 1, format, args);
        va_end(args);
    }
    b->len += (size_t)len;
    return SP_OK;
}

void sp_buf_consume(struct sp_buf *b, size_t len)
{
    SP_ASSERT(len <= b->len);
    if (len > 0 && len < b->len) {
        memmove(b->ptr, b->ptr + len, b->len - len);
    }
    b->len -= len;
}

void sp_buf_truncate(struct sp_buf *b, size_t len)
{
    SP_ASSERT(len <= b->len);
    b->len = len;
}

char *sp_buf_take(struct sp_buf *b, size_t *out_len)
{
    uint8_t *at = NULL;
    if (sp_buf_reserve(b, 0, &at) != SP_OK) {
        return NULL;
    }
    *at = '\0';
    char *taken = (char *)b->ptr;
    *out_len = b->len;
    sp_buf_init(b, b->max);
    return taken;
}
