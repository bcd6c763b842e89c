#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/zip.h"

/* Two members: a.txt, stored, and d/b.txt, deflated. */
static const uint8_t two[] = {
    80,  75,  3,   4,   20,  0,   0,   0,  0,  0,   0,  0,  33, 0,   134, 166, 16,  54,  5,
    0,   0,   0,   5,   0,   0,   0,   5,  0,  0,   0,  97, 46, 116, 120, 116, 104, 101, 108,
    108, 111, 80,  75,  3,   4,   20,  0,  0,  0,   8,  0,  0,  0,   33,  0,   143, 93,  14,
    94,  6,   0,   0,   0,   100, 0,   0,  0,  7,   0,  0,  0,  100, 47,  98,  46,  116, 120,
    116, 171, 168, 160, 61,  0,   0,   80, 75, 1,   2,  20, 3,  20,  0,   0,   0,   0,   0,
    0,   0,   33,  0,   134, 166, 16,  54, 5,  0,   0,  0,  5,  0,   0,   0,   5,   0,   0,
    0,   0,   0,   0,   0,   0,   0,   0,  0,  128, 1,  0,  0,  0,   0,   97,  46,  116, 120,
    116, 80,  75,  1,   2,   20,  3,   20, 0,  0,   0,  8,  0,  0,   0,   33,  0,   143, 93,
    14,  94,  6,   0,   0,   0,   100, 0,  0,  0,   7,  0,  0,  0,   0,   0,   0,   0,   0,
    0,   0,   0,   128, 1,   40,  0,   0,  0,  100, 47, 98, 46, 116, 120, 116, 80,  75,  5,
    6,   0,   0,   0,   0,   2,   0,   2,  0,  104, 0,  0,  0,  83,  0,   0,   0,   0,   0};

#define DIRECTORY 83U
#define SECOND    134U
#define END       187U

static struct sp_slice copy_of(uint8_t out[sizeof(two)])
{
    (void)sp_slice_copy(sp_slice_make(two, sizeof(two)), out, sizeof(two));
    return sp_slice_make(out, sizeof(two));
}

static void test_members_are_walked(void **state)
{
    struct sp_zip zip;
    struct sp_zip_member m;
    (void)state;
    assert_int_equal(sp_zip_open(sp_slice_make(two, sizeof(two)), &zip), SP_OK);
    assert_false(zip.has_prefix);
    assert_int_equal(sp_zip_next(&zip, &m), SP_OK);
    assert_true(sp_slice_is(m.name, "a.txt"));
    assert_int_equal(m.method, SP_ZIP_STORED);
    assert_true(sp_slice_is(m.data, "hello"));
    assert_int_equal(sp_zip_next(&zip, &m), SP_OK);
    assert_true(sp_slice_is(m.name, "d/b.txt"));
    assert_int_equal(m.method, SP_ZIP_DEFLATED);
    assert_int_equal(m.size, 100);
    assert_int_equal(sp_zip_next(&zip, &m), SP_ERR_NOT_FOUND);
}

/* One changed byte, and what becomes of the archive. */
static const struct {
    const char *name;
    size_t at;
    uint8_t byte;
    enum sp_err open;
    enum sp_err first;
    enum sp_err second;
} changes[] = {
    {"no end", END, 'X', SP_ERR_NOT_FOUND, SP_OK, SP_OK},
    {"a comment that is not there", END + 20, 1, SP_ERR_CORRUPT, SP_OK, SP_OK},
    {"split over disks", END + 4, 1, SP_ERR_CORRUPT, SP_OK, SP_OK},
    {"more entries than there are", END + 10, 3, SP_ERR_CORRUPT, SP_OK, SP_OK},
    {"a directory that is no directory", DIRECTORY, 'X', SP_OK, SP_ERR_CORRUPT, SP_OK},
    {"another name in front of the data", 30, 'b', SP_OK, SP_ERR_CORRUPT, SP_OK},
    {"another method in front of the data", 8, 8, SP_OK, SP_ERR_CORRUPT, SP_OK},
    {"data beyond the directory", DIRECTORY + 22, 1, SP_OK, SP_ERR_CORRUPT, SP_OK},
    {"a name longer than the directory", SECOND + 29, 1, SP_OK, SP_OK, SP_ERR_CORRUPT},
    {"the second where the first is", SECOND + 42, 0, SP_OK, SP_OK, SP_ERR_CORRUPT},
};

static void test_what_contradicts_itself_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(changes); i++) {
        uint8_t bytes[sizeof(two)];
        struct sp_zip zip;
        struct sp_zip_member m;
        struct sp_slice in = copy_of(bytes);
        bytes[changes[i].at] = changes[i].byte;
        enum sp_err err = sp_zip_open(in, &zip);
        if (err != changes[i].open) {
            print_error("%s: %s\n", changes[i].name, sp_err_text(err));
        }
        assert_int_equal(err, changes[i].open);
        if (err == SP_OK) {
            err = sp_zip_next(&zip, &m);
            assert_int_equal(err, changes[i].first);
        }
        if (err == SP_OK) {
            assert_int_equal(sp_zip_next(&zip, &m), changes[i].second);
        }
    }
}

static void test_flags_and_modes_are_told(void **state)
{
    uint8_t bytes[sizeof(two)];
    struct sp_zip zip;
    struct sp_zip_member m;
    struct sp_slice in = copy_of(bytes);
    (void)state;
    bytes[DIRECTORY + 8] = 1;
    bytes[6] = 1;
    bytes[DIRECTORY + 41] = 0xA0; /* S_IFLNK */
    assert_int_equal(sp_zip_open(in, &zip), SP_OK);
    assert_int_equal(sp_zip_next(&zip, &m), SP_OK);
    assert_true(m.is_encrypted);
    assert_true(m.is_link);
    bytes[DIRECTORY + 41] = 0x10; /* S_IFIFO */
    assert_int_equal(sp_zip_open(in, &zip), SP_OK);
    assert_int_equal(sp_zip_next(&zip, &m), SP_OK);
    assert_false(m.is_link);
    assert_true(m.is_special);
}

static void test_bytes_in_front_are_told(void **state)
{
    uint8_t bytes[sizeof(two) + 4] = {'M', 'Z', 0, 0};
    struct sp_zip zip;
    struct sp_zip_member m;
    (void)state;
    (void)sp_slice_copy(sp_slice_make(two, sizeof(two)), bytes + 4, sizeof(two));
    assert_int_equal(sp_zip_open(sp_slice_make(bytes, sizeof(bytes)), &zip), SP_OK);
    assert_true(zip.has_prefix);
    assert_int_equal(sp_zip_next(&zip, &m), SP_OK);
    assert_true(sp_slice_is(m.data, "hello"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_are_walked),
        cmocka_unit_test(test_what_contradicts_itself_is_refused),
        cmocka_unit_test(test_flags_and_modes_are_told),
        cmocka_unit_test(test_bytes_in_front_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
