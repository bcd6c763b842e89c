#include <stdio.h>

#include "base/num.h"
#include "format/inflate.h"
#include "format/tar.h"
#include "format/zip.h"
#include "policy/modules.h"
#include "policy/upload_inner.h"

#define RATIO_BYTES_MIN ((uint64_t)1024 * 1024) /* what is smaller unpacked is no bomb */

/* ---- bounds ---- */

static bool is_within(struct sp_upload *u, uint64_t size, uint64_t packed)
{
    const struct sp_policy_limits *limits = &u->policy->limits;
    if (size > limits->archive_bytes - u->unpacked) {
        upload_report(u, u->policy->upload[SP_UPLOAD_ARCHIVE_LIMIT], "archive-limit",
                      "the archive unpacks to more than %llu bytes",
                      (unsigned long long)limits->archive_bytes);
        return false;
    }
    u->unpacked += size;
    if (size > RATIO_BYTES_MIN && size / limits->archive_ratio > packed) {
        upload_report(u, u->policy->upload[SP_UPLOAD_ARCHIVE_LIMIT], "archive-limit",
                      "%llu bytes are packed into %llu: more than %llu to one",
                      (unsigned long long)size, (unsigned long long)packed,
                      (unsigned long long)limits->archive_ratio);
        return false;
    }
    return true;
}

/* Goes into an archive; false when there are too many around it already. */
static bool enter(struct sp_upload *u)
{
    if (u->depth >= u->policy->limits.archive_depth) {
        upload_report(u, u->policy->upload[SP_UPLOAD_ARCHIVE_LIMIT], "archive-limit",
                      "archives stand in archives more than %llu deep",
                      (unsigned long long)u->policy->limits.archive_depth);
        return false;
    }
    u->depth++;
    return true;
}

static bool count_member(struct sp_upload *u)
{
    u->members++;
    if (u->members <= u->policy->limits.archive_members) {
        return true;
    }
    upload_report(u, u->policy->upload[SP_UPLOAD_ARCHIVE_LIMIT], "archive-limit",
                  "more than %llu members", (unsigned long long)u->policy->limits.archive_members);
    return false;
}

/* ---- members ---- */

/* Names the member in findings; the length to cut the path to afterwards. */
static size_t name_member(struct sp_upload *u, struct sp_slice name)
{
    size_t before = u->path.len;
    bool is_named = (before == 0 || sp_buf_put_text(&u->path, "!/") == SP_OK) &&
                    sp_buf_put(&u->path, sp_slice_sub(name, 0, 1024)) == SP_OK;
    if (!is_named) {
        sp_buf_truncate(&u->path, before); /* only what is said becomes less exact */
    }
    return before;
}

static void look_at(struct sp_upload *u, struct sp_slice name, struct sp_slice bytes, uint64_t size)
{
    struct upload_file file;
    upload_name(u, name);
    upload_file(u, name, bytes, size, &file);
    bool must_be_read =
        file.kind == SP_KIND_PICKLE || file.kind == SP_KIND_TAR || file.kind == SP_KIND_GZIP;
    if (must_be_read && size > bytes.len) {
        upload_report_rule(u, SP_UPLOAD_OPAQUE, "too long to be looked into");
    }
}

/* The top-level module that a member would be, or be part of: known to the other members. */
static void know_member(struct sp_upload *u, struct sp_slice name)
{
    size_t end = 0;
    if (sp_kind_of_name(name) != SP_KIND_PYTHON) {
        return;
    }
    while (end < name.len && name.ptr[end] != '/' && name.ptr[end] != '.') {
        end++;
    }
    if (end > 0 && sp_modules_put(&u->beside, sp_slice_sub(name, 0, end)) == SP_OK) {
        sp_judge_know_beside(u->judge, sp_buf_slice(&u->beside), true);
    }
}

/* ---- zip ---- */

static void unpack_zip(struct sp_upload *u, const struct sp_zip_member *m)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_inflated done = {.size = 0};
    sp_buf_init(&bytes, SP_UPLOAD_MEMBER_BYTES_MAX);
    enum sp_err err = sp_inflate(m->data, SP_INFLATE_RAW, m->size, &bytes, &done);
    bool is_whole =
        err == SP_OK && done.size == m->size && done.crc == m->crc && done.consumed == m->data.len;
    if (!is_whole) {
        upload_report_rule(u, SP_UPLOAD_OPAQUE,
                           "the member does not unpack to what the archive says it is");
    }
    look_at(u, m->name, sp_buf_slice(&bytes), m->size);
}

static void zip_member(struct sp_upload *u, const struct sp_zip_member *m)
{
    size_t before = name_member(u, m->name);
    if (m->is_link || m->is_special) {
        upload_report_rule(u, SP_UPLOAD_ARCHIVE_LINK,
                           m->is_link ? "a link" : "a device, pipe or socket");
    }
    if (m->is_encrypted) {
        upload_report_rule(u, SP_UPLOAD_OPAQUE, "an encrypted member cannot be looked into");
        upload_name(u, m->name);
    } else if (m->is_folder && m->size == 0) {
        upload_name(u, m->name);
    } else if (!is_within(u, m->size, m->data.len)) {
        upload_name(u, m->name);
    } else if (m->method == SP_ZIP_DEFLATED) {
        unpack_zip(u, m);
    } else if (m->method == SP_ZIP_STORED && m->size == m->data.len) {
        look_at(u, m->name, m->data, m->size);
    } else {
        upload_report(u, u->policy->upload[SP_UPLOAD_OPAQUE], "opaque",
                      "packed by method %u, which is not looked into; deflate it",
                      m->method_number);
    }
    sp_buf_truncate(&u->path, before);
}

static bool is_office(struct sp_zip zip)
{
    struct sp_zip_member m;
    unsigned seen = 0;
    while (seen < 64 && sp_zip_next(&zip, &m) == SP_OK) {
        if (sp_slice_is(m.name, "[Content_Types].xml") ||
            (seen == 0 && sp_slice_is(m.name, "mimetype"))) {
            return true;
        }
        seen++;
    }
    return false;
}

static void walk_zip(struct sp_upload *u, struct sp_zip *zip)
{
    struct sp_zip_member m;
    struct sp_zip names = *zip;
    while (names.seen < u->policy->limits.archive_members && sp_zip_next(&names, &m) == SP_OK) {
        know_member(u, m.name);
    }
    for (;;) {
        enum sp_err err = sp_zip_next(zip, &m);
        if (err == SP_ERR_NOT_FOUND) {
            return;
        }
        if (err != SP_OK) {
            upload_report_rule(
                u, SP_UPLOAD_OPAQUE,
                "the archive's headers contradict one another, or members share bytes");
            return;
        }
        if (!count_member(u)) {
            return;
        }
        zip_member(u, &m);
    }
}

bool upload_zip(struct sp_upload *u, struct upload_file *file)
{
    struct sp_zip zip = {.count = 0};
    enum sp_err err = sp_zip_open(file->bytes, &zip);
    bool is_named = file->kind == SP_KIND_ZIP;
    bool is_cut = file->size > file->bytes.len;
    if (err == SP_ERR_NOT_FOUND || is_cut) {
        if (is_named) {
            upload_report_rule(u, SP_UPLOAD_OPAQUE,
                               is_cut ? "too long to be looked into"
                                      : "the archive has no directory");
        }
        return is_named;
    }
    if (!is_named || zip.has_prefix) {
        upload_report(u, u->policy->upload[SP_UPLOAD_POLYGLOT], "polyglot",
                      "%s, and a zip archive behind it", sp_kind_text(file->kind));
    }
    if (err != SP_OK) {
        upload_report_rule(u, SP_UPLOAD_OPAQUE, "the archive's directory contradicts itself");
        return is_named;
    }
    bool was_office = u->is_in_office;
    if (is_named && is_office(zip)) {
        file->kind = SP_KIND_OFFICE;
        file->format = "zip";
        u->is_in_office = true;
    }
    if (enter(u)) {
        walk_zip(u, &zip);
        u->depth--;
    }
    u->is_in_office = was_office;
    return is_named;
}

/* ---- tar ---- */

static void tar_member(struct sp_upload *u, const struct sp_tar_member *m)
{
    size_t before = name_member(u, m->name);
    if (m->type == SP_TAR_FILE) {
        if (is_within(u, m->data.len, m->data.len)) {
            look_at(u, m->name, m->data, m->data.len);
        }
    } else {
        upload_name(u, m->name);
        if (m->type != SP_TAR_FOLDER) {
            upload_report_rule(u, SP_UPLOAD_ARCHIVE_LINK,
                               m->type == SP_TAR_LINK ? "a link" : "a device or a pipe");
        }
    }
    sp_buf_truncate(&u->path, before);
}

void upload_tar(struct sp_upload *u, const struct upload_file *file)
{
    struct sp_tar tar;
    struct sp_tar_member m;
    enum sp_err err = SP_OK;
    if (!enter(u)) {
        return;
    }
    sp_tar_open(file->bytes, &tar);
    for (uint64_t i = 0; i < u->policy->limits.archive_members && sp_tar_next(&tar, &m) == SP_OK;
         i++) {
        know_member(u, m.name);
    }
    sp_tar_open(file->bytes, &tar);
    while (err == SP_OK) {
        err = sp_tar_next(&tar, &m);
        if (err == SP_OK && !count_member(u)) {
            break;
        }
        if (err == SP_OK) {
            tar_member(u, &m);
        }
    }
    if (err != SP_OK && err != SP_ERR_NOT_FOUND) {
        upload_report_rule(
            u, SP_UPLOAD_OPAQUE,
            "a header of the archive is damaged, or of a kind that readers differ on");
    }
    u->depth--;
}

/* ---- one packed file ---- */

static bool cut_end(struct sp_slice *name, const char *end)
{
    size_t len = sp_slice_of(end).len;
    if (!sp_slice_ends(*name, end) || name->len == len) {
        return false;
    }
    *name = sp_slice_sub(*name, 0, name->len - len);
    return true;
}

static bool unpack_one(struct sp_upload *u, const struct upload_file *file,
                       enum sp_inflate_wrap wrap, bool is_sure)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_inflated done = {.size = 0};
    struct sp_slice name = file->name;
    uint64_t left = u->policy->limits.archive_bytes - u->unpacked;
    sp_buf_init(&bytes, SP_UPLOAD_MEMBER_BYTES_MAX);
    enum sp_err err = sp_inflate(file->bytes, wrap, left, &bytes, &done);
    if (!is_sure && err != SP_OK) {
        return false;
    }
    if (err == SP_ERR_TOO_BIG) {
        (void)is_within(u, left + 1, file->bytes.len);
        return true;
    }
    if (err != SP_OK) {
        upload_report_rule(u, SP_UPLOAD_OPAQUE, "the packed data is damaged");
    }
    if (!is_within(u, done.size, file->bytes.len) || !enter(u)) {
        return true;
    }
    (void)(cut_end(&name, ".gz") || cut_end(&name, ".tgz") || cut_end(&name, ".z"));
    size_t before = name_member(u, name);
    look_at(u, name, sp_buf_slice(&bytes), done.size);
    sp_buf_truncate(&u->path, before);
    u->depth--;
    return true;
}

void upload_gzip(struct sp_upload *u, const struct upload_file *file)
{
    (void)unpack_one(u, file, SP_INFLATE_GZIP, true);
}

bool upload_zlib(struct sp_upload *u, const struct upload_file *file)
{
    /* The first two bytes are a multiple of 31, and the method is 8. */
    bool may_be = file->bytes.len > 8 && (file->bytes.ptr[0] & 0x0FU) == 8 &&
                  (file->bytes.ptr[0] * 256U + file->bytes.ptr[1]) % 31U == 0;
    return may_be && unpack_one(u, file, SP_INFLATE_ZLIB, false);
}
