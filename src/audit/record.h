/*
 * record - one log entry: a line of canonical JSON (RFC 8785: members sorted, no blanks), without its line feed.
 *
 * Runs in: audit.   Input: messages of processes that may be taken over.   Allocates: through the caller's buffer.
 * docs/log-format.md describes each kind for readers of the log; audit/schema.h holds the same as a table, and the tests
 * hold the three together. Secrets, code and what runs print are never in an entry: digests and sizes are.
 */
#ifndef SP_AUDIT_RECORD_H
#define SP_AUDIT_RECORD_H

#include "base/buf.h"
#include "wire/msg.h"

#define SP_RECORD_VERSION 1U
#define SP_RECORD_BYTES_MAX                                                                        \
    ((size_t)32 * 1024) /* one line; long lists keep the first items and the count of all */

/* RFC 8785 numbers are doubles: more than this is written as this. */
#define SP_RECORD_NUMBER_MAX ((UINT64_C(1) << 53) - 1)

/* What every entry has. */
struct sp_stamp {
    uint64_t index; /* from 0, without gaps */
    uint64_t wall_us;
};

struct sp_record_start {
    struct sp_slice version;
    struct sp_slice origin;
    struct sp_slice key; /* public, in text form */
    uint8_t configuration[SP_DIGEST_BYTES];
    struct sp_slice policies; /* digests, SP_DIGEST_BYTES each */
    uint16_t workers;
    uint64_t cut_bytes;    /* of a half-written end that was cut off */
    uint64_t lost_entries; /* that were published once and are gone */
    uint64_t open_intents; /* closed as unknown right behind this entry */
};

struct sp_record_reload {
    uint8_t configuration[SP_DIGEST_BYTES];
    uint8_t previous[SP_DIGEST_BYTES];
    struct sp_slice policies;
};

struct sp_record_replay {
    const char *operation;
    uint64_t intent;
    enum sp_err err; /* of the answer */
    uint8_t answer_digest[SP_DIGEST_BYTES];
};

/* The name of an operation, for entries; NULL for a number that is none. Given in, because layers of equal rank do not
 * include one another. */
typedef const char *sp_operation_name_fn(unsigned operation);

/* Each appends one whole line, or nothing: SP_ERR_WIRE when a list in the message cannot be read. */
enum sp_err sp_record_start(struct sp_stamp stamp, const struct sp_record_start *start,
                            struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2, 3);
enum sp_err sp_record_reload(struct sp_stamp stamp, const struct sp_record_reload *reload,
                             struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2, 3);
enum sp_err sp_record_role(struct sp_stamp stamp, const struct sp_msg_role_up *up,
                           struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2, 3);
enum sp_err sp_record_judged(struct sp_stamp stamp, const struct sp_msg_who *who,
                             const struct sp_msg_verdict *verdict, const char *operation,
                             struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2, 3, 4, 5);
enum sp_err sp_record_refusal(struct sp_stamp stamp, const struct sp_msg_refusal *refusal,
                              const char *operation, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(2, 3, 4);
struct sp_record_intent {
    uint64_t index;
    uint64_t inspect_us;     /* from the first word of the exchange to the verdict */
    uint64_t streamed_bytes; /* passed on while it ran */
    uint8_t streamed_digest[SP_DIGEST_BYTES];
    uint64_t log_us; /* from there to the outcome, without the time that relay had it */
};
/* Whether they are blocks of text, as an outcome's `runtime` has to be. */
bool sp_record_are_texts(struct sp_slice blocks);

/* How a run ended. SP_ERR_WIRE for a `runtime` that is no list of texts. */
enum sp_err sp_record_outcome(struct sp_stamp stamp, const struct sp_record_intent *intent,
                              const struct sp_msg_outcome *outcome, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(2, 3, 4);

/* An answer is given once more: `intent` is that of the run, `verdict` of the request at hand. */
enum sp_err sp_record_replay(struct sp_stamp stamp, const struct sp_msg_who *who,
                             const struct sp_msg_verdict *verdict,
                             const struct sp_record_replay *replay, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(2, 3, 4, 5);
enum sp_err sp_record_strangers(struct sp_stamp stamp, const struct sp_msg_strangers *strangers,
                                struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2, 3);
enum sp_err sp_record_token(struct sp_stamp stamp, const struct sp_msg_token_event *event,
                            struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2, 3);

/* Another key takes the place of the one that signs: both in text form; then the checkpoint that both have signed. */
enum sp_err sp_record_key(struct sp_stamp stamp, struct sp_slice old_key, struct sp_slice new_key,
                          struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(4);
enum sp_err sp_record_rotation(struct sp_stamp stamp, struct sp_slice checkpoint,
                               struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(3);

/* Entries before `first` are about to be dropped; the root over just these. */
enum sp_err sp_record_retention(struct sp_stamp stamp, uint64_t first,
                                const uint8_t root[SP_DIGEST_BYTES], struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(3, 4);
enum sp_err sp_record_malformed(struct sp_stamp stamp, const struct sp_msg_malformed *malformed,
                                struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2, 3);
enum sp_err sp_record_gap(struct sp_stamp stamp, const struct sp_msg_gap *gap, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(2, 3);
enum sp_err sp_record_read(struct sp_stamp stamp, const struct sp_msg_read_ask *ask,
                           struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2, 3);

/* A limit of a tenant, of each of its tokens, or of an organisation, that a reload changed. */
struct sp_record_quota {
    enum sp_limit_scope scope;
    struct sp_slice name;
    struct sp_slice changes; /* blocks of text: the limit, what it was, what it is */
    uint64_t more;           /* owners with changed limits that have no entry of their own */
};
enum sp_err sp_record_quota(struct sp_stamp stamp, const struct sp_record_quota *quota,
                            struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2, 3);
enum sp_err sp_record_recovery(struct sp_stamp stamp, const char *reason, uint64_t cut_bytes,
                               uint64_t refused, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2, 5);
enum sp_err sp_record_clock(struct sp_stamp stamp, uint64_t back_us, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(3);
enum sp_err sp_record_stop(struct sp_stamp stamp, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2);

/* "done", "not-started", "unknown". */
const char *sp_end_name(enum sp_end end);

/* What a quick look at a line of our own tells, for the start: nothing is checked beyond what is asked for. */
struct sp_record_glance {
    uint64_t index;
    uint64_t wall_us;
    bool is_intent;
    bool is_outcome;
    bool is_rotation;
    sp_exchange exchange; /* of an intent or outcome */
};

/* SP_ERR_CORRUPT for a line (without its line feed) that is no entry. */
enum sp_err sp_record_look(struct sp_slice line, struct sp_record_glance *out)
    SP_MUST_CHECK SP_NONNULL(2);

#endif
