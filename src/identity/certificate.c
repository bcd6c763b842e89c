#include "identity/certificate.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/text.h"
#include "codec/hex.h"

#define DIGEST_PREFIX  "sha256:"
#define SUBJECT_PREFIX "subject:"

struct row {
    char *text;
    size_t len;
    size_t tenant;
};

/* Sorted by text once all are added, which is before the first look. */
struct sp_certificates {
    struct row *rows;
    size_t count;
    size_t room;
    bool is_sorted;
};

enum sp_err sp_certificates_new(struct sp_certificates **out)
{
    *out = calloc(1, sizeof(**out));
    return *out == NULL ? SP_ERR_NOMEM : SP_OK;
}

void sp_certificates_free(struct sp_certificates *certificates)
{
    if (certificates != NULL) {
        for (size_t i = 0; i < certificates->count; i++) {
            free(certificates->rows[i].text);
        }
        free(certificates->rows);
        free(certificates);
    }
}

/* Capitals are read as small letters: tools print digests either way. */
static bool is_digest(struct sp_slice text)
{
    const size_t before = sizeof(DIGEST_PREFIX) - 1;
    if (!sp_slice_starts(text, DIGEST_PREFIX) || text.len != before + 2 * SP_CERTIFICATE_BYTES) {
        return false;
    }
    for (size_t i = before; i < text.len; i++) {
        if (!sp_text_is_hex(text.ptr[i])) {
            return false;
        }
    }
    return true;
}

/* A subject alternative name: its kind, and something printable behind it. */
static bool is_alternative(struct sp_slice text)
{
    static const char *const kinds[] = {"dns:", "uri:", "email:"};
    for (size_t i = 0; i < SP_COUNT(kinds); i++) {
        if (!sp_slice_starts(text, kinds[i]) || text.len == sp_slice_of(kinds[i]).len) {
            continue;
        }
        for (size_t k = 0; k < text.len; k++) {
            if (text.ptr[k] <= ' ' || text.ptr[k] > '~') {
                return false;
            }
        }
        return true;
    }
    return false;
}

enum sp_err sp_certificate_check(struct sp_slice text)
{
    size_t ignored = 0;
    const bool is_subject =
        sp_slice_starts(text, SUBJECT_PREFIX) && text.len > sizeof(SUBJECT_PREFIX) - 1;
    const bool is_text =
        sp_utf8_check(text, &ignored) == SP_OK && sp_slice_find(text, 0, '\0') == text.len;
    return text.len <= SP_CERTIFICATE_TEXT_MAX && is_text &&
                   (is_subject || is_digest(text) || is_alternative(text))
               ? SP_OK
               : SP_ERR_INVALID;
}

static struct sp_slice text_of(const struct row *row)
{
    return sp_slice_make(row->text, row->len);
}

static int by_text(const void *a, const void *b)
{
    return sp_slice_compare(text_of(a), text_of(b));
}

static void sort(struct sp_certificates *certificates)
{
    if (!certificates->is_sorted && certificates->count > 0) {
        qsort(certificates->rows, certificates->count, sizeof(*certificates->rows), by_text);
    }
    certificates->is_sorted = true;
}

static enum sp_err reserve(struct sp_certificates *certificates)
{
    if (certificates->count < certificates->room) {
        return SP_OK;
    }
    if (certificates->count >= SP_CERTIFICATES_MAX) {
        return SP_ERR_FULL;
    }
    const size_t larger = certificates->room == 0 ? 16 : certificates->room * 2;
    struct row *rows = reallocarray(certificates->rows, larger, sizeof(*rows));
    if (rows == NULL) {
        return SP_ERR_NOMEM;
    }
    certificates->rows = rows;
    certificates->room = larger;
    return SP_OK;
}

enum sp_err sp_certificates_add(struct sp_certificates *certificates, struct sp_slice text,
                                size_t tenant)
{
    SP_TRY(sp_certificate_check(text));
    SP_TRY(reserve(certificates));
    struct row row = {.text = sp_slice_dup(text), .len = text.len, .tenant = tenant};
    if (row.text == NULL) {
        return SP_ERR_NOMEM;
    }
    /* Digests and DNS names are the same in capitals. */
    const bool is_caseless = sp_slice_starts(text, DIGEST_PREFIX) || sp_slice_starts(text, "dns:");
    for (size_t i = 0; is_caseless && i < row.len; i++) {
        row.text[i] = row.text[i] >= 'A' && row.text[i] <= 'Z' ? (char)(row.text[i] - 'A' + 'a')
                                                               : row.text[i];
    }
    certificates->rows[certificates->count++] = row;
    certificates->is_sorted = false;
    return SP_OK;
}

static enum sp_err find(struct sp_certificates *certificates, const char *prefix,
                        struct sp_slice rest, size_t *out)
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, SP_CERTIFICATE_TEXT_MAX);
    if (certificates->count == 0 || sp_buf_put_text(&text, prefix) != SP_OK ||
        sp_buf_put(&text, rest) != SP_OK) {
        return SP_ERR_NOT_FOUND;
    }
    const struct row key = {.text = (char *)text.ptr, .len = text.len};
    const struct row *found =
        bsearch(&key, certificates->rows, certificates->count, sizeof(key), by_text);
    if (found == NULL) {
        return SP_ERR_NOT_FOUND;
    }
    *out = found->tenant;
    return SP_OK;
}

/* All alternative names that are somebody's must be the same tenant's: whose it is does not go by their order. */
static enum sp_err find_alternative(struct sp_certificates *certificates, struct sp_slice lines,
                                    size_t *out)
{
    bool is_found = false;
    while (lines.len > 0) {
        const size_t end = sp_slice_find(lines, 0, '\n');
        size_t tenant = 0;
        const struct sp_slice name = sp_slice_sub(lines, 0, end);
        if (is_alternative(name) && find(certificates, "", name, &tenant) == SP_OK) {
            if (is_found && tenant != *out) {
                return SP_ERR_NOT_FOUND;
            }
            *out = tenant;
            is_found = true;
        }
        lines = sp_slice_sub(lines, end + 1, lines.len);
    }
    return is_found ? SP_OK : SP_ERR_NOT_FOUND;
}

enum sp_err sp_certificates_find(struct sp_certificates *certificates, struct sp_slice digest,
                                 struct sp_slice names, size_t *out)
{
    char hex[2 * SP_CERTIFICATE_BYTES + 1];
    const size_t end = sp_slice_find(names, 0, '\n');
    const struct sp_slice subject = sp_slice_sub(names, 0, end);
    size_t tenant = 0;
    if (digest.len != SP_CERTIFICATE_BYTES) {
        return SP_ERR_NOT_FOUND;
    }
    sort(certificates);
    sp_hex_write(digest, hex);
    if (find(certificates, DIGEST_PREFIX, sp_slice_of(hex), out) == SP_OK ||
        (subject.len > 0 && find(certificates, SUBJECT_PREFIX, subject, out) == SP_OK)) {
        return SP_OK;
    }
    SP_TRY(find_alternative(certificates, sp_slice_sub(names, end + 1, names.len), &tenant));
    *out = tenant;
    return SP_OK;
}
