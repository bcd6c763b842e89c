/*
 * room - audit's part of the house: joins what admit and inspect tell, records it, and only then lets it go on.
 *
 * Runs in: audit.   Input: messages of processes that may be taken over.   Allocates: for each exchange, bounded.
 * A pure state machine: time comes in, messages go out through functions, the disk stands behind audit/disk.h. Messages
 * only put entries into the log's batch; sp_audit_commit makes the batch durable and then does what depended on it.
 * A handler that fails names a message that does not fit: the caller closes that wire.
 */
#ifndef SP_AUDIT_ROOM_H
#define SP_AUDIT_ROOM_H

#include "audit/log.h"
#include "wire/role.h"

/* How long the parts of one exchange wait for each other, and what is added to a run's own time. */
#define SP_AUDIT_JOIN_US    ((uint64_t)30 * 1000 * 1000)
#define SP_AUDIT_MARGIN_US  ((uint64_t)30 * 1000 * 1000)
#define SP_AUDIT_RUN_MS_MAX 220000U /* the longest run of the data plane */
#define SP_AUDIT_RETRY_MS   1000U   /* what a client that did not run is told to wait */
#define SP_AUDIT_PACE       6U /* entries a millisecond from which on a commit waits for more of them */
#define SP_AUDIT_CROWD                                                                             \
    24U /* or so many exchanges at once: where all wait for a core, the pace alone says little */
#define SP_AUDIT_BATCH        ((size_t)32) /* and so many are worth no more waiting */
#define SP_AUDIT_COUNTS_MAX   256U /* summaries that a role which folds them may send a second */
#define SP_AUDIT_EARLY_MAX    64U  /* verdicts of one worker that wait for admit's word */
#define SP_AUDIT_POLICIES_MAX ((size_t)4096)
#define SP_AUDIT_PIECE                                                                             \
    ((size_t)1024 * 1024) /* of a content that is digested in one turn of the loop */

struct sp_audit_now {
    uint64_t mono_us;
    uint64_t wall_us;
};

/* Messages out. An error of `run` means that relay did not get it; of the others, that nobody is there to hear. */
struct sp_audit_out {
    void *ctx;
    enum sp_err (*run)(void *ctx, const struct sp_msg_run *run);
    enum sp_err (*answer)(void *ctx, const struct sp_msg_answer *answer);
    enum sp_err (*part)(void *ctx, const struct sp_msg_part *part); /* an error leaves it out */
    enum sp_err (*judged)(void *ctx, const struct sp_msg_judged *judged);
    enum sp_err (*ended)(void *ctx, const struct sp_msg_ended *ended);
    enum sp_err (*still)(void *ctx, const struct sp_msg_still *still);
    enum sp_err (*token_told)(void *ctx, const struct sp_msg_token_told *told);
    enum sp_err (*read)(void *ctx, const struct sp_msg_read *read);
};

struct sp_audit_settings {
    struct sp_slice version;
    uint8_t configuration[SP_DIGEST_BYTES];
    struct sp_slice policies; /* the digests in force, SP_DIGEST_BYTES each; copied */
    uint16_t workers;
    struct sp_key_ring
        *keys; /* borrowed: the log is signed with the present one, and named after them */
    const uint8_t
        *code_key; /* borrowed for the call: whom the code is sealed to; NULL: it is not kept */
    uint64_t file_bytes_max; /* uploaded files up to this size are kept, too */
    unsigned run_operation;  /* whose orders hold code, ... */
    size_t code_at;          /* ... from here to their end */
    bool
        hides_sources; /* the addresses of malformed requests, which nobody's key hides, are left out */
    sp_operation_name_fn *operation_name;
};

/* What a reload brings. Borrowed. */
struct sp_audit_changes {
    uint8_t configuration[SP_DIGEST_BYTES];
    struct sp_slice policies; /* the digests, SP_DIGEST_BYTES each */
    const struct sp_record_quota *quotas;
    size_t quota_count;
};

struct sp_audit_room;

/* Opens the log on `disk` (borrowed), records the start and closes open intents as unknown; the first commit shows. */
enum sp_err sp_audit_room_new(const struct sp_audit_settings *settings, const struct sp_disk *disk,
                              const struct sp_audit_out *out, struct sp_audit_now now,
                              struct sp_audit_room **out_room) SP_MUST_CHECK SP_NONNULL(1, 2, 3, 5);
void sp_audit_room_free(struct sp_audit_room *room);

/* From admit. */
enum sp_err sp_audit_who(struct sp_audit_room *room, const struct sp_msg_who *who,
                         struct sp_audit_now now) SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_audit_time(struct sp_audit_room *room, const struct sp_msg_time *time,
                          struct sp_audit_now now) SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_audit_refusal(struct sp_audit_room *room, const struct sp_msg_refusal *refusal,
                             struct sp_audit_now now) SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_audit_strangers(struct sp_audit_room *room, const struct sp_msg_strangers *strangers,
                               struct sp_audit_now now) SP_MUST_CHECK SP_NONNULL(1, 2);

/* From door; from ship. Nobody waits for these entries. More of them than can be meant close the wire. */
enum sp_err sp_audit_malformed(struct sp_audit_room *room, const struct sp_msg_malformed *malformed,
                               struct sp_audit_now now) SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_audit_gap(struct sp_audit_room *room, const struct sp_msg_gap *gap,
                         struct sp_audit_now now) SP_MUST_CHECK SP_NONNULL(1, 2);

/* From admit: recorded, and then reader's to answer. */
enum sp_err sp_audit_read(struct sp_audit_room *room, const struct sp_msg_read_ask *ask,
                          struct sp_audit_now now) SP_MUST_CHECK SP_NONNULL(1, 2);

/* Its entry's durability is told back; while the log takes nothing it is not, and admit tells it again. */
enum sp_err sp_audit_token_event(struct sp_audit_room *room, const struct sp_msg_token_event *event,
                                 struct sp_audit_now now) SP_MUST_CHECK SP_NONNULL(1, 2);

/* From inspect number `worker`; the order moves. */
enum sp_err sp_audit_verdict(struct sp_audit_room *room, unsigned worker,
                             struct sp_msg_verdict *verdict, struct sp_audit_now now)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* From relay; the answer moves. */
enum sp_err sp_audit_outcome(struct sp_audit_room *room, struct sp_msg_outcome *outcome,
                             struct sp_audit_now now) SP_MUST_CHECK SP_NONNULL(1, 2);

/* From relay, while a run goes on whose client wants to hear of it: digested and passed on. */
enum sp_err sp_audit_part(struct sp_audit_room *room, const struct sp_msg_part *part,
                          struct sp_audit_now now) SP_MUST_CHECK SP_NONNULL(1, 2);

/* From the supervisor. */
enum sp_err sp_audit_role_up(struct sp_audit_room *room, const struct sp_msg_role_up *up,
                             struct sp_audit_now now) SP_MUST_CHECK SP_NONNULL(1, 2);

/* Changed limits alone: of a reload whose entries were not written. SP_ERR_LOG_UNAVAILABLE: later. */
enum sp_err sp_audit_quotas(struct sp_audit_room *room, const struct sp_record_quota *quotas,
                            size_t count, struct sp_audit_now now) SP_MUST_CHECK SP_NONNULL(1);

/*
 * Other settings, in force when it returns: a verdict under a policy that is no longer in force is refused from here on,
 * what runs goes on. The entry has both digests; when it cannot be written, the old settings stay. A change of the
 * signing key that was asked for is made then too, as it is at the start.
 */
enum sp_err sp_audit_reload(struct sp_audit_room *room, const struct sp_audit_changes *changes,
                            struct sp_audit_now now) SP_MUST_CHECK SP_NONNULL(1, 2);

/*
 * Entries before `first` are older than they are to be kept, and `from` is the oldest there is: records how many of them
 * go, and says so (`from`: none) once that is durable. What is open, and what a start would need, stays.
 */
enum sp_err sp_audit_retire(struct sp_audit_room *room, uint64_t from, uint64_t first,
                            struct sp_audit_now now, uint64_t *out_first)
    SP_MUST_CHECK SP_NONNULL(1, 5);

/*
 * Workers (a bit each) whose word turned out not to fit when another's message, or no message at all, was at hand: the
 * caller ends their wires. None of them is left behind.
 */
uint64_t sp_audit_take_liars(struct sp_audit_room *room) SP_MUST_CHECK SP_NONNULL(1);

/* A wire stands, or is gone: nothing of what it was asked will be answered. */
void sp_audit_wired(struct sp_audit_room *room, struct sp_peer peer, struct sp_audit_now now)
    SP_NONNULL(1);
void sp_audit_lost(struct sp_audit_room *room, struct sp_peer peer, struct sp_audit_now now)
    SP_NONNULL(1);

/* Whether entries wait; makes them durable and does what depended on them. Call it once a turn of the loop. */
bool sp_audit_is_waiting(const struct sp_audit_room *room) SP_NONNULL(1);

/* Whether entries come so fast that a commit does better to wait for more of them: one sync for all costs less. */
bool sp_audit_is_worth_a_pause(const struct sp_audit_room *room) SP_NONNULL(1);
void sp_audit_commit(struct sp_audit_room *room, struct sp_audit_now now) SP_NONNULL(1);

/* Whether an upload's content is being digested; digests the next piece, and says whether there is more to do. */
bool sp_audit_is_hashing(const struct sp_audit_room *room) SP_NONNULL(1);
bool sp_audit_hash_some(struct sp_audit_room *room, struct sp_audit_now now) SP_NONNULL(1);

/* Deadlines, and a broken log tried again; call it about every 100 ms. */
void sp_audit_tick(struct sp_audit_room *room, struct sp_audit_now now) SP_NONNULL(1);

/* Exchanges that are not over (0: it may stop); the end: what still runs is unknown, and the last entry. */
size_t sp_audit_open(const struct sp_audit_room *room) SP_NONNULL(1);
void sp_audit_stop(struct sp_audit_room *room, struct sp_audit_now now) SP_NONNULL(1);

/* How often the key was changed since the start; whether the private part of an old one could not be overwritten. */
unsigned sp_audit_rotations(const struct sp_audit_room *room) SP_NONNULL(1);
bool sp_audit_is_old_key_kept(const struct sp_audit_room *room) SP_NONNULL(1);

/* Why the log takes nothing, "" when it does; and messages that came too late to matter. */
const char *sp_audit_trouble(const struct sp_audit_room *room) SP_NONNULL(1);
uint64_t sp_audit_late(const struct sp_audit_room *room) SP_NONNULL(1);

#endif
