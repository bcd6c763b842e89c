/* credential: one question at a time, renewed ahead, the old bearer while that fails, dropped once when refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "token/credential.h"

#define GOOD(token) "{\"access_token\":\"" token "\",\"expires_in\":3600}"
#define HOUR_MS     ((uint64_t)3600 * 1000)

struct world {
    struct sp_credential credential;
    unsigned asked;
    unsigned published;
    enum sp_err err;
    char bearer[64];
    unsigned notes;
    char note[256];
    const char *proof; /* NULL: cannot be read */
    char request[2048];
};

static void publish(void *ctx, enum sp_err err, struct sp_slice bearer, uint64_t expires_us)
{
    struct world *world = ctx;
    (void)expires_us;
    world->published++;
    world->err = err;
    world->bearer[sp_slice_copy(bearer, world->bearer, sizeof(world->bearer) - 1)] = '\0';
}

static void refused(void *ctx, const char *fingerprint)
{
    (void)ctx;
    (void)fingerprint;
}

static void ask(void *ctx, struct sp_slice request)
{
    struct world *world = ctx;
    world->asked++;
    world->request[sp_slice_copy(request, world->request, sizeof(world->request) - 1)] = '\0';
}

static enum sp_err read_proof(void *ctx, struct sp_buf *out)
{
    const struct world *world = ctx;
    return world->proof == NULL ? SP_ERR_NOT_FOUND : sp_buf_put_text(out, world->proof);
}

static void note(void *ctx, bool is_good, const char *text)
{
    struct world *world = ctx;
    (void)is_good;
    world->notes++;
    sp_slice_to_text(sp_slice_of(text), world->note, sizeof(world->note));
}

static struct sp_credential_now at(uint64_t mono_ms)
{
    return (struct sp_credential_now){.mono_ms = mono_ms, .wall_s = 1700000000, .jitter = 0};
}

static void open_world(struct world *world, enum sp_provider_source source)
{
    const struct sp_provider provider = {.source = source,
                                         .endpoint = SP_SLICE_LITERAL("https://login.example"),
                                         .audience = SP_SLICE_LITERAL("https://dynamicsessions.io"),
                                         .tenant_id = SP_SLICE_LITERAL("t"),
                                         .client_id = SP_SLICE_LITERAL("c")};
    const struct sp_credential_ops ops = {
        .bearer = {.publish = publish, .refused = refused, .ctx = world},
        .ask = ask,
        .read_proof = read_proof,
        .note = note,
        .ctx = world};
    *world = (struct world){.err = SP_OK};
    assert_int_equal(sp_credential_init(&world->credential, &provider, &ops), SP_OK);
}

static void open_with_secret(struct world *world)
{
    const char *why = NULL;
    open_world(world, SP_PROVIDER_CLIENT_SECRET);
    assert_int_equal(
        sp_credential_prove(&world->credential, SP_SLICE_LITERAL("the-secret\n"), &why), SP_OK);
}

static void wire(struct world *world, uint64_t ms)
{
    const struct sp_credential_now now = at(ms);
    sp_credential_wired(&world->credential);
    sp_credential_turn(&world->credential, &now);
}

static void turn(struct world *world, uint64_t ms)
{
    const struct sp_credential_now now = at(ms);
    sp_credential_turn(&world->credential, &now);
}

static void answer(struct world *world, unsigned status, const char *body, uint64_t ms)
{
    const struct sp_credential_now now = at(ms);
    sp_credential_answered(&world->credential, status, 0, sp_slice_of(body), &now);
}

static void test_one_question_serves_all_wires(void **state)
{
    (void)state;
    struct world world;
    open_with_secret(&world);
    wire(&world, 0);
    wire(&world, 1);
    turn(&world, 2);
    assert_int_equal(world.asked, 1);
    assert_int_equal(world.published, 0);
    answer(&world, 200, GOOD("first"), 100);
    assert_string_equal(world.bearer, "first");
    wire(&world, 200);
    assert_int_equal(world.published, 2);
    assert_int_equal(world.asked, 1);
    sp_credential_done(&world.credential);
}

static void test_the_old_bearer_serves_while_renewing_fails(void **state)
{
    (void)state;
    struct world world;
    open_with_secret(&world);
    wire(&world, 0);
    answer(&world, 200, GOOD("first"), 0);
    turn(&world, HOUR_MS - SP_RENEW_AHEAD_MS - 1);
    assert_int_equal(world.asked, 1);
    turn(&world, HOUR_MS - SP_RENEW_AHEAD_MS);
    assert_int_equal(world.asked, 2);
    answer(&world, 503,
           "{\"error\":\"temporarily_unavailable\",\"error_description\":\"the-secret\"}",
           HOUR_MS - SP_RENEW_AHEAD_MS);
    assert_int_equal(world.published, 1);
    assert_string_equal(
        world.note, "the identity provider answered with status 503 error=temporarily_unavailable");
    wire(&world, HOUR_MS - SP_RENEW_AHEAD_MS + 1);
    assert_string_equal(world.bearer, "first");
    turn(&world, HOUR_MS - SP_RENEW_MARGIN_MS); /* it is over now */
    assert_int_equal(world.err, SP_ERR_POOL_CREDENTIAL);
    assert_string_equal(world.bearer, "");
    answer(&world, 200, GOOD("second"), HOUR_MS);
    assert_string_equal(world.bearer, "second");
    assert_string_equal(world.note, "the identity provider answers again");
    assert_int_equal(world.notes, 2);
    sp_credential_done(&world.credential);
}

static void test_a_first_failure_is_told_and_later_mended(void **state)
{
    (void)state;
    struct world world;
    open_with_secret(&world);
    wire(&world, 0);
    const struct sp_credential_now now = at(10);
    sp_credential_failed(&world.credential, "no answer in time", &now);
    assert_int_equal(world.err, SP_ERR_POOL_CREDENTIAL);
    assert_string_equal(world.note, "no answer in time");
    turn(&world, 10 + SP_RENEW_FIRST_DELAY_MS);
    assert_int_equal(world.asked, 2);
    answer(&world, 200, GOOD("first"), 900);
    assert_string_equal(world.bearer, "first");
    sp_credential_done(&world.credential);
}

static void test_a_refused_bearer_is_dropped_once(void **state)
{
    (void)state;
    struct world world;
    uint8_t digest[SP_SHA256_BYTES];
    const struct sp_credential_now now = at(1000);
    open_with_secret(&world);
    wire(&world, 0);
    answer(&world, 200, GOOD("first"), 0);
    assert_int_equal(sp_sha256(SP_SLICE_LITERAL("first"), digest), SP_OK);
    sp_credential_refused(&world.credential, digest, &now);
    sp_credential_refused(&world.credential, digest, &now);
    assert_int_equal(world.asked, 2);
    assert_int_equal(world.published, 1);     /* the next is on its way */
    answer(&world, 200, GOOD("first"), 1100); /* the provider gives the same again */
    assert_int_equal(world.published, 2);
    const struct sp_credential_now soon = at(1200);
    sp_credential_refused(&world.credential, digest, &soon);
    assert_int_equal(world.asked, 2);
    assert_int_equal(world.published, 3); /* relay waits for a word, and there is no other bearer */
    assert_string_equal(world.bearer, "first");
    sp_credential_done(&world.credential);
}

static void test_a_refusal_is_always_answered_by_the_bearer_of_the_moment(void **state)
{
    (void)state;
    struct world world;
    uint8_t digest[SP_SHA256_BYTES];
    uint8_t other[SP_SHA256_BYTES] = {1};
    const struct sp_credential_now now = at(1000);
    open_with_secret(&world);
    wire(&world, 0);
    answer(&world, 200, GOOD("first"), 0);
    sp_credential_refused(&world.credential, other, &now); /* an earlier one: nothing is asked */
    assert_int_equal(world.asked, 1);
    assert_int_equal(world.published, 2);
    assert_string_equal(world.bearer, "first");
    assert_int_equal(sp_sha256(SP_SLICE_LITERAL("first"), digest), SP_OK);
    sp_credential_refused(&world.credential, digest, &now);
    answer(&world, 503, "{}", 1100);
    assert_int_equal(world.published, 3);
    assert_int_equal(world.err, SP_ERR_POOL_CREDENTIAL);
    assert_string_equal(world.bearer, "");
    const struct sp_credential_now soon = at(1200);
    sp_credential_refused(&world.credential, digest, &soon); /* between two questions */
    assert_int_equal(world.published, 4);
    sp_credential_done(&world.credential);
}

static void test_a_projected_token_is_read_at_each_question(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, SP_PROVIDER_WORKLOAD_IDENTITY);
    wire(&world, 0);
    assert_int_equal(world.asked, 0);
    assert_string_equal(world.note, "the file of the token cannot be read");
    world.proof = "a.b.one";
    turn(&world, SP_RENEW_FIRST_DELAY_MS);
    assert_int_equal(world.asked, 1);
    assert_non_null(strstr(world.request, "client_assertion=a.b.one"));
    answer(&world, 200, GOOD("first"), 1000);
    world.proof = "a.b.two";
    turn(&world, HOUR_MS);
    assert_non_null(strstr(world.request, "client_assertion=a.b.two"));
    sp_credential_done(&world.credential);
}

static void test_an_empty_credential_is_refused(void **state)
{
    (void)state;
    struct world world;
    const char *why = NULL;
    open_world(&world, SP_PROVIDER_CLIENT_SECRET);
    assert_int_equal(sp_credential_prove(&world.credential, SP_SLICE_LITERAL("\n"), &why),
                     SP_ERR_CONFIG);
    assert_string_equal(why, "the credential is empty");
    sp_credential_done(&world.credential);
    open_world(&world, SP_PROVIDER_CLIENT_CERTIFICATE);
    assert_int_equal(sp_credential_prove(&world.credential, SP_SLICE_LITERAL("no pem"), &why),
                     SP_ERR_CONFIG);
    assert_string_equal(why, "the file holds no certificate in PEM form");
    sp_credential_done(&world.credential);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_question_serves_all_wires),
        cmocka_unit_test(test_the_old_bearer_serves_while_renewing_fails),
        cmocka_unit_test(test_a_first_failure_is_told_and_later_mended),
        cmocka_unit_test(test_a_refused_bearer_is_dropped_once),
        cmocka_unit_test(test_a_refusal_is_always_answered_by_the_bearer_of_the_moment),
        cmocka_unit_test(test_a_projected_token_is_read_at_each_question),
        cmocka_unit_test(test_an_empty_credential_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
