#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "quota/names.h"

struct hash {
    char text[SP_STORE_HASH_CHARS + 1];
};

static struct hash hash_of(unsigned number)
{
    struct hash hash;
    (void)snprintf(hash.text, sizeof(hash.text), "%08x%056u", number * 2654435761U, number);
    return hash;
}

static struct sp_name *add(struct sp_names *names, unsigned number, uint32_t tenant,
                           uint64_t used_us)
{
    struct hash hash = hash_of(number);
    struct sp_name *name = NULL;
    assert_int_equal(
        sp_names_add(names, sp_slice_of(hash.text), sp_slice_of("demo"), tenant, used_us, &name),
        SP_OK);
    return name;
}

static struct sp_name *find(struct sp_names *names, unsigned number)
{
    struct hash hash = hash_of(number);
    return sp_names_find(names, sp_slice_of(hash.text));
}

static void test_a_thousand_names_are_found_and_removed(void **state)
{
    (void)state;
    struct sp_names *names = NULL;
    assert_int_equal(sp_names_new(1000, &names), SP_OK);
    for (unsigned i = 0; i < 1000; i++) {
        struct sp_name *name = add(names, i, i % 7, i);
        name->lease_us = i % 2;
    }
    struct hash more = hash_of(1000);
    struct sp_name *none = NULL;
    assert_int_equal(sp_names_add(names, sp_slice_of(more.text), sp_slice_of("x"), 0, 0, &none),
                     SP_ERR_FULL);
    assert_int_equal(sp_names_add(names, sp_slice_of("short"), sp_slice_of("x"), 0, 0, &none),
                     SP_ERR_INVALID);
    for (unsigned i = 0; i < 1000; i += 2) {
        assert_non_null(find(names, i));
        sp_names_remove(names, find(names, i));
        assert_null(find(names, i));
    }
    assert_int_equal(sp_names_buried(names).len, 0); /* none of those was on the store */
    sp_names_remove(names, find(names, 1));
    assert_int_equal(sp_names_buried(names).len, SP_STORE_HASH_CHARS);
    sp_names_bury_done(names);
    assert_int_equal(sp_names_buried(names).len, 0);
    assert_int_equal(sp_names_count(names), 499);
    sp_names_free(names);
}

static void test_the_order_of_use_is_kept_for_all_and_for_each_tenant(void **state)
{
    (void)state;
    struct sp_names *names = NULL;
    assert_int_equal(sp_names_new(10, &names), SP_OK);
    struct sp_name *a = add(names, 1, 3, 10);
    struct sp_name *b = add(names, 2, 3, 20);
    struct sp_name *c = add(names, 3, 900, 30);
    assert_ptr_equal(sp_names_oldest(names), a);
    sp_names_touch(names, a, 40);
    assert_ptr_equal(sp_names_oldest(names), b);
    assert_ptr_equal(sp_names_oldest_of(names, 3), b);
    assert_ptr_equal(sp_names_newest_of(names, 3), a);
    b->in_use = 1; /* stands apart: it does not end */
    sp_names_touch(names, b, 50);
    assert_ptr_equal(sp_names_oldest(names), c);
    assert_ptr_equal(sp_names_oldest_of(names, 3), a);
    assert_ptr_equal(sp_names_newest_of(names, 3), b);
    b->in_use = 0;
    sp_names_touch(names, b, 60);
    sp_names_remove(names, c);
    assert_ptr_equal(sp_names_oldest(names), a);
    sp_names_remove(names, a);
    assert_ptr_equal(sp_names_oldest(names), b);
    assert_null(sp_names_oldest_of(names, 7));
    assert_null(sp_names_newest_of(names, 100000));
    sp_names_free(names);
}

static void test_those_that_are_waited_for_are_written_first(void **state)
{
    (void)state;
    struct sp_names *names = NULL;
    assert_int_equal(sp_names_new(10, &names), SP_OK);
    struct sp_name *a = add(names, 1, 0, 1);
    struct sp_name *b = add(names, 2, 0, 2);
    struct sp_name *c = add(names, 3, 0, 3);
    sp_names_list(names, a, false);
    sp_names_list(names, b, false);
    sp_names_list(names, a, false);
    assert_int_equal(sp_names_listed(names), 2);
    sp_names_list(names, c, true);
    sp_names_list(names, b, true);
    assert_int_equal(sp_names_listed(names), 3);
    assert_ptr_equal(sp_names_first_listed(names), b);
    sp_names_unlist_first(names);
    assert_ptr_equal(sp_names_first_listed(names), c);
    sp_names_remove(names, c);
    assert_ptr_equal(sp_names_first_listed(names), a);
    sp_names_unlist_first(names);
    assert_null(sp_names_first_listed(names));
    assert_int_equal(sp_names_listed(names), 0);
    sp_names_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thousand_names_are_found_and_removed),
        cmocka_unit_test(test_the_order_of_use_is_kept_for_all_and_for_each_tenant),
        cmocka_unit_test(test_those_that_are_waited_for_are_written_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
