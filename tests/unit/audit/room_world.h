/*
 * room_world - audit's room between peers that note what it sends, on a disk in memory.
 *
 * Runs in: tests.
 */
#ifndef SP_TEST_ROOM_WORLD_H
#define SP_TEST_ROOM_WORLD_H

#include "audit/room.h"
#include "audit/verify_log.h"
#include "fake_disk.h"

#define SECOND   UINT64_C(1000000)
#define NOON     UINT64_C(1795258800000000)
#define SENT_MAX 128U
#define FRONT_1  (UINT64_C(1) << 48)
#define FRONT_2  (UINT64_C(2) << 48)
#define X        (FRONT_1 | 5)

enum sent_type {
    SENT_RUN,
    SENT_ANSWER,
    SENT_JUDGED,
    SENT_ENDED,
    SENT_TOKEN_TOLD,
    SENT_STILL,
    SENT_READ,
    SENT_PART
};

/* A message that the room sent, as far as the tests look at it. */
struct sent {
    enum sent_type type;
    sp_exchange exchange;
    enum sp_err err;
    uint32_t retry_after_ms;
    uint64_t entry;
    bool has_entry;
    enum sp_end state;
    uint32_t left_ms;
    uint32_t run_ms;
    bool is_last;
    bool is_whole;
    char text[64]; /* the answer's bytes, or the order's */
};

struct world {
    struct fake_disk fake;
    struct sp_audit_room *room;
    struct sent sent[SENT_MAX];
    size_t sent_count;
    size_t seen;
    bool is_relay_deaf;
    bool is_reader_deaf;
    bool is_front_full;      /* of parts */
    const uint8_t *code_key; /* of the next room */
    uint64_t file_bytes_max; /* of the next room */
    struct sp_audit_now now;
};

extern const struct sp_peer front, relay, admit, worker_0, worker_1;

void open_room(struct world *w);
int make_world(void **state);
int end_world(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

/* What the peers say. */
struct sp_msg_who who_of(sp_exchange exchange);
struct sp_msg_verdict verdict_of(sp_exchange exchange);
struct sp_msg_verdict denial_of(sp_exchange exchange);
struct sp_msg_outcome outcome_of(sp_exchange exchange, enum sp_end state);
enum sp_err tell_who(struct world *w, sp_exchange exchange);
enum sp_err tell_verdict(struct world *w, sp_exchange exchange);
enum sp_err tell_outcome(struct world *w, sp_exchange exchange, enum sp_end state);

void commit(struct world *w);
void later(struct world *w, uint64_t us);

/* Brings an exchange to the point where relay has it. */
void run(struct world *w, sp_exchange exchange);

/* Entries of no exchange, committed in pairs; what was committed is laid down for readers; what the supervisor drops. */
void lengthen(struct world *w, unsigned entries);
void publish(struct world *w);
void drop_before(struct world *w, uint64_t first);

/* What a verifier finds that trusts `key`, or whichever there is: how much is wrong, and the first thing with its file. */
struct report {
    unsigned problems;
    char first[300];
    struct sp_log_verified verified;
};
struct report verify(struct world *w, const struct sp_note_key *key);
void note_problem(void *ctx, const struct sp_log_problem *problem); /* `ctx` is a report */

/* The same for one who kept a checkpoint that the log has to have grown from. */
struct report verify_from(struct world *w, const struct sp_note_key *key, struct sp_slice older);

/* The next message that the room sent; that there is none; an answer and its settling. */
const struct sent *next(struct world *w, enum sent_type type);
void nothing_more(const struct world *w);
void answered(struct world *w, enum sp_err err, bool has_entry, enum sp_end state);

#endif
