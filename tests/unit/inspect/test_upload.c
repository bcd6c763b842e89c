/* upload: the file is found, named, judged; its body goes on as it came, or nothing does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"
#include "crypto/hash.h"

#define TYPE "multipart/form-data; boundary=XX"
#define PART(n, bytes)                                                                             \
    "--XX\r\nContent-Disposition: form-data; name=file; filename=\"" n "\"\r\n\r\n" bytes "\r\n"
#define END "--XX--\r\n"

static enum sp_err upload(struct bench *bench, const char *path, struct sp_slice body,
                          struct sp_msg_verdict *out)
{
    const struct sp_arguments arguments = {.path = sp_slice_of(path),
                                           .content_type = SP_SLICE_LITERAL(TYPE)};
    return judge(bench, SP_OPERATION_FILE_PUT, &arguments, body, out);
}

static void done(struct sp_msg_verdict *verdict)
{
    sp_payload_done(&verdict->order);
    sp_payload_done(&verdict->content);
}

static void test_file_is_ordered_by_its_digest(void **state)
{
    struct bench bench;
    struct sp_msg_verdict verdict;
    struct sp_order order;
    uint8_t digest[SP_DIGEST_BYTES];
    struct sp_slice body = SP_SLICE_LITERAL(PART("/mnt/data/a.csv", "x,y\n1,2\n") END);
    (void)state;
    open_bench(&bench);
    assert_int_equal(upload(&bench, "/mnt/data/sub", body, &verdict), SP_OK);
    assert_int_equal(verdict.err, SP_OK);
    assert_int_equal(verdict.verdict, SP_VERDICT_ALLOW);
    assert_int_equal(verdict.code_bytes, 8);
    assert_true(sp_slice_is(sp_slice_sub(verdict.content.bytes, (size_t)verdict.content_at, 8),
                            "x,y\n1,2\n"));
    assert_int_equal(sp_sha256(sp_slice_of("x,y\n1,2\n"), digest), SP_OK);
    assert_memory_equal(digest, verdict.code, sizeof(digest));
    assert_int_equal(sp_order_read(verdict.order.bytes, &order), SP_OK);
    assert_true(sp_slice_is(order.spot.directory, "sub") && sp_slice_is(order.spot.name, "a.csv"));
    assert_true(sp_slice_equal(order.file, sp_slice_make(digest, sizeof(digest))));
    done(&verdict);
    sp_inspect_room_free(bench.room);
}

/* The order says of which uploads a session may import the bytes. */
static void test_only_a_file_of_code_itself_is_approved_as_code(void **state)
{
    static const struct {
        const char *body;
        bool is_code;
    } cases[] = {
        {PART("m.py", "import json\ndef f():\n    return 1\n") END, true},
        {PART("m.py", "x = 1\n") END, true},
        {PART("m.py", "{}\n") END, true},
        {PART("m.txt", "x = 1\n") END, false},
        {PART("a.csv", "x,y\n1,2\n") END, false},
        {PART("n.ipynb", "{\"cells\":[{\"cell_type\":\"code\",\"source\":\"x = "
                         "1\"}],\"nbformat\":4,\"metadata\":{}}") END,
         false},
        {PART("m.py", "") END, false},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct bench bench;
        struct sp_msg_verdict verdict;
        struct sp_order order;
        print_message("  %s\n", cases[i].body);
        open_bench(&bench);
        assert_int_equal(upload(&bench, "/mnt/data", sp_slice_of(cases[i].body), &verdict), SP_OK);
        assert_int_equal(verdict.verdict, SP_VERDICT_ALLOW);
        assert_int_equal(sp_order_read(verdict.order.bytes, &order), SP_OK);
        assert_int_equal(order.is_code, cases[i].is_code);
        assert_true(sp_slice_is(verdict.own_module, cases[i].is_code ? "m" : ""));
        done(&verdict);
        sp_inspect_room_free(bench.room);
    }
}

/* What a session may import later is said by names alone. */
static void test_a_file_is_a_module_by_its_name(void **state)
{
    static const struct {
        const char *body;
        const char *directory;
        const char *module;
    } cases[] = {
        {PART("helpers_2.py", "x = 1\n") END, "/mnt/data", "helpers_2"},
        {PART("helpers.py", "x = 1\n") END, "/mnt/data/sub", "sub"},
        {PART("__init__.py", "x = 1\n") END, "/mnt/data/sub/of", "sub"},
        {PART("helpers.py", "x = 1\n") END, "/mnt/data/my-sub", ""},
        {PART("helpers.py", "x = 1\n") END, "/mnt/data/sub/2of", ""},
        {PART("2helpers.py", "x = 1\n") END, "/mnt/data/sub", ""},
        {PART("2helpers.py", "x = 1\n") END, "/mnt/data", ""},
        {PART("my-helpers.py", "x = 1\n") END, "/mnt/data", ""},
        {PART("helpers.py.txt", "x = 1\n") END, "/mnt/data", ""},
        {PART("helpers.py", "import os\nos.system('id')\n") END, "/mnt/data", "helpers"},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct bench bench;
        struct sp_msg_verdict verdict;
        print_message("  %s\n", cases[i].body);
        open_bench(&bench);
        assert_int_equal(upload(&bench, cases[i].directory, sp_slice_of(cases[i].body), &verdict),
                         SP_OK);
        assert_true(sp_slice_is(verdict.own_module, cases[i].module));
        done(&verdict);
        sp_inspect_room_free(bench.room);
    }
}

static void test_refused_files_are_not_ordered(void **state)
{
    static const struct {
        const char *name;
        const char *body;
        enum sp_err err;
    } cases[] = {
        {"code that the policy denies", PART("a.py", "import os\nos.system('id')\n") END,
         SP_ERR_DENIED},
        {"no name", PART("", "x") END, SP_ERR_FILE_NAME},
        {"way out", PART("../a", "x") END, SP_ERR_FILE_NAME},
        {"two files", PART("a.txt", "x") PART("b.txt", "y") END, SP_ERR_MULTIPART},
        {"no file", "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n" END,
         SP_ERR_MULTIPART},
        {"half a body", PART("a.txt", "x"), SP_ERR_MULTIPART},
        {"no multipart", "{}", SP_ERR_MULTIPART},
    };
    struct bench bench;
    (void)state;
    open_bench(&bench);
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_msg_verdict verdict;
        print_message("%s\n", cases[i].name);
        assert_int_equal(upload(&bench, "", sp_slice_of(cases[i].body), &verdict), SP_OK);
        assert_int_equal(verdict.err, cases[i].err);
        assert_int_equal(verdict.verdict, SP_VERDICT_DENY);
        assert_true(verdict.detail.len > 0);
        assert_int_equal(verdict.order.bytes.len, 0);
        assert_int_equal(verdict.content.bytes.len, 0);
        done(&verdict);
    }
    sp_inspect_room_free(bench.room);
}

/* audit keeps files where it is told to, and then denied ones too. */
static void test_refused_files_go_to_audit_where_that_is_asked_for(void **state)
{
    static const char code[] = "import os\nos.system('id')\n";
    const struct sp_slice body = sp_slice_of(PART("m.pth", "import os\nos.system('id')\n") END);
    (void)state;
    for (int is_giving = 0; is_giving < 2; is_giving++) {
        struct bench bench;
        struct sp_msg_verdict verdict;
        open_bench(&bench);
        sp_inspect_give_denied(bench.room, is_giving != 0);
        assert_int_equal(upload(&bench, "/mnt/data", body, &verdict), SP_OK);
        assert_int_equal(verdict.verdict, SP_VERDICT_DENY);
        assert_int_equal(verdict.order.bytes.len, 0);
        struct sp_slice file =
            sp_slice_sub(verdict.content.bytes, (size_t)verdict.content_at, sizeof(code) - 1);
        assert_true(sp_slice_is(file, is_giving != 0 ? code : ""));
        assert_int_equal(verdict.code_bytes, sizeof(code) - 1);
        done(&verdict);
        sp_inspect_room_free(bench.room);
    }
}

static void test_fields_beside_the_file_are_passed_over(void **state)
{
    struct bench bench;
    struct sp_msg_verdict verdict;
    (void)state;
    open_bench(&bench);
    struct sp_slice body =
        SP_SLICE_LITERAL("--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" PART(
            "a.txt", "file") "--XX\r\nContent-Disposition: form-data; name=b\r\n\r\n2\r\n" END);
    assert_int_equal(upload(&bench, "", body, &verdict), SP_OK);
    assert_int_equal(verdict.err, SP_OK);
    assert_true(sp_slice_is(
        sp_slice_sub(verdict.content.bytes, (size_t)verdict.content_at, (size_t)verdict.code_bytes),
        "file"));
    done(&verdict);
    sp_inspect_room_free(bench.room);
}

static void test_file_over_its_limit(void **state)
{
    struct bench bench;
    struct sp_msg_verdict verdict;
    (void)state;
    open_bench(&bench);
    for (size_t extra = 0; extra < 2; extra++) {
        SP_AUTO_BUF struct sp_buf body;
        sp_buf_init(&body, (size_t)1 << 20);
        assert_int_equal(
            sp_buf_put_text(
                &body, "--XX\r\nContent-Disposition: form-data; name=f; filename=a.txt\r\n\r\n"),
            SP_OK);
        for (size_t i = 0; i < UPLOAD_BYTES_MAX + extra; i++) {
            assert_int_equal(sp_buf_put_byte(&body, 'a'), SP_OK);
        }
        assert_int_equal(sp_buf_put_text(&body, "\r\n--XX--"), SP_OK);
        assert_int_equal(upload(&bench, "", sp_buf_slice(&body), &verdict), SP_OK);
        assert_int_equal(verdict.err, extra == 0 ? SP_OK : SP_ERR_TOO_BIG);
        done(&verdict);
    }
    sp_inspect_room_free(bench.room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_is_ordered_by_its_digest),
        cmocka_unit_test(test_only_a_file_of_code_itself_is_approved_as_code),
        cmocka_unit_test(test_a_file_is_a_module_by_its_name),
        cmocka_unit_test(test_refused_files_are_not_ordered),
        cmocka_unit_test(test_refused_files_go_to_audit_where_that_is_asked_for),
        cmocka_unit_test(test_fields_beside_the_file_are_passed_over),
        cmocka_unit_test(test_file_over_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
