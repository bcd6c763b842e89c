/* order: what is written is read back, and nothing else is read at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/order.h"

static void write_order(struct sp_buf *out, const struct sp_order *order)
{
    struct sp_writer w;
    sp_buf_init(out, 4096);
    sp_writer_init(&w, out);
    sp_order_write(&w, order);
    assert_int_equal(sp_writer_end(&w), SP_OK);
}

static const struct sp_order good = {.operation = SP_OPERATION_EXECUTE,
                                     .timeout_s = 60,
                                     .is_empty_kernel = true,
                                     .is_jupyter = true,
                                     .denied = 3,
                                     .may_own_code = true,
                                     .code = {(const uint8_t *)"print('\xC3\xA9')", 11}};

static void test_order_comes_back_as_it_was_written(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_order read = {0};
    write_order(&bytes, &good);
    assert_int_equal(sp_order_read(sp_buf_slice(&bytes), &read), SP_OK);
    assert_int_equal(read.operation, good.operation);
    assert_int_equal(read.timeout_s, good.timeout_s);
    assert_true(read.is_empty_kernel && read.is_jupyter && !read.is_async && !read.is_shell);
    assert_int_equal(read.denied, good.denied);
    assert_true(read.may_own_code);
    assert_true(sp_slice_equal(read.code, good.code));
    /* audit, who reads no orders, finds the code by its place */
    assert_ptr_equal(read.code.ptr, bytes.ptr + SP_ORDER_CODE_AT);
    assert_int_equal(SP_ORDER_CODE_AT + read.code.len, bytes.len);
}

static void test_order_of_equal_content_has_equal_bytes(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf one;
    SP_AUTO_BUF struct sp_buf two;
    write_order(&one, &good);
    write_order(&two, &good);
    assert_true(sp_slice_equal(sp_buf_slice(&one), sp_buf_slice(&two)));
}

static void test_order_is_refused_when_cut_or_longer(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_order read = {.timeout_s = 7};
    write_order(&bytes, &good);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(sp_order_read(sp_slice_make(bytes.ptr, len), &read), SP_ERR_WIRE);
    }
    assert_int_equal(sp_buf_put_byte(&bytes, 0), SP_OK);
    assert_int_equal(sp_order_read(sp_buf_slice(&bytes), &read), SP_ERR_WIRE);
    assert_int_equal(read.timeout_s, 7);
}

static void test_order_is_refused_with_content_that_inspection_never_lets_pass(void **state)
{
    (void)state;
    static const struct sp_order cases[] = {
        {.operation = SP_OPERATION_NONE, .timeout_s = 1, .code = {(const uint8_t *)"x", 1}},
        {.operation = SP_OPERATION_COUNT, .timeout_s = 1, .code = {(const uint8_t *)"x", 1}},
        {.operation = SP_OPERATION_EXECUTE, .timeout_s = 1, .code = {(const uint8_t *)"x\0y", 3}},
        {.operation = SP_OPERATION_EXECUTE, .timeout_s = 1, .code = {(const uint8_t *)"\xFF", 1}},
        {.operation = SP_OPERATION_EXECUTE, .denied = 1U << 9, .code = {(const uint8_t *)"x", 1}},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf bytes;
        struct sp_order read = {0};
        write_order(&bytes, &cases[i]);
        assert_int_equal(sp_order_read(sp_buf_slice(&bytes), &read), SP_ERR_WIRE);
    }
}

static const uint8_t digest[SP_ORDER_DIGEST_BYTES] = {1, 2, 3};
#define PLACE(d, n)                                                                                \
    {                                                                                              \
        .directory = {(const uint8_t *)(d), sizeof(d) - 1}, .name = {                              \
            (const uint8_t *)(n),                                                                  \
            sizeof(n) - 1                                                                          \
        }                                                                                          \
    }
#define DIGEST                                                                                     \
    {                                                                                              \
        digest, sizeof(digest)                                                                     \
    }

static void test_orders_of_other_operations_come_back(void **state)
{
    static const struct sp_order orders[] = {
        {.operation = SP_OPERATION_FILE_PUT, .spot = PLACE("a/b", "c d.txt"), .file = DIGEST},
        {.operation = SP_OPERATION_FILE_PUT,
         .spot = PLACE("", "m.py"),
         .file = DIGEST,
         .is_code = true},
        {.operation = SP_OPERATION_FILE_LIST, .spot = PLACE("a", ""), .is_recursive = true},
        {.operation = SP_OPERATION_FILE_DELETE, .spot = PLACE("", "x")},
        {.operation = SP_OPERATION_EXECUTION_GET, .id = {(const uint8_t *)"0123-abc", 8}},
        {.operation = SP_OPERATION_SESSION_LIST, .sessions = {(const uint8_t *)"blocks", 6}},
        {.operation = SP_OPERATION_METADATA},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(orders); i++) {
        SP_AUTO_BUF struct sp_buf bytes;
        struct sp_order read = {0};
        write_order(&bytes, &orders[i]);
        assert_int_equal(sp_order_read(sp_buf_slice(&bytes), &read), SP_OK);
        assert_int_equal(read.operation, orders[i].operation);
        assert_true(sp_slice_equal(read.spot.directory, orders[i].spot.directory));
        assert_true(sp_slice_equal(read.spot.name, orders[i].spot.name));
        assert_true(sp_slice_equal(read.id, orders[i].id));
        assert_true(sp_slice_equal(read.sessions, orders[i].sessions));
        assert_true(sp_slice_equal(read.file, orders[i].file));
        assert_int_equal(read.is_recursive, orders[i].is_recursive);
        assert_int_equal(read.is_code, orders[i].is_code);
    }
}

static void test_orders_that_inspection_never_builds_are_refused(void **state)
{
    static const struct sp_order orders[] = {
        {.operation = SP_OPERATION_FILE_PUT, .spot = PLACE("a", ".."), .file = DIGEST},
        {.operation = SP_OPERATION_FILE_PUT, .spot = PLACE("a//b", "c"), .file = DIGEST},
        {.operation = SP_OPERATION_FILE_PUT, .spot = PLACE("/a", "c"), .file = DIGEST},
        {.operation = SP_OPERATION_FILE_PUT, .spot = PLACE("a", "b/c"), .file = DIGEST},
        {.operation = SP_OPERATION_FILE_PUT, .spot = PLACE("a", ""), .file = DIGEST},
        {.operation = SP_OPERATION_FILE_PUT, .spot = PLACE("a", "c")},
        {.operation = SP_OPERATION_FILE_GET, .spot = PLACE("a", "c"), .file = DIGEST},
        {.operation = SP_OPERATION_FILE_GET, .spot = PLACE("a", "")},
        {.operation = SP_OPERATION_FILE_GET, .spot = PLACE("a", "c"), .is_code = true},
        {.operation = SP_OPERATION_FILE_LIST, .spot = PLACE("a", "c")},
        {.operation = SP_OPERATION_EXECUTION_GET, .id = {(const uint8_t *)"a b", 3}},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(orders); i++) {
        SP_AUTO_BUF struct sp_buf bytes;
        struct sp_order read = {0};
        write_order(&bytes, &orders[i]);
        assert_int_equal(sp_order_read(sp_buf_slice(&bytes), &read), SP_ERR_WIRE);
    }
}

static void test_order_is_refused_in_another_layout(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_order read = {0};
    write_order(&bytes, &good);
    bytes.ptr[0]++;
    assert_int_equal(sp_order_read(sp_buf_slice(&bytes), &read), SP_ERR_WIRE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_comes_back_as_it_was_written),
        cmocka_unit_test(test_order_of_equal_content_has_equal_bytes),
        cmocka_unit_test(test_order_is_refused_when_cut_or_longer),
        cmocka_unit_test(test_order_is_refused_with_content_that_inspection_never_lets_pass),
        cmocka_unit_test(test_orders_of_other_operations_come_back),
        cmocka_unit_test(test_orders_that_inspection_never_builds_are_refused),
        cmocka_unit_test(test_order_is_refused_in_another_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
