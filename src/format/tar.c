#include "format/tar.h"

#include "base/num.h"

#define BLOCK 512U

/* What headers in front of a member say about it. */
struct given {
    struct sp_slice name;
    struct sp_slice size; /* decimal digits of pax */
    bool has_name;
    bool has_size;
    bool has_pax; /* a header of pax for this member alone was among them */
    bool is_any;  /* there was one at all */
};

/* A field of a header: up to its NUL. */
static struct sp_slice field(const uint8_t *block, size_t at, size_t len)
{
    struct sp_slice all = sp_slice_make(block + at, len);
    return sp_slice_sub(all, 0, sp_slice_find(all, 0, 0));
}

/* Octal digits between blanks, or the base-256 form of GNU. */
static enum sp_err read_number(struct sp_slice text, uint64_t *out)
{
    uint64_t value = 0;
    size_t at = 0;
    if (text.ptr[0] == 0x80) {
        for (size_t i = 1; i < text.len; i++) {
            if (value > UINT64_MAX >> 8U) {
                return SP_ERR_CORRUPT;
            }
            value = (value << 8U) | text.ptr[i];
        }
        *out = value;
        return SP_OK;
    }
    while (at < text.len && text.ptr[at] == ' ') {
        at++;
    }
    for (; at < text.len && text.ptr[at] != ' ' && text.ptr[at] != 0; at++) {
        if (text.ptr[at] < '0' || text.ptr[at] > '7' || value > UINT64_MAX >> 3U) {
            return SP_ERR_CORRUPT;
        }
        value = (value << 3U) | (uint64_t)(text.ptr[at] - '0');
    }
    *out = value;
    return SP_OK;
}

static enum sp_err check_sum(const uint8_t *block)
{
    uint64_t want = 0;
    uint32_t sum = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        sum += i >= 148 && i < 156 ? ' ' : block[i];
    }
    SP_TRY(read_number(sp_slice_make(block + 148, 8), &want));
    return sum == want ? SP_OK : SP_ERR_CORRUPT;
}

static bool is_zero(const uint8_t *block)
{
    for (size_t i = 0; i < BLOCK; i++) {
        if (block[i] != 0) {
            return false;
        }
    }
    return true;
}

static enum sp_err take_data(struct sp_tar *tar, uint64_t size, struct sp_slice *out)
{
    if (size > tar->in.len - tar->at) {
        return SP_ERR_SHORT;
    }
    size_t padded = (size_t)(size + BLOCK - 1) / BLOCK * BLOCK;
    *out = sp_slice_make(tar->in.ptr + tar->at, (size_t)size);
    tar->at += sp_size_min(padded, tar->in.len - tar->at);
    return SP_OK;
}

/* Records "LEN KEY=VALUE\n", where LEN counts all of it. */
static enum sp_err read_pax(struct sp_slice data, struct given *given)
{
    size_t at = 0;
    while (at < data.len && data.ptr[at] != 0) {
        uint64_t len = 0;
        size_t space = sp_slice_find(data, at, ' ');
        if (sp_parse_u64(sp_slice_sub(data, at, space - at), data.len, &len) != SP_OK ||
            len > data.len - at || at + len <= space + 1 || data.ptr[at + len - 1] != '\n') {
            return SP_ERR_CORRUPT;
        }
        struct sp_slice record = sp_slice_sub(data, space + 1, at + (size_t)len - 1 - space - 1);
        size_t equals = sp_slice_find(record, 0, '=');
        struct sp_slice key = sp_slice_sub(record, 0, equals);
        struct sp_slice value = sp_slice_sub(record, equals + 1, record.len);
        if (sp_slice_is(key, "path")) {
            given->name = value;
            given->has_name = true;
        } else if (sp_slice_is(key, "size")) {
            given->size = value;
            given->has_size = true;
        } else if (sp_slice_starts(key, "GNU.sparse")) {
            return SP_ERR_CORRUPT;
        }
        at += (size_t)len;
    }
    return SP_OK;
}

static enum sp_err put_name(struct sp_tar *tar, struct sp_slice part)
{
    if (part.len > sizeof(tar->name) - tar->name_len) {
        return SP_ERR_TOO_BIG;
    }
    tar->name_len +=
        sp_slice_copy(part, tar->name + tar->name_len, sizeof(tar->name) - tar->name_len);
    return SP_OK;
}

/* Behind another magic than that of POSIX some readers have times where others take the bytes for a part of the name. */
static enum sp_err set_name(struct sp_tar *tar, const uint8_t *block, const struct given *given)
{
    tar->name_len = 0;
    if (given->has_name) {
        return put_name(tar, given->name);
    }
    bool is_posix = sp_slice_is(sp_slice_make(block + 257, 6), "ustar") ||
                    sp_slice_equal(sp_slice_make(block + 257, 6), SP_SLICE_LITERAL("ustar\0"));
    struct sp_slice prefix = field(block, 345, 155);
    if (prefix.len > 0) {
        SP_TRY(is_posix ? SP_OK : SP_ERR_CORRUPT);
        SP_TRY(put_name(tar, prefix));
        SP_TRY(put_name(tar, SP_SLICE_LITERAL("/")));
    }
    return put_name(tar, field(block, 0, 100));
}

/* Of two headers that say the same some readers believe the first and some the last. */
static enum sp_err add_given(struct given *given, const struct given *more)
{
    if ((given->has_pax && more->has_pax) || (given->has_name && more->has_name)) {
        return SP_ERR_CORRUPT;
    }
    if (more->has_name) {
        given->name = more->name;
        given->has_name = true;
    }
    if (more->has_size) {
        given->size = more->size;
        given->has_size = true;
    }
    given->has_pax = given->has_pax || more->has_pax;
    given->is_any = true;
    return SP_OK;
}

/* Headers that speak of the next member. True when this was one. */
static enum sp_err read_given(struct sp_tar *tar, uint8_t type, uint64_t size, struct given *given,
                              bool *out_is_one)
{
    struct sp_slice data;
    struct given more = {.has_pax = type == 'x' || type == 'X'};
    *out_is_one = more.has_pax || type == 'g' || type == 'L' || type == 'K';
    if (!*out_is_one) {
        return SP_OK;
    }
    SP_TRY(take_data(tar, size, &data));
    if (more.has_pax || type == 'g') {
        SP_TRY(read_pax(data, &more));
    }
    /* What a global header says holds for one member here; for more of them it would have to be repeated. */
    if (type == 'g' && (more.has_name || more.has_size)) {
        return SP_ERR_CORRUPT;
    }
    if (type == 'L') {
        more.name = sp_slice_sub(data, 0, sp_slice_find(data, 0, 0));
        more.has_name = true;
    }
    return add_given(given, &more);
}

static enum sp_err type_of(uint8_t flag, enum sp_tar_type *out)
{
    switch (flag) {
    case 0:
    case '0':
    case '7':
        *out = SP_TAR_FILE;
        return SP_OK;
    case '1':
    case '2':
        *out = SP_TAR_LINK;
        return SP_OK;
    case '3':
    case '4':
    case '6':
        *out = SP_TAR_SPECIAL;
        return SP_OK;
    case '5':
        *out = SP_TAR_FOLDER;
        return SP_OK;
    default: /* sparse files, continued volumes, and what nobody defined */
        return SP_ERR_CORRUPT;
    }
}

/*
 * The oldest tar wrote folders as files whose names end in a slash. It had no headers that speak of the next member:
 * with those some readers take a file for what others take for a folder, which has no bytes.
 */
static enum sp_err type_of_the_oldest(const struct sp_tar *tar, struct sp_slice own,
                                      const struct given *given, enum sp_tar_type *out)
{
    const bool is_folder = sp_slice_ends(own, "/");
    if (given->is_any &&
        (is_folder || sp_slice_ends(sp_slice_make(tar->name, tar->name_len), "/"))) {
        return SP_ERR_CORRUPT;
    }
    *out = is_folder ? SP_TAR_FOLDER : SP_TAR_FILE;
    return SP_OK;
}

static enum sp_err next(struct sp_tar *tar, struct given *given, struct sp_tar_member *out,
                        bool *out_is_one)
{
    const uint8_t *block = tar->in.ptr + tar->at;
    uint64_t size = 0;
    bool is_given = false;
    SP_TRY(check_sum(block));
    SP_TRY(read_number(sp_slice_make(block + 124, 12), &size));
    tar->at += BLOCK;
    SP_TRY(read_given(tar, block[156], size, given, &is_given));
    if (is_given) {
        return SP_OK;
    }
    SP_TRY(type_of(block[156], &out->type));
    SP_TRY(set_name(tar, block, given));
    if (block[156] == 0) {
        SP_TRY(type_of_the_oldest(tar, field(block, 0, 100), given, &out->type));
    }
    if (given->has_size) {
        SP_TRY(sp_parse_u64(given->size, UINT64_MAX, &size) == SP_OK ? SP_OK : SP_ERR_CORRUPT);
    }
    SP_TRY(take_data(tar, out->type == SP_TAR_FILE ? size : 0, &out->data));
    *out_is_one = true;
    return SP_OK;
}

void sp_tar_open(struct sp_slice in, struct sp_tar *out)
{
    out->in = in;
    out->at = 0;
    out->name_len = 0;
}

enum sp_err sp_tar_next(struct sp_tar *tar, struct sp_tar_member *out)
{
    struct given given = {.has_name = false};
    struct sp_tar_member member = {.type = SP_TAR_SPECIAL};
    bool is_one = false;
    while (!is_one) {
        if (tar->at == tar->in.len) {
            return SP_ERR_NOT_FOUND;
        }
        if (tar->in.len - tar->at < BLOCK) {
            return SP_ERR_SHORT;
        }
        if (is_zero(tar->in.ptr + tar->at)) {
            tar->at += BLOCK; /* the end, unless a reader goes on behind it */
            continue;
        }
        SP_TRY(next(tar, &given, &member, &is_one));
    }
    member.name = sp_slice_make(tar->name, tar->name_len);
    *out = member;
    return SP_OK;
}
