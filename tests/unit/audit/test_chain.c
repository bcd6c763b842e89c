#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "audit/chain.h"
#include "fake_disk.h"

static void key_text(const struct sp_note_key *key, char out[SP_NOTE_TEXT_MAX])
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, SP_NOTE_TEXT_MAX);
    assert_int_equal(sp_note_key_write(key, &text), SP_OK);
    sp_slice_to_text(sp_buf_slice(&text), out, SP_NOTE_TEXT_MAX);
}

struct told {
    unsigned problems;
    char text[200];
};

static void on_chain(void *ctx, uint64_t index, const char *text)
{
    struct told *told = ctx;
    (void)index;
    if (told->problems == 0) {
        (void)snprintf(told->text, sizeof(told->text), "%s", text);
    }
    told->problems++;
}

/* A start, a change at entry 1, its root, and a proof made as the test says. */
struct forge {
    const char *name;
    bool lacks_old;
    bool lacks_new;
    uint64_t size;
    uint8_t root;
    const char *problem;
};

static void put_line(struct sp_chain *chain, uint64_t index, const char *line)
{
    assert_true(sp_chain_may_care(sp_slice_of(line)));
    assert_int_equal(sp_chain_entry(chain, index, sp_slice_of(line)), SP_OK);
}

static void put_start(struct sp_chain *chain, uint64_t index, const char *key)
{
    char line[4096];
    (void)snprintf(line, sizeof(line),
                   "{\"configuration_sha256\":\"\",\"key\":\"%s\",\"kind\":\"start\"}", key);
    put_line(chain, index, line);
}

static void put_change(struct sp_chain *chain, uint64_t index, const char *new_key,
                       const char *old_key)
{
    char line[4096];
    (void)snprintf(line, sizeof(line),
                   "{\"index\":1,\"kind\":\"key\",\"new_key\":\"%s\",\"old_key\":\"%s\"}", new_key,
                   old_key);
    put_line(chain, index, line);
}

static void put_proof(struct sp_chain *chain, uint64_t index, const char *checkpoint)
{
    char line[4096];
    (void)snprintf(line, sizeof(line), "{\"checkpoint\":\"%s\",\"index\":2,\"kind\":\"rotation\"}",
                   checkpoint);
    put_line(chain, index, line);
}

static void escape(struct sp_slice note, char *out)
{
    for (size_t i = 0; i < note.len; i++) {
        if (note.ptr[i] == '\n') {
            *out++ = '\\';
        }
        *out++ = note.ptr[i] == '\n' ? 'n' : (char)note.ptr[i];
    }
    *out = '\0';
}

static void try_forge(const struct forge *forge, const struct sp_note_key *old_key,
                      const struct sp_note_key *new_key)
{
    SP_AUTO_BUF struct sp_buf note;
    SP_AUTO_BUF struct sp_buf only;
    char old_text[SP_NOTE_TEXT_MAX];
    char new_text[SP_NOTE_TEXT_MAX];
    char escaped[2048];
    struct told told = {.problems = 0};
    struct sp_chain chain;
    const struct sp_node root = {.bytes = {1}};
    const struct sp_node claimed = {.bytes = {forge->root}};
    sp_buf_init(&note, SP_NOTE_BYTES_MAX);
    sp_buf_init(&only, SP_NOTE_BYTES_MAX);
    key_text(old_key, old_text);
    key_text(new_key, new_text);
    sp_chain_init(&chain, on_chain, &told);
    put_start(&chain, 0, old_text);
    put_change(&chain, 1, new_text, old_text);
    assert_false(sp_chain_wants_root(&chain, 1));
    assert_true(sp_chain_wants_root(&chain, 2));
    sp_chain_root(&chain, &root);
    assert_int_equal(sp_checkpoint_write(old_key, forge->size, &claimed, &note), SP_OK);
    assert_int_equal(sp_note_cosign(new_key, &note), SP_OK);
    assert_int_equal(sp_note_signatures(sp_buf_slice(&note)), 2);
    if (forge->lacks_old || forge->lacks_new) {
        assert_int_equal(
            sp_note_keep_only(forge->lacks_old ? new_key : old_key, sp_buf_slice(&note), &only),
            SP_OK);
        assert_int_equal(sp_note_signatures(sp_buf_slice(&only)), 1);
    }
    escape(sp_buf_slice(only.len > 0 ? &only : &note), escaped);
    put_proof(&chain, 2, escaped);
    print_message("%s\n", forge->name);
    assert_string_equal(told.text, forge->problem);
    assert_int_equal(sp_chain_leads_from(&chain, old_text), told.problems == 0);
    assert_true(sp_chain_leads_from(&chain, new_text));
    assert_string_equal(sp_chain_latest(&chain), new_text);
    sp_chain_done(&chain);
}

static void test_a_change_that_is_not_signed_by_both_is_found(void **state)
{
    static const struct forge forges[] = {
        {"good", false, false, 2, 1, ""},
        {"no old signature", true, false, 2, 1,
         "the change of the key is not signed by the old key"},
        {"no new signature", false, true, 2, 1,
         "the change of the key is not signed by the new key"},
        {"another size", false, false, 1, 1,
         "its checkpoint is not the one that ends with the change of the key"},
        {"another root", false, false, 2, 2,
         "the root of its checkpoint is not that of the entries"},
    };
    static const uint8_t seed[SP_SIGN_SEED_BYTES] = {77};
    (void)state;
    SP_AUTO_NOTE_KEY struct sp_note_key other = {.key = NULL};
    assert_int_equal(sp_note_key_from_seed(sp_slice_of("example.com/log"), seed, &other), SP_OK);
    for (size_t i = 0; i < SP_COUNT(forges); i++) {
        try_forge(&forges[i], fake_key(), &other);
    }
}

static void test_a_key_that_comes_from_nowhere_is_found(void **state)
{
    static const uint8_t seed[SP_SIGN_SEED_BYTES] = {78};
    SP_AUTO_NOTE_KEY struct sp_note_key other = {.key = NULL};
    struct told told = {.problems = 0};
    struct sp_chain chain;
    char old_text[SP_NOTE_TEXT_MAX];
    char new_text[SP_NOTE_TEXT_MAX];
    (void)state;
    assert_int_equal(sp_note_key_from_seed(sp_slice_of("example.com/log"), seed, &other), SP_OK);
    key_text(fake_key(), old_text);
    key_text(&other, new_text);
    sp_chain_init(&chain, on_chain, &told);
    put_start(&chain, 0, old_text);
    put_start(&chain, 5, new_text);
    assert_string_equal(
        told.text, "the key is another one here, and no entry that the one before signed names it");
    assert_false(sp_chain_leads_from(&chain, old_text));
    put_change(&chain, 6, old_text, old_text);
    assert_int_equal(told.problems, 2); /* not the one that signed */
    sp_chain_end(&chain, 7);
    assert_int_equal(told.problems, 2); /* the proof may come in the next entry */
    sp_chain_end(&chain, 8);
    assert_int_equal(told.problems, 3);
    sp_chain_done(&chain);
    sp_chain_init(&chain, on_chain, &told);
    told.problems = 0;
    put_proof(&chain, 2, "x");
    assert_int_equal(told.problems, 1);
    assert_string_equal(sp_chain_latest(&chain), "");
    assert_true(sp_chain_leads_from(&chain, "anything"));
    sp_chain_done(&chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_change_that_is_not_signed_by_both_is_found),
        cmocka_unit_test(test_a_key_that_comes_from_nowhere_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
