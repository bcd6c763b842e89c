#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/crypto.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/num.h"
#include "certs.h"
#include "crypto/tls.h"

#define TURNS_MAX 64

/* One authority serves all cases; each case has a connection of its own. */
static struct authority *ours;
static struct authority *foreign;
static struct cert server;
static struct cert client;
static struct cert expired;
static struct cert stranger;
static char *ca;
static char *foreign_ca;

static int make_all(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    ours = authority_new("ours");
    foreign = authority_new("foreign");
    server = authority_issue(ours, "gateway", "DNS:gateway.example,IP:127.0.0.1", false);
    client =
        authority_issue(ours, "client one",
                        "DNS:one.acme.example,URI:spiffe://acme/one,email:one@acme.example", false);
    expired = authority_issue(ours, "old", NULL, true);
    stranger = authority_issue(foreign, "stranger", NULL, false);
    ca = authority_pem(ours);
    foreign_ca = authority_pem(foreign);
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    cert_free(&server);
    cert_free(&client);
    cert_free(&expired);
    cert_free(&stranger);
    OPENSSL_free(ca);
    OPENSSL_free(foreign_ca);
    authority_free(ours);
    authority_free(foreign);
    return 0;
}

/* Both ends of a connection. The far end is a server's context too when it has to show a certificate. */
struct pair {
    int fds[2];
    struct sp_tls_context *contexts[2];
    struct sp_tls *ends[2];
    enum sp_err errs[2];
};

static struct sp_tls_server_files files(enum sp_tls_demand demand)
{
    return (struct sp_tls_server_files){.certificate = sp_slice_of(server.certificate),
                                        .key = sp_slice_of(server.key),
                                        .client_ca = sp_slice_of(ca),
                                        .client_crl = {NULL, 0},
                                        .demand = demand};
}

static void open_pair(struct pair *p, const struct sp_tls_server_files *of_server,
                      const char *trusted, const char *host, const struct cert *shown)
{
    const char *why = NULL;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->fds), 0);
    assert_int_equal(sp_tls_server_new(of_server, &why, &p->contexts[0]), SP_OK);
    assert_int_equal(sp_tls_client_new(sp_slice_of(trusted), &why, &p->contexts[1]), SP_OK);
    if (shown != NULL) {
        assert_int_equal(sp_tls_client_show(p->contexts[1], sp_slice_of(shown->certificate),
                                            sp_slice_of(shown->key), &why),
                         SP_OK);
    }
    assert_int_equal(sp_tls_new(p->contexts[0], p->fds[0], NULL, &p->ends[0]), SP_OK);
    assert_int_equal(sp_tls_new(p->contexts[1], p->fds[1], host, &p->ends[1]), SP_OK);
    p->errs[0] = p->errs[1] = SP_ERR_BUSY;
    for (unsigned i = 0; i < TURNS_MAX; i++) {
        unsigned end = i % 2;
        p->errs[end] = p->errs[end] == SP_ERR_BUSY ? sp_tls_handshake(p->ends[end]) : p->errs[end];
    }
}

static void close_pair(struct pair *p)
{
    for (unsigned i = 0; i < 2; i++) {
        sp_tls_free(p->ends[i]);
        sp_tls_context_free(p->contexts[i]);
        close(p->fds[i]);
    }
}

static void expect_text(struct sp_tls *end, const char *text)
{
    uint8_t got[64];
    size_t len = 0;
    assert_int_equal(sp_tls_read(end, got, sizeof(got), &len), SP_OK);
    assert_int_equal(len, sp_slice_of(text).len);
    assert_memory_equal(got, text, len);
}

static void test_bytes_go_both_ways_and_end(void **state)
{
    (void)state;
    struct pair p;
    const struct sp_tls_server_files f = files(SP_TLS_NO_CERTIFICATE);
    uint8_t got[8];
    size_t len = 0;
    open_pair(&p, &f, ca, "gateway.example", NULL);
    assert_int_equal(p.errs[0], SP_OK);
    assert_int_equal(p.errs[1], SP_OK);
    assert_int_equal(sp_tls_read(p.ends[0], got, sizeof(got), &len), SP_ERR_BUSY);
    assert_int_equal(sp_tls_write(p.ends[1], SP_SLICE_LITERAL("ask"), &len), SP_OK);
    expect_text(p.ends[0], "ask");
    assert_int_equal(sp_tls_write(p.ends[0], SP_SLICE_LITERAL("answer"), &len), SP_OK);
    sp_tls_end(p.ends[0]);
    expect_text(p.ends[1], "answer");
    assert_int_equal(sp_tls_read(p.ends[1], got, sizeof(got), &len), SP_ERR_CLOSED);
    close_pair(&p);
}

static void test_a_server_must_be_who_it_says(void **state)
{
    (void)state;
    const struct {
        const char *trusted;
        const char *host;
        enum sp_err err;
    } cases[] = {
        {ca, "gateway.example", SP_OK},
        {ca, "127.0.0.1", SP_OK},
        {ca, "other.example", SP_ERR_SYSTEM},
        {ca, "127.0.0.2", SP_ERR_SYSTEM},
        {foreign_ca, "gateway.example", SP_ERR_SYSTEM},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct pair p;
        const struct sp_tls_server_files f = files(SP_TLS_NO_CERTIFICATE);
        open_pair(&p, &f, cases[i].trusted, cases[i].host, NULL);
        assert_int_equal(p.errs[1], cases[i].err);
        close_pair(&p);
    }
}

static void test_certificates_of_clients(void **state)
{
    (void)state;
    const struct {
        const struct cert *shown;
        enum sp_tls_demand demand;
        bool is_good;
        bool has_peer;
    } cases[] = {
        {&client, SP_TLS_MUST_CERTIFICATE, true, true},
        {NULL, SP_TLS_MUST_CERTIFICATE, false, false},
        {&client, SP_TLS_MAY_CERTIFICATE, true, true},
        {NULL, SP_TLS_MAY_CERTIFICATE, true, false},
        {&expired, SP_TLS_MAY_CERTIFICATE, false, false},
        {&stranger, SP_TLS_MAY_CERTIFICATE, false, false},
        {&client, SP_TLS_NO_CERTIFICATE, true, false},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct pair p;
        uint8_t fingerprint[SP_SHA256_BYTES];
        SP_AUTO_BUF struct sp_buf subject;
        const struct sp_tls_server_files f = files(cases[i].demand);
        sp_buf_init(&subject, 1024);
        open_pair(&p, &f, ca, "gateway.example", cases[i].shown);
        assert_int_equal(p.errs[0] == SP_OK, cases[i].is_good);
        assert_int_equal(sp_tls_peer(p.ends[0], fingerprint, &subject),
                         cases[i].has_peer ? SP_OK : SP_ERR_NOT_FOUND);
        if (cases[i].has_peer) {
            assert_true(sp_slice_is(
                sp_buf_slice(&subject),
                "CN=client "
                "one\ndns:one.acme.example\nuri:spiffe://acme/one\nemail:one@acme.example"));
        }
        close_pair(&p);
    }
}

static void expect_client(const char *crl, const struct cert *shown, const char *reason)
{
    struct pair p;
    struct sp_tls_server_files f = files(SP_TLS_MUST_CERTIFICATE);
    f.client_crl = sp_slice_of(crl);
    open_pair(&p, &f, ca, "gateway.example", shown);
    assert_int_equal(p.errs[0], reason != NULL ? SP_ERR_SYSTEM : SP_OK);
    if (reason != NULL) {
        assert_string_equal(sp_tls_reason(p.ends[0]), reason);
    }
    close_pair(&p);
}

static void test_a_revoked_client_stays_outside(void **state)
{
    (void)state;
    char *(*const makers[])(struct authority *, const struct cert *) = {authority_crl,
                                                                        authority_crl_with_delta};
    for (size_t i = 0; i < 2 * SP_COUNT(makers); i++) {
        const bool is_revoked = i % 2 != 0;
        char *crl = makers[i / 2](ours, is_revoked ? &client : NULL);
        expect_client(crl, &client, is_revoked ? "certificate revoked" : NULL);
        OPENSSL_free(crl);
    }
}

static void test_policies_that_an_authority_demands_are_there(void **state)
{
    (void)state;
    for (unsigned has_policy = 0; has_policy < 2; has_policy++) {
        struct cert bound = authority_issue_bound(ours, has_policy != 0);
        expect_client("", &bound, has_policy != 0 ? NULL : "no explicit policy");
        cert_free(&bound);
    }
}

static void test_plain_http_is_told_apart(void **state)
{
    (void)state;
    const struct {
        const char *sent;
        enum sp_err err;
    } cases[] = {{"POST /executions HTTP/1.1\r\nHost: a\r\n\r\n", SP_ERR_INVALID},
                 {"\x16\x03\x01\xff\xff garbage that is no handshake", SP_ERR_SYSTEM},
                 {"SSH-2.0-OpenSSH_9.2p1 Debian\r\n", SP_ERR_SYSTEM}};
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_tls_context *context = NULL;
        struct sp_tls *end = NULL;
        const struct sp_tls_server_files f = files(SP_TLS_NO_CERTIFICATE);
        const char *why = NULL;
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
        assert_int_equal(sp_tls_server_new(&f, &why, &context), SP_OK);
        assert_int_equal(sp_tls_new(context, fds[0], NULL, &end), SP_OK);
        assert_int_equal(sp_tls_handshake(end), SP_ERR_BUSY);
        assert_true(write(fds[1], cases[i].sent, sp_slice_of(cases[i].sent).len) > 0);
        assert_int_equal(sp_tls_handshake(end), cases[i].err);
        sp_tls_free(end);
        sp_tls_context_free(context);
        close(fds[0]);
        close(fds[1]);
    }
}

static void test_files_that_do_not_fit_are_named(void **state)
{
    (void)state;
    const struct {
        const char *certificate;
        const char *key;
        const char *client_ca;
        const char *client_crl;
        const char *why;
    } cases[] = {
        {"", server.key, ca, "", "the certificate's file holds no certificate in PEM form"},
        {server.key, server.key, ca, "", "the certificate's file holds no certificate in PEM form"},
        {server.certificate, server.certificate, ca, "",
         "the key's file holds no private key in PEM form without a password"},
        {server.certificate, client.key, ca, "", "the key does not belong to the certificate"},
        {server.certificate, server.key, "", "",
         "the authorities' file holds no certificate in PEM form"},
        {server.certificate, server.key, ca, ca,
         "the file of revoked certificates holds no list in PEM form"},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_tls_context *context = NULL;
        const char *why = NULL;
        const struct sp_tls_server_files f = {.certificate = sp_slice_of(cases[i].certificate),
                                              .key = sp_slice_of(cases[i].key),
                                              .client_ca = sp_slice_of(cases[i].client_ca),
                                              .client_crl = sp_slice_of(cases[i].client_crl),
                                              .demand = SP_TLS_MUST_CERTIFICATE};
        assert_int_equal(sp_tls_server_new(&f, &why, &context), SP_ERR_CONFIG);
        assert_string_equal(why, cases[i].why);
        assert_null(context);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_go_both_ways_and_end),
        cmocka_unit_test(test_a_server_must_be_who_it_says),
        cmocka_unit_test(test_certificates_of_clients),
        cmocka_unit_test(test_a_revoked_client_stays_outside),
        cmocka_unit_test(test_policies_that_an_authority_demands_are_there),
        cmocka_unit_test(test_plain_http_is_told_apart),
        cmocka_unit_test(test_files_that_do_not_fit_are_named),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
