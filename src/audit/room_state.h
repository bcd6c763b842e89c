/*
 * room_state - the inside of audit's room, shared by its two files: room.c takes messages, settle.c lets them go on.
 *
 * Runs in: audit.   Allocates: never by itself.
 */
#ifndef SP_AUDIT_ROOM_STATE_H
#define SP_AUDIT_ROOM_STATE_H

#include "audit/code.h"
#include "audit/pending.h"
#include "audit/repeats.h"
#include "audit/room.h"
#include "audit/still.h"

struct sp_audit_room {
    const struct sp_disk *disk;
    struct sp_audit_out out;
    struct sp_code_keeper *keeper; /* NULL: the code is not kept */
    struct sp_log *log;            /* NULL until it was opened and its start recorded */
    uint64_t log_tried_us;
    const char *log_reason; /* why it cannot be opened */
    struct sp_pending_table *table;
    struct sp_repeats *repeats;
    struct sp_pending
        *batch_first; /* rows that wait for the commit, in the order of their entries */
    struct sp_pending *batch_last;
    size_t batch_rows;
    uint64_t token_change; /* the last change of the token store in this batch, 0: none */
    struct sp_pending *hashing_first; /* rows whose contents are being digested, oldest first */
    uint64_t late_rows;               /* of the last commits, the older the less, in eighths */
    uint64_t late_us;                 /* and the time that they took */
    uint64_t committed_us;            /* when the last commit was */
    bool is_relay_there;
    bool is_worker_there[SP_ROLE_INDEX_MAX];
    bool is_owing;        /* rows in SP_PENDING_OWED may exist */
    uint64_t front_seen;  /* the highest incarnation of front that an exchange came from */
    uint64_t front_ended; /* incarnations up to this one are gone */
    struct sp_audit_settings settings;
    struct sp_buf settings_texts; /* what the settings' slices are lent from */
    struct sp_buf in_force;       /* since a reload: what `settings.policies` is lent from */
    struct sp_buf scratch_policies;
    struct sp_buf retired;  /* policies that were in force once */
    struct sp_still *still; /* runs whose end nobody knows */
    bool is_admit_new;      /* and was not told of the runs that began before it */
    uint64_t late;
    uint64_t liars; /* workers whose word did not fit, a bit each, until somebody takes them */
    unsigned early[SP_ROLE_INDEX_MAX]; /* rows in SP_PENDING_VERDICT, by who judged */
    unsigned rotations;
    bool is_old_key_kept;
    unsigned
        malformed_count; /* summaries of door in the second that began at `malformed_us`; and of ship */
    uint64_t malformed_us;
    unsigned gap_count;
    uint64_t gap_us;
    bool is_reader_there;
    struct sp_audit_now now; /* of the message at hand */
};

/* What ends an exchange without a run. */
struct sp_refused {
    enum sp_err err;
    uint32_t retry_after_ms;
    struct sp_slice detail; /* borrowed until the answer is out */
};

/* Puts the line that was written into the batch. */
enum sp_err sp_room_take(struct sp_audit_room *room, enum sp_err written, struct sp_stamp stamp)
    SP_MUST_CHECK SP_NONNULL(1);

/* SP_OK when the log takes entries now. Sets the time of the message at hand. */
enum sp_err sp_room_ready(struct sp_audit_room *room) SP_MUST_CHECK SP_NONNULL(1);

/* Puts a row at the end of the batch in this state. */
void sp_room_wait(struct sp_audit_room *room, struct sp_pending *row, enum sp_pending_state state)
    SP_NONNULL(1, 2);

/* A row for an exchange that nobody has spoken of; NULL with the reason. */
struct sp_pending *sp_room_add_row(struct sp_audit_room *room, sp_exchange exchange,
                                   enum sp_err *out_err) SP_NONNULL(1, 3);

/* The same for admit's word, which is believed about the fronts that there are. */
struct sp_pending *sp_room_new_row(struct sp_audit_room *room, sp_exchange exchange,
                                   enum sp_err *out_err) SP_NONNULL(1, 3);

/* early.c: a verdict that comes before admit said whose job it is. SP_ERR_WIRE when the worker must not say that. */
enum sp_err sp_room_take_early(struct sp_audit_room *room, unsigned worker,
                               struct sp_msg_verdict *verdict) SP_MUST_CHECK SP_NONNULL(1, 3);

/* admit names the worker now: the verdict is its own; it is a stranger's and gone; or its own was passed over for that. */
enum sp_early { SP_EARLY_RIGHT, SP_EARLY_NONE, SP_EARLY_LOST };
enum sp_early sp_room_meet(struct sp_audit_room *room, struct sp_pending *row, unsigned worker)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* A row leaves SP_PENDING_VERDICT by another way. */
void sp_room_leave_early(struct sp_audit_room *room, const struct sp_pending *row) SP_NONNULL(1, 2);
void sp_room_forget_verdict(struct sp_pending *row) SP_NONNULL(1);
void sp_room_tell_judged(struct sp_audit_room *room, const struct sp_msg_verdict *verdict,
                         unsigned worker) SP_NONNULL(1, 2);

/* What a worker said does not fit, and the message at hand is not its own: see sp_audit_take_liars. */
void sp_room_blame_worker(struct sp_audit_room *room, unsigned worker) SP_NONNULL(1);

/* Answers that the log takes nothing; nothing ran. */
void sp_room_refuse_unrecorded(struct sp_audit_room *room, struct sp_pending *row) SP_NONNULL(1, 2);

/* read.c: the entry of a reading is durable, so that reader may answer. */
void sp_room_pass_read(struct sp_audit_room *room, struct sp_pending *row) SP_NONNULL(1, 2);

/* Answers without an entry, settles with admit, and drops the row: only for what surely did not start. */
void sp_room_refuse_now(struct sp_audit_room *room, struct sp_pending *row,
                        struct sp_refused refused) SP_NONNULL(1, 2);

/* A worker, or front, went away before a verdict. */
extern const struct sp_refused sp_room_worker_lost;
extern const struct sp_refused sp_room_front_lost;

/* Records that an exchange was refused before any run and answers after the commit. */
void sp_room_refuse(struct sp_audit_room *room, struct sp_pending *row, struct sp_refused refused)
    SP_NONNULL(1, 2);

/* Records `row->outcome` and answers after the commit; when the log is broken it is owed. */
void sp_room_end(struct sp_audit_room *room, struct sp_pending *row) SP_NONNULL(1, 2);

/* Ends a run that relay will not report on. */
void sp_room_end_unknown(struct sp_audit_room *room, struct sp_pending *row, const char *detail)
    SP_NONNULL(1, 2, 3);

/* Both halves of an exchange are here: records the intent or the denial. */
enum sp_err sp_room_join(struct sp_audit_room *room, struct sp_pending *row)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Digests the content of an upload and joins then: at once a small one; a large one by and by, so that nobody waits for it. */
enum sp_err sp_room_digest(struct sp_audit_room *room, struct sp_pending *row)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* room_time.c: whether a run asks for more time than is reserved for it; then its row waits for admit. */
bool sp_room_lacks_time(const struct sp_audit_room *room, const struct sp_pending *row)
    SP_NONNULL(1, 2);
void sp_room_await_time(struct sp_audit_room *room, struct sp_pending *row) SP_NONNULL(1, 2);

/* admit went away, or says nothing: nobody knows whether the time is there. */
extern const struct sp_refused sp_room_admit_lost;

/* Keeps the code of an exchange, if that is asked for: SP_ERR_WIRE when its digest is another one. */
enum sp_err sp_room_keep_code(struct sp_audit_room *room, const struct sp_pending *row,
                              uint64_t wall_us) SP_MUST_CHECK SP_NONNULL(1, 2);

/* The refusal of an exchange that cannot be recorded, or its code not be kept. */
struct sp_refused sp_room_not_kept(const struct sp_audit_room *room, enum sp_err err) SP_NONNULL(1);

/* What admit says of a limit goes on to front, who would end our wire for numbers that name none. */
enum sp_err sp_room_check_limit(unsigned limit, unsigned scope) SP_MUST_CHECK;

/* The refusal of an exchange whose parts do not fit. */
struct sp_refused sp_room_misfit(void);

/* reload.c: whether a policy is in force, or was until a reload; what is told to whoever was judged by one that was. */
bool sp_room_is_in_force(const struct sp_audit_room *room, const uint8_t policy[SP_DIGEST_BYTES])
    SP_NONNULL(1, 2);
bool sp_room_is_retired(const struct sp_audit_room *room, const uint8_t policy[SP_DIGEST_BYTES])
    SP_NONNULL(1, 2);
struct sp_refused sp_room_policy_changed(void);

/*
 * once.c: a request under an idempotency key. True when it is settled without a run: answered as before, or refused.
 * Then the key is taken (its intent stands in the batch), is durable or not, and is told the end of its run.
 */
bool sp_room_once_is_known(struct sp_audit_room *room, struct sp_pending *row)
    SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_room_once_begin(struct sp_audit_room *room, struct sp_pending *row) SP_NONNULL(1, 2);
void sp_room_once_commit(struct sp_audit_room *room) SP_NONNULL(1);
void sp_room_once_end(struct sp_audit_room *room, struct sp_pending *row, enum sp_end state)
    SP_NONNULL(1, 2);

/* Ends a change of the signing key that was cut off, and makes the one that is asked for; what fails is tried again. */
void sp_room_rotate(struct sp_audit_room *room) SP_NONNULL(1);

/* room_still.c: keeps a run that ended as unknown; the oldest intent that the next start has to know; tells admit. */
void sp_room_keep_unknown(struct sp_audit_room *room, const struct sp_pending *row)
    SP_NONNULL(1, 2);
uint64_t sp_room_oldest(const struct sp_audit_room *room) SP_NONNULL(1);
void sp_room_tell_still(struct sp_audit_room *room) SP_NONNULL(1);
void sp_room_wired_still(struct sp_audit_room *room, struct sp_peer peer) SP_NONNULL(1);

/* parts.c: the digest of what was passed on while a run went on, zeros for nothing; asked for any number of times. */
enum sp_err sp_room_streamed(struct sp_pending *row, uint8_t out[SP_DIGEST_BYTES])
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Appends all outcomes that are owed. */
void sp_room_pay(struct sp_audit_room *room) SP_NONNULL(1);

#endif
