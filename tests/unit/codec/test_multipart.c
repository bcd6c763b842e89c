/* multipart: the bodies of every client, each beside what only looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/multipart.h"

#define TYPE "multipart/form-data; boundary=XX"
#define PART "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n"

static const struct {
    const char *name;
    const char *type;
    const char *body;
    const char *filename; /* NULL: refused */
    const char *content;
    enum sp_err err;
} cases[] = {
    {"requests", TYPE, PART "hello\r\n--XX--\r\n", "a.txt", "hello", SP_OK},
    {"no line end at the end", TYPE, PART "hello\r\n--XX--", "a.txt", "hello", SP_OK},
    {"no byte", TYPE, PART "\r\n--XX--\r\n", "a.txt", "", SP_OK},
    {"no byte and no line of its own", TYPE,
     "--XX\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\n--XX--", "a", "", SP_OK},
    {"lines and dashes inside", TYPE, PART "--X\r\n-XX\r\n--\r\r\n\r\n--XX--\r\n", "a.txt",
     "--X\r\n-XX\r\n--\r\r\n", SP_OK},
    {"quoted boundary of .NET", "multipart/form-data; boundary=\"a b\"",
     "--a b\r\nContent-Disposition: form-data; name=file; filename=x.txt; "
     "filename*=utf-8''x.txt\r\n\r\nq\r\n--a b--\r\n",
     "x.txt", "q", SP_OK},
    {"aiohttp: type before disposition", TYPE,
     "--XX\r\nContent-Type: application/octet-stream\r\nContent-Disposition: form-data; "
     "name=\"file\"; filename=\"a\"\r\n\r\nq\r\n--XX--\r\n",
     "a", "q", SP_OK},
    {"extended name of any character", TYPE,
     "--XX\r\nContent-Disposition: form-data; name=f; filename=\"=?utf-8?B?eA==?=\"; "
     "filename*=UTF-8'de'caf%C3%A9%20x\r\n\r\n\r\n--XX--",
     "caf\xC3\xA9 x", "", SP_OK},
    {"escaped quote", TYPE,
     "--XX\r\nContent-Disposition: form-data; name=f; filename=\"a\\\"b\"\r\n\r\n\r\n--XX--",
     "a\"b", "", SP_OK},
    {"path with backslashes", TYPE,
     "--XX\r\nContent-Disposition: form-data; name=f; filename=\"C:\\dir\\\\a\\\"\"\r\n\r\n\r\n"
     "--XX--",
     "C:\\dir\\a\"", "", SP_OK},
    {"empty line before the boundary", TYPE, "\r\n" PART "hello\r\n--XX--", "a.txt", "hello",
     SP_OK},
    {"text before the boundary", TYPE, "a\r\n --XX\r\n" PART "hello\r\n--XX--\r\n", "a.txt",
     "hello", SP_OK},
    {"text behind the end", TYPE, PART "hello\r\n--XX--\r\n\r\n--XX\r\n", "a.txt", "hello", SP_OK},
    {"blanks behind boundaries", TYPE,
     "--XX \t\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\nq\r\n--XX-- \r\n", "a",
     "q", SP_OK},
    {"letters of any case", "Multipart/Form-Data; Boundary=XX",
     "--XX\r\ncontent-disposition: Form-Data; NAME=f; FileName=a\r\nX-Other:\r\n\r\n\r\n--XX--",
     "a", "", SP_OK},
    {"mislabelled as JSON", "application/json", PART "hello\r\n--XX--\r\n", "a.txt", "hello",
     SP_OK},
    {"no type at all", "", PART "hello\r\n--XX--\r\n", "a.txt", "hello", SP_OK},
    {"boundary left out", "multipart/form-data", PART "hello\r\n--XX--\r\n", "a.txt", "hello",
     SP_OK},
    {"binary encoding", TYPE,
     "--XX\r\nContent-Disposition: form-data; name=f; filename=a\r\nContent-Transfer-Encoding: "
     "binary\r\n\r\n\r\n--XX--",
     "a", "", SP_OK},

    {"JSON", "application/json", "{}", NULL, NULL, SP_ERR_MEDIA_TYPE},
    {"empty", TYPE, "", NULL, NULL, SP_ERR_MULTIPART},
    {"another boundary", TYPE, "--YY\r\n", NULL, NULL, SP_ERR_MULTIPART},
    {"text and the boundary in one line", TYPE, "x" PART "\r\n--XX--", NULL, NULL,
     SP_ERR_MULTIPART},
    {"LF before the boundary", TYPE, "x\n" PART "\r\n--XX--", NULL, NULL, SP_ERR_MULTIPART},
    {"text behind the first boundary", TYPE, "--XXx\r\nA: b\r\n\r\n--XX--", NULL, NULL,
     SP_ERR_MULTIPART},
    {"no end", TYPE, PART "hello", NULL, NULL, SP_ERR_MULTIPART},
    {"text behind the end in its line", TYPE, PART "hello\r\n--XX-- more", NULL, NULL,
     SP_ERR_MULTIPART},
    {"half an end", TYPE, PART "hello\r\n--XX-", NULL, NULL, SP_ERR_MULTIPART},
    {"blanks behind the boundary and no line end", TYPE, PART "hello\r\n--XX  ", NULL, NULL,
     SP_ERR_MULTIPART},
    {"what begins like the boundary", TYPE, PART "hello\r\n--XXY\r\n--XX--", NULL, NULL,
     SP_ERR_MULTIPART},
    {"lines of LF only", TYPE,
     "--XX\nContent-Disposition: form-data; name=f; filename=a\n\nq\n--XX--\n", NULL, NULL,
     SP_ERR_MULTIPART},
    {"LF inside the head", TYPE,
     "--XX\r\nContent-Disposition: form-data; name=f; filename=a\n\r\n\r\n\r\n--XX--", NULL, NULL,
     SP_ERR_MULTIPART},
    {"folded field", TYPE,
     "--XX\r\nContent-Disposition: form-data;\r\n name=f; filename=a\r\n\r\n\r\n--XX--", NULL, NULL,
     SP_ERR_MULTIPART},
    {"blank before the colon", TYPE,
     "--XX\r\nContent-Disposition : form-data; name=f; filename=a\r\n\r\n\r\n--XX--", NULL, NULL,
     SP_ERR_MULTIPART},
    {"no disposition", TYPE, "--XX\r\nContent-Type: text/plain\r\n\r\n\r\n--XX--", NULL, NULL,
     SP_ERR_MULTIPART},
    {"two dispositions", TYPE,
     "--XX\r\nContent-Disposition: form-data; name=f; filename=a\r\nContent-Disposition: "
     "form-data; name=f; filename=b\r\n\r\n\r\n--XX--",
     NULL, NULL, SP_ERR_MULTIPART},
    {"attachment", TYPE,
     "--XX\r\nContent-Disposition: attachment; name=f; filename=a\r\n\r\n\r\n--XX--", NULL, NULL,
     SP_ERR_MULTIPART},
    {"no name", TYPE, "--XX\r\nContent-Disposition: form-data; filename=a\r\n\r\n\r\n--XX--", NULL,
     NULL, SP_ERR_MULTIPART},
    {"two file names", TYPE,
     "--XX\r\nContent-Disposition: form-data; name=f; filename=a; filename=b\r\n\r\n\r\n--XX--",
     NULL, NULL, SP_ERR_MULTIPART},
    {"extended name of another charset", TYPE,
     "--XX\r\nContent-Disposition: form-data; name=f; filename*=latin1''a\r\n\r\n\r\n--XX--", NULL,
     NULL, SP_ERR_MULTIPART},
    {"extended name with a bad escape", TYPE,
     "--XX\r\nContent-Disposition: form-data; name=f; filename*=utf-8''%zz\r\n\r\n\r\n--XX--", NULL,
     NULL, SP_ERR_MULTIPART},
    {"extended name with a NUL", TYPE,
     "--XX\r\nContent-Disposition: form-data; name=f; filename*=utf-8''a%00\r\n\r\n\r\n--XX--",
     NULL, NULL, SP_ERR_MULTIPART},
    {"base64", TYPE,
     "--XX\r\nContent-Disposition: form-data; name=f; filename=a\r\nContent-Transfer-Encoding: "
     "base64\r\n\r\n\r\n--XX--",
     NULL, NULL, SP_ERR_MULTIPART},
    {"two boundaries", "multipart/form-data; boundary=XX; boundary=YY", PART "\r\n--XX--", NULL,
     NULL, SP_ERR_MULTIPART},
    {"boundary of a foreign character", "multipart/form-data; boundary=\"X{\"", "--X{\r\n", NULL,
     NULL, SP_ERR_MULTIPART},
    {"mislabelled, with no boundary", "application/json", "--\r\n\r\n", NULL, NULL,
     SP_ERR_MULTIPART},
    {"only the end", TYPE, "--XX--\r\n", NULL, NULL, SP_ERR_MULTIPART},
};

static enum sp_err read_one(const char *type, struct sp_slice body, struct sp_buf *scratch,
                            struct sp_multipart_part *out)
{
    struct sp_multipart m;
    struct sp_where where = {0};
    bool more = false;
    enum sp_err err = sp_multipart_open(sp_slice_of(type), body, &m, &where);
    if (err == SP_OK) {
        err = sp_multipart_next(&m, scratch, out, &more, &where);
    }
    assert_true((err == SP_OK) == (where.text[0] == '\0'));
    return err;
}

static void test_one_part(void **state)
{
    SP_AUTO_BUF struct sp_buf scratch;
    (void)state;
    sp_buf_init(&scratch, 2 * SP_MULTIPART_HEAD_BYTES_MAX);
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_multipart_part part = {.has_filename = false};
        print_message("%s\n", cases[i].name);
        assert_int_equal(read_one(cases[i].type, sp_slice_of(cases[i].body), &scratch, &part),
                         cases[i].err);
        assert_int_equal(part.has_filename, cases[i].filename != NULL);
        if (cases[i].filename != NULL) {
            assert_true(sp_slice_is(part.filename, cases[i].filename));
            assert_true(sp_slice_is(part.content, cases[i].content));
        }
    }
}

static void test_parts_one_behind_another(void **state)
{
    static const char body[] = "--XX\r\nContent-Disposition: form-data; name=a\r\nContent-Type: "
                               "text/plain\r\n\r\n1\r\n" PART "two\r\n--XX--\r\n";
    SP_AUTO_BUF struct sp_buf scratch;
    struct sp_multipart m;
    struct sp_multipart_part part;
    bool more = false;
    (void)state;
    sp_buf_init(&scratch, 2 * SP_MULTIPART_HEAD_BYTES_MAX);
    assert_int_equal(sp_multipart_open(sp_slice_of(TYPE), sp_slice_of(body), &m, NULL), SP_OK);
    assert_int_equal(sp_multipart_next(&m, &scratch, &part, &more, NULL), SP_OK);
    assert_true(more && !part.has_filename && sp_slice_is(part.name, "a") &&
                sp_slice_is(part.content, "1"));
    assert_true(sp_slice_is(part.content_type, "text/plain"));
    assert_int_equal(sp_multipart_next(&m, &scratch, &part, &more, NULL), SP_OK);
    assert_true(more && part.has_filename && sp_slice_is(part.name, "file") &&
                sp_slice_is(part.content, "two"));
    assert_int_equal(part.content_type.len, 0);
    assert_int_equal(sp_multipart_next(&m, &scratch, &part, &more, NULL), SP_OK);
    assert_false(more);
}

/* No cut of a good body reads as a whole one, but for its last line end. */
static void test_every_cut_is_refused(void **state)
{
    struct sp_slice body = sp_slice_of(PART "hello\r\n--XX--\r\n");
    SP_AUTO_BUF struct sp_buf scratch;
    (void)state;
    sp_buf_init(&scratch, 2 * SP_MULTIPART_HEAD_BYTES_MAX);
    for (size_t len = 0; len < body.len; len++) {
        struct sp_multipart_part part;
        bool is_whole = len == body.len - 2;
        assert_int_equal(read_one(TYPE, sp_slice_sub(body, 0, len), &scratch, &part),
                         is_whole ? SP_OK : SP_ERR_MULTIPART);
    }
}

static void put(struct sp_buf *out, const char *text, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        assert_int_equal(sp_buf_put_text(out, text), SP_OK);
    }
}

static void test_bounds(void **state)
{
    SP_AUTO_BUF struct sp_buf body;
    SP_AUTO_BUF struct sp_buf scratch;
    struct sp_multipart m;
    struct sp_multipart_part part;
    bool more = true;
    enum sp_err err = SP_OK;
    (void)state;
    sp_buf_init(&body, (size_t)1 << 20);
    sp_buf_init(&scratch, 2 * SP_MULTIPART_HEAD_BYTES_MAX);
    put(&body, "--XX\r\n", 1);
    put(&body, "X-A: b\r\n", SP_MULTIPART_FIELDS_MAX);
    put(&body, "Content-Disposition: form-data; name=f; filename=a\r\n\r\n\r\n--XX--", 1);
    assert_int_equal(read_one(TYPE, sp_buf_slice(&body), &scratch, &part), SP_ERR_MULTIPART);
    sp_buf_clear(&body);
    put(&body, PART "\r\n", SP_MULTIPART_PARTS_MAX + 1);
    put(&body, "--XX--", 1);
    assert_int_equal(sp_multipart_open(sp_slice_of(TYPE), sp_buf_slice(&body), &m, NULL), SP_OK);
    for (unsigned i = 0; i < SP_MULTIPART_PARTS_MAX; i++) {
        assert_int_equal(sp_multipart_next(&m, &scratch, &part, &more, NULL), SP_OK);
    }
    err = sp_multipart_next(&m, &scratch, &part, &more, NULL);
    assert_int_equal(err, SP_ERR_MULTIPART);
    sp_buf_clear(&body);
    put(&body, "--XX\r\nX-A: ", 1);
    put(&body, "a", SP_MULTIPART_HEAD_BYTES_MAX);
    put(&body, "\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\n\r\n--XX--", 1);
    assert_int_equal(read_one(TYPE, sp_buf_slice(&body), &scratch, &part), SP_ERR_MULTIPART);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_part),
        cmocka_unit_test(test_parts_one_behind_another),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
