#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "os/memfd.h"
#include "wire/payload.h"

#define LARGE (SP_PAYLOAD_INLINE_MAX + 1)

static uint8_t large[LARGE];

static void test_small_bytes_are_borrowed(void **state)
{
    SP_AUTO_PAYLOAD struct sp_payload p = SP_PAYLOAD_EMPTY;
    (void)state;
    assert_int_equal(sp_payload_make(sp_slice_make(large, LARGE - 1), &p), SP_OK);
    assert_ptr_equal(p.bytes.ptr, large);
    assert_int_equal(p.fd, -1);
    assert_false(p.is_heap);
}

static void test_large_bytes_go_into_a_sealed_memfd(void **state)
{
    SP_AUTO_PAYLOAD struct sp_payload p = SP_PAYLOAD_EMPTY;
    (void)state;
    memset(large, 'x', sizeof(large));
    assert_int_equal(sp_payload_make(sp_slice_make(large, LARGE), &p), SP_OK);
    assert_true(p.fd >= 0);
    assert_true(sp_slice_equal(p.bytes, sp_slice_make(large, LARGE)));
    assert_int_equal(write(p.fd, "y", 1), -1);
    assert_int_equal(ftruncate(p.fd, 0), -1);
}

/* Writes a payload and reads it back with a duplicate of its descriptor, as a receiver would. */
static enum sp_err pass(const struct sp_payload *p, int fd, struct sp_payload *out)
{
    SP_AUTO_BUF struct sp_buf b;
    struct sp_writer w;
    struct sp_reader r;
    sp_buf_init(&b, SP_PAYLOAD_INLINE_MAX + 64);
    sp_writer_init(&w, &b);
    sp_payload_write(&w, p);
    assert_int_equal(sp_writer_end(&w), SP_OK);
    sp_reader_init(&r, sp_buf_slice(&b));
    SP_TRY(sp_payload_read(&r, &fd, out));
    assert_int_equal(sp_reader_end(&r), SP_OK);
    struct sp_payload kept = SP_PAYLOAD_EMPTY;
    SP_TRY(sp_payload_keep(out, &kept)); /* `b` ends here */
    *out = kept;
    return SP_OK;
}

static void test_small_payload_travels_inside(void **state)
{
    SP_AUTO_PAYLOAD struct sp_payload p = SP_PAYLOAD_EMPTY;
    SP_AUTO_PAYLOAD struct sp_payload got = SP_PAYLOAD_EMPTY;
    (void)state;
    assert_int_equal(sp_payload_make(sp_slice_of("body"), &p), SP_OK);
    assert_int_equal(pass(&p, -1, &got), SP_OK);
    assert_true(sp_slice_is(got.bytes, "body"));
    assert_true(got.is_heap);
}

static void test_large_payload_travels_by_descriptor(void **state)
{
    SP_AUTO_PAYLOAD struct sp_payload p = SP_PAYLOAD_EMPTY;
    SP_AUTO_PAYLOAD struct sp_payload got = SP_PAYLOAD_EMPTY;
    (void)state;
    assert_int_equal(sp_payload_make(sp_slice_make(large, LARGE), &p), SP_OK);
    assert_int_equal(pass(&p, dup(p.fd), &got), SP_OK);
    assert_true(got.fd >= 0 && got.fd != p.fd);
    assert_true(sp_slice_equal(got.bytes, p.bytes));
}

static void test_large_payload_without_its_descriptor_is_refused(void **state)
{
    SP_AUTO_PAYLOAD struct sp_payload p = SP_PAYLOAD_EMPTY;
    struct sp_payload got = SP_PAYLOAD_EMPTY;
    (void)state;
    assert_int_equal(sp_payload_make(sp_slice_make(large, LARGE), &p), SP_OK);
    assert_int_equal(pass(&p, -1, &got), SP_ERR_WIRE);
    assert_int_equal(got.fd, -1);
}

/* A memfd with a few bytes, sealed or not. */
static int memfd_of(const char *text, bool is_sealed)
{
    int fd = -1;
    assert_int_equal(sp_memfd_new("test", &fd), SP_OK);
    assert_int_equal(sp_memfd_write(fd, sp_slice_of(text)), SP_OK);
    if (is_sealed) {
        assert_int_equal(sp_memfd_seal(fd), SP_OK);
    }
    return fd;
}

static void test_only_a_sealed_memfd_of_the_very_size_is_adopted(void **state)
{
    struct sp_payload p = SP_PAYLOAD_EMPTY;
    (void)state;
    assert_int_equal(sp_payload_adopt(memfd_of("hello", false), 5, &p), SP_ERR_WIRE);
    assert_int_equal(sp_payload_adopt(memfd_of("hello", true), 4, &p), SP_ERR_WIRE);
    assert_int_equal(sp_payload_adopt(memfd_of("hello", true), 6, &p), SP_ERR_WIRE);
    assert_int_equal(sp_payload_adopt(open("/dev/null", O_RDONLY | O_CLOEXEC), 0, &p), SP_ERR_WIRE);
    assert_int_equal(sp_payload_adopt(memfd_of("hello", true), SP_PAYLOAD_BYTES_MAX + 1, &p),
                     SP_ERR_TOO_BIG);
    assert_int_equal(p.fd, -1);
    assert_int_equal(sp_payload_adopt(memfd_of("hello", true), 5, &p), SP_OK);
    assert_true(sp_slice_is(p.bytes, "hello"));
    sp_payload_done(&p);
    assert_int_equal(p.fd, -1);
    sp_payload_done(&p);
}

static void test_unknown_form_is_refused(void **state)
{
    static const uint8_t in[] = {2, 0, 0, 0, 0};
    struct sp_reader r;
    struct sp_payload p = SP_PAYLOAD_EMPTY;
    int fd = -1;
    (void)state;
    sp_reader_init(&r, sp_slice_make(in, sizeof(in)));
    assert_int_equal(sp_payload_read(&r, &fd, &p), SP_ERR_WIRE);
}

static void test_keep_moves_what_is_owned(void **state)
{
    struct sp_payload p = SP_PAYLOAD_EMPTY;
    SP_AUTO_PAYLOAD struct sp_payload kept = SP_PAYLOAD_EMPTY;
    (void)state;
    assert_int_equal(sp_payload_make(sp_slice_make(large, LARGE), &p), SP_OK);
    int fd = p.fd;
    assert_int_equal(sp_payload_keep(&p, &kept), SP_OK);
    assert_int_equal(kept.fd, fd);
    assert_int_equal(p.fd, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_bytes_are_borrowed),
        cmocka_unit_test(test_large_bytes_go_into_a_sealed_memfd),
        cmocka_unit_test(test_small_payload_travels_inside),
        cmocka_unit_test(test_large_payload_travels_by_descriptor),
        cmocka_unit_test(test_large_payload_without_its_descriptor_is_refused),
        cmocka_unit_test(test_only_a_sealed_memfd_of_the_very_size_is_adopted),
        cmocka_unit_test(test_unknown_form_is_refused),
        cmocka_unit_test(test_keep_moves_what_is_owned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
