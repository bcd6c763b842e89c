/* resolve: addresses and paths need no server; answers are remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "dial/resolve.h"

static struct sp_dial_target target(const char *host, uint16_t port)
{
    return (struct sp_dial_target){.host = (char *)(uintptr_t)host, .port = port};
}

static void test_resolve_takes_numbers_and_paths_as_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint16_t port;
        int family;
    } cases[] = {
        {"127.0.0.1", 80, AF_INET},
        {"::1", 443, AF_INET6},
        {"/tmp/pool.sock", 0, AF_UNIX},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_dial_target place = target(cases[i].name, cases[i].port);
        struct sp_resolved memory = {0};
        struct sp_addresses out = {.count = 0};
        print_message("%s\n", cases[i].name);
        assert_int_equal(sp_resolve(&place, &memory, 1, &out, NULL), SP_OK);
        assert_int_equal(out.count, 1);
        assert_int_equal(out.items[0].bytes.ss_family, cases[i].family);
    }
}

static void test_resolve_puts_the_port_into_the_address(void **state)
{
    (void)state;
    struct sp_dial_target place = target("127.0.0.1", 8443);
    struct sp_resolved memory = {0};
    struct sp_addresses out = {.count = 0};
    assert_int_equal(sp_resolve(&place, &memory, 1, &out, NULL), SP_OK);
    const struct sockaddr_in *address = (const struct sockaddr_in *)&out.items[0].bytes;
    assert_int_equal(ntohs(address->sin_port), 8443);
}

static void test_resolve_keeps_the_last_good_answer_when_the_server_fails(void **state)
{
    (void)state;
    struct sp_dial_target good = target("127.0.0.1", 80);
    /* A label of more than 63 letters is refused without asking anybody. */
    struct sp_dial_target bad =
        target("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.invalid", 80);
    struct sp_resolved memory = {0};
    struct sp_addresses out = {.count = 0};
    struct sp_where where = {0};
    assert_int_equal(sp_resolve(&bad, &memory, 1, &out, &where), SP_ERR_POOL_UNAVAILABLE);
    assert_int_equal(out.count, 0);
    assert_true(sp_slice_starts(sp_slice_of(where.text), "cannot resolve aaaa"));
    assert_true(memory.ask_again_ms > 1);
    memory = (struct sp_resolved){0};
    assert_int_equal(sp_resolve(&good, &memory, 1, &out, NULL), SP_OK);
    assert_int_equal(sp_resolve(&bad, &memory, 1 + SP_RESOLVE_GOOD_MS, &out, NULL), SP_OK);
    assert_int_equal(memory.last, SP_ERR_POOL_UNAVAILABLE);
    assert_int_equal(out.count, 1);
}

static void test_resolve_does_not_ask_twice_within_its_memory(void **state)
{
    (void)state;
    struct sp_dial_target good = target("127.0.0.1", 80);
    struct sp_dial_target other = target("::1", 80);
    struct sp_resolved memory = {0};
    struct sp_addresses out = {.count = 0};
    assert_int_equal(sp_resolve(&good, &memory, 1, &out, NULL), SP_OK);
    assert_int_equal(sp_resolve(&other, &memory, SP_RESOLVE_GOOD_MS, &out, NULL), SP_OK);
    assert_int_equal(out.items[0].bytes.ss_family, AF_INET);
    assert_int_equal(sp_resolve(&other, &memory, SP_RESOLVE_GOOD_MS + 1, &out, NULL), SP_OK);
    assert_int_equal(out.items[0].bytes.ss_family, AF_INET6);
}

static int prepare(void **state)
{
    (void)state;
    return sp_resolve_prepare() == SP_OK ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve_takes_numbers_and_paths_as_they_are),
        cmocka_unit_test(test_resolve_puts_the_port_into_the_address),
        cmocka_unit_test(test_resolve_keeps_the_last_good_answer_when_the_server_fails),
        cmocka_unit_test(test_resolve_does_not_ask_twice_within_its_memory),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
