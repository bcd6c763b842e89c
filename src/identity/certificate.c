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

enum sp_err sp_certificate_check(struct sp_slice text)
{
    size_t ignored = 0;
    const bool is_subject = sp_slice_starts(text, SUBJECT_PREFIX) && text.len > sizeof(SUBJECT_PREFIX) - 1;
    const bool is_text = sp_utf8_check(text, &ignored) == SP_OK && sp_slice_find(text, 0, '\0') == text.len;
    return text.len <= SP_CERTIFICATE_TEXT_MAX && is_text && (is_subject || is_digest(text)) ? SP_OK : SP_ERR_INVALID;
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

enum sp_err sp_certificates_add(struct sp_certificates *certificates, struct sp_slice text, size_t tenant)
{
    SP_TRY(sp_certificate_check(text));
    SP_TRY(reserve(certificates));
    struct row row = {.text = sp_slice_dup(text), .len = text.len, .tenant = tenant};
    if (row.text == NULL) {
        return SP_ERR_NOMEM;
    }
    for (size_t i = 0; sp_slice_starts(text, DIGEST_PREFIX) && i < row.len; i++) {
        row.text[i] = row.text[i] >= 'A' && row.text[i] <= 'F' ? (char)(row.text[i] - 'A' + 'a') : row.text[i];
    }
    certificates->rows[certificates->count++] = row;
    certificates->is_sorted = false;
    return SP_OK;
}

static enum sp_err find(struct sp_certificates *certificates, const char *prefix, struct sp_slice rest, size_t *out)
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, SP_CERTIFICATE_TEXT_MAX);
    if (certificates->count == 0 || sp_buf_put_text(&text, prefix) != SP_OK || sp_buf_put(&text, rest) != SP_OK) {
        return SP_ERR_NOT_FOUND;
    }
    const struct row key = {.text = (char *)text.ptr, .len = text.len};
    const struct row *found = bsearch(&key, certificates->rows, certificates->count, sizeof(key), by_text);
    if (found == NULL) {
        return SP_ERR_NOT_FOUND;
    }
    *out = found->tenant;
    return SP_OK;
}

enum sp_err sp_certificates_find(struct sp_certificates *certificates, struct sp_slice digest, struct sp_slice subject, size_t *out)
{
    char hex[2 * SP_CERTIFICATE_BYTES + 1];
    if (digest.len != SP_CERTIFICATE_BYTES) {
        return SP_ERR_NOT_FOUND;
    }
    sort(certificates);
    sp_hex_write(digest, hex);
    if (find(certificates, DIGEST_PREFIX, sp_slice_of(hex), out) == SP_OK) {
        return SP_OK;
    }
    return subject.len == 0 ? SP_ERR_NOT_FOUND : find(certificates, SUBJECT_PREFIX, subject, out);
}
