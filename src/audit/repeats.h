/*
 * repeats - what ran under which idempotency key in the last day, and how it was answered.
 *
 * Runs in: audit.   Input: files that others may meddle with.   Allocates: a table, bounded; answers are read on demand.
 * A key is durable before its run is given to relay. The files are used in turn: the oldest is written over, and what it
 * held is forgotten. A key whose run had no end when the process died stays known, so that it is not run again.
 */
#ifndef SP_AUDIT_REPEATS_H
#define SP_AUDIT_REPEATS_H

#include "audit/disk.h"
#include "audit/repeat.h"

#define SP_REPEATS_FILES       8U
#define SP_REPEATS_FILE_BYTES  ((uint64_t)64 * 1024 * 1024) /* at most */
#define SP_REPEATS_KEEP_US     ((uint64_t)24 * 3600 * 1000000U)
#define SP_REPEATS_MAX         131072U
#define SP_REPEATS_TENANTS_MAX 4096U

struct sp_repeats;

struct sp_repeats_limits {
    uint32_t of_tenant;    /* keys of one tenant */
    uint64_t tenant_bytes; /* its answers; what is over that is not kept */
    uint64_t file_bytes;
};
extern const struct sp_repeats_limits sp_repeats_limits;

/* Reads nothing yet. */
enum sp_err sp_repeats_new(const struct sp_disk *disk, const struct sp_repeats_limits *limits,
                           struct sp_repeats **out) SP_MUST_CHECK SP_NONNULL(1, 2, 3);
void sp_repeats_free(struct sp_repeats *repeats);

/*
 * Whether this key is known; fills in state and intent, and whether the request is the same one. SP_ERR_NOT_FOUND;
 * SP_ERR_SYSTEM and the like while the files cannot be read.
 */
struct sp_repeat_found {
    enum sp_repeat_state state;
    bool is_same;
    uint64_t intent;
};
enum sp_err sp_repeats_find(struct sp_repeats *repeats, const uint8_t key[SP_DIGEST_BYTES],
                            const uint8_t request[SP_DIGEST_BYTES], uint64_t wall_us,
                            struct sp_repeat_found *out) SP_MUST_CHECK SP_NONNULL(1, 2, 3, 5);

/* A run begins under a key that is not known (state, answer and what belongs to it are ignored). Not durable yet. */
enum sp_err sp_repeats_begin(struct sp_repeats *repeats, const struct sp_repeat *repeat)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Makes durable what was begun. */
enum sp_err sp_repeats_commit(struct sp_repeats *repeats) SP_MUST_CHECK SP_NONNULL(1);

/* It ended: `repeat` says how, `answer` goes behind it. What cannot be written is kept in mind as unknown. */
void sp_repeats_end(struct sp_repeats *repeats, const struct sp_repeat *repeat,
                    struct sp_slice answer) SP_NONNULL(1, 2);

/* The record of a key that is done, with its answer; both are lent from `out`. SP_ERR_CORRUPT when they do not read. */
enum sp_err sp_repeats_read(struct sp_repeats *repeats, const uint8_t key[SP_DIGEST_BYTES],
                            struct sp_buf *out, struct sp_repeat *out_repeat,
                            struct sp_slice *out_answer) SP_MUST_CHECK SP_NONNULL(1, 2, 3, 4, 5);

#endif
