/* upstream_read: both families' words for the same file, and answers that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/answer_other.h"
#include "api/upstream_other.h"

#define SPOT(d, n)                                                                                 \
    {                                                                                              \
        .directory = {(const uint8_t *)(d), sizeof(d) - 1}, .name = {                              \
            (const uint8_t *)(n),                                                                  \
            sizeof(n) - 1                                                                          \
        }                                                                                          \
    }
static const struct sp_order list = {.operation = SP_OPERATION_FILE_LIST, .spot = SPOT("dir", "")};
static const struct sp_order one = {.operation = SP_OPERATION_FILE_GET, .spot = SPOT("dir", "n")};

static void read_answer(const struct sp_order *order, unsigned status, const char *body,
                        struct sp_upstream_other *out, struct sp_buf *product)
{
    struct sp_upstream u;
    sp_buf_init(product, 4096);
    assert_int_equal(sp_upstream_init(&u, sp_slice_of(""), sp_slice_of(""), false), SP_OK);
    assert_int_equal(sp_upstream_other_read(&u, order, status, sp_slice_of(body), out, product),
                     SP_OK);
}

static void test_files_in_both_shapes(void **state)
{
    static const struct {
        const char *body;
        const char *directory;
        const char *name;
        uint64_t size;
        bool is_directory;
    } cases[] = {
        {"{\"value\":[{\"name\":\"a\",\"type\":\"File\",\"sizeInBytes\":7,\"lastModifiedAt\":\"t\"}"
         "]}",
         "dir", "a", 7, false},
        {"{\"value\":[{\"name\":\"a\",\"type\":\"directory\",\"lastModifiedAt\":\"t\","
         "\"directory\":\"/mnt/data\"}]}",
         "", "a", 0, true},
        {"{\"value\":[{\"name\":\"a\",\"directory\":\"x/y\"}]}", "dir/x/y", "a", 0, false},
        {"{\"value\":[{\"name\":\"a\",\"directory\":\"\"}]}", "dir", "a", 0, false},
        {"{\"value\":[{\"name\":\"a\",\"directory\":\"/x/y\"}]}", "x/y", "a", 0, false},
        {"{\"value\":[{\"name\":\"a\",\"directory\":\"/mnt/data/x/y/\",\"sizeInBytes\":null}]}",
         "x/y", "a", 0, false},
        {"{\"$id\":\"1\",\"value\":[{\"$id\":\"2\",\"properties\":{\"filename\":\"a\",\"size\":3}}]"
         "}",
         "dir", "a", 3, false},
        {"{\"value\":[{\"properties\":{\"filename\":\"/mnt/data/x/a\",\"size\":-3}}]}", "x", "a", 0,
         false},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf product;
        struct sp_upstream_other answer;
        struct sp_file_record file;
        struct sp_reader r;
        print_message("%s\n", cases[i].body);
        read_answer(&list, 200, cases[i].body, &answer, &product);
        assert_true(answer.end == SP_UPSTREAM_DONE && answer.err == SP_OK && answer.count == 1);
        sp_reader_init(&r, sp_buf_slice(&product));
        assert_int_equal(sp_file_record_read(&r, &file), SP_OK);
        assert_true(sp_slice_is(file.directory, cases[i].directory) &&
                    sp_slice_is(file.name, cases[i].name));
        assert_true(file.size == cases[i].size && file.is_directory == cases[i].is_directory);
    }
}

static void test_one_file_alone_or_in_a_list(void **state)
{
    static const char *const bodies[] = {"{\"name\":\"n\"}",
                                         "{\"value\":[{\"properties\":{\"filename\":\"n\"}}]}"};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(bodies); i++) {
        SP_AUTO_BUF struct sp_buf product;
        struct sp_upstream_other answer;
        read_answer(&one, 200, bodies[i], &answer, &product);
        assert_int_equal(answer.err, SP_OK);
        assert_true(product.len > 0);
    }
}

static void test_answers_that_are_none(void **state)
{
    static const char *const bodies[] = {"",
                                         "[]",
                                         "{}",
                                         "{\"value\":{}}",
                                         "{\"value\":[1]}",
                                         "{\"value\":[{\"name\":1}]}",
                                         "{\"value\":[{\"name\":\"\"}]}",
                                         "{\"value\":[{\"name\":\"a\\u0000\"}]}"};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(bodies); i++) {
        SP_AUTO_BUF struct sp_buf product;
        struct sp_upstream_other answer;
        print_message("%s\n", bodies[i]);
        read_answer(&list, 200, bodies[i], &answer, &product);
        assert_int_equal(answer.err, SP_ERR_POOL_ANSWER);
        assert_true(answer.reason.text[0] != '\0');
    }
}

static void test_refusals(void **state)
{
    static const struct {
        enum sp_operation operation;
        unsigned status;
        const char *body;
        enum sp_err err;
        enum sp_upstream_end end;
    } cases[] = {
        {SP_OPERATION_FILE_GET, 404, "", SP_ERR_FILE_NOT_FOUND, SP_UPSTREAM_NOT_STARTED},
        {SP_OPERATION_SESSION_GET, 404, "", SP_ERR_SESSION_NOT_FOUND, SP_UPSTREAM_DONE},
        {SP_OPERATION_FILE_PUT, 413, "", SP_ERR_TOO_BIG, SP_UPSTREAM_NOT_STARTED},
        {SP_OPERATION_FILE_PUT, 507, "{\"error\":{\"code\":\"SessionDiskFull\",\"message\":\"m\"}}",
         SP_ERR_NO_SPACE, SP_UPSTREAM_NOT_STARTED},
        {SP_OPERATION_FILE_PUT, 507, "", SP_ERR_OUTCOME_UNKNOWN, SP_UPSTREAM_UNKNOWN},
        {SP_OPERATION_FILE_PUT, 400, "{\"error\":{\"code\":\"InvalidFileName\",\"message\":\"m\"}}",
         SP_ERR_FILE_NAME, SP_UPSTREAM_NOT_STARTED},
        {SP_OPERATION_FILE_PUT, 400, "", SP_ERR_POOL_REFUSED, SP_UPSTREAM_NOT_STARTED},
        {SP_OPERATION_FILE_LIST, 429, "", SP_ERR_SESSIONS_FULL, SP_UPSTREAM_NOT_STARTED},
        {SP_OPERATION_FILE_LIST, 401, "", SP_ERR_POOL_CREDENTIAL, SP_UPSTREAM_NOT_STARTED},
        {SP_OPERATION_FILE_LIST, 503, "", SP_ERR_POOL_UNAVAILABLE, SP_UPSTREAM_NOT_STARTED},
        {SP_OPERATION_SESSION_DELETE, 503, "", SP_ERR_OUTCOME_UNKNOWN, SP_UPSTREAM_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf product;
        struct sp_upstream_other answer;
        const struct sp_order order = {.operation = cases[i].operation};
        print_message("%s %u\n", sp_operation_name(cases[i].operation), cases[i].status);
        read_answer(&order, cases[i].status, cases[i].body, &answer, &product);
        assert_int_equal(answer.err, cases[i].err);
        assert_int_equal(answer.end, cases[i].end);
        assert_int_equal(product.len, 0);
    }
}

/* What every answer shows of a file is read back as that file, in each family and version. */
static void test_files_survive_every_translation(void **state)
{
    static const char *const names[] = {
        "a", "caf\xC3\xA9 \"x\".txt", "\xF0\x9F\x98\x80", "%2F&=#?", "...", "-", "\\u0041"};
    static const char *const directories[] = {"", "d", "d/e f", "mnt/data"};
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        enum sp_version version = (enum sp_version)(1 + i % (SP_VERSION_COUNT - 1));
        const struct sp_file_record file = {
            .name = sp_slice_of(names[i % SP_COUNT(names)]),
            .directory = sp_slice_of(directories[i / 7 % SP_COUNT(directories)]),
            .modified = SP_SLICE_LITERAL("2026-01-01T00:00:00.123456789Z"),
            .size = (uint64_t)i * i * 12347};
        /* Only the newest version says where beneath the directory that was asked for a file is. */
        const bool is_told = version == SP_VERSION_2025_10 && i / 3 % 2 == 0;
        const size_t len = sp_slice_find(file.directory, 0, '/');
        const struct sp_slice base =
            sp_slice_sub(file.directory, 0, is_told ? (i % 2 == 0 ? len : 0) : file.directory.len);
        const struct sp_route route = {.operation = SP_OPERATION_FILE_LIST,
                                       .family = i / 3 % 2 == 0 ? SP_FAMILY_NEW : SP_FAMILY_OLD,
                                       .version = version,
                                       .path = base};
        const struct sp_order asked = {.operation = SP_OPERATION_FILE_LIST,
                                       .spot = {.directory = base}};
        const struct sp_answer_other about = {.route = &route};
        SP_AUTO_BUF struct sp_buf product;
        SP_AUTO_BUF struct sp_buf body;
        SP_AUTO_BUF struct sp_buf again;
        struct sp_upstream_other answer;
        struct sp_upstream u;
        struct sp_writer w;
        unsigned status = 0;
        bool is_text = false;
        sp_buf_init(&product, 4096);
        sp_buf_init(&body, 4096);
        sp_buf_init(&again, 4096);
        sp_writer_init(&w, &product);
        sp_file_record_write(&w, &file);
        assert_int_equal(sp_answer_other(&about, sp_buf_slice(&product), &body, &status, &is_text),
                         SP_OK);
        assert_int_equal(
            sp_upstream_init(&u, sp_slice_of(""), sp_slice_of(sp_version_text(version)), false),
            SP_OK);
        assert_int_equal(
            sp_upstream_other_read(&u, &asked, status, sp_buf_slice(&body), &answer, &again),
            SP_OK);
        assert_int_equal(answer.err, SP_OK);
        if (!sp_slice_is(file.directory, "mnt/data") || route.family == SP_FAMILY_NEW) {
            assert_true(sp_slice_equal(sp_buf_slice(&product), sp_buf_slice(&again)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_in_both_shapes),
        cmocka_unit_test(test_one_file_alone_or_in_a_list),
        cmocka_unit_test(test_answers_that_are_none),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_files_survive_every_translation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
