#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "format/tar.h"

#define BLOCK 512U

static uint8_t archive[16 * BLOCK];

static void put(uint8_t *to, const char *text)
{
    struct sp_slice bytes = sp_slice_of(text);
    (void)sp_slice_copy(bytes, to, bytes.len);
}

/* A header at a block, with its sum. */
static uint8_t *header(unsigned block, const char *name, const char *size, char type)
{
    uint8_t *at = archive + (size_t)block * BLOCK;
    unsigned sum = 0;
    char digits[16];
    put(at, name);
    put(at + 124, size);
    put(at + 148, "        ");
    at[156] = (uint8_t)type;
    put(at + 257, "ustar");
    for (unsigned i = 0; i < BLOCK; i++) {
        sum += at[i];
    }
    (void)snprintf(digits, sizeof(digits), "%06o", sum);
    put(at + 148, digits);
    at[154] = 0;
    return at;
}

static void clear(void)
{
    for (size_t i = 0; i < sizeof(archive); i++) {
        archive[i] = 0;
    }
}

static enum sp_err first(unsigned blocks, struct sp_tar_member *out)
{
    static struct sp_tar tar;
    sp_tar_open(sp_slice_make(archive, (size_t)blocks * BLOCK), &tar);
    return sp_tar_next(&tar, out);
}

static void test_members_are_walked(void **state)
{
    static struct sp_tar tar;
    struct sp_tar_member m;
    (void)state;
    clear();
    (void)header(0, "a.txt", "5", '0');
    put(archive + BLOCK, "hello");
    (void)header(2, "dir/", "0", '5');
    (void)header(3, "link", "0", '2');
    (void)header(4, "pipe", "0", '6');
    sp_tar_open(sp_slice_make(archive, 7 * BLOCK), &tar);
    assert_int_equal(sp_tar_next(&tar, &m), SP_OK);
    assert_true(sp_slice_is(m.name, "a.txt"));
    assert_true(sp_slice_is(m.data, "hello"));
    assert_int_equal(sp_tar_next(&tar, &m), SP_OK);
    assert_int_equal(m.type, SP_TAR_FOLDER);
    assert_int_equal(sp_tar_next(&tar, &m), SP_OK);
    assert_int_equal(m.type, SP_TAR_LINK);
    assert_int_equal(sp_tar_next(&tar, &m), SP_OK);
    assert_int_equal(m.type, SP_TAR_SPECIAL);
    assert_int_equal(sp_tar_next(&tar, &m), SP_ERR_NOT_FOUND);
}

static void test_long_names_count(void **state)
{
    struct sp_tar_member m;
    (void)state;
    clear();
    (void)header(0, "x", "16", 'x'); /* 14 */
    put(archive + BLOCK, "14 path=../b\nX\n");
    archive[BLOCK + 13] = 0;
    (void)header(2, "a.txt", "0", '0');
    assert_int_equal(first(3, &m), SP_ERR_CORRUPT);
    put(archive + BLOCK, "13 path=../b\n");
    archive[BLOCK + 13] = 0;
    assert_int_equal(first(3, &m), SP_OK);
    assert_true(sp_slice_is(m.name, "../b"));
    (void)header(0, "x", "16", 'L');
    put(archive + BLOCK, "/etc/passwd");
    archive[BLOCK + 11] = 0;
    assert_int_equal(first(3, &m), SP_OK);
    assert_true(sp_slice_is(m.name, "/etc/passwd"));
}

static void test_what_is_behind_the_end_counts(void **state)
{
    struct sp_tar_member m;
    (void)state;
    clear();
    (void)header(2, "late", "0", '0');
    assert_int_equal(first(3, &m), SP_OK);
    assert_true(sp_slice_is(m.name, "late"));
}

static void test_damage_and_what_readers_differ_on_is_refused(void **state)
{
    struct sp_tar_member m;
    (void)state;
    clear();
    uint8_t *at = header(0, "a.txt", "5", '0');
    at[0] = 'b';
    assert_int_equal(first(2, &m), SP_ERR_CORRUPT);
    clear();
    (void)header(0, "a.txt", "2000", '0');
    assert_int_equal(first(2, &m), SP_ERR_SHORT);
    clear();
    (void)header(0, "a.txt", "0", 'S');
    assert_int_equal(first(2, &m), SP_ERR_CORRUPT);
    clear();
    (void)header(0, "a.txt", "9", '0');
    assert_int_equal(first(2, &m), SP_ERR_CORRUPT);
    clear();
    (void)header(0, "a.txt", "0", '0');
    sp_tar_open(sp_slice_make(archive, 100), &(struct sp_tar){.at = 0});
    assert_int_equal(first(0, &m), SP_ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_are_walked),
        cmocka_unit_test(test_long_names_count),
        cmocka_unit_test(test_what_is_behind_the_end_counts),
        cmocka_unit_test(test_damage_and_what_readers_differ_on_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
