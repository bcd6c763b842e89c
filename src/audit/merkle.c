#include "audit/merkle.h"

#define LEAF_BYTES_MAX                                                                             \
    ((size_t)65536) /* what an entry bundle can hold, and more than an entry may have */

enum sp_err sp_merkle_leaf(struct sp_slice entry, struct sp_node *out)
{
    /* One piece is hashed faster than two. */
    static uint8_t space[1 + LEAF_BYTES_MAX];
    if (entry.len > LEAF_BYTES_MAX) {
        return SP_ERR_TOO_BIG;
    }
    space[0] = 0x00;
    (void)sp_slice_copy(entry, space + 1, LEAF_BYTES_MAX);
    return sp_sha256(sp_slice_make(space, 1 + entry.len), out->bytes);
}

enum sp_err sp_merkle_join(const struct sp_node *left, const struct sp_node *right,
                           struct sp_node *out)
{
    uint8_t space[1 + 2 * SP_SHA256_BYTES];
    space[0] = 0x01;
    (void)sp_slice_copy(sp_node_slice(left), space + 1, SP_SHA256_BYTES);
    (void)sp_slice_copy(sp_node_slice(right), space + 1 + SP_SHA256_BYTES, SP_SHA256_BYTES);
    return sp_sha256(sp_slice_make(space, sizeof(space)), out->bytes);
}

struct sp_slice sp_node_slice(const struct sp_node *node)
{
    return sp_slice_make(node->bytes, sizeof(node->bytes));
}

bool sp_node_equal(const struct sp_node *a, const struct sp_node *b)
{
    return sp_slice_equal(sp_node_slice(a), sp_node_slice(b));
}

enum sp_err sp_merkle_append(struct sp_merkle_range *range, const struct sp_node *leaf,
                             struct sp_node out_upper[SP_MERKLE_UPPER_MAX],
                             unsigned *out_upper_count)
{
    struct sp_node node = *leaf;
    unsigned height = 0;
    unsigned upper = 0;
    for (uint64_t size = range->size; (size & 1U) != 0; size >>= 1) {
        SP_TRY(sp_merkle_join(&range->peaks[height], &node, &node));
        height++;
        if (height % 8 == 0) {
            out_upper[upper++] = node;
        }
    }
    range->peaks[height] = node;
    range->size++;
    *out_upper_count = upper;
    return SP_OK;
}

enum sp_err sp_merkle_append_tree(struct sp_merkle_range *range, const struct sp_node *root,
                                  unsigned height)
{
    struct sp_node node = *root;
    unsigned at = height;
    if (height >= SP_MERKLE_HEIGHT_MAX || range->size % (UINT64_C(1) << height) != 0) {
        return SP_ERR_INVALID;
    }
    for (uint64_t size = range->size >> height; (size & 1U) != 0; size >>= 1) {
        SP_TRY(sp_merkle_join(&range->peaks[at], &node, &node));
        at++;
    }
    range->peaks[at] = node;
    range->size += UINT64_C(1) << height;
    return SP_OK;
}

enum sp_err sp_merkle_root(const struct sp_merkle_range *range, struct sp_node *out)
{
    struct sp_node root = {.bytes = {0}};
    bool is_begun = false;
    for (unsigned height = 0; height < SP_MERKLE_HEIGHT_MAX; height++) {
        if ((range->size >> height & 1U) == 0) {
            continue;
        }
        if (is_begun) {
            SP_TRY(sp_merkle_join(&range->peaks[height], &root, &root));
        } else {
            root = range->peaks[height];
            is_begun = true;
        }
    }
    if (!is_begun) {
        SP_TRY(sp_sha256(sp_slice_make(NULL, 0), root.bytes));
    }
    *out = root;
    return SP_OK;
}

static enum sp_err node_of(struct sp_slice bytes, struct sp_node *out)
{
    if (bytes.len != SP_SHA256_BYTES) {
        return SP_ERR_INVALID;
    }
    (void)sp_slice_copy(bytes, out->bytes, sizeof(out->bytes));
    return SP_OK;
}

/* The way up from a leaf: its place and the last place of its level; both lose a bit with every level. */
struct climb {
    uint64_t at;
    uint64_t last;
};

/* Whether the next hash of a proof stands to the left; takes the levels on which the node has no partner. */
static bool is_left_next(struct climb *climb)
{
    bool is_left = (climb->at & 1U) != 0 || climb->at == climb->last;
    if (is_left) {
        while (climb->at != 0 && (climb->at & 1U) == 0) {
            climb->at >>= 1;
            climb->last >>= 1;
        }
    }
    climb->at >>= 1;
    climb->last >>= 1;
    return is_left;
}

/* RFC 9162, section 2.1.3.2. */
enum sp_err sp_merkle_check_inclusion(uint64_t index, uint64_t size, struct sp_slice leaf,
                                      struct sp_merkle_proof proof, struct sp_slice root)
{
    struct sp_node node;
    if (index >= size) {
        return SP_ERR_INVALID;
    }
    struct climb climb = {.at = index, .last = size - 1};
    SP_TRY(node_of(leaf, &node));
    for (size_t i = 0; i < proof.count; i++) {
        struct sp_node other;
        if (climb.last == 0) {
            return SP_ERR_INVALID;
        }
        SP_TRY(node_of(proof.hashes[i], &other));
        bool is_left = is_left_next(&climb);
        SP_TRY(sp_merkle_join(is_left ? &other : &node, is_left ? &node : &other, &node));
    }
    return climb.last == 0 && sp_slice_equal(sp_node_slice(&node), root) ? SP_OK : SP_ERR_INVALID;
}

static bool is_power_of_two(uint64_t number)
{
    return (number & (number - 1)) == 0;
}

/* RFC 9162, section 2.1.4.2, from the hash of the largest perfect tree that both have at the first one's end. */
static enum sp_err climb_both(struct sp_merkle_head first, struct sp_merkle_head second,
                              struct sp_slice seed, struct sp_merkle_proof proof)
{
    struct climb climb = {.at = first.size - 1, .last = second.size - 1};
    struct sp_node of_first;
    struct sp_node of_second;
    while ((climb.at & 1U) != 0) {
        climb.at >>= 1;
        climb.last >>= 1;
    }
    SP_TRY(node_of(seed, &of_first));
    of_second = of_first;
    for (size_t i = 0; i < proof.count; i++) {
        struct sp_node other;
        if (climb.last == 0) {
            return SP_ERR_INVALID;
        }
        SP_TRY(node_of(proof.hashes[i], &other));
        if (is_left_next(&climb)) {
            SP_TRY(sp_merkle_join(&other, &of_first, &of_first));
            SP_TRY(sp_merkle_join(&other, &of_second, &of_second));
        } else {
            SP_TRY(sp_merkle_join(&of_second, &other, &of_second));
        }
    }
    return climb.last == 0 && sp_slice_equal(sp_node_slice(&of_first), first.root) &&
                   sp_slice_equal(sp_node_slice(&of_second), second.root)
               ? SP_OK
               : SP_ERR_INVALID;
}

enum sp_err sp_merkle_check_consistency(struct sp_merkle_head first, struct sp_merkle_head second,
                                        struct sp_merkle_proof proof)
{
    if (first.size == second.size) {
        return proof.count == 0 && sp_slice_equal(first.root, second.root) ? SP_OK : SP_ERR_INVALID;
    }
    if (first.size == 0 || first.size > second.size || proof.count == 0) {
        return SP_ERR_INVALID;
    }
    if (is_power_of_two(first.size)) {
        return climb_both(first, second, first.root, proof);
    }
    struct sp_merkle_proof rest = {.hashes = proof.hashes + 1, .count = proof.count - 1};
    return climb_both(first, second, proof.hashes[0], rest);
}
