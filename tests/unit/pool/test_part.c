#include "pool/part.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TYPE "multipart/form-data; boundary=abc"
#define HEAD "--abc\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.txt\"\r\n\r\n"
#define END  "\r\n--abc--\r\n"

struct got {
    struct sp_buf bytes;
    char name[64];
    bool is_done;
    enum sp_err err;
};

/* The whole body in pieces of this many bytes. */
static struct got feed(const char *type, struct sp_slice body, size_t piece)
{
    struct got got = {.is_done = false};
    struct sp_pool_part part;
    sp_buf_init(&got.bytes, 4096);
    got.err = sp_pool_part_init(&part, sp_slice_of(type));
    while (got.err == SP_OK && body.len > 0) {
        struct sp_slice in = sp_slice_sub(body, 0, piece);
        body = sp_slice_sub(body, in.len, body.len);
        while (got.err == SP_OK && in.len > 0) {
            enum sp_pool_part_event event = SP_POOL_PART_NEED_MORE;
            size_t consumed = 0;
            got.err = sp_pool_part_feed(&part, in, &consumed, &event);
            in = sp_slice_sub(in, consumed, in.len);
            if (event == SP_POOL_PART_NAMED) {
                sp_slice_to_text(sp_buf_slice(&part.filename), got.name, sizeof got.name);
            } else if (event == SP_POOL_PART_BYTES) {
                assert_int_equal(sp_buf_put(&got.bytes, part.bytes), SP_OK);
            } else if (event == SP_POOL_PART_DONE) {
                got.is_done = true;
            }
        }
    }
    sp_pool_part_done(&part);
    return got;
}

static void test_file_comes_out_whole_in_pieces_of_any_size(void **state)
{
    static const char *const files[] = {
        "",
        "x",
        "text",
        "\r\n",
        "\r\n--ab",
        "\r\n--abd",
        "\r\r\n--ab\r\n",
        "--abc--",
        "a\r\n--\r\n--ab\r\n--abx",
        "\r\n\r\n--a",
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(files); i++) {
        SP_AUTO_BUF struct sp_buf body;
        sp_buf_init(&body, 4096);
        assert_int_equal(sp_buf_putf(&body, "%s%s%s", HEAD, files[i], END), SP_OK);
        for (size_t piece = 1; piece <= body.len; piece++) {
            struct got got = feed(TYPE, sp_buf_slice(&body), piece);
            if (got.err != SP_OK || !got.is_done ||
                !sp_slice_is(sp_buf_slice(&got.bytes), files[i])) {
                fail_msg("file %u by %u: %s", (unsigned)i, (unsigned)piece, sp_err_name(got.err));
            }
            assert_string_equal(got.name, "x.txt");
            sp_buf_done(&got.bytes);
        }
    }
}

static void test_bodies_that_are_refused(void **state)
{
    static const struct {
        const char *name;
        const char *type;
        const char *body;
        enum sp_err want;
    } cases[] = {
        {"good", TYPE, HEAD "x" END, SP_OK},
        {"quoted boundary", "multipart/form-data; boundary=\"abc\"", HEAD "x" END, SP_OK},
        {"unquoted names", TYPE,
         "--abc\r\ncontent-disposition: form-data; name=file; filename=x.txt\r\n\r\nx" END, SP_OK},
        {"another type", "application/json", HEAD "x" END, SP_ERR_MEDIA_TYPE},
        {"no boundary", "multipart/form-data", HEAD "x" END, SP_ERR_MEDIA_TYPE},
        {"empty boundary", "multipart/form-data; boundary=\"\"", HEAD "x" END, SP_ERR_MEDIA_TYPE},
        {"control in the boundary", "multipart/form-data; boundary=\"a\tb\"", "",
         SP_ERR_MEDIA_TYPE},
        {"another boundary", TYPE, "--abd\r\n", SP_ERR_REQUEST},
        {"bytes before", TYPE, "x--abc\r\n", SP_ERR_REQUEST},
        {"no line end", TYPE, "--abcx", SP_ERR_REQUEST},
        {"another name", TYPE,
         "--abc\r\nContent-Disposition: form-data; name=\"code\"; filename=\"x\"\r\n\r\n",
         SP_ERR_REQUEST},
        {"no filename", TYPE, "--abc\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n",
         SP_ERR_REQUEST},
        {"two filenames", TYPE,
         "--abc\r\nContent-Disposition: form-data; name=file; filename=a; filename=b\r\n\r\n",
         SP_ERR_REQUEST},
        {"no disposition", TYPE, "--abc\r\nContent-Type: text/plain\r\n\r\n", SP_ERR_REQUEST},
        {"a second part", TYPE, HEAD "x\r\n--abc\r\n", SP_ERR_REQUEST},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct got got = feed(cases[i].type, sp_slice_of(cases[i].body), 7);
        if (got.err != cases[i].want || got.is_done != (got.err == SP_OK)) {
            fail_msg("%s: %s", cases[i].name, sp_err_name(got.err));
        }
        sp_buf_done(&got.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_comes_out_whole_in_pieces_of_any_size),
        cmocka_unit_test(test_bodies_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
