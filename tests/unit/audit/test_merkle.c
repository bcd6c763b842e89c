#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/merkle.h"
#include "base/attr.h"
#include "codec/hex.h"

#define LEAVES   70U
#define PATH_MAX 16U

/* The leaves and roots that other implementations of RFC 6962 test with. */
static const struct {
    const char *leaf;
    size_t len;
    const char *root;
} known[] = {
    {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"@ABC", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"PQRSTUVW", 8, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"`abcdefghijklmno", 16, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

static void test_roots_are_those_that_all_know(void **state)
{
    (void)state;
    struct sp_merkle_range range = {.size = 0};
    struct sp_node upper[SP_MERKLE_UPPER_MAX];
    struct sp_node node;
    unsigned count = 0;
    char text[2 * SP_SHA256_BYTES + 1];
    assert_int_equal(sp_merkle_root(&range, &node), SP_OK);
    sp_hex_write(sp_node_slice(&node), text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < SP_COUNT(known); i++) {
        assert_int_equal(sp_merkle_leaf(sp_slice_make(known[i].leaf, known[i].len), &node), SP_OK);
        assert_int_equal(sp_merkle_append(&range, &node, upper, &count), SP_OK);
        assert_int_equal(count, 0);
        assert_int_equal(sp_merkle_root(&range, &node), SP_OK);
        sp_hex_write(sp_node_slice(&node), text);
        assert_string_equal(text, known[i].root);
    }
}

/* --- the definitions of RFC 6962, section 2.1, word for word --- */

struct tree {
    struct sp_node leaves[LEAVES];
};

static void make_tree(struct tree *tree)
{
    for (uint8_t i = 0; i < LEAVES; i++) {
        assert_int_equal(sp_merkle_leaf(sp_slice_make(&i, 1), &tree->leaves[i]), SP_OK);
    }
}

static size_t split(size_t n)
{
    size_t k = 1;
    while (2 * k < n) {
        k *= 2;
    }
    return k;
}

static struct sp_node mth(const struct sp_node *leaves, size_t n)
{
    struct sp_node out = leaves[0];
    if (n > 1) {
        struct sp_node left = mth(leaves, split(n));
        struct sp_node right = mth(leaves + split(n), n - split(n));
        assert_int_equal(sp_merkle_join(&left, &right, &out), SP_OK);
    }
    return out;
}

struct path {
    struct sp_node nodes[PATH_MAX];
    struct sp_slice hashes[PATH_MAX];
    size_t count;
};

static void add(struct path *path, struct sp_node node)
{
    path->nodes[path->count] = node;
    path->hashes[path->count] = sp_node_slice(&path->nodes[path->count]);
    path->count++;
}

static void inclusion(const struct sp_node *leaves, size_t m, size_t n, struct path *path)
{
    if (n == 1) {
        return;
    }
    size_t k = split(n);
    if (m < k) {
        inclusion(leaves, m, k, path);
        add(path, mth(leaves + k, n - k));
    } else {
        inclusion(leaves + k, m - k, n - k, path);
        add(path, mth(leaves, k));
    }
}

struct consistency {
    size_t m;
    size_t n;
    bool is_known;
};

static void consistency(const struct sp_node *leaves, struct consistency c, struct path *path)
{
    if (c.m == c.n) {
        if (!c.is_known) {
            add(path, mth(leaves, c.m));
        }
        return;
    }
    size_t k = split(c.n);
    if (c.m <= k) {
        consistency(leaves, (struct consistency){c.m, k, c.is_known}, path);
        add(path, mth(leaves + k, c.n - k));
    } else {
        consistency(leaves + k, (struct consistency){c.m - k, c.n - k, false}, path);
        add(path, mth(leaves, k));
    }
}

static struct sp_merkle_proof proof_of(const struct path *path)
{
    return (struct sp_merkle_proof){.hashes = path->hashes, .count = path->count};
}

static void test_every_inclusion_is_shown_and_no_other(void **state)
{
    (void)state;
    static struct tree tree;
    make_tree(&tree);
    for (size_t n = 1; n <= LEAVES; n++) {
        const struct sp_node root = mth(tree.leaves, n);
        for (size_t m = 0; m < n; m++) {
            struct path path = {.count = 0};
            inclusion(tree.leaves, m, n, &path);
            struct sp_slice leaf = sp_node_slice(&tree.leaves[m]);
            struct sp_slice top = sp_node_slice(&root);
            assert_int_equal(sp_merkle_check_inclusion(m, n, leaf, proof_of(&path), top), SP_OK);
            for (size_t other = 0; other <= n + 1; other++) {
                if (other != m) {
                    assert_int_equal(
                        sp_merkle_check_inclusion(other, n, leaf, proof_of(&path), top),
                        SP_ERR_INVALID);
                }
            }
            add(&path, root);
            assert_int_equal(sp_merkle_check_inclusion(m, n, leaf, proof_of(&path), top),
                             SP_ERR_INVALID);
            path.count -= path.count > 1 ? 2 : 0;
            assert_int_equal(sp_merkle_check_inclusion(m, n, leaf, proof_of(&path), top),
                             SP_ERR_INVALID);
        }
    }
}

static void test_every_growth_is_shown_and_no_other(void **state)
{
    (void)state;
    static struct tree tree;
    make_tree(&tree);
    for (size_t n = 1; n <= LEAVES; n++) {
        for (size_t m = 1; m <= n; m++) {
            struct path path = {.count = 0};
            const struct sp_node small = mth(tree.leaves, m);
            const struct sp_node large = mth(tree.leaves, n);
            struct sp_merkle_head first = {.size = m, .root = sp_node_slice(&small)};
            struct sp_merkle_head second = {.size = n, .root = sp_node_slice(&large)};
            consistency(tree.leaves, (struct consistency){m, n, true}, &path);
            assert_int_equal(sp_merkle_check_consistency(first, second, proof_of(&path)), SP_OK);
            for (size_t i = 0; i < path.count; i++) {
                path.nodes[i].bytes[i] ^= 4;
                assert_int_equal(sp_merkle_check_consistency(first, second, proof_of(&path)),
                                 SP_ERR_INVALID);
                path.nodes[i].bytes[i] ^= 4;
            }
            add(&path, small);
            assert_int_equal(sp_merkle_check_consistency(first, second, proof_of(&path)),
                             SP_ERR_INVALID);
            path.count--;
            first.size++;
            assert_int_equal(sp_merkle_check_consistency(first, second, proof_of(&path)),
                             SP_ERR_INVALID);
        }
    }
}

static void test_an_empty_tree_shows_nothing(void **state)
{
    (void)state;
    struct sp_merkle_proof none = {.hashes = NULL, .count = 0};
    struct sp_merkle_head empty = {.size = 0, .root = sp_slice_of("root")};
    struct sp_merkle_head one = {.size = 1, .root = sp_slice_of("root")};
    struct sp_merkle_head other = {.size = 0, .root = sp_slice_of("another")};
    assert_int_equal(sp_merkle_check_consistency(empty, empty, none), SP_OK);
    assert_int_equal(sp_merkle_check_consistency(empty, other, none), SP_ERR_INVALID);
    assert_int_equal(sp_merkle_check_consistency(empty, one, none), SP_ERR_INVALID);
    assert_int_equal(sp_merkle_check_consistency(one, empty, none), SP_ERR_INVALID);
    assert_int_equal(sp_merkle_check_consistency(one, one, none), SP_OK);
    none = (struct sp_merkle_proof){.hashes = &one.root, .count = 1};
    assert_int_equal(sp_merkle_check_consistency(empty, empty, none), SP_ERR_INVALID);
    none.count = 0;
    assert_int_equal(sp_merkle_check_inclusion(0, 0, one.root, none, one.root), SP_ERR_INVALID);
    assert_int_equal(sp_merkle_check_inclusion(0, 1, one.root, none, one.root), SP_ERR_INVALID);
}

static void test_hashes_of_another_length_are_refused(void **state)
{
    (void)state;
    static struct tree tree;
    make_tree(&tree);
    struct path path = {.count = 0};
    const struct sp_node root = mth(tree.leaves, 8);
    inclusion(tree.leaves, 3, 8, &path);
    path.hashes[1].len--;
    assert_int_equal(sp_merkle_check_inclusion(3, 8, sp_node_slice(&tree.leaves[3]),
                                               proof_of(&path), sp_node_slice(&root)),
                     SP_ERR_INVALID);
    path.hashes[1].len++;
    assert_int_equal(sp_merkle_check_inclusion(3, 8, sp_node_slice(&tree.leaves[3]),
                                               proof_of(&path), sp_node_slice(&root)),
                     SP_OK);
}

static void test_roots_of_whole_tiles_are_handed_out(void **state)
{
    (void)state;
    static struct sp_node leaves[512];
    struct sp_merkle_range range = {.size = 0};
    struct sp_node upper[SP_MERKLE_UPPER_MAX];
    unsigned handed = 0;
    for (uint32_t i = 0; i < 65536; i++) {
        unsigned count = 0;
        struct sp_node *leaf = &leaves[i % 512];
        assert_int_equal(sp_merkle_leaf(sp_slice_make(&i, sizeof(i)), leaf), SP_OK);
        assert_int_equal(sp_merkle_append(&range, leaf, upper, &count), SP_OK);
        assert_int_equal(count, i == 65535 ? 2 : i % 256 == 255 ? 1 : 0);
        if (count > 0) {
            struct sp_node want = mth(&leaves[i % 512 - 255], 256);
            assert_true(sp_node_equal(&want, &upper[0]));
            handed++;
        }
    }
    assert_int_equal(handed, 256);
    struct sp_node root;
    assert_int_equal(sp_merkle_root(&range, &root), SP_OK);
    assert_true(sp_node_equal(&root, &upper[1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots_are_those_that_all_know),
        cmocka_unit_test(test_every_inclusion_is_shown_and_no_other),
        cmocka_unit_test(test_every_growth_is_shown_and_no_other),
        cmocka_unit_test(test_an_empty_tree_shows_nothing),
        cmocka_unit_test(test_hashes_of_another_length_are_refused),
        cmocka_unit_test(test_roots_of_whole_tiles_are_handed_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
