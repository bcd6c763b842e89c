#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/own.h"
#include "os/memfd.h"
#include "ship/place.h"

static void test_what_is_written_is_read(void **state)
{
    static const uint64_t numbers[] = {0, 1, 4711, UINT64_MAX - 1, 12, 0};
    SP_AUTO_CLOSE int fd = -1;
    uint64_t got = 5;
    (void)state;
    assert_int_equal(sp_memfd_new("place", &fd), SP_OK);
    assert_int_equal(sp_place_read(fd, &got), SP_ERR_NOT_FOUND);
    assert_int_equal(got, 5);
    for (size_t i = 0; i < SP_COUNT(numbers); i++) {
        assert_int_equal(sp_place_write(fd, numbers[i]), SP_OK);
        assert_int_equal(sp_place_read(fd, &got), SP_OK);
        assert_true(got == numbers[i]);
    }
}

static void test_a_damaged_file_is_none(void **state)
{
    static const char *const texts[] = {"0000000000000000001",     "00000000000000000001",
                                        "0000000000000000000x\n",  "99999999999999999999\n",
                                        "000000000000000000001\n", "-0000000000000000001\n"};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(texts); i++) {
        SP_AUTO_CLOSE int fd = -1;
        uint64_t got = 5;
        assert_int_equal(sp_memfd_new("place", &fd), SP_OK);
        assert_int_equal(write(fd, texts[i], strlen(texts[i])), strlen(texts[i]));
        assert_int_equal(sp_place_read(fd, &got), SP_ERR_CORRUPT);
        assert_int_equal(got, 5);
    }
}

static void test_each_collector_has_a_file_of_its_own(void **state)
{
    char one[SP_PLACE_NAME_BYTES];
    char other[SP_PLACE_NAME_BYTES];
    (void)state;
    assert_int_equal(sp_place_name(sp_slice_of("tls://a.example"), one), SP_OK);
    assert_int_equal(sp_place_name(sp_slice_of("tls://b.example/../../x"), other), SP_OK);
    assert_string_not_equal(one, other);
    assert_int_equal(strlen(other), 19);
    assert_null(strchr(other, '/'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_a_damaged_file_is_none),
        cmocka_unit_test(test_each_collector_has_a_file_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
