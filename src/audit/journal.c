#include "audit/journal.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/reader.h"

#define MAGIC       UINT64_C(0x53504a4c32303031) /* "SPJL2001" */
#define NOTE_MAX    ((size_t)8192)
#define ENTRIES_MAX (SP_JOURNAL_RECORD_MAX - SP_JOURNAL_BLOCK - NOTE_MAX)

static void put_big(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = bytes; i > 0; i--) {
        at[i - 1] = (uint8_t)value;
        value >>= 8;
    }
}

enum sp_err sp_journal_begin(struct sp_buf *record)
{
    uint8_t *space = NULL;
    SP_ASSERT(record->len == 0);
    SP_TRY(sp_buf_reserve(record, SP_JOURNAL_HEADER_BYTES, &space));
    for (size_t i = 0; i < SP_JOURNAL_HEADER_BYTES; i++) {
        space[i] = 0;
    }
    sp_buf_commit(record, SP_JOURNAL_HEADER_BYTES);
    return SP_OK;
}

enum sp_err sp_journal_add(struct sp_buf *record, struct sp_slice entry)
{
    uint8_t *space = NULL;
    if (entry.len > UINT16_MAX || record->len > ENTRIES_MAX ||
        entry.len > ENTRIES_MAX - record->len) {
        return SP_ERR_TOO_BIG;
    }
    SP_TRY(sp_buf_reserve(record, 2 + entry.len, &space));
    put_big(space, entry.len, 2);
    (void)sp_slice_copy(entry, space + 2, entry.len);
    sp_buf_commit(record, 2 + entry.len);
    return SP_OK;
}

static size_t filled_up(size_t len)
{
    return (len + SP_JOURNAL_BLOCK - 1) / SP_JOURNAL_BLOCK * SP_JOURNAL_BLOCK;
}

enum sp_err sp_journal_finish(const struct sp_journal_record *header, struct sp_slice note,
                              struct sp_buf *record)
{
    uint8_t *space = NULL;
    size_t entries = record->len - SP_JOURNAL_HEADER_BYTES;
    if (note.len > NOTE_MAX) {
        return SP_ERR_TOO_BIG;
    }
    SP_TRY(sp_buf_put(record, note));
    size_t fill = filled_up(record->len) - record->len;
    SP_TRY(sp_buf_reserve(record, fill, &space));
    for (size_t i = 0; i < fill; i++) {
        space[i] = 0;
    }
    sp_buf_commit(record, fill);
    put_big(record->ptr, MAGIC, 8);
    put_big(record->ptr + 8, header->first, 8);
    put_big(record->ptr + 16, header->oldest_open, 8);
    put_big(record->ptr + 24, header->count, 4);
    put_big(record->ptr + 28, entries, 4);
    put_big(record->ptr + 32, note.len, 4);
    return SP_OK;
}

struct lengths {
    uint32_t entries;
    uint32_t note;
};

static bool is_possible(const struct sp_journal_record *record, const struct lengths *lengths)
{
    return record->count > 0 && lengths->entries <= ENTRIES_MAX && lengths->note <= NOTE_MAX &&
           lengths->note > 0 && record->first <= UINT64_MAX - record->count &&
           record->oldest_open <= record->first + record->count;
}

static enum sp_err read_header(struct sp_slice bytes, struct sp_journal_record *out,
                               struct lengths *lengths)
{
    struct sp_reader r;
    uint64_t magic = 0;
    uint32_t zero = 0;
    sp_reader_init(&r, bytes);
    if (sp_reader_u64(&r, &magic) != SP_OK || magic != MAGIC ||
        sp_reader_u64(&r, &out->first) != SP_OK || sp_reader_u64(&r, &out->oldest_open) != SP_OK ||
        sp_reader_u32(&r, &out->count) != SP_OK || sp_reader_u32(&r, &lengths->entries) != SP_OK ||
        sp_reader_u32(&r, &lengths->note) != SP_OK || sp_reader_u32(&r, &zero) != SP_OK ||
        zero != 0) {
        return SP_ERR_NOT_FOUND;
    }
    if (!is_possible(out, lengths)) {
        return SP_ERR_NOT_FOUND;
    }
    out->bytes = filled_up(SP_JOURNAL_HEADER_BYTES + lengths->entries + lengths->note);
    return SP_OK;
}

enum sp_err sp_journal_peek(struct sp_slice bytes, struct sp_journal_record *out)
{
    struct sp_journal_record record = {.first = 0};
    struct lengths lengths;
    SP_TRY(read_header(bytes, &record, &lengths));
    *out = record;
    return SP_OK;
}

static bool are_entries(struct sp_slice bundle, uint32_t count)
{
    struct sp_slice entry = {NULL, 0};
    for (uint32_t i = 0; i < count; i++) {
        if (sp_bundle_next(&bundle, &entry) != SP_OK) {
            return false;
        }
    }
    return bundle.len == 0;
}

enum sp_err sp_journal_read(struct sp_slice bytes, struct sp_journal_record *out)
{
    struct sp_journal_record record = {.first = 0};
    struct lengths lengths;
    SP_TRY(read_header(bytes, &record, &lengths));
    if (bytes.len < record.bytes) {
        return SP_ERR_CORRUPT;
    }
    record.entries = sp_slice_sub(bytes, SP_JOURNAL_HEADER_BYTES, lengths.entries);
    record.note = sp_slice_sub(bytes, SP_JOURNAL_HEADER_BYTES + lengths.entries, lengths.note);
    if (!are_entries(record.entries, record.count)) {
        return SP_ERR_CORRUPT;
    }
    *out = record;
    return SP_OK;
}
