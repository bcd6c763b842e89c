#include "relay/client.h"

#include <stdlib.h>

#include <curl/curl.h>

#include "base/secret.h"

#define HEADER_BYTES_MAX ((size_t)20 * 1024)

struct call {
    CURL *easy;
    struct curl_slist *headers;
    char *url;
    struct sp_buf bearer_line;
    struct sp_client_answer answer;
    bool is_too_big;
    char why[CURL_ERROR_SIZE];
};

static void call_done(struct call *call)
{
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    free(call->url);
    sp_buf_wipe(&call->bearer_line);
    sp_client_answer_done(&call->answer);
}

static size_t on_answer(char *bytes, size_t size, size_t count, void *ctx)
{
    struct call *call = ctx;
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
    SP_TRY(add_header(call, "Content-Type: application/json"));
    SP_TRY(add_header(call, "Expect:"));
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
           curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.ptr) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_ms) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms) == CURLE_OK;
}

static bool set_rest(struct call *call, const struct sp_client_request *request)
{
    CURL *easy = call->easy;
    return curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "sallyport-exec") == CURLE_OK &&
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

enum sp_err sp_client_post(const struct sp_client_request *request, struct sp_client_answer *out,
                           struct sp_where *out_where)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return SP_ERR_NOMEM;
    }
    SP_CLEANUP(call_done)
    struct call call = {.easy = curl_easy_init(), .url = sp_slice_dup(request->url)};
    sp_buf_init(&call.bearer_line, HEADER_BYTES_MAX);
    sp_buf_init(&call.answer.body, SP_CLIENT_ANSWER_BYTES_MAX);
    if (call.easy == NULL || call.url == NULL) {
        return SP_ERR_NOMEM;
    }
    SP_TRY(add_headers(&call, request->bearer));
    if (!set_request(&call, request) || !set_rest(&call, request)) {
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
