#include "relay/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/secret.h"

#define HEADER_BYTES_MAX ((size_t)20 * 1024)

/* A transfer that moves nothing for so long is over, when there is no other limit. */
#define STALL_S          60L

struct call {
    const struct sp_client_request *request;
    CURL *easy;
    curl_mime *form;
    struct curl_slist *headers;
    char *url;
    struct sp_buf bearer_line;
    struct sp_client_answer answer;
    bool is_too_big;
    bool is_full; /* what is saved cannot be written */
    char why[CURL_ERROR_SIZE];
};

static void call_done(struct call *call)
{
    curl_mime_free(call->form);
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    free(call->url);
    sp_buf_wipe(&call->bearer_line);
    sp_client_answer_done(&call->answer);
}

static bool is_saved(const struct call *call)
{
    long status = 0;
    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    return call->request->save_fd >= 0 && status >= 200 && status <= 299;
}

static bool save(struct call *call, struct sp_slice bytes)
{
    while (bytes.len > 0) {
        ssize_t wrote = write(call->request->save_fd, bytes.ptr, bytes.len);
        if (wrote <= 0) {
            call->is_full = true;
            return false;
        }
        bytes = sp_slice_sub(bytes, (size_t)wrote, bytes.len);
    }
    return true;
}

/* Whether what comes now are events; an error comes whole, whatever was asked for. */
static bool is_events(const struct call *call)
{
    const char *type = NULL;
    long status = 0;
    if (call->request->events == NULL ||
        curl_easy_getinfo(call->easy, CURLINFO_CONTENT_TYPE, &type) != CURLE_OK ||
        curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK) {
        return false;
    }
    return status == 200 && type != NULL &&
           sp_slice_is_nocase(sp_slice_of(type), "text/event-stream");
}

static size_t on_answer(char *bytes, size_t size, size_t count, void *ctx)
{
    struct call *call = ctx;
    if (is_events(call)) {
        call->answer.is_events = true;
        return call->request->events(call->request->events_ctx, sp_slice_make(bytes, size * count))
                   ? size * count
                   : 0;
    }
    if (is_saved(call)) {
        return save(call, sp_slice_make(bytes, size * count)) ? size * count : 0;
    }
    if (sp_buf_put(&call->answer.body, sp_slice_make(bytes, size * count)) != SP_OK) {
        call->is_too_big = true;
        return 0;
    }
    return size * count;
}

static enum sp_err add_header(struct call *call, const char *line)
{
    struct curl_slist *longer = curl_slist_append(call->headers, line);
    if (longer == NULL) {
        return SP_ERR_NOMEM;
    }
    call->headers = longer;
    return SP_OK;
}

static enum sp_err add_headers(struct call *call, struct sp_slice bearer)
{
    if (call->request->upload == NULL && call->request->body.len > 0) {
        SP_TRY(add_header(call, "Content-Type: application/json"));
    }
    SP_TRY(add_header(call, "Expect:"));
    SP_TRY(call->request->events != NULL ? add_header(call, "Accept: text/event-stream") : SP_OK);
    if (bearer.len == 0) {
        return SP_OK;
    }
    SP_TRY(sp_buf_put_text(&call->bearer_line, "Authorization: Bearer "));
    SP_TRY(sp_buf_put(&call->bearer_line, bearer));
    SP_TRY(sp_buf_put_byte(&call->bearer_line, '\0'));
    return add_header(call, (const char *)call->bearer_line.ptr);
}

static bool set_request(struct call *call, const struct sp_client_request *request)
{
    CURL *easy = call->easy;
    return curl_easy_setopt(easy, CURLOPT_URL, call->url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_ms) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                            request->timeout_ms == 0 ? STALL_S : 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK;
}

static size_t on_upload(char *to, size_t size, size_t count, void *ctx)
{
    const struct sp_client_upload *upload = ctx;
    ssize_t got = read(upload->fd, to, size * count);
    return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static bool set_upload(struct call *call, const struct sp_client_upload *upload)
{
    union {
        const struct sp_client_upload *in;
        void *out;
    } ctx = {.in = upload}; /* on_upload does not write to it */
    call->form = curl_mime_init(call->easy);
    curl_mimepart *part = call->form == NULL ? NULL : curl_mime_addpart(call->form);
    return part != NULL && curl_mime_name(part, "file") == CURLE_OK &&
           curl_mime_filename(part, upload->name) == CURLE_OK &&
           curl_mime_type(part, "application/octet-stream") == CURLE_OK &&
           curl_mime_data_cb(part, (curl_off_t)upload->bytes, on_upload, NULL, NULL, ctx.out) ==
               CURLE_OK &&
           curl_easy_setopt(call->easy, CURLOPT_MIMEPOST, call->form) == CURLE_OK;
}

static bool set_body(struct call *call, const struct sp_client_request *request)
{
    CURL *easy = call->easy;
    if (request->upload != NULL) {
        return set_upload(call, request->upload);
    }
    if (request->body.len == 0) {
        return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK;
    }
    return curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.ptr) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len) ==
               CURLE_OK;
}

static int on_progress(void *ctx, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                       curl_off_t up)
{
    const struct call *call = ctx;
    const bool is_up = call->request->upload != NULL;
    const curl_off_t done = is_up ? up : down;
    const curl_off_t all = is_up ? up_all : down_all;
    return call->request->progress(call->request->progress_ctx, (uint64_t)done, (uint64_t)all) ? 0
                                                                                               : 1;
}

static bool set_progress(struct call *call, const struct sp_client_request *request)
{
    return request->progress == NULL ||
           (curl_easy_setopt(call->easy, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
            curl_easy_setopt(call->easy, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
            curl_easy_setopt(call->easy, CURLOPT_XFERINFODATA, call) == CURLE_OK);
}

static bool set_rest(struct call *call, const struct sp_client_request *request)
{
    CURL *easy = call->easy;
    return curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "sallyport") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->why) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, call) == CURLE_OK &&
           (request->ca_file == NULL ||
            curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file) == CURLE_OK);
}

static enum sp_err perform(struct call *call, struct sp_where *where)
{
    long status = 0;
    CURLcode code = curl_easy_perform(call->easy);
    if (code != CURLE_OK) {
        if (call->is_full) {
            sp_where_set(where, 0, 0, "%s", strerror(errno));
            return SP_ERR_SYSTEM;
        }
        const char *why = call->why[0] != '\0' ? call->why : curl_easy_strerror(code);
        sp_where_set(where, 0, 0, "%s", call->is_too_big ? "the answer is over its limit" : why);
        return SP_ERR_CLOSED;
    }
    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || status > 999) {
        sp_where_set(where, 0, 0, "the answer has no status");
        return SP_ERR_CLOSED;
    }
    call->answer.status = (unsigned)status;
    return SP_OK;
}

enum sp_err sp_client_send(const struct sp_client_request *request, struct sp_client_answer *out,
                           struct sp_where *out_where)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return SP_ERR_NOMEM;
    }
    SP_CLEANUP(call_done)
    struct call call = {
        .request = request, .easy = curl_easy_init(), .url = sp_slice_dup(request->url)};
    sp_buf_init(&call.bearer_line, HEADER_BYTES_MAX);
    sp_buf_init(&call.answer.body, SP_CLIENT_ANSWER_BYTES_MAX);
    if (call.easy == NULL || call.url == NULL) {
        return SP_ERR_NOMEM;
    }
    SP_TRY(add_headers(&call, request->bearer));
    if (!set_request(&call, request) || !set_body(&call, request) ||
        !set_progress(&call, request) || !set_rest(&call, request)) {
        return SP_ERR_NOMEM;
    }
    SP_TRY(perform(&call, out_where));
    *out = call.answer;
    sp_buf_init(&call.answer.body, 0);
    return SP_OK;
}

void sp_client_answer_done(struct sp_client_answer *answer)
{
    sp_buf_done(&answer->body);
}
