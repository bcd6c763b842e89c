/* Covers audit/journal.c: a record that is taken is the one that the writer makes of its parts. */
#include "audit/journal.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_record(const struct sp_journal_record *record, struct sp_slice in)
{
    const size_t used = SP_JOURNAL_HEADER_BYTES + record->entries.len + record->note.len;
    struct sp_slice rest = record->entries;
    struct sp_slice entry;
    SP_AUTO_BUF struct sp_buf again;
    sp_buf_init(&again, SP_JOURNAL_RECORD_MAX);
    SP_ASSERT(sp_journal_begin(&again) == SP_OK);
    for (uint32_t i = 0; i < record->count; i++) {
        SP_ASSERT(sp_bundle_next(&rest, &entry) == SP_OK && sp_journal_add(&again, entry) == SP_OK);
    }
    SP_ASSERT(sp_journal_finish(record, record->note, &again) == SP_OK &&
              again.len == record->bytes);
    SP_ASSERT(
        sp_slice_equal(sp_slice_sub(sp_buf_slice(&again), 0, used), sp_slice_sub(in, 0, used)));
}

/* So that seeds stay small, the zeros behind a record need not be given. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sp_slice in = sp_slice_make(data, size);
    struct sp_journal_record seen = {.bytes = 0};
    struct sp_journal_record record;
    SP_AUTO_BUF struct sp_buf whole;
    sp_buf_init(&whole, SP_JOURNAL_RECORD_MAX + size);
    if (sp_journal_read(in, &record) == SP_OK) {
        check_record(&record, in);
    }
    if (sp_journal_peek(in, &seen) == SP_OK && seen.bytes <= 4 * SP_JOURNAL_BLOCK) {
        SP_ASSERT(sp_buf_put(&whole, in) == SP_OK);
        while (whole.len < seen.bytes) {
            SP_ASSERT(sp_buf_put_byte(&whole, 0) == SP_OK);
        }
        if (sp_journal_read(sp_buf_slice(&whole), &record) == SP_OK) {
            check_record(&record, sp_buf_slice(&whole));
        }
    }
    return 0;
}
