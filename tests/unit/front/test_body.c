/* Bodies: small ones in memory, large ones in a sealed memfd, none over its limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>

#include "front/body.h"

static uint8_t pattern[64 * 1024];

static void fill_pattern(void)
{
    for (size_t i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (uint8_t)(i * 31 + i / 251);
    }
}

static void check(struct sp_body *body, size_t len, bool is_memfd)
{
    struct sp_payload payload = SP_PAYLOAD_EMPTY;
    assert_int_equal(body->len, len);
    assert_int_equal(sp_body_payload(body, &payload), SP_OK);
    assert_int_equal(payload.bytes.len, len);
    if (len > 0) {
        assert_memory_equal(payload.bytes.ptr, pattern, len);
    }
    assert_int_equal(payload.fd >= 0, is_memfd);
    if (is_memfd) {
        const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
        assert_int_equal(fcntl(payload.fd, F_GET_SEALS) & seals, seals); /* a kernel may add more */
    }
    sp_payload_done(&payload);
    sp_body_done(body);
}

static void test_a_body_moves_to_a_memfd_when_it_outgrows_memory(void **state)
{
    static const struct {
        size_t len;
        size_t step;
        uint64_t expected;
        bool is_memfd;
    } cases[] = {
        {0, 1, 0, false},
        {1, 1, 1, false},
        {SP_PAYLOAD_INLINE_MAX, 1000, SP_PAYLOAD_INLINE_MAX, false},
        {SP_PAYLOAD_INLINE_MAX, 1000, UINT64_MAX, false},
        {SP_PAYLOAD_INLINE_MAX + 1, 1000, UINT64_MAX, true},
        {SP_PAYLOAD_INLINE_MAX + 1, 64 * 1024, UINT64_MAX, true},
        {64 * 1024, 777, 64 * 1024, true},
    };
    (void)state;
    fill_pattern();
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_body body;
        assert_int_equal(sp_body_init(&body, cases[i].expected), SP_OK);
        for (size_t at = 0; at < cases[i].len; at += cases[i].step) {
            struct sp_slice part =
                sp_slice_sub(sp_slice_make(pattern, cases[i].len), at, cases[i].step);
            assert_int_equal(sp_body_put(&body, part, UINT64_MAX), SP_OK);
        }
        check(&body, cases[i].len, cases[i].is_memfd);
    }
}

static void test_a_body_over_its_limit_keeps_what_it_had(void **state)
{
    struct sp_body body;
    (void)state;
    fill_pattern();
    assert_int_equal(sp_body_init(&body, UINT64_MAX), SP_OK);
    assert_int_equal(sp_body_put(&body, sp_slice_make(pattern, 10), 10), SP_OK);
    assert_int_equal(sp_body_put(&body, sp_slice_make(pattern, 1), 10), SP_ERR_TOO_BIG);
    assert_int_equal(sp_body_put(&body, sp_slice_make(pattern, 1), 9), SP_ERR_TOO_BIG);
    check(&body, 10, false);

    assert_int_equal(sp_body_init(&body, 20000), SP_OK);
    assert_int_equal(sp_body_put(&body, sp_slice_make(pattern, 20000), 20000), SP_OK);
    assert_int_equal(sp_body_put(&body, sp_slice_make(pattern, 1), 20000), SP_ERR_TOO_BIG);
    check(&body, 20000, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_body_moves_to_a_memfd_when_it_outgrows_memory),
        cmocka_unit_test(test_a_body_over_its_limit_keeps_what_it_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
