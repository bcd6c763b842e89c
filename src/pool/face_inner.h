/*
 * face_inner - what the files of the HTTP face share. Only face.c and face_file.c include this.
 *
 * Runs in: pool.   Input: as face.h.   Allocates: as face.h.
 */
#ifndef SP_POOL_FACE_INNER_H
#define SP_POOL_FACE_INNER_H

#include "pool/face.h"
#include "pool/http.h"
#include "pool/transfer.h"

struct connection {
    struct sp_pool_face *face;
    unsigned index;
    uint64_t key;     /* of the template, as this request says */
    uint64_t request; /* that waits for its answer; 0 for none */
    int fd;
    struct sp_watch *watch;
    struct sp_pool_http http;
    struct sp_pool_call call; /* of an upload, while its body comes */
    struct sp_pool_upload upload;
    uint8_t approved[32]; /* digest of the upload, when it is code that was approved */
    bool is_approved;
    struct sp_pool_download download;
    size_t sent;          /* bytes of http.out that are on their way */
    struct sp_buf unread; /* what came behind what is being done */
    bool is_events;       /* the answer to the present request is a stream of events */
    bool is_due;   /* the parser has more to say without more input: a piece was its last event */
    bool is_busy;  /* in its own callback */
    bool is_ahead; /* the client has sent more than is read for now */
    bool is_over;
};

struct sp_pool_face {
    struct sp_pool_face_how how;
    int listener;
    struct sp_watch *watch;
    uint64_t requests; /* how many there were */
    struct connection *connections[SP_POOL_CONNECTIONS_MAX];
};

/* face.c */
void sp_connection_number(struct connection *c); /* gives the request that begins its number */
enum sp_err sp_connection_call(struct connection *c, struct sp_pool_call *out,
                               struct sp_where *where) SP_MUST_CHECK;
void sp_connection_ask_file(struct connection *c, const struct sp_pool_call *call,
                            enum sp_file_op op);

/* face_file.c */
void sp_connection_upload_done(struct connection *c);
void sp_connection_upload_head(struct connection *c);
void sp_connection_upload_piece(struct connection *c, struct sp_slice piece);
void sp_connection_upload_end(struct connection *c); /* all of the body is there */
void sp_connection_upload_open(struct connection *c, int *fd);
void sp_connection_download(struct connection *c, int *fd, const struct sp_pool_file *file);

#endif
