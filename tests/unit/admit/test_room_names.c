/* room_names: a page of the tenant's own sessions, under both names. */
#include <stdio.h>

#include "room_house.h"

static void use_session(struct house *house, unsigned number)
{
    static const char *const form =
        "/executions?api-version=2025-10-02-preview&identifier=session-%u";
    char target[128];
    sp_exchange exchange = sp_exchange_make(number % 100, number + 1);
    (void)snprintf(target, sizeof(target), form, number);
    assert_int_equal(ask_for(house, exchange, sp_buf_slice(&house->token[0]), target, BODY), SP_OK);
    assert_int_equal(ready(house, exchange, BODY), SP_OK);
    assert_int_equal(judged(house, exchange, said.send.worker), SP_OK);
    assert_int_equal(ended(house, exchange, SP_END_DONE), SP_OK);
    house->now.mono_us += SECOND;
    house->now.wall_us += SECOND;
}

/* How many sessions a page names, and the tenant's name of the first. */
static unsigned count(struct sp_slice names, char first[64])
{
    struct sp_reader r;
    struct sp_slice hash = {NULL, 0};
    struct sp_slice name = {NULL, 0};
    unsigned found = 0;
    sp_reader_init(&r, names);
    while (sp_reader_left(&r) > 0) {
        assert_int_equal(sp_reader_block(&r, 64, &hash), SP_OK);
        assert_int_equal(hash.len, 64);
        assert_int_equal(sp_reader_block(&r, 64, &name), SP_OK);
        if (found++ == 0) {
            sp_slice_to_text(name, first, 64);
        }
    }
    return found;
}

static void test_pages_of_names(void **state)
{
    struct house house;
    struct sp_msg_send send = {.next_skip = 99};
    struct sp_guest guest = {.tenant = 0};
    char first[64] = "";
    (void)state;
    open_house(&house, 1, 10);
    assert_int_equal(sp_admit_put_names(house.room, &guest, &send), SP_OK);
    assert_true(send.names.len == 0 && send.next_skip == 0);
    for (unsigned i = 0; i < 120; i++) {
        use_session(&house, i);
    }
    assert_int_equal(sp_admit_put_names(house.room, &guest, &send), SP_OK);
    assert_int_equal(count(send.names, first), 100);
    assert_string_equal(first, "session-119");
    assert_int_equal(send.next_skip, 100);
    guest.skip = 100;
    assert_int_equal(sp_admit_put_names(house.room, &guest, &send), SP_OK);
    assert_int_equal(count(send.names, first), 20);
    assert_string_equal(first, "session-19");
    assert_int_equal(send.next_skip, 0);
    guest.skip = 1000;
    assert_int_equal(sp_admit_put_names(house.room, &guest, &send), SP_OK);
    assert_true(send.names.len == 0 && send.next_skip == 0);
    guest = (struct sp_guest){.tenant = 1};
    assert_int_equal(sp_admit_put_names(house.room, &guest, &send), SP_OK);
    assert_int_equal(send.names.len, 0);
    close_house(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_of_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
