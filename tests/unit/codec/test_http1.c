/* Framing of HTTP/1.1: where messages end, and every way of being unclear about it refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/num.h"
#include "codec/http1.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }
#define HOST "Host: a\r\n"
#define POST "POST /x HTTP/1.1\r\n" HOST

struct result {
    enum sp_err err;
    size_t consumed; /* up to the end of the message */
    bool is_done;
    char body[256];
    size_t body_len;
};

/* Feeds `step` bytes at a time until the message is done, refused, or the input is used up. */
static struct result run(struct sp_http1 *p, struct sp_slice in, size_t step)
{
    struct result r = {.err = SP_OK};
    size_t given = step < in.len ? step : in.len;
    for (;;) {
        size_t used = 0;
        enum sp_http1_event event = SP_HTTP1_NEED_MORE;
        r.err = sp_http1_feed(p, sp_slice_sub(in, r.consumed, given - r.consumed), &used, &event);
        if (r.err != SP_OK) {
            return r;
        }
        r.consumed += used;
        if (event == SP_HTTP1_BODY) {
            assert_true(r.body_len + p->body.len <= sizeof(r.body));
            memcpy(r.body + r.body_len, p->body.ptr, p->body.len);
            r.body_len += p->body.len;
        }
        if (event == SP_HTTP1_MESSAGE_DONE) {
            r.is_done = true;
            return r;
        }
        if (event == SP_HTTP1_NEED_MORE) {
            assert_int_equal(r.consumed, given);
            if (given == in.len) {
                return r;
            }
            given = in.len - given < step ? in.len : given + step;
        }
    }
}

struct good_case {
    const char *name;
    enum sp_http1_kind kind;
    struct sp_slice in;
    size_t left; /* bytes that belong to what follows */
    const char *body;
};

static const struct good_case good_cases[] = {
    {"plain get", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\n" HOST "\r\n"), 0, ""},
    {"get of 1.0 without host", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.0\r\n\r\n"), 0, ""},
    {"empty line before", SP_HTTP1_REQUEST, TEXT("\r\nGET / HTTP/1.1\r\n" HOST "\r\n"), 0, ""},
    {"options of all", SP_HTTP1_REQUEST, TEXT("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), 0, ""},
    {"empty host", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 0, ""},
    {"host with port", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), 0, ""},
    {"host with an empty port", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost: a:\r\n\r\n"), 0,
     ""},
    {"host with the highest port", SP_HTTP1_REQUEST,
     TEXT("GET / HTTP/1.1\r\nHost: a_b.c:65535\r\n\r\n"), 0, ""},
    {"host with an escape", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost: a%4b\r\n\r\n"), 0, ""},
    {"address without a port", SP_HTTP1_REQUEST,
     TEXT("GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n"), 0, ""},
    {"pipelined", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\n" HOST "\r\nGET"), 3, ""},
    {"length", SP_HTTP1_REQUEST, TEXT(POST "Content-Length: 5\r\n\r\nhelloGET"), 3, "hello"},
    {"length of zero", SP_HTTP1_REQUEST, TEXT(POST "content-length:0\r\n\r\n"), 0, ""},
    {"length with blanks around", SP_HTTP1_REQUEST, TEXT(POST "Content-Length: \t2 \r\n\r\nab"), 0,
     "ab"},
    {"chunked", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nX"), 1,
     "abc0123456789"},
    {"chunked in capitals", SP_HTTP1_REQUEST,
     TEXT(POST "TRANSFER-ENCODING: Chunked\r\n\r\n0\r\n\r\n"), 0, ""},
    {"chunk size with zeros", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n0001\r\na\r\n000\r\n\r\n"), 0, "a"},
    {"chunk extensions", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n"
               "3;a\r\nabc\r\n1 ; b = \"c;\\\"\" ;d\r\nd\r\n0;last=1\r\n\r\nX"),
     1, "abcd"},
    {"chunk extensions of an answer", SP_HTTP1_RESPONSE,
     TEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\na\r\n0\r\n\r\n"), 0, "a"},
    {"trailer", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-A: b\r\nY:\r\n\r\n"), 0, "a"},
    {"absolute form", SP_HTTP1_REQUEST, TEXT("GET http://h:1/a HTTP/1.1\r\nHost: H:1\r\n\r\nX"), 1,
     ""},
    {"absolute form without a path", SP_HTTP1_REQUEST,
     TEXT("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n"), 0, ""},
    {"absolute form with a query for a path", SP_HTTP1_REQUEST,
     TEXT("GET http://h?a/ HTTP/1.1\r\nHost: h\r\n\r\n"), 0, ""},
    {"absolute form of 1.0", SP_HTTP1_REQUEST, TEXT("GET HTTPS://h/ HTTP/1.0\r\n\r\n"), 0, ""},
    {"empty field value", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\n" HOST "X:\r\n\r\n"), 0, ""},
    {"high bytes in a value", SP_HTTP1_REQUEST,
     TEXT("GET / HTTP/1.1\r\n" HOST "X: \xFF\x80\r\n\r\n"), 0, ""},
    {"answer with length", SP_HTTP1_RESPONSE,
     TEXT("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP"), 4, "hi"},
    {"answer without reason", SP_HTTP1_RESPONSE, TEXT("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"),
     0, ""},
    {"answer chunked", SP_HTTP1_RESPONSE,
     TEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"), 0, "a"},
    {"no content", SP_HTTP1_RESPONSE, TEXT("HTTP/1.1 204 No Content\r\n\r\nH"), 1, ""},
    {"not modified", SP_HTTP1_RESPONSE,
     TEXT("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nH"), 1, ""},
    {"answer to head", SP_HTTP1_RESPONSE_TO_HEAD,
     TEXT("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nH"), 1, ""},
    {"continue, then the answer", SP_HTTP1_RESPONSE,
     TEXT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), 0, "hi"},
};

static void test_a_message_ends_where_the_rules_say_in_any_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(good_cases); i++) {
        const struct good_case *c = &good_cases[i];
        print_message("  %s\n", c->name);
        for (size_t step = 1; step <= c->in.len; step++) {
            SP_AUTO_BUF struct sp_buf head;
            sp_buf_init(&head, SP_HTTP1_HEAD_BYTES_MAX);
            struct sp_http1 p;
            sp_http1_init(&p, c->kind, &head);
            struct result r = run(&p, c->in, step);
            assert_int_equal(r.err, SP_OK);
            assert_true(r.is_done);
            assert_int_equal(r.consumed, c->in.len - c->left);
            assert_true(sp_slice_is(sp_slice_make(r.body, r.body_len), c->body));
            assert_int_equal(p.body_bytes, r.body_len);
        }
    }
}

struct bad_case {
    const char *name;
    enum sp_http1_kind kind;
    struct sp_slice in;
    enum sp_err want;
    const char *rule;
};

static const struct bad_case bad_cases[] = {
    {"two lengths", SP_HTTP1_REQUEST, TEXT(POST "Content-Length: 5\r\nContent-Length: 5\r\n"),
     SP_ERR_HTTP, "Content-Length is given twice"},
    {"length list", SP_HTTP1_REQUEST, TEXT(POST "Content-Length: 5, 5\r\n"), SP_ERR_HTTP,
     "Content-Length is not a number"},
    {"length with plus", SP_HTTP1_REQUEST, TEXT(POST "Content-Length: +5\r\n"), SP_ERR_HTTP,
     "Content-Length is not a number"},
    {"length with minus", SP_HTTP1_REQUEST, TEXT(POST "Content-Length: -5\r\n"), SP_ERR_HTTP,
     "Content-Length is not a number"},
    {"length in hexadecimal", SP_HTTP1_REQUEST, TEXT(POST "Content-Length: 0x5\r\n"), SP_ERR_HTTP,
     "Content-Length is not a number"},
    {"empty length", SP_HTTP1_REQUEST, TEXT(POST "Content-Length:\r\n"), SP_ERR_HTTP,
     "Content-Length is not a number"},
    {"length past 63 bits", SP_HTTP1_REQUEST, TEXT(POST "Content-Length: 9223372036854775808\r\n"),
     SP_ERR_HTTP, "Content-Length is not a number"},
    {"coding beside length", SP_HTTP1_REQUEST,
     TEXT(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), SP_ERR_HTTP,
     "Transfer-Encoding stands beside Content-Length"},
    {"length beside coding", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"), SP_ERR_HTTP,
     "Transfer-Encoding stands beside Content-Length"},
    {"other coding", SP_HTTP1_REQUEST, TEXT(POST "Transfer-Encoding: gzip\r\n\r\n"), SP_ERR_HTTP,
     "the last transfer coding is not chunked"},
    {"no coding", SP_HTTP1_REQUEST, TEXT(POST "Transfer-Encoding:\r\n\r\n"), SP_ERR_HTTP,
     "the last transfer coding is not chunked"},
    {"coding after chunked", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked, gzip\r\n\r\n"), SP_ERR_HTTP,
     "the last transfer coding is not chunked"},
    {"chunked with a tail", SP_HTTP1_REQUEST, TEXT(POST "Transfer-Encoding: chunked;x\r\n\r\n"),
     SP_ERR_HTTP, "the last transfer coding is not chunked"},
    {"coding before chunked", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"), SP_ERR_NOT_IMPLEMENTED,
     "the only transfer coding taken is chunked"},
    {"coding on a line before chunked", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"),
     SP_ERR_NOT_IMPLEMENTED, "the only transfer coding taken is chunked"},
    {"nothing before chunked", SP_HTTP1_REQUEST, TEXT(POST "Transfer-Encoding: ,chunked\r\n\r\n"),
     SP_ERR_NOT_IMPLEMENTED, "the only transfer coding taken is chunked"},
    {"other coding beside length", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\n"), SP_ERR_HTTP,
     "Transfer-Encoding stands beside Content-Length"},
    {"coding on a line after chunked", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"), SP_ERR_HTTP,
     "Transfer-Encoding is given twice"},
    {"two codings", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), SP_ERR_HTTP,
     "Transfer-Encoding is given twice"},
    {"coding in 1.0", SP_HTTP1_REQUEST,
     TEXT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), SP_ERR_HTTP,
     "HTTP/1.0 has no transfer codings"},
    {"no host", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\n\r\n"), SP_ERR_HTTP,
     "a request of HTTP/1.1 needs a Host"},
    {"two hosts", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\n" HOST HOST), SP_ERR_HTTP,
     "Host is given twice"},
    {"host with a blank", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost: a b\r\n"), SP_ERR_HTTP,
     "Host is not a host"},
    {"host with two ports", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost: a:1:2\r\n"),
     SP_ERR_HTTP, "Host is not a host"},
    {"host with a port too high", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost: a:65536\r\n"),
     SP_ERR_HTTP, "Host is not a host"},
    {"host with a port in words", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost: a:http\r\n"),
     SP_ERR_HTTP, "Host is not a host"},
    {"host that is a port", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost: :80\r\n"), SP_ERR_HTTP,
     "Host is not a host"},
    {"address without brackets", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost: ::1\r\n"),
     SP_ERR_HTTP, "Host is not a host"},
    {"address without its end", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost: [::1\r\n"),
     SP_ERR_HTTP, "Host is not a host"},
    {"address with a tail", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost: [::1]a\r\n"),
     SP_ERR_HTTP, "Host is not a host"},
    {"host with half an escape", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost: a%4\r\n"),
     SP_ERR_HTTP, "Host is not a host"},
    {"host with a user", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost: a@b\r\n"), SP_ERR_HTTP,
     "Host is not a host"},
    {"host with a path", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost: a/b\r\n"), SP_ERR_HTTP,
     "Host is not a host"},
    {"fold", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n"), SP_ERR_HTTP,
     "a field is folded over two lines"},
    {"fold by tab", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\n\tX: a\r\n"), SP_ERR_HTTP,
     "a field is folded over two lines"},
    {"space before the colon", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost : a\r\n"),
     SP_ERR_HTTP, "the name of a field is not a token"},
    {"no name", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\n: a\r\n"), SP_ERR_HTTP,
     "the name of a field is not a token"},
    {"no colon", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost\r\n"), SP_ERR_HTTP,
     "a field has no colon"},
    {"bare CR in a value", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nX: a\rb\r\n"), SP_ERR_HTTP,
     "a field holds a control byte"},
    {"CR CR LF", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nX: a\r\r\n"), SP_ERR_HTTP,
     "a field holds a control byte"},
    {"NUL in a value", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nX: a\0b\r\n"), SP_ERR_HTTP,
     "a field holds a control byte"},
    {"delete in a value", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nX: \x7F\r\n"), SP_ERR_HTTP,
     "a field holds a control byte"},
    {"NUL in a name", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nX\0: a\r\n"), SP_ERR_HTTP,
     "the name of a field is not a token"},
    {"LF-only start line", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\n" HOST "\r\n"), SP_ERR_HTTP,
     "a line ends without CR"},
    {"LF-only field", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\nHost: a\n\r\n"), SP_ERR_HTTP,
     "a line ends without CR"},
    {"LF-only end", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1\r\n" HOST "\n"), SP_ERR_HTTP,
     "a line ends without CR"},
    {"two empty lines before", SP_HTTP1_REQUEST, TEXT("\r\n\r\nGET / HTTP/1.1\r\n"), SP_ERR_HTTP,
     "an empty line stands before the message"},
    {"two spaces", SP_HTTP1_REQUEST, TEXT("GET  / HTTP/1.1\r\n"), SP_ERR_HTTP,
     "the start line has no HTTP version"},
    {"tab between", SP_HTTP1_REQUEST, TEXT("GET\t/ HTTP/1.1\r\n"), SP_ERR_HTTP,
     "the request line does not have three parts"},
    {"space at the end", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.1 \r\n"), SP_ERR_HTTP,
     "the start line has no HTTP version"},
    {"HTTP/0.9", SP_HTTP1_REQUEST, TEXT("GET /\r\n"), SP_ERR_HTTP,
     "the request line does not have three parts"},
    {"HTTP/2", SP_HTTP1_REQUEST, TEXT("PRI * HTTP/2.0\r\n"), SP_ERR_HTTP_VERSION,
     "only HTTP/1.1 and HTTP/1.0 are spoken here"},
    {"HTTP/1.2", SP_HTTP1_REQUEST, TEXT("GET / HTTP/1.2\r\n"), SP_ERR_HTTP_VERSION,
     "only HTTP/1.1 and HTTP/1.0 are spoken here"},
    {"small letters", SP_HTTP1_REQUEST, TEXT("GET / http/1.1\r\n"), SP_ERR_HTTP,
     "the start line has no HTTP version"},
    {"absolute form of another scheme", SP_HTTP1_REQUEST, TEXT("GET ftp://h/ HTTP/1.1\r\n"),
     SP_ERR_HTTP, "the request target is not in origin form"},
    {"absolute form without a host", SP_HTTP1_REQUEST, TEXT("GET http:///a HTTP/1.1\r\n"),
     SP_ERR_HTTP, "the host in the request target is no host"},
    {"absolute form with a user", SP_HTTP1_REQUEST, TEXT("GET http://u@h/ HTTP/1.1\r\n"),
     SP_ERR_HTTP, "the host in the request target is no host"},
    {"origin form without a path", SP_HTTP1_REQUEST, TEXT("GET ?a HTTP/1.1\r\n"), SP_ERR_HTTP,
     "the request target is not in origin form"},
    {"absolute form of another host", SP_HTTP1_REQUEST,
     TEXT("GET http://h/ HTTP/1.1\r\nHost: i\r\n\r\n"), SP_ERR_HTTP,
     "Host is another one than the target's"},
    {"absolute form without Host", SP_HTTP1_REQUEST, TEXT("GET http://h/ HTTP/1.1\r\n\r\n"),
     SP_ERR_HTTP, "a request of HTTP/1.1 needs a Host"},
    {"authority form", SP_HTTP1_REQUEST, TEXT("CONNECT a:1 HTTP/1.1\r\n"), SP_ERR_NOT_IMPLEMENTED,
     "CONNECT is for proxies"},
    {"authority form of get", SP_HTTP1_REQUEST, TEXT("GET a:1 HTTP/1.1\r\n"), SP_ERR_HTTP,
     "the request target is not in origin form"},
    {"star of get", SP_HTTP1_REQUEST, TEXT("GET * HTTP/1.1\r\n"), SP_ERR_HTTP,
     "only OPTIONS may ask for *"},
    {"fragment", SP_HTTP1_REQUEST, TEXT("GET /#a HTTP/1.1\r\n"), SP_ERR_HTTP,
     "the request target holds a foreign byte"},
    {"raw high byte in the target", SP_HTTP1_REQUEST, TEXT("GET /\xC3\xA9 HTTP/1.1\r\n"),
     SP_ERR_HTTP, "the request target holds a foreign byte"},
    {"NUL in the target", SP_HTTP1_REQUEST, TEXT("GET /\0 HTTP/1.1\r\n"), SP_ERR_HTTP,
     "the request target holds a foreign byte"},
    {"method no token", SP_HTTP1_REQUEST, TEXT("G(T / HTTP/1.1\r\n"), SP_ERR_HTTP,
     "the method is not a token"},
    {"other expectation", SP_HTTP1_REQUEST, TEXT(POST "Expect: 200-ok\r\n"), SP_ERR_EXPECTATION,
     "only 100-continue can be expected"},
    {"chunk extension without a name", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n1;\r\n"), SP_ERR_HTTP,
     "a chunk extension has the wrong form"},
    {"LF in a chunk extension", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n1;a\n"), SP_ERR_HTTP,
     "a chunk extension has the wrong form"},
    {"LF in a quoted chunk extension", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n1;a=\"\n"), SP_ERR_HTTP,
     "a chunk extension has the wrong form"},
    {"CR in a quoted chunk extension", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n1;a=\"\r"), SP_ERR_HTTP,
     "a chunk extension has the wrong form"},
    {"chunk extension CR without LF", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n1;a\ra"), SP_ERR_HTTP,
     "a line end of the chunked coding is not CRLF"},
    {"chunk extension without a size", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n;a\r\n"), SP_ERR_HTTP,
     "a chunk size is not hexadecimal"},
    {"chunk size empty", SP_HTTP1_REQUEST, TEXT(POST "Transfer-Encoding: chunked\r\n\r\n\r\n"),
     SP_ERR_HTTP, "a chunk size is not hexadecimal"},
    {"chunk size with 0x", SP_HTTP1_REQUEST, TEXT(POST "Transfer-Encoding: chunked\r\n\r\n0x1\r\n"),
     SP_ERR_HTTP, "a chunk size is not hexadecimal"},
    {"chunk size with blank", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n1 \r\n"), SP_ERR_HTTP,
     "a chunk extension has the wrong form"},
    {"chunk size of 17 digits", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n00000000000000001\r\n"), SP_ERR_HTTP,
     "a chunk size has too many digits"},
    {"chunks past 64 bits", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n7FFFFFFFFFFFFFFF\r\n"), SP_ERR_HTTP,
     "the chunks are too large in sum"},
    {"chunk size ends by LF", SP_HTTP1_REQUEST, TEXT(POST "Transfer-Encoding: chunked\r\n\r\n1\na"),
     SP_ERR_HTTP, "a chunk size is not hexadecimal"},
    {"chunk size CR without LF", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n1\ra"), SP_ERR_HTTP,
     "a line end of the chunked coding is not CRLF"},
    {"chunk longer than said", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"), SP_ERR_HTTP,
     "a line end of the chunked coding is not CRLF"},
    {"data ends by LF", SP_HTTP1_REQUEST, TEXT(POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\n"),
     SP_ERR_HTTP, "a line end of the chunked coding is not CRLF"},
    {"fold in the trailer", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\r\n b\r\n"), SP_ERR_HTTP,
     "the name of a trailer field is not a token"},
    {"trailer without colon", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX\r\n"), SP_ERR_HTTP,
     "the name of a trailer field is not a token"},
    {"trailer without name", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n0\r\n: a\r\n"), SP_ERR_HTTP,
     "the name of a trailer field is not a token"},
    {"bare CR in the trailer", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\rb"), SP_ERR_HTTP,
     "a line end of the chunked coding is not CRLF"},
    {"LF-only trailer", SP_HTTP1_REQUEST,
     TEXT(POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\n"), SP_ERR_HTTP,
     "a trailer holds a control byte"},
    {"status of two digits", SP_HTTP1_RESPONSE, TEXT("HTTP/1.1 20 OK\r\n"), SP_ERR_HTTP,
     "the status line does not have its parts"},
    {"status of 600", SP_HTTP1_RESPONSE, TEXT("HTTP/1.1 600 OK\r\n"), SP_ERR_HTTP,
     "the status is not a number from 100 to 599"},
    {"status below 100", SP_HTTP1_RESPONSE, TEXT("HTTP/1.1 099 OK\r\n"), SP_ERR_HTTP,
     "the status is not a number from 100 to 599"},
    {"empty line before an answer", SP_HTTP1_RESPONSE, TEXT("\r\nHTTP/1.1 200 OK\r\n"), SP_ERR_HTTP,
     "an empty line stands before the message"},
    {"switching protocols", SP_HTTP1_RESPONSE, TEXT("HTTP/1.1 101 Upgrade\r\n"), SP_ERR_HTTP,
     "the protocol was switched unasked"},
    {"continue with a length", SP_HTTP1_RESPONSE,
     TEXT("HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\n"), SP_ERR_HTTP,
     "an answer that has no body announces one"},
    {"no content with a body", SP_HTTP1_RESPONSE,
     TEXT("HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n"), SP_ERR_HTTP,
     "an answer that has no body announces one"},
};

static void test_each_unclear_message_is_refused_by_its_rule_in_any_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(bad_cases); i++) {
        const struct bad_case *c = &bad_cases[i];
        print_message("  %s\n", c->name);
        for (size_t step = 1; step <= c->in.len; step++) {
            SP_AUTO_BUF struct sp_buf head;
            sp_buf_init(&head, SP_HTTP1_HEAD_BYTES_MAX);
            struct sp_http1 p;
            sp_http1_init(&p, c->kind, &head);
            struct result r = run(&p, c->in, step);
            assert_int_equal(r.err, c->want);
            assert_string_equal(p.rule, c->rule);
            size_t used = 7;
            enum sp_http1_event event = SP_HTTP1_NEED_MORE;
            assert_int_equal(sp_http1_feed(&p, sp_slice_of("GET / HTTP/1.1\r\n"), &used, &event),
                             SP_ERR_HTTP);
            assert_int_equal(used, 7);
        }
    }
}

static void test_the_head_can_be_read_after_it_is_done(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf head;
    sp_buf_init(&head, SP_HTTP1_HEAD_BYTES_MAX);
    struct sp_http1 p;
    sp_http1_init(&p, SP_HTTP1_REQUEST, &head);
    assert_true(sp_http1_is_idle(&p));
    struct sp_slice in =
        sp_slice_of("POST /a?b=c HTTP/1.1\r\n" HOST "X:  one \r\nx: two\r\nExpect: 100-Continue\r\n"
                    "Content-Length: 3\r\nConnection: keep-alive, CLOSE\r\n\r\nabc");
    size_t used = 0;
    enum sp_http1_event event = SP_HTTP1_NEED_MORE;
    assert_int_equal(sp_http1_feed(&p, sp_slice_sub(in, 0, 4), &used, &event), SP_OK);
    assert_false(sp_http1_is_idle(&p));
    assert_int_equal(sp_http1_feed(&p, sp_slice_sub(in, 4, in.len), &used, &event), SP_OK);
    assert_int_equal(event, SP_HTTP1_HEAD_DONE);
    assert_int_equal(used, in.len - 4 - 3);
    assert_true(sp_slice_is(sp_http1_method(&p), "POST"));
    assert_true(sp_slice_is(sp_http1_target(&p), "/a?b=c"));
    struct sp_slice value = {NULL, 0};
    assert_int_equal(sp_http1_find(&p, "X", &value), 2);
    assert_true(sp_slice_is(value, "one"));
    assert_int_equal(sp_http1_find(&p, "Y", &value), 0);
    assert_true(sp_slice_is(sp_http1_field_name(&p, 2), "x"));
    assert_true(p.expects_continue && p.has_length && !p.is_persistent && p.length == 3);
    assert_int_equal(sp_http1_eof(&p), SP_ERR_SHORT);
}

static void test_an_answer_without_length_ends_with_the_connection(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf head;
    sp_buf_init(&head, SP_HTTP1_HEAD_BYTES_MAX);
    struct sp_http1 p;
    sp_http1_init(&p, SP_HTTP1_RESPONSE, &head);
    struct result r = run(&p, sp_slice_of("HTTP/1.1 200 OK\r\n\r\nabc"), 5);
    assert_int_equal(r.err, SP_OK);
    assert_false(r.is_done);
    assert_int_equal(r.body_len, 3);
    assert_true(p.is_until_close && !p.is_persistent);
    assert_int_equal(sp_http1_eof(&p), SP_OK);
}

static void test_a_connection_that_ends_in_a_message_is_short(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf head;
    sp_buf_init(&head, SP_HTTP1_HEAD_BYTES_MAX);
    struct sp_http1 p;
    sp_http1_init(&p, SP_HTTP1_REQUEST, &head);
    assert_int_equal(sp_http1_eof(&p), SP_OK);
    (void)run(&p, sp_slice_of("GET / HTTP/1.1\r\n"), 100);
    assert_int_equal(sp_http1_eof(&p), SP_ERR_SHORT);
}

/* Old clients send one behind a body: the connection rests after it as it did before. */
static void test_an_empty_line_begins_no_message(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf head;
    sp_buf_init(&head, SP_HTTP1_HEAD_BYTES_MAX);
    struct sp_http1 p;
    sp_http1_init(&p, SP_HTTP1_REQUEST, &head);
    (void)run(&p, sp_slice_of("\r"), 1);
    assert_false(sp_http1_is_idle(&p));
    (void)run(&p, sp_slice_of("\n"), 1);
    assert_true(sp_http1_is_idle(&p));
    assert_int_equal(sp_http1_eof(&p), SP_OK);
    assert_true(run(&p, sp_slice_of("GET / HTTP/1.1\r\n" HOST "\r\n"), 100).is_done);
}

static void test_one_parser_walks_over_pipelined_messages(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf head;
    sp_buf_init(&head, SP_HTTP1_HEAD_BYTES_MAX);
    struct sp_http1 p;
    sp_http1_init(&p, SP_HTTP1_REQUEST, &head);
    struct sp_slice in =
        sp_slice_of(POST "Content-Length: 1\r\n\r\naGET /second HTTP/1.1\r\n" HOST "\r\n");
    struct result first = run(&p, in, in.len);
    assert_true(first.is_done);
    sp_http1_next(&p, SP_HTTP1_REQUEST);
    struct result second = run(&p, sp_slice_sub(in, first.consumed, in.len), in.len);
    assert_true(second.is_done);
    assert_int_equal(first.consumed + second.consumed, in.len);
    assert_true(sp_slice_is(sp_http1_target(&p), "/second"));
    assert_false(p.has_length);
    assert_true(p.is_persistent);
}

/* Builds a request whose target, field or number of fields is given. */
static enum sp_err try_sizes(size_t target, size_t value, unsigned fields)
{
    SP_AUTO_BUF struct sp_buf in;
    sp_buf_init(&in, 1024 * 1024);
    assert_int_equal(sp_buf_put_text(&in, "GET /"), SP_OK);
    for (size_t i = 0; i < target; i++) {
        assert_int_equal(sp_buf_put_byte(&in, 'a'), SP_OK);
    }
    assert_int_equal(sp_buf_put_text(&in, " HTTP/1.1\r\n" HOST), SP_OK);
    for (unsigned k = 0; k < fields; k++) {
        assert_int_equal(sp_buf_put_text(&in, "X: "), SP_OK);
        for (size_t i = 0; i < value; i++) {
            assert_int_equal(sp_buf_put_byte(&in, 'a'), SP_OK);
        }
        assert_int_equal(sp_buf_put_text(&in, "\r\n"), SP_OK);
    }
    assert_int_equal(sp_buf_put_text(&in, "\r\n"), SP_OK);
    SP_AUTO_BUF struct sp_buf head;
    sp_buf_init(&head, SP_HTTP1_HEAD_BYTES_MAX);
    struct sp_http1 p;
    sp_http1_init(&p, SP_HTTP1_REQUEST, &head);
    enum sp_err whole = run(&p, sp_buf_slice(&in), in.len).err;
    sp_http1_init(&p, SP_HTTP1_REQUEST, &head);
    assert_int_equal(run(&p, sp_buf_slice(&in), 1000).err, whole);
    return whole;
}

static void test_the_bounds_of_the_head_have_their_own_errors(void **state)
{
    (void)state;
    size_t around = sizeof("GET / HTTP/1.1\r\n") - 1;
    assert_int_equal(try_sizes(SP_HTTP1_LINE_BYTES_MAX - around, 1, 1), SP_OK);
    assert_int_equal(try_sizes(SP_HTTP1_LINE_BYTES_MAX - around + 1, 1, 1), SP_ERR_URI_TOO_LONG);
    size_t others = around + sizeof(HOST) - 1 + sizeof("X: \r\n\r\n") - 1;
    assert_int_equal(try_sizes(0, SP_HTTP1_HEAD_BYTES_MAX - others, 1), SP_OK);
    assert_int_equal(try_sizes(0, SP_HTTP1_HEAD_BYTES_MAX - others + 1, 1), SP_ERR_HEAD_TOO_BIG);
    assert_int_equal(try_sizes(0, 1, SP_HTTP1_FIELDS_MAX - 1), SP_OK);
    assert_int_equal(try_sizes(0, 1, SP_HTTP1_FIELDS_MAX), SP_ERR_HEAD_TOO_BIG);
}

static void test_a_trailer_is_bounded(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf in;
    sp_buf_init(&in, 1024 * 1024);
    assert_int_equal(sp_buf_put_text(&in, POST "Transfer-Encoding: chunked\r\n\r\n0\r\n"), SP_OK);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(sp_buf_put_text(&in, "X: y\r\n"), SP_OK);
    }
    SP_AUTO_BUF struct sp_buf head;
    sp_buf_init(&head, SP_HTTP1_HEAD_BYTES_MAX);
    struct sp_http1 p;
    sp_http1_init(&p, SP_HTTP1_REQUEST, &head);
    assert_int_equal(run(&p, sp_buf_slice(&in), in.len).err, SP_ERR_HEAD_TOO_BIG);
}

/* A body of one-byte chunks whose extensions have this many bytes in sum, the CR of each line counted. */
static enum sp_err try_extensions(size_t bytes)
{
    char each[256];
    SP_AUTO_BUF struct sp_buf in;
    SP_AUTO_BUF struct sp_buf head;
    struct sp_http1 p;
    memset(each, 'a', sizeof(each));
    each[0] = ';';
    sp_buf_init(&in, 1024 * 1024);
    sp_buf_init(&head, SP_HTTP1_HEAD_BYTES_MAX);
    assert_int_equal(sp_buf_put_text(&in, POST "Transfer-Encoding: chunked\r\n\r\n"), SP_OK);
    for (size_t at = 0; at < bytes; at += sizeof(each)) {
        const size_t len = sp_size_min(bytes - at, sizeof(each)) - 1;
        assert_int_equal(sp_buf_put_text(&in, "1"), SP_OK);
        assert_int_equal(sp_buf_put(&in, sp_slice_make(each, len)), SP_OK);
        assert_int_equal(sp_buf_put_text(&in, "\r\na\r\n"), SP_OK);
    }
    assert_int_equal(sp_buf_put_text(&in, "0\r\n\r\n"), SP_OK);
    sp_http1_init(&p, SP_HTTP1_REQUEST, &head);
    const struct result r = run(&p, sp_buf_slice(&in), 1000);
    assert_int_equal(r.is_done, r.err == SP_OK);
    return r.err;
}

static void test_the_extensions_of_all_chunks_are_bounded_together(void **state)
{
    (void)state;
    assert_int_equal(try_extensions(SP_HTTP1_EXTENSION_BYTES_MAX), SP_OK);
    assert_int_equal(try_extensions(SP_HTTP1_EXTENSION_BYTES_MAX + 3), SP_ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_ends_where_the_rules_say_in_any_steps),
        cmocka_unit_test(test_each_unclear_message_is_refused_by_its_rule_in_any_steps),
        cmocka_unit_test(test_the_head_can_be_read_after_it_is_done),
        cmocka_unit_test(test_an_answer_without_length_ends_with_the_connection),
        cmocka_unit_test(test_a_connection_that_ends_in_a_message_is_short),
        cmocka_unit_test(test_an_empty_line_begins_no_message),
        cmocka_unit_test(test_one_parser_walks_over_pipelined_messages),
        cmocka_unit_test(test_the_bounds_of_the_head_have_their_own_errors),
        cmocka_unit_test(test_a_trailer_is_bounded),
        cmocka_unit_test(test_the_extensions_of_all_chunks_are_bounded_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
