/*
 * merkle - the hashes of RFC 6962 and the proofs over them.
 *
 * Runs in: audit (hashes), commands (proofs).   Input: proofs of anybody.   Allocates: never.
 * sp_merkle_range grows leaf by leaf and knows its root at any time; it keeps no more than one hash a bit of its size.
 */
#ifndef SP_AUDIT_MERKLE_H
#define SP_AUDIT_MERKLE_H

#include "base/err.h"
#include "base/slice.h"
#include "crypto/hash.h"

#define SP_MERKLE_HEIGHT_MAX 64U

struct sp_node {
    uint8_t bytes[SP_SHA256_BYTES];
};

/* The hash of an entry, and of two hashes below. */
enum sp_err sp_merkle_leaf(struct sp_slice entry, struct sp_node *out) SP_MUST_CHECK SP_NONNULL(2);
enum sp_err sp_merkle_join(const struct sp_node *left, const struct sp_node *right,
                           struct sp_node *out) SP_MUST_CHECK SP_NONNULL(1, 2, 3);
bool sp_node_equal(const struct sp_node *a, const struct sp_node *b) SP_NONNULL(1, 2);
struct sp_slice sp_node_slice(const struct sp_node *node) SP_NONNULL(1);

/* The roots of the perfect trees that `size` leaves fall into: bit h of the size says whether peaks[h] counts. */
struct sp_merkle_range {
    uint64_t size;
    struct sp_node peaks[SP_MERKLE_HEIGHT_MAX];
};

/* Takes a leaf; hashes of perfect trees of 256, 65536, ... leaves that it completed go to `out_upper`, lowest first. */
#define SP_MERKLE_UPPER_MAX 8U
enum sp_err sp_merkle_append(struct sp_merkle_range *range, const struct sp_node *leaf,
                             struct sp_node out_upper[SP_MERKLE_UPPER_MAX],
                             unsigned *out_upper_count) SP_MUST_CHECK SP_NONNULL(1, 2, 3, 4);

/* Takes the root of a perfect tree of 2^height leaves; the range must consist of trees at least as high. */
enum sp_err sp_merkle_append_tree(struct sp_merkle_range *range, const struct sp_node *root,
                                  unsigned height) SP_MUST_CHECK SP_NONNULL(1, 2);

/* The root of the whole; of no leaf at all it is the hash of nothing. */
enum sp_err sp_merkle_root(const struct sp_merkle_range *range, struct sp_node *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* A proof as it came: one slice a hash, each of any length. */
struct sp_merkle_proof {
    const struct sp_slice *hashes;
    size_t count;
};

/* Whether the leaf stands at `index` of the tree: SP_ERR_INVALID when the proof does not show it. */
enum sp_err sp_merkle_check_inclusion(uint64_t index, uint64_t size, struct sp_slice leaf,
                                      struct sp_merkle_proof proof, struct sp_slice root)
    SP_MUST_CHECK;

/*
 * Whether the larger tree begins with the smaller one: SP_ERR_INVALID when the proof does not show it. Trees of one size
 * are the same when their roots are. Every larger tree begins with an empty one: that shows nothing, so it is refused.
 */
struct sp_merkle_head {
    uint64_t size;
    struct sp_slice root;
};
enum sp_err sp_merkle_check_consistency(struct sp_merkle_head first, struct sp_merkle_head second,
                                        struct sp_merkle_proof proof) SP_MUST_CHECK;

#endif
