/* Connections by address: who counts as one client, and that a count never leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "door/address.h"

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage out = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(4711);
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(4712);
    }
    return out;
}

static bool are_one(const char *a, const char *b)
{
    struct sockaddr_storage from_a = address(a);
    struct sockaddr_storage from_b = address(b);
    struct sp_address x = sp_address_of(&from_a);
    struct sp_address y = sp_address_of(&from_b);
    return x.prefix == y.prefix && x.is_v6 == y.is_v6;
}

static void test_one_client_is_an_ipv4_address_or_an_ipv6_network(void **state)
{
    (void)state;
    assert_true(are_one("192.0.2.1", "192.0.2.1"));
    assert_false(are_one("192.0.2.1", "192.0.2.2"));
    assert_true(are_one("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
    assert_false(are_one("2001:db8:1:2::1", "2001:db8:1:3::1"));
    assert_true(are_one("192.0.2.1", "::ffff:192.0.2.1"));
    assert_false(are_one("0.0.0.0", "::"));
}

static void test_addresses_read_as_people_write_them(void **state)
{
    static const struct {
        const char *in;
        const char *text;
        uint16_t port;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", 4711},
        {"2001:db8::1", "2001:db8::1", 4712},
        {"::ffff:192.0.2.1", "192.0.2.1", 4712},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sockaddr_storage from = address(cases[i].in);
        char text[SP_ADDRESS_TEXT_BYTES];
        uint16_t port = 0;
        sp_address_text(&from, text, &port);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(port, cases[i].port);
    }
    struct sockaddr_storage other = {.ss_family = AF_UNIX};
    char text[SP_ADDRESS_TEXT_BYTES];
    uint16_t port = 1;
    sp_address_text(&other, text, &port);
    assert_string_equal(text, "unknown");
    assert_int_equal(port, 0);
}

static void test_an_address_has_its_bound_and_gets_its_place_back(void **state)
{
    struct sp_address_table *table = NULL;
    const struct sp_address who = {.prefix = 7, .is_v6 = false};
    (void)state;
    assert_int_equal(sp_address_table_new(4, &table), SP_OK);
    assert_int_equal(sp_address_enter(table, who, 2), SP_OK);
    assert_int_equal(sp_address_enter(table, who, 2), SP_OK);
    assert_int_equal(sp_address_enter(table, who, 2), SP_ERR_BUSY);
    assert_int_equal(sp_address_count(table, who), 2);
    sp_address_leave(table, who);
    assert_int_equal(sp_address_enter(table, who, 2), SP_OK);
    sp_address_leave(table, who);
    sp_address_leave(table, who);
    assert_int_equal(sp_address_count(table, who), 0);
    assert_int_equal(sp_address_enter(table, who, 0), SP_ERR_BUSY);
    sp_address_table_free(table);
}

static void test_the_table_is_full_at_its_maximum_and_whole_again_after(void **state)
{
    struct sp_address_table *table = NULL;
    (void)state;
    assert_int_equal(sp_address_table_new(64, &table), SP_OK);
    for (unsigned round = 0; round < 50; round++) {
        for (uint64_t i = 0; i < 64; i++) {
            assert_int_equal(
                sp_address_enter(table,
                                 (struct sp_address){.prefix = i * round, .is_v6 = i % 2 == 0}, 64),
                SP_OK);
        }
        if (round > 0) {
            assert_int_equal(sp_address_enter(table, (struct sp_address){.prefix = UINT64_MAX}, 64),
                             SP_ERR_FULL);
        }
        for (uint64_t i = 64; i-- > 0;) {
            sp_address_leave(table, (struct sp_address){.prefix = i * round, .is_v6 = i % 2 == 0});
        }
    }
    sp_address_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_client_is_an_ipv4_address_or_an_ipv6_network),
        cmocka_unit_test(test_addresses_read_as_people_write_them),
        cmocka_unit_test(test_an_address_has_its_bound_and_gets_its_place_back),
        cmocka_unit_test(test_the_table_is_full_at_its_maximum_and_whole_again_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
