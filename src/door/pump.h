/*
 * pump - moves one connection's bytes between its socket, its guard and its stream to front.
 *
 * Runs in: door.   Input: hostile.   Allocates: one connection; nothing for a request.
 * A write is tried at once and waited for only when it does not fit. The stream to front is made with the first good
 * request, so that a connection which never sends one costs front nothing, and made anew when front was.
 */
#ifndef SP_DOOR_PUMP_H
#define SP_DOOR_PUMP_H

#include "crypto/tls.h"
#include "door/address.h"
#include "door/guard.h"
#include "wire/loop.h"

/* After the last answer the client may still be sending; so long and so much is read and dropped. */
#define SP_PUMP_LINGER_MS         ((uint64_t)2000)
#define SP_PUMP_LINGER_BYTES_MAX  ((size_t)4 * 1024 * 1024)

/* The names of a client's certificate, see sp_tls_peer. */
#define SP_PUMP_SUBJECT_BYTES_MAX ((size_t)2048)

struct sp_pump;

/* Gives front its end of a new stream; borrowed. */
typedef enum sp_err sp_pump_stream_fn(void *ctx, const struct sp_pump *pump, int fd);

/* The connection is over: forget the pump, then sp_pump_free it. */
typedef void sp_pump_ended_fn(void *ctx, struct sp_pump *pump);

/* What all pumps of a door share. */
struct sp_pump_house {
    struct sp_loop *loop;
    const struct sp_tls_context
        *tls; /* NULL: plain HTTP; may change, standing connections keep theirs */
    struct sp_guard_limits limits;
    sp_pump_stream_fn *stream;
    sp_pump_ended_fn *ended;
    void *ctx;
    uint8_t scratch[SP_GUARD_READ_BYTES_MAX]; /* where every read lands first */
};

/* The fields that the listener keeps with each pump; pump.c does not look at them. */
struct sp_pump_card {
    struct sp_pump *previous;
    struct sp_pump *next;
    struct sp_address address;
    uint64_t number;
    uint16_t port;
    char source[SP_ADDRESS_TEXT_BYTES];
    bool is_tls;
    bool has_certificate; /* the client's, verified */
    uint8_t certificate[SP_SHA256_BYTES];
    struct sp_buf subject;
    const char *tls_failure; /* why the handshake failed; NULL */
};

/* Takes the connected socket over, also when it fails. */
enum sp_err sp_pump_new(struct sp_pump_house *house, int take_fd, uint64_t now_ms,
                        struct sp_pump **out) SP_MUST_CHECK SP_NONNULL(1, 4);
struct sp_pump_card *sp_pump_card(struct sp_pump *pump) SP_NONNULL(1);
const struct sp_pump_card *sp_pump_card_of(const struct sp_pump *pump) SP_NONNULL(1);
const struct sp_guard *sp_pump_guard(const struct sp_pump *pump) SP_NONNULL(1);

/* Both may end the pump. */
void sp_pump_tick(struct sp_pump *pump, uint64_t now_ms) SP_NONNULL(1);
void sp_pump_drain(struct sp_pump *pump) SP_NONNULL(1);

void sp_pump_free(struct sp_pump *pump);

#endif
