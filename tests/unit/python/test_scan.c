#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"
#include "python/scan_window.h"
#include "scan_portable.h"

#define BYTES 256u

static struct scan_all scan(const uint8_t *at, const uint8_t *end)
{
    struct scan_all all = {.names = sp_scan_window(at),
                           .quotes = sp_scan_window_of(at, '\''),
                           .high = sp_scan_window_high(at)};
    all.ends[0] = sp_scan_name(at, end, &all.all[0]);
    all.ends[1] = sp_scan_spaces(at, end);
    all.ends[2] = sp_scan_line(at, end);
    all.ends[3] = sp_scan_string(at, end, '\'', &all.all[1]);
    all.ends[4] = sp_scan_ascii(at, end);
    all.ends[5] = at + sp_scan_blanks(at);
    all.ends[6] = at + sp_scan_quoted(at, '\'');
    return all;
}

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 16;
}

static void test_vectors_find_what_single_bytes_find(void **state)
{
    static const char often[] = "aZ_9 \n\r'\\#.(\x80\xc3";
    uint8_t bytes[BYTES];
    uint32_t seed = 1;
    (void)state;
    for (unsigned round = 0; round < 4000; round++) {
        /* Runs of one byte, from none to long ones, with any byte between them. */
        for (unsigned at = 0; at < BYTES;) {
            uint8_t byte = round % 2 == 0 ? (uint8_t)often[next(&seed) % (sizeof(often) - 1)]
                                          : (uint8_t)next(&seed);
            for (unsigned run = 1 + next(&seed) % (1 + round % 40); run > 0 && at < BYTES; run--) {
                bytes[at] = byte;
                at++;
            }
        }
        const uint8_t *at = bytes + next(&seed) % 100;
        const uint8_t *end = at + 64 + next(&seed) % 92;
        struct scan_all ours = scan(at, end);
        struct scan_all theirs = scan_portable(at, end);
        assert_true(ours.names == theirs.names);
        assert_true(ours.quotes == theirs.quotes && ours.high == theirs.high);
        for (unsigned i = 0; i < SCANS; i++) {
            assert_ptr_equal(ours.ends[i], theirs.ends[i]);
        }
        assert_int_equal(ours.all[0] >= 0x80, theirs.all[0] >= 0x80);
        assert_int_equal(ours.all[1] >= 0x80, theirs.all[1] >= 0x80);
    }
}

static void test_a_run_ends_at_its_first_strange_byte_and_at_the_end(void **state)
{
    static const char text[] = "name_1 = 'text' # to the end\n"
                               "                                                                ";
    const uint8_t *at = (const uint8_t *)text;
    const uint8_t *end = at + sizeof(text) - 1;
    uint8_t all = 0;
    (void)state;
    assert_int_equal(sp_scan_name(at, end, &all) - at, 6);
    assert_int_equal(sp_scan_name(at, at + 3, &all) - at, 3);
    assert_int_equal(sp_scan_line(at, end) - at, 28);
    assert_int_equal(sp_scan_string(at + 10, end, '\'', &all) - at, 14);
    assert_int_equal(sp_scan_spaces(end - 40, end) - at, end - at);
    assert_int_equal(sp_scan_window(at) & 0x3FF, 0x3F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_find_what_single_bytes_find),
        cmocka_unit_test(test_a_run_ends_at_its_first_strange_byte_and_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
