#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "format/pickle.h"

struct seen {
    unsigned count;
    enum sp_pickle_event event[8];
    char path[8][64];
};

static bool on_event(void *ctx, enum sp_pickle_event event, struct sp_slice module,
                     struct sp_slice name, size_t at)
{
    struct seen *seen = ctx;
    char first[32];
    char second[32];
    (void)at;
    assert_true(seen->count < 8);
    sp_slice_to_text(module, first, sizeof(first));
    sp_slice_to_text(name, second, sizeof(second));
    seen->event[seen->count] = event;
    (void)snprintf(seen->path[seen->count], sizeof(seen->path[0]), "%s %s", first, second);
    seen->count++;
    return true;
}

#define PICKLE(text)                                                                               \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static const struct {
    const char *name;
    struct sp_slice pickle;
    enum sp_err err;
    unsigned calls;
    unsigned events;
    enum sp_pickle_event event;
    const char *path;
} rows[] = {
    {"a number, protocol 0", PICKLE("I1\n."), SP_OK, 0, 0, 0, ""},
    {"GLOBAL and REDUCE", PICKLE("cos\nsystem\n(S'id'\ntR."), SP_OK, 1, 1, SP_PICKLE_GLOBAL,
     "os system"},
    {"INST", PICKLE("(S'id'\nios\nsystem\n."), SP_OK, 1, 1, SP_PICKLE_GLOBAL, "os system"},
    {"OBJ", PICKLE("(cos\nsystem\nS'id'\no."), SP_OK, 1, 1, SP_PICKLE_GLOBAL, "os system"},
    {"STACK_GLOBAL", PICKLE("\x80\4\x8c\2os\x94\x8c\6system\x94\x93\x94."), SP_OK, 0, 1,
     SP_PICKLE_GLOBAL, "os system"},
    {"STACK_GLOBAL through the memo",
     PICKLE("\x80\4\x8c\2os\x94"
            "0\x8c\6system\x94"
            "0h\0h\1\x93."),
     SP_OK, 0, 1, SP_PICKLE_GLOBAL, "os system"},
    /* MEMOIZE takes the number of objects that there are, not the highest number and one. */
    {"MEMOIZE over a PUT",
     PICKLE("\x80\4\x8c\4mathq\1"
            "0\x8c\2os\x94"
            "0h\1\x8c\3sin\x93."),
     SP_OK, 0, 1, SP_PICKLE_GLOBAL, "os sin"},
    {"STACK_GLOBAL of a computed name", PICKLE("\x80\4\x8c\2osN\x93."), SP_OK, 0, 1,
     SP_PICKLE_COMPUTED, " "},
    {"a name with an escape", PICKLE("\x80\4S'\\x6fs'\n\x8c\6system\x93."), SP_OK, 0, 1,
     SP_PICKLE_COMPUTED, " "},
    {"an extension", PICKLE("\x80\2\x82\1."), SP_OK, 0, 1, SP_PICKLE_EXTENSION, " "},
    {"a persistent object", PICKLE("\x80\2K\1Q."), SP_OK, 0, 1, SP_PICKLE_PERSISTENT, " "},
    {"NEWOBJ", PICKLE("\x80\2cm\nC\n)\x81."), SP_OK, 1, 1, SP_PICKLE_GLOBAL, "m C"},
    {"BUILD", PICKLE("\x80\2cm\nC\n)\x81}b."), SP_OK, 2, 1, SP_PICKLE_GLOBAL, "m C"},
    {"what acts before it breaks", PICKLE("cos\nsystem\n(S'id'\ntR\xFF"), SP_ERR_INVALID, 1, 1,
     SP_PICKLE_GLOBAL, "os system"},
    {"the second of two", PICKLE("N.cos\nsystem\n."), SP_OK, 0, 1, SP_PICKLE_GLOBAL, "os system"},
    {"no such opcode", PICKLE("\xFF"), SP_ERR_INVALID, 0, 0, 0, ""},
    {"nothing to stop with", PICKLE("."), SP_ERR_INVALID, 0, 0, 0, ""},
    {"no mark", PICKLE("t."), SP_ERR_INVALID, 0, 0, 0, ""},
    {"no end", PICKLE("N"), SP_ERR_SHORT, 0, 0, 0, ""},
    {"a text longer than the rest", PICKLE("X\xFF\xFF\xFF\xFFos"), SP_ERR_SHORT, 0, 0, 0, ""},
    {"what was never put", PICKLE("h\5."), SP_ERR_INVALID, 0, 0, 0, ""},
    {"a memo out of all measure", PICKLE("Nr\xFF\xFF\xFF\x7F."), SP_ERR_FULL, 0, 0, 0, ""},
};

static void test_globals_are_found_without_running_any(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct seen seen = {.count = 0};
        struct sp_pickle_result result;
        assert_int_equal(sp_pickle_scan(rows[i].pickle, on_event, &seen, &result), SP_OK);
        if (result.err != rows[i].err || result.calls != rows[i].calls ||
            seen.count != rows[i].events) {
            print_error("%s: %s, %u calls, %u events\n", rows[i].name, sp_err_text(result.err),
                        result.calls, seen.count);
        }
        assert_int_equal(result.err, rows[i].err);
        assert_int_equal(result.calls, rows[i].calls);
        assert_int_equal(seen.count, rows[i].events);
        if (seen.count > 0) {
            assert_int_equal(seen.event[0], rows[i].event);
            assert_string_equal(seen.path[0], rows[i].path);
        }
    }
}

static void test_deep_stacks_end_at_the_bound(void **state)
{
    static uint8_t marks[SP_PICKLE_STACK_MAX + 16];
    struct sp_pickle_result result;
    (void)state;
    for (size_t i = 0; i < sizeof(marks); i++) {
        marks[i] = '(';
    }
    assert_int_equal(sp_pickle_scan(sp_slice_make(marks, sizeof(marks)), NULL, NULL, &result),
                     SP_OK);
    assert_int_equal(result.err, SP_ERR_FULL);
    assert_int_equal(result.at, SP_PICKLE_STACK_MAX + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_globals_are_found_without_running_any),
        cmocka_unit_test(test_deep_stacks_end_at_the_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
