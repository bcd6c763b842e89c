/*
 * pending - the exchanges that audit knows of, each with what has been told about it so far.
 *
 * Runs in: audit.   Input: messages of processes that may be taken over.   Allocates: one row an exchange, bounded.
 */
#ifndef SP_AUDIT_PENDING_H
#define SP_AUDIT_PENDING_H

#include "base/buf.h"
#include "wire/msg.h"

/* Twice the slots: those of a front that died may still run while its successor begins anew. */
#define SP_PENDING_MAX  (2 * SP_EXCHANGE_SLOTS)
#define SP_PENDING_LATE ((size_t)1024) /* exchanges given up whose last message may still come */

enum sp_pending_state {
    SP_PENDING_WHO,     /* admit told who; the verdict is awaited */
    SP_PENDING_VERDICT, /* the verdict came first; admit's part is awaited */
    SP_PENDING_HASHING, /* both parts are here; the content of an upload is being digested, piece by piece */
    SP_PENDING_TIME, /* both parts are here; admit has to reserve the time that the run asks for */
    SP_PENDING_INTENT,  /* the intent waits for the commit */
    SP_PENDING_RUNNING, /* relay has it */
    SP_PENDING_ENTRY,   /* its only entry (denial, refusal) waits for the commit */
    SP_PENDING_OUTCOME, /* the outcome waits for the commit */
    SP_PENDING_OWED, /* answered, but the log did not take the outcome: it follows when the log is back */
    SP_PENDING_READ,   /* the entry of a reading waits for the commit; reader answers */
    SP_PENDING_PAYING, /* such an outcome waits for the commit */
};

/* What front and admit will be told after the commit. */
struct sp_reply {
    enum sp_err err;
    bool is_async; /* of a replay: the run was one that nobody waits for */
    uint32_t retry_after_ms;
    struct sp_slice detail; /* these two in `texts` of the row */
    struct sp_slice findings;
    struct sp_payload answer;
    struct sp_payload content;
};

struct sp_hash;
struct sp_code_job;

struct sp_pending {
    struct sp_pending *next_in_bucket;
    struct sp_pending *next_in_batch;
    struct sp_pending *older; /* among those whose intent has no durable outcome yet */
    struct sp_pending *newer;
    bool is_open;
    sp_exchange exchange;
    enum sp_pending_state state;
    bool is_answered;            /* a run that nobody waits for: front has its answer */
    bool is_hashed;              /* the content has its digest */
    struct sp_hash *hash;        /* of the content, while it is digested */
    uint64_t hashed;             /* so many bytes of it */
    struct sp_code_job *keeping; /* the content, while it is written beside the log */
    struct sp_hash *streamed;    /* of what was passed on while it ran */
    uint64_t streamed_bytes;
    uint8_t streamed_digest[SP_DIGEST_BYTES];
    uint32_t parts_lost; /* since the last part that was passed on */
    enum {
        SP_KEY_NONE,
        SP_KEY_HELD,
        SP_KEY_FAILED
    } key; /* what stands under an idempotency key (once.c) */
    bool is_replay;
    bool is_reading_all; /* of a reading: entries of every tenant */
    bool is_orphan;      /* its front is gone: nobody waits for the answer */
    bool is_disputed; /* before admit's word: `rival` gave a verdict, too, which was passed over */
    uint16_t rival;
    uint16_t worker;
    uint64_t heard_us;             /* the first word of it, monotonic */
    uint64_t joined_us;            /* both parts were here */
    uint64_t due_us;               /* when waiting ends, monotonic */
    uint64_t entry;                /* of the intent, or of the only entry */
    struct sp_msg_who who;         /* texts in who_texts */
    struct sp_msg_verdict verdict; /* texts in texts, the order is owned */
    struct sp_msg_outcome outcome; /* texts in texts; the answer moves to the reply */
    struct sp_reply reply;
    struct sp_buf who_texts;
    struct sp_buf texts;
    struct sp_buf replay; /* of a replay: what its texts are lent from */
};

struct sp_pending_table;

enum sp_err sp_pending_new(struct sp_pending_table **out) SP_MUST_CHECK SP_NONNULL(1);
void sp_pending_free(struct sp_pending_table *table);

/* NULL when it is not there. */
struct sp_pending *sp_pending_find(struct sp_pending_table *table, sp_exchange exchange)
    SP_NONNULL(1);

/* SP_ERR_WIRE for a slot that cannot be, SP_ERR_FULL past the bound. */
enum sp_err sp_pending_add(struct sp_pending_table *table, sp_exchange exchange,
                           struct sp_pending **out) SP_MUST_CHECK SP_NONNULL(1, 3);
void sp_pending_drop(struct sp_pending_table *table, struct sp_pending *take_row) SP_NONNULL(1, 2);

/* The row's intent was appended; it stays open until the row is dropped. Then the index of the oldest such intent, and
 * UINT64_MAX when there is none. */
void sp_pending_opened(struct sp_pending_table *table, struct sp_pending *row) SP_NONNULL(1, 2);
uint64_t sp_pending_oldest(const struct sp_pending_table *table) SP_NONNULL(1);
size_t sp_pending_count(const struct sp_pending_table *table) SP_NONNULL(1);

/* Calls `fn` for every row; it may drop the row that it was called with. */
typedef void sp_pending_fn(void *ctx, struct sp_pending *row);
void sp_pending_each(struct sp_pending_table *table, sp_pending_fn *fn, void *ctx) SP_NONNULL(1, 2);

/* Keep what a message tells beyond the message; payloads move. */
enum sp_err sp_pending_keep_who(struct sp_pending *row, const struct sp_msg_who *who)
    SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_pending_keep_verdict(struct sp_pending *row, struct sp_msg_verdict *verdict)
    SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_pending_keep_outcome(struct sp_pending *row, struct sp_msg_outcome *outcome)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Remembers that the last message about an exchange is no longer wanted; asks whether it was, and forgets it. */
void sp_pending_give_up(struct sp_pending_table *table, sp_exchange exchange) SP_NONNULL(1);
bool sp_pending_was_given_up(struct sp_pending_table *table, sp_exchange exchange) SP_NONNULL(1);

#endif
