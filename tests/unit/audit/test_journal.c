#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/journal.h"

static void make(struct sp_buf *record)
{
    const struct sp_journal_record header = {.first = 41, .oldest_open = 17, .count = 2};
    sp_buf_init(record, SP_JOURNAL_RECORD_MAX);
    assert_int_equal(sp_journal_begin(record), SP_OK);
    assert_int_equal(sp_journal_add(record, sp_slice_of("{\"a\":1}")), SP_OK);
    assert_int_equal(sp_journal_add(record, sp_slice_of("{}")), SP_OK);
    assert_int_equal(sp_journal_finish(&header, sp_slice_of("a note\n"), record), SP_OK);
}

static void test_a_record_comes_back(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf record;
    struct sp_journal_record got;
    make(&record);
    assert_int_equal(record.len, SP_JOURNAL_BLOCK);
    assert_int_equal(sp_journal_read(sp_buf_slice(&record), &got), SP_OK);
    assert_int_equal(got.first, 41);
    assert_int_equal(got.oldest_open, 17);
    assert_int_equal(got.count, 2);
    assert_int_equal(got.bytes, SP_JOURNAL_BLOCK);
    assert_int_equal(got.entries.len, 13);
    assert_true(sp_slice_is(got.note, "a note\n"));
}

static void test_a_record_may_fill_many_blocks(void **state)
{
    (void)state;
    static uint8_t entry[60000];
    SP_AUTO_BUF struct sp_buf record;
    struct sp_journal_record got;
    const struct sp_journal_record header = {.first = 0, .oldest_open = 3, .count = 3};
    sp_buf_init(&record, SP_JOURNAL_RECORD_MAX);
    assert_int_equal(sp_journal_begin(&record), SP_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sp_journal_add(&record, sp_slice_make(entry, sizeof(entry))), SP_OK);
    }
    assert_int_equal(sp_journal_finish(&header, sp_slice_of("n"), &record), SP_OK);
    assert_int_equal(record.len % SP_JOURNAL_BLOCK, 0);
    assert_int_equal(sp_journal_read(sp_buf_slice(&record), &got), SP_OK);
    assert_int_equal(got.bytes, record.len);
    assert_int_equal(sp_journal_peek(sp_slice_make(record.ptr, SP_JOURNAL_BLOCK), &got), SP_OK);
    assert_int_equal(sp_journal_read(sp_slice_make(record.ptr, record.len - 1), &got),
                     SP_ERR_CORRUPT);
}

static void test_what_no_record_can_hold_is_refused(void **state)
{
    (void)state;
    static uint8_t entry[UINT16_MAX + 1];
    SP_AUTO_BUF struct sp_buf record;
    sp_buf_init(&record, SP_JOURNAL_RECORD_MAX);
    assert_int_equal(sp_journal_begin(&record), SP_OK);
    assert_int_equal(sp_journal_add(&record, sp_slice_make(entry, sizeof(entry))), SP_ERR_TOO_BIG);
    unsigned count = 0;
    while (sp_journal_add(&record, sp_slice_make(entry, UINT16_MAX)) == SP_OK) {
        count++;
    }
    assert_int_equal(count, 31);
    const struct sp_journal_record header = {.first = 0, .count = count};
    assert_int_equal(sp_journal_finish(&header, sp_slice_make(entry, 8192), &record), SP_OK);
    assert_true(record.len <= SP_JOURNAL_RECORD_MAX);
}

static void test_no_record_is_seen_where_none_begins(void **state)
{
    (void)state;
    static const uint8_t zeros[SP_JOURNAL_BLOCK];
    SP_AUTO_BUF struct sp_buf record;
    struct sp_journal_record got = {.first = 5};
    assert_int_equal(sp_journal_peek(sp_slice_make(zeros, sizeof(zeros)), &got), SP_ERR_NOT_FOUND);
    assert_int_equal(sp_journal_peek(sp_slice_make(zeros, 3), &got), SP_ERR_NOT_FOUND);
    make(&record);
    for (size_t i = 0; i < 8; i++) {
        record.ptr[i] ^= 1;
        assert_int_equal(sp_journal_peek(sp_buf_slice(&record), &got), SP_ERR_NOT_FOUND);
        record.ptr[i] ^= 1;
    }
    assert_int_equal(got.first, 5);
}

static void test_parts_that_do_not_fit_are_found(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf record;
    struct sp_journal_record got;
    make(&record);
    record.ptr[27] = 3; /* one entry more than there is */
    assert_int_equal(sp_journal_read(sp_buf_slice(&record), &got), SP_ERR_CORRUPT);
    record.ptr[27] = 1;
    assert_int_equal(sp_journal_read(sp_buf_slice(&record), &got), SP_ERR_CORRUPT);
    record.ptr[27] = 0;
    assert_int_equal(sp_journal_read(sp_buf_slice(&record), &got), SP_ERR_NOT_FOUND);
    record.ptr[27] = 2;
    record.ptr[23] = 44; /* an open intent behind the end */
    assert_int_equal(sp_journal_read(sp_buf_slice(&record), &got), SP_ERR_NOT_FOUND);
    record.ptr[23] = 43;
    assert_int_equal(sp_journal_read(sp_buf_slice(&record), &got), SP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_record_comes_back),
        cmocka_unit_test(test_a_record_may_fill_many_blocks),
        cmocka_unit_test(test_what_no_record_can_hold_is_refused),
        cmocka_unit_test(test_no_record_is_seen_where_none_begins),
        cmocka_unit_test(test_parts_that_do_not_fit_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
