#include <stdio.h>

#include "base/own.h"
#include "codec/hex.h"
#include "pool/face_inner.h"
#include "pool/path.h"

void sp_connection_upload_done(struct connection *c)
{
    sp_pool_upload_done(&c->upload);
    sp_pool_call_done(&c->call);
}

/* ---- an upload ---- */

static void refuse_upload(struct connection *c, enum sp_err why)
{
    uint64_t request = c->request;
    const char *detail = why != SP_ERR_FILE_NAME
                             ? ""
                             : "the name of a new file takes letters, digits, spaces and "
                               "- _ . @ $ & = ; , # % ^ ( ), its directories the same but dots";
    c->upload.state = SP_POOL_UPLOAD_OVER;
    sp_pool_refuse(c->face->how.pool, request, why, sp_slice_of(detail));
    /* The session throws away what it had of the file. */
    sp_pool_left(c->face->how.pool, request);
}

/* A gateway inspected this file, and it is code that may run as it is now. */
static enum sp_err read_approval(struct connection *c)
{
    struct sp_slice digits = {NULL, 0};
    unsigned count = sp_http1_find(&c->http.parser, "X-Sallyport-Approved", &digits);
    c->is_approved = count == 1;
    if (count == 0) {
        return SP_OK;
    }
    return count == 1 && sp_hex_read(digits, sizeof c->approved, c->approved) == SP_OK
               ? SP_OK
               : SP_ERR_REQUEST;
}

void sp_connection_upload_head(struct connection *c)
{
    struct sp_slice type = {NULL, 0};
    struct sp_where where = {.line = 0};
    enum sp_err err = SP_OK;
    sp_connection_upload_done(c);
    err = sp_connection_call(c, &c->call, &where);
    sp_connection_number(c);
    (void)sp_http1_find(&c->http.parser, "Content-Type", &type);
    if (err == SP_OK) {
        err = read_approval(c);
    }
    if (err == SP_OK) {
        err = sp_pool_upload_begin(&c->upload, type);
    }
    if (err != SP_OK) {
        refuse_upload(c, err);
    }
}

/* The name is known: the session makes the file. */
static void on_upload_name(struct connection *c)
{
    struct sp_slice name = sp_buf_slice(&c->upload.part.filename);
    size_t before = c->call.path.len;
    enum sp_err err = sp_pool_path_add(name, SP_POOL_PATH_NEW_FILE, &c->call.path);
    if (err == SP_OK && c->call.path.len == before) {
        err = SP_ERR_FILE_NAME;
    }
    if (err != SP_OK) {
        refuse_upload(c, err);
        return;
    }
    sp_connection_ask_file(c, &c->call, SP_FILE_CREATE);
}

void sp_connection_upload_piece(struct connection *c, struct sp_slice piece)
{
    enum sp_pool_upload_state before = c->upload.state;
    enum sp_err err = sp_pool_upload_feed(&c->upload, piece);
    if (err != SP_OK) {
        refuse_upload(c, err);
    } else if (before == SP_POOL_UPLOAD_READING && c->upload.state == SP_POOL_UPLOAD_NAMED) {
        on_upload_name(c);
    }
}

/* All of the body is there. */
void sp_connection_upload_end(struct connection *c)
{
    if (c->upload.state == SP_POOL_UPLOAD_WRITTEN) {
        sp_pool_upload_done(&c->upload);
        sp_pool_upload_commit(c->face->how.pool, c->request,
                              sp_slice_make(c->approved, c->is_approved ? sizeof c->approved : 0));
    } else if (c->upload.state != SP_POOL_UPLOAD_NAMED) {
        refuse_upload(c, SP_ERR_REQUEST);
    }
}

/* ---- a download ---- */

static void begin_download(struct connection *c, int *fd, const struct sp_pool_file *file,
                           const struct sp_pool_range *range, uint64_t size)
{
    char more[SP_POOL_FIELDS_BYTES];
    const struct sp_pool_reply reply = {
        .status = range->is_part ? 206 : 200,
        .type = sp_pool_path_type(file->path),
        .length = range->len,
        .more = more,
    };
    sp_pool_download_fields(range, size, file->wall_us, more);
    c->request = 0;
    sp_pool_http_reply(&c->http, &reply);
    sp_pool_download_begin(&c->download, sp_take_fd(fd), range);
}

static void refuse_range(struct connection *c, uint64_t size)
{
    struct sp_buf SP_AUTO_BUF body;
    char more[SP_POOL_FIELDS_BYTES];
    unsigned long long whole = size;
    struct sp_pool_reply reply = {.status = sp_err_http(SP_ERR_NOT_SATISFIABLE), .more = more};
    sp_buf_init(&body, (size_t)SP_POOL_FIELDS_BYTES * 2);
    (void)snprintf(more, sizeof more, "Content-Range: bytes */%llu\r\n", whole);
    if (sp_pool_answer_error(SP_ERR_NOT_SATISFIABLE, sp_slice_of(""), &body) != SP_OK) {
        sp_buf_clear(&body);
    }
    reply.length = body.len;
    c->request = 0;
    sp_pool_http_reply(&c->http, &reply);
    if (sp_buf_put(&c->http.out, sp_buf_slice(&body)) != SP_OK) {
        c->http.state = SP_POOL_HTTP_CLOSING;
    }
    sp_pool_http_answered(&c->http);
}

void sp_connection_download(struct connection *c, int *fd, const struct sp_pool_file *file)
{
    struct sp_slice value = {NULL, 0};
    struct sp_pool_range range = {.is_part = false};
    uint64_t size = 0;
    enum sp_err err = sp_pool_download_look(*fd, &size);
    (void)sp_http1_find(&c->http.parser, "Range", &value);
    if (err == SP_OK) {
        err = sp_pool_range_read(value, size, &range);
    }
    if (err == SP_OK) {
        begin_download(c, fd, file, &range, size);
    } else if (err == SP_ERR_NOT_SATISFIABLE) {
        refuse_range(c, size);
    } else {
        sp_pool_refuse(c->face->how.pool, c->request, err, sp_slice_of(""));
    }
}

void sp_connection_upload_open(struct connection *c, int *fd)
{
    enum sp_err err = sp_pool_upload_open(&c->upload, sp_take_fd(fd));
    if (err != SP_OK) {
        refuse_upload(c, err);
    } else if (c->http.state == SP_POOL_HTTP_WAITING) {
        sp_connection_upload_end(c);
    }
}
