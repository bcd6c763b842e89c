/*
 * listen - accepts clients within bounds, ticks their deadlines, and empties the house at the end.
 *
 * Runs in: door.   Input: hostile.   Allocates: one pump a connection, a table of addresses at start.
 */
#ifndef SP_DOOR_LISTEN_H
#define SP_DOOR_LISTEN_H

#include "door/pump.h"

/* How often deadlines are looked at: the finest difference that they can make. */
#define SP_LISTEN_TICK_MS  ((uint64_t)250)
/* After the machine ran out of descriptors or memory, nobody is accepted for so long. */
#define SP_LISTEN_PAUSE_MS ((uint64_t)100)

struct sp_listen;

/* Gives front its end of a client's stream; SP_ERR_UNAVAILABLE when there is no front. `fd` is borrowed. */
typedef enum sp_err sp_listen_stream_fn(void *ctx, const struct sp_pump_card *card, int fd);
/* The last connection ended after sp_listen_drain. */
typedef void sp_listen_empty_fn(void *ctx);

/* A request broke a rule of HTTP, a fixed text (NULL: none); its source as text. */
typedef void sp_listen_refused_fn(void *ctx, enum sp_err err, const char *rule,
                                  struct sp_slice source);

struct sp_listen_config {
    struct sp_loop *loop;
    const struct sp_tls_context *tls; /* borrowed; NULL: plain HTTP */
    struct sp_guard_limits limits;
    unsigned connections_max;
    unsigned connections_per_address;
    sp_listen_stream_fn *stream;
    sp_listen_empty_fn *empty;
    sp_listen_refused_fn *refused;
    void *ctx;
};

/* Numbers for the operator, since the start. */
struct sp_listen_counts {
    uint64_t accepted;
    uint64_t open;
    uint64_t turned_away; /* over a bound on connections */
    uint64_t refused;     /* broke a rule of HTTP */
    uint64_t timed_out;
    uint64_t
        tls_failed; /* no handshake: the wrong protocol, no good certificate, or an end in the midst of it */
    uint64_t front_lost; /* answered for a front that did not */
    uint64_t requests;   /* of connections that ended */
};

/* Takes the listening socket over, also when it fails. */
enum sp_err sp_listen_new(const struct sp_listen_config *config, int take_fd,
                          struct sp_listen **out) SP_MUST_CHECK SP_NONNULL(1, 3);

/* Begins to accept. */
enum sp_err sp_listen_open(struct sp_listen *listen) SP_MUST_CHECK SP_NONNULL(1);

/* For connections from now on; those that stand keep theirs. Borrowed; the old one may be freed at once. */
void sp_listen_set_tls(struct sp_listen *listen, const struct sp_tls_context *tls) SP_NONNULL(1);

/* Closes the listener and every idle connection; busy ones end with their answer. */
void sp_listen_drain(struct sp_listen *listen) SP_NONNULL(1);

/* All since the start, but `open`, which is of now. */
struct sp_listen_counts sp_listen_counts(const struct sp_listen *listen) SP_NONNULL(1);

/* Ends every connection at once. */
void sp_listen_free(struct sp_listen *listen);

#endif
