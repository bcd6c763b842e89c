#include "format/zip.h"

#include "base/num.h"
#include "format/le.h"

#define EOCD_BYTES    22U
#define COMMENT_MAX   65535U
#define LOCATOR_BYTES 20U
#define EOCD64_BYTES  56U
#define CENTRAL_BYTES 46U
#define LOCAL_BYTES   30U
#define NO_U16        0xFFFFU
#define NO_U32        0xFFFFFFFFU

static const uint32_t eocd_magic = 0x06054B50;
static const uint32_t locator_magic = 0x07064B50;
static const uint32_t eocd64_magic = 0x06064B50;
static const uint32_t central_magic = 0x02014B50;
static const uint32_t local_magic = 0x04034B50;

/* `len` bytes at `at` are inside. */
static bool inside(struct sp_slice in, uint64_t at, uint64_t len)
{
    return at <= in.len && len <= in.len - at;
}

/* The record at the very end. One whose comment holds another such record could be read in two ways: the last counts. */
static bool find_end(struct sp_slice in, uint64_t *out)
{
    if (in.len < EOCD_BYTES) {
        return false;
    }
    uint64_t least = in.len > EOCD_BYTES + COMMENT_MAX ? in.len - EOCD_BYTES - COMMENT_MAX : 0;
    for (uint64_t at = in.len - EOCD_BYTES + 1; at > least; at--) {
        if (sp_le32(in, at - 1) == eocd_magic) {
            *out = at - 1;
            return true;
        }
    }
    return false;
}

struct directory {
    uint64_t size;
    uint64_t offset;
    uint64_t count;
    uint64_t end; /* where it must end */
};

/* A locator in front of the end says where the record of zip64 is. */
static enum sp_err read_zip64(struct sp_slice in, uint64_t eocd, struct directory *dir)
{
    if (eocd < LOCATOR_BYTES || sp_le32(in, eocd - LOCATOR_BYTES) != locator_magic) {
        return SP_OK;
    }
    uint64_t locator = eocd - LOCATOR_BYTES;
    if (locator < EOCD64_BYTES || sp_le32(in, locator - EOCD64_BYTES) != eocd64_magic) {
        return SP_ERR_CORRUPT; /* one with extensible data, or in another place */
    }
    uint64_t at = locator - EOCD64_BYTES;
    struct directory wide = {.size = sp_le64(in, at + 40),
                             .offset = sp_le64(in, at + 48),
                             .count = sp_le64(in, at + 32),
                             .end = at};
    bool agrees = (dir->size == NO_U32 || dir->size == wide.size) &&
                  (dir->offset == NO_U32 || dir->offset == wide.offset) &&
                  (dir->count == NO_U16 || dir->count == wide.count);
    if (!agrees || sp_le64(in, at + 24) != wide.count) {
        return SP_ERR_CORRUPT;
    }
    *dir = wide;
    return SP_OK;
}

enum sp_err sp_zip_open(struct sp_slice in, struct sp_zip *out)
{
    uint64_t eocd = 0;
    if (!find_end(in, &eocd)) {
        return SP_ERR_NOT_FOUND;
    }
    struct directory dir = {.size = sp_le32(in, eocd + 12),
                            .offset = sp_le32(in, eocd + 16),
                            .count = sp_le16(in, eocd + 10),
                            .end = eocd};
    bool is_split = sp_le32(in, eocd + 4) != 0 && sp_le32(in, eocd + 4) != NO_U32;
    bool has_whole_comment = sp_le16(in, eocd + 20) == in.len - eocd - EOCD_BYTES;
    SP_TRY(read_zip64(in, eocd, &dir));
    if (is_split || !has_whole_comment || sp_le16(in, eocd + 8) != sp_le16(in, eocd + 10) ||
        dir.size > dir.end || dir.offset > dir.end - dir.size) {
        return SP_ERR_CORRUPT;
    }
    *out = (struct sp_zip){.in = in,
                           .start = dir.end - dir.size,
                           .end = dir.end,
                           .count = dir.count,
                           .shift = dir.end - dir.size - dir.offset,
                           .at = dir.end - dir.size};
    out->has_prefix = out->shift > 0 || (dir.count > 0 && sp_le32(in, 0) != local_magic);
    return SP_OK;
}

/* ---- members ---- */

/* Where the directory's own 32 bits do not do, the extra field of zip64 has the values, in a fixed order. */
struct sizes {
    uint64_t size;
    uint64_t packed;
    uint64_t offset;
};

static enum sp_err widen(struct sp_slice extra, struct sizes *sizes)
{
    uint64_t *const wide[] = {&sizes->size, &sizes->packed, &sizes->offset};
    bool is_missing = sizes->size == NO_U32 || sizes->packed == NO_U32 || sizes->offset == NO_U32;
    size_t at = 0;
    while (is_missing && at + 4 <= extra.len) {
        size_t len = sp_le16(extra, at + 2);
        if (len > extra.len - at - 4) {
            return SP_ERR_CORRUPT;
        }
        if (sp_le16(extra, at) == 1) {
            struct sp_slice field = sp_slice_sub(extra, at + 4, len);
            size_t from = 0;
            for (size_t i = 0; i < SP_COUNT(wide); i++) {
                if (*wide[i] == NO_U32 && field.len - from >= 8) {
                    *wide[i] = sp_le64(field, from);
                    from += 8;
                }
            }
            return SP_OK;
        }
        at += 4 + len;
    }
    return SP_OK;
}

static void set_type(struct sp_zip_member *m, uint32_t outside, uint8_t system)
{
    uint32_t type = (outside >> 16) & 0170000U;
    /* The mode counts whatever system is named: unpackers of Unix look at it alone. */
    m->is_link = type == 0120000;
    m->is_special = type != 0 && type != 0120000 && type != 0100000 && type != 0040000;
    m->is_folder = (m->name.len > 0 && m->name.ptr[m->name.len - 1] == '/') || type == 0040000 ||
                   (system == 0 && (outside & 0x10U) != 0);
}

/* The header in front of the data must say the same name and method, and the data must lie in the archive. */
static enum sp_err find_data(struct sp_zip *zip, uint64_t offset, uint64_t packed,
                             struct sp_zip_member *m)
{
    uint64_t at = 0;
    if (sp_u64_add(offset, zip->shift, &at) != SP_OK || !inside(zip->in, at, LOCAL_BYTES) ||
        sp_le32(zip->in, at) != local_magic) {
        return SP_ERR_CORRUPT;
    }
    uint64_t name_len = sp_le16(zip->in, at + 26);
    uint64_t data = at + LOCAL_BYTES + name_len + sp_le16(zip->in, at + 28);
    if (data > zip->start || packed > zip->start - data) {
        return SP_ERR_CORRUPT;
    }
    struct sp_slice name = sp_slice_make(zip->in.ptr + at + LOCAL_BYTES, (size_t)name_len);
    if (!sp_slice_equal(name, m->name) || sp_le16(zip->in, at + 8) != m->method_number ||
        (sp_le16(zip->in, at + 6) & 1U) != (m->flags & 1U)) {
        return SP_ERR_CORRUPT;
    }
    /* Members that share bytes would need more than there are. */
    uint64_t used = data - at + packed;
    if (used > zip->start - zip->used) {
        return SP_ERR_CORRUPT;
    }
    zip->used += used;
    m->data = sp_slice_make(zip->in.ptr + data, (size_t)packed);
    return SP_OK;
}

enum sp_err sp_zip_next(struct sp_zip *zip, struct sp_zip_member *out)
{
    uint64_t at = zip->at;
    if (zip->seen == zip->count) {
        return at == zip->end ? SP_ERR_NOT_FOUND : SP_ERR_CORRUPT;
    }
    if (zip->end - at < CENTRAL_BYTES || sp_le32(zip->in, at) != central_magic) {
        return SP_ERR_CORRUPT;
    }
    uint64_t name_len = sp_le16(zip->in, at + 28);
    uint64_t extra_len = sp_le16(zip->in, at + 30);
    uint64_t len = CENTRAL_BYTES + name_len + extra_len + sp_le16(zip->in, at + 32);
    if (len > zip->end - at) {
        return SP_ERR_CORRUPT;
    }
    struct sizes sizes = {.size = sp_le32(zip->in, at + 24),
                          .packed = sp_le32(zip->in, at + 20),
                          .offset = sp_le32(zip->in, at + 42)};
    const uint8_t *name = zip->in.ptr + at + CENTRAL_BYTES;
    SP_TRY(widen(sp_slice_make(name + name_len, (size_t)extra_len), &sizes));
    struct sp_zip_member m = {.name = sp_slice_make(name, (size_t)name_len),
                              .size = sizes.size,
                              .crc = sp_le32(zip->in, at + 16),
                              .method_number = sp_le16(zip->in, at + 10),
                              .flags = sp_le16(zip->in, at + 8)};
    m.is_encrypted = (m.flags & 0x2041U) != 0;
    m.method = m.method_number == 0   ? SP_ZIP_STORED
               : m.method_number == 8 ? SP_ZIP_DEFLATED
                                      : SP_ZIP_OTHER;
    set_type(&m, sp_le32(zip->in, at + 38), zip->in.ptr[at + 5]);
    SP_TRY(find_data(zip, sizes.offset, sizes.packed, &m));
    zip->at = at + len;
    zip->seen++;
    *out = m;
    return SP_OK;
}
