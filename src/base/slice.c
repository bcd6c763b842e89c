#include "base/slice.h"

#include <stdlib.h>
#include <string.h>

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

bool sp_slice_is_nocase(struct sp_slice a, const char *text)
{
    struct sp_slice b = sp_slice_of(text);
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i])) {
            return false;
        }
    }
    return true;
}

bool sp_slice_starts(struct sp_slice a, const char *prefix)
{
    struct sp_slice b = sp_slice_of(prefix);
    return a.len >= b.len && sp_slice_equal(sp_slice_sub(a, 0, b.len), b);
}

bool sp_slice_ends(struct sp_slice a, const char *suffix)
{
    struct sp_slice b = sp_slice_of(suffix);
    return a.len >= b.len && sp_slice_equal(sp_slice_sub(a, a.len - b.len, b.len), b);
}

int sp_slice_compare(struct sp_slice a, struct sp_slice b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared == 0 ? 0 : memcmp(a.ptr, b.ptr, shared);
    if (order != 0) {
        return order;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

size_t sp_slice_find(struct sp_slice a, size_t from, uint8_t byte)
{
    if (from >= a.len) {
        return a.len;
    }
    const uint8_t *hit = memchr(a.ptr + from, byte, a.len - from);
    return hit == NULL ? a.len : (size_t)(hit - a.ptr);
}

size_t sp_slice_search(struct sp_slice a, size_t from, struct sp_slice needle)
{
    struct sp_slice rest = sp_slice_sub(a, from, a.len);
    if (rest.len == 0 || needle.len == 0) {
        return rest.len == 0 ? a.len : from;
    }
    const uint8_t *found = memmem(rest.ptr, rest.len, needle.ptr, needle.len);
    return found == NULL ? a.len : (size_t)(found - a.ptr);
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

struct sp_slice sp_slice_trim(struct sp_slice a)
{
    while (a.len > 0 && is_blank(a.ptr[0])) {
        a = sp_slice_sub(a, 1, a.len);
    }
    while (a.len > 0 && is_blank(a.ptr[a.len - 1])) {
        a.len--;
    }
    return a;
}

size_t sp_slice_copy(struct sp_slice a, void *to, size_t room)
{
    size_t len = a.len < room ? a.len : room;
    if (len > 0) {
        memcpy(to, a.ptr, len);
    }
    return len;
}

void sp_slice_to_text(struct sp_slice a, char *out, size_t room)
{
    if (room == 0) {
        return;
    }
    const size_t len = a.len < room - 1 ? a.len : room - 1;
    if (len > 0) {
        memcpy(out, a.ptr, len);
    }
    out[len] = '\0';
}

char *sp_slice_dup(struct sp_slice a)
{
    if (sp_slice_find(a, 0, '\0') != a.len) {
        return NULL;
    }
    char *copy = malloc(a.len + 1);
    if (copy == NULL) {
        return NULL;
    }
    if (a.len > 0) {
        memcpy(copy, a.ptr, a.len);
    }
    copy[a.len] = '\0';
    return copy;
}
