/* assertion: three parts, the claims of RFC 7523, another identifier each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "codec/base64.h"
#include "token/assertion.h"

static struct sp_signer *signer_of_file(void)
{
    struct sp_signer *signer = NULL;
    const char *why = NULL;
    SP_AUTO_BUF struct sp_buf pem;
    char line[512];
    FILE *file = popen("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=c -keyout - "
                       "-out - 2>/dev/null",
                       "r");
    assert_non_null(file);
    sp_buf_init(&pem, 65536);
    while (fgets(line, sizeof(line), file) != NULL) {
        assert_int_equal(sp_buf_put_text(&pem, line), SP_OK);
    }
    assert_int_equal(pclose(file), 0);
    assert_int_equal(sp_signer_new(sp_buf_slice(&pem), &why, &signer), SP_OK);
    return signer;
}

/* The decoded part before the next dot, as text. */
static struct sp_slice part(struct sp_slice *rest, struct sp_buf *out)
{
    const size_t end = sp_slice_find(*rest, 0, '.');
    sp_buf_clear(out);
    assert_int_equal(sp_base64_decode(SP_BASE64_URL, sp_slice_sub(*rest, 0, end), out), SP_OK);
    *rest = sp_slice_sub(*rest, end + 1, rest->len);
    assert_int_equal(sp_buf_put_byte(out, '\0'), SP_OK);
    return sp_buf_slice(out);
}

static void test_an_assertion_has_its_claims(void **state)
{
    (void)state;
    struct sp_signer *signer = signer_of_file();
    SP_AUTO_BUF struct sp_buf first;
    SP_AUTO_BUF struct sp_buf second;
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&first, 8192);
    sp_buf_init(&second, 8192);
    sp_buf_init(&text, 8192);
    const struct sp_slice audience = SP_SLICE_LITERAL("https://login.example/t/oauth2/v2.0/token");
    assert_int_equal(sp_assertion_make(signer, audience, SP_SLICE_LITERAL("me"), 1000, &first),
                     SP_OK);
    assert_int_equal(sp_assertion_make(signer, audience, SP_SLICE_LITERAL("me"), 1000, &second),
                     SP_OK);
    struct sp_slice rest = sp_buf_slice(&first);
    const char *header = (const char *)part(&rest, &text).ptr;
    assert_non_null(strstr(header, "\"alg\":\"PS256\",\"typ\":\"JWT\",\"x5t#S256\":\""));
    const char *claims = (const char *)part(&rest, &text).ptr;
    assert_non_null(strstr(claims, "{\"aud\":\"https://login.example/t/oauth2/v2.0/"
                                   "token\",\"exp\":1600,\"iss\":\"me\",\"jti\":\""));
    assert_non_null(strstr(claims, "\"nbf\":1000,\"sub\":\"me\"}"));
    assert_int_equal(part(&rest, &text).len, 256 + 1);
    assert_int_equal(rest.len, 0);
    assert_false(sp_slice_equal(sp_buf_slice(&first), sp_buf_slice(&second)));
    sp_signer_free(signer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_assertion_has_its_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
