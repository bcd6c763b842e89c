/*
 * identity - how long admit takes to find out who asks: gateway tokens, tokens of issuers from memory and anew, and
 * OpenSSL's own verification of the same signatures beside them; and what a hundred thousand tenants weigh.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "../tests/unit/identity/vectors.h"
#include "base/buf.h"
#include "identity/authority.h"

#define NOW_US  (VECTORS_NOW_S * 1000000U)
#define TENANTS 100000U
#define ROUNDS  5U

static double seconds(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void must(bool is_right, const char *what)
{
    if (!is_right) {
        (void)fprintf(stderr, "bench/identity: %s\n", what);
        exit(1);
    }
}

static struct sp_slice vector(const char *name)
{
    for (size_t i = 0; i < SP_COUNT(vectors_tokens); i++) {
        if (sp_slice_is(sp_slice_of(vectors_tokens[i].name), name)) {
            return sp_slice_of(vectors_tokens[i].text);
        }
    }
    must(false, name);
    return sp_slice_of(NULL);
}

/* --- who asks --- */

static struct sp_authority *make_authority(struct sp_buf *token)
{
    struct sp_authority *a = NULL;
    struct sp_token parsed;
    struct sp_token_row row = {
        .id = SP_SLICE_LITERAL("t1"), .tenant = SP_SLICE_LITERAL("acme"), .scopes = 1};
    const struct sp_tenant acme = {.name = row.tenant,
                                   .policy_name = SP_SLICE_LITERAL("data-science")};
    const struct sp_slice audience = SP_SLICE_LITERAL("sallyport");
    const struct sp_issuer_spec spec = {.name = SP_SLICE_LITERAL("corp"),
                                        .issuer = SP_SLICE_LITERAL(VECTORS_ISSUER),
                                        .audiences = {&audience, 1},
                                        .principal = SP_SLICE_LITERAL("sub")};
    const struct sp_slice condition = SP_SLICE_LITERAL("groups=ops");
    const struct sp_issuer_rule rule = {.conditions = {&condition, 1}, .scopes = 1};
    must(sp_authority_new(&a) == SP_OK, "no memory");
    must(sp_directory_add_tenant(sp_authority_directory(a), &acme) == SP_OK, "tenant");
    must(sp_token_make(row.id, token) == SP_OK &&
             sp_token_parse(sp_buf_slice(token), &parsed) == SP_OK &&
             sp_token_digest(&parsed, row.digest) == SP_OK &&
             sp_directory_put_token(sp_authority_directory(a), &row) == SP_OK,
         "token");
    must(sp_issuers_add(sp_authority_issuers(a), &spec) == SP_OK &&
             sp_issuers_add_rule(sp_authority_issuers(a), 0, &rule) == SP_OK &&
             sp_issuers_set_keys(sp_authority_issuers(a), 0, sp_slice_of(vectors_jwks)) == SP_OK,
         "issuer");
    return a;
}

/* The best of a few rounds: what disturbs a measurement only ever makes it longer. */
static double best(double a, double b)
{
    return a <= 0 || b < a ? b : a;
}

static double time_check(struct sp_authority *a, struct sp_slice authorization, unsigned count,
                         enum sp_err want)
{
    const struct sp_credentials credentials = {.authorization = authorization};
    double least = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const double start = seconds();
        for (unsigned i = 0; i < count; i++) {
            struct sp_principal who;
            must(sp_authority_check(a, &credentials, NOW_US, &who) == want,
                 "a token has another answer");
        }
        least = best(least, (seconds() - start) / count * 1e6);
    }
    return least;
}

static double time_verify(struct sp_authority *a, struct sp_slice token, unsigned count)
{
    double least = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const double start = seconds();
        for (unsigned i = 0; i < count; i++) {
            struct sp_identity identity;
            const char *why = NULL;
            must(sp_issuers_verify(sp_authority_issuers(a), token, NOW_US, &identity, &why) ==
                     SP_OK,
                 "a token is refused");
        }
        least = best(least, (seconds() - start) / count * 1e6);
    }
    return least;
}

/* OpenSSL alone, over as many bytes, as its manual says: a context, then one call, for each signature. */
static double time_openssl(EVP_PKEY *pkey, const char *md, int padding, size_t len, unsigned count)
{
    static unsigned char bytes[16384];
    static unsigned char signature[1024];
    size_t signature_len = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    double least = 0;
    must(EVP_DigestSignInit_ex(ctx, &options, md, NULL, NULL, pkey, NULL) == 1 &&
             (padding == 0 || EVP_PKEY_CTX_set_rsa_padding(options, padding) == 1) &&
             EVP_DigestSign(ctx, signature, &signature_len, bytes, len) == 1,
         "signing");
    for (unsigned round = 0; round < ROUNDS; round++) {
        const double start = seconds();
        for (unsigned i = 0; i < count; i++) {
            must(EVP_MD_CTX_reset(ctx) == 1 &&
                     EVP_DigestVerifyInit_ex(ctx, &options, md, NULL, NULL, pkey, NULL) == 1 &&
                     (padding == 0 || EVP_PKEY_CTX_set_rsa_padding(options, padding) == 1) &&
                     EVP_DigestVerify(ctx, signature, signature_len, bytes, len) == 1,
                 "verifying");
        }
        least = best(least, (seconds() - start) / count * 1e6);
    }
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return least;
}

static void row(struct sp_authority *a, const char *name, const char *token, double openssl,
                unsigned count)
{
    const double ours = time_verify(a, vector(token), count);
    (void)printf("| %s, anew | %.1f us | OpenSSL's verify %.1f us | %.2f |\n", name, ours, openssl,
                 ours / openssl);
}

/* --- many tenants --- */

static void weigh(void)
{
    struct sp_directory *d = NULL;
    const struct mallinfo2 before = mallinfo2();
    must(sp_directory_new(&d) == SP_OK, "no memory");
    for (unsigned i = 0; i < TENANTS; i++) {
        SP_AUTO_BUF struct sp_buf name;
        sp_buf_init(&name, 64);
        must(sp_buf_putf(&name, "tenant-%06u", i) == SP_OK, "name");
        const struct sp_tenant tenant = {.name = sp_buf_slice(&name),
                                         .policy_name = SP_SLICE_LITERAL("data-science")};
        const struct sp_token_row token = {
            .id = sp_buf_slice(&name), .tenant = sp_buf_slice(&name), .scopes = 1};
        must(sp_directory_add_tenant(d, &tenant) == SP_OK &&
                 sp_directory_put_token(d, &token) == SP_OK,
             "tenant");
    }
    const struct mallinfo2 after = mallinfo2();
    const double mib = (double)(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) /
                       (1024.0 * 1024.0);
    (void)printf("| %u tenants with a token each | %.0f MiB | 200 MiB | %.2f |\n", TENANTS, mib,
                 mib / 200.0);
    sp_directory_free(d);
}

int main(void)
{
    SP_AUTO_BUF struct sp_buf token;
    SP_AUTO_BUF struct sp_buf bearer;
    SP_AUTO_BUF struct sp_buf signed_bearer;
    sp_buf_init(&token, 256);
    sp_buf_init(&bearer, 512);
    sp_buf_init(&signed_bearer, 16384);
    struct sp_authority *a = make_authority(&token);
    const struct sp_slice rs256 = vector("RS256 r1");
    must(sp_buf_put_text(&bearer, "Bearer ") == SP_OK &&
             sp_buf_put(&bearer, sp_buf_slice(&token)) == SP_OK &&
             sp_buf_put_text(&signed_bearer, "Bearer ") == SP_OK &&
             sp_buf_put(&signed_bearer, rs256) == SP_OK,
         "no memory");
    (void)printf("| who asks | CPU time | beside | ratio |\n|---|---|---|---|\n");
    const double gateway = time_check(a, sp_buf_slice(&bearer), 300000, SP_OK);
    (void)printf("| gateway token | %.2f us | 3 us | %.2f |\n", gateway, gateway / 3);
    bearer.ptr[bearer.len - 10] ^= 1;
    const double wrong = time_check(a, sp_buf_slice(&bearer), 300000, SP_ERR_TOKEN_UNKNOWN);
    (void)printf("| gateway token, wrong | %.2f us | the right one %.2f us | %.2f |\n", wrong,
                 gateway, wrong / gateway);
    const double cached = time_check(a, sp_buf_slice(&signed_bearer), 300000, SP_OK);
    (void)printf("| RS256 token of %zu bytes, remembered | %.2f us | 3 us | %.2f |\n", rs256.len,
                 cached, cached / 3);
    row(a, "RS256", "RS256 r1", time_openssl(EVP_RSA_gen(2048), "SHA256", 0, rs256.len, 10000),
        10000);
    row(a, "PS256", "PS256 r1",
        time_openssl(EVP_RSA_gen(2048), "SHA256", RSA_PKCS1_PSS_PADDING, rs256.len, 10000), 10000);
    row(a, "ES256", "ES256 e1", time_openssl(EVP_EC_gen("P-256"), "SHA256", 0, rs256.len, 5000),
        5000);
    row(a, "ES384", "ES384 e3", time_openssl(EVP_EC_gen("P-384"), "SHA384", 0, rs256.len, 500),
        500);
    row(a, "EdDSA (Ed25519)", "good",
        time_openssl(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL, 0, rs256.len, 3000), 3000);
    weigh();
    sp_authority_free(a);
    return 0;
}
