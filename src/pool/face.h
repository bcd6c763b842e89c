/*
 * face - the pool's HTTP face: the listening socket, its connections, and the files that go over them.
 *
 * Runs in: pool.   Input: what relay sends, read as hostile all the same.   Allocates: for each connection.
 */
#ifndef SP_POOL_FACE_H
#define SP_POOL_FACE_H

#include "pool/pool.h"
#include "wire/loop.h"

#define SP_POOL_CONNECTIONS_MAX 1024U

struct sp_pool_face;

struct sp_pool_face_how {
    struct sp_loop *loop;
    struct sp_pool *pool;
    void (*turned)(void *ctx); /* the room was asked something: deadlines may have moved */
    void *ctx;
    bool may_own_code; /* what holds for a run whose request does not say */
};

/* `take_listener` is a listening stream socket. What `how` points to must live longer than the face. */
enum sp_err sp_pool_face_new(const struct sp_pool_face_how *how, int take_listener,
                             struct sp_pool_face **out) SP_MUST_CHECK SP_NONNULL(1, 3);
void sp_pool_face_free(struct sp_pool_face *face);

/* For the ports of the room: an answer, events before it, or an open file, of a request that may have left. */
void sp_pool_face_answer(struct sp_pool_face *face, uint64_t request, unsigned status,
                         unsigned retry_after_s, struct sp_slice body);
void sp_pool_face_stream(struct sp_pool_face *face, uint64_t request, struct sp_slice events);
void sp_pool_face_file(struct sp_pool_face *face, uint64_t request, int *fd,
                       const struct sp_pool_file *file) SP_NONNULL(3, 4);

#endif
