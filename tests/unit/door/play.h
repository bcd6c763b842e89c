/* A guard at play: a client that sends what a test says, a front that answers every whole request. */
#ifndef SP_TESTS_DOOR_PLAY_H
#define SP_TESTS_DOOR_PLAY_H

#include "door/guard.h"

#define GET    "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define HEAD   "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define POST   "POST /a HTTP/1.1\r\nHost: h\r\n"
#define OK     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define ENOUGH ((size_t)64 * 1024)

/* head_ms 1000, body_ms 2000, idle_ms 5000; the clock starts at 1000. */
extern const struct sp_guard_limits sp_play_limits;

/* `answer` is given to every whole request; NULL: front keeps silent. */
struct play {
    struct sp_guard guard;
    uint64_t now_ms;
    const char *answer;
    uint64_t answered;
    struct sp_buf front;  /* all that front got */
    struct sp_buf client; /* all that the client got */
};

void sp_play_start(struct play *p);
void sp_play_end(struct play *p);

/* Delivers both queues, as a pump with fast sockets would. */
void sp_play_deliver(struct play *p);

/* The client sends `in`, `step` bytes at a time; everything is delivered and answered in between. */
void sp_play_feed(struct play *p, struct sp_slice in, size_t step);

bool sp_play_client_has(const struct play *p, const char *text);
bool sp_play_front_has(const struct play *p, const char *text);
unsigned sp_play_count(const struct sp_buf *b, const char *text);

#endif
