#include "wire/session_act.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_names_are_bits(void **state)
{
    static const struct {
        const char *names;
        enum sp_err want;
        uint16_t bits;
    } cases[] = {
        {"", SP_OK, 0},
        {"process", SP_OK, 1},
        {"network,process", SP_OK, 3},
        {"process, dynamic-code", SP_OK, 1 | 1U << SP_ACT_DYNAMIC_CODE},
        {"shell-escape", SP_OK, 1U << SP_ACT_SHELL_ESCAPE},
        {"wizardry", SP_ERR_INVALID, 7},
        {"process,", SP_OK, 1},
        {",process", SP_ERR_INVALID, 7},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        uint16_t bits = 7;
        enum sp_err err = sp_act_bits(sp_slice_of(cases[i].names), &bits);
        if (err != cases[i].want || bits != cases[i].bits) {
            fail_msg("'%s': %s, %u", cases[i].names, sp_err_name(err), bits);
        }
    }
    assert_string_equal(sp_act_name(SP_ACT_COUNT), "unknown");
}

static void test_bits_are_names(void **state)
{
    static const struct {
        uint16_t bits;
        const char *want;
    } cases[] = {{0, ""}, {2, "network"}, {3, "process,network"}, {1U << 15, ""}, {0x1FF, NULL}};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_buf SP_AUTO_BUF out;
        uint16_t back = 0;
        sp_buf_init(&out, 256);
        assert_int_equal(sp_act_list(cases[i].bits, &out), SP_OK);
        assert_true(cases[i].want == NULL || sp_slice_is(sp_buf_slice(&out), cases[i].want));
        assert_int_equal(sp_act_bits(sp_buf_slice(&out), &back), SP_OK);
        assert_int_equal(back, cases[i].bits & 0x1FFU);
    }
}

static void test_witness_is_read_whole_or_not_at_all(void **state)
{
    uint8_t bytes[5 + 4 * SP_ACT_COUNT + 1] = {1, 0, 0, 0, 2, 0, 0, 0, 9};
    struct sp_witness seen = {.denied = 77};
    (void)state;
    assert_int_equal(sp_witness_read(sp_slice_make(bytes, sizeof bytes), &seen), SP_ERR_TRAILING);
    assert_int_equal(sp_witness_read(sp_slice_make(bytes, sizeof bytes - 2), &seen), SP_ERR_SHORT);
    assert_int_equal(seen.denied, 77);
    assert_int_equal(sp_witness_read(sp_slice_make(bytes, sizeof bytes - 1), &seen), SP_OK);
    assert_true(seen.is_there && seen.is_complete);
    assert_int_equal(seen.denied, 2);
    assert_int_equal(seen.counts[SP_ACT_PROCESS], 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_bits),
        cmocka_unit_test(test_bits_are_names),
        cmocka_unit_test(test_witness_is_read_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
