#include "command/token_usage.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/json.h"
#include "codec/quantity.h"
#include "command/command.h"
#include "command/exec_show.h"
#include "os/files.h"
#include "relay/client.h"
#include "wire/limit.h"

#define URL_BYTES_MAX    ((size_t)16 * 1024)
#define ANSWER_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define CELL_MAX         ((size_t)32)
#define CONNECT_MS       5000U
#define TIMEOUT_MS       30000U

/* --- where --- */

/* Unless something else is given: the gateway of the configuration, with the token that it left in its state directory. */
static enum sp_err fill_in(const struct sp_config *config, struct sp_remote_options *remote,
                           struct sp_buf *endpoint, struct sp_buf *token_file)
{
    remote->config = NULL;
    if (remote->endpoint == NULL && getenv("SALLYPORT_ENDPOINT") == NULL) {
        SP_TRY(sp_buf_putf(endpoint, "%s%s",
                           config->tls_certificate[0] != '\0' ? "https://" : "http://",
                           config->server_listen));
        SP_TRY(sp_buf_put_byte(endpoint, '\0'));
        remote->endpoint = (const char *)endpoint->ptr;
    }
    if (remote->token_file == NULL && getenv("SALLYPORT_TOKEN") == NULL) {
        SP_TRY(sp_buf_putf(token_file, "%s/local.token", config->state_dir));
        SP_TRY(sp_buf_put_byte(token_file, '\0'));
        remote->token_file = (const char *)token_file->ptr;
    }
    return SP_OK;
}

/* --- the table --- */

/* At most four digits and a letter: 9999, 12K, 1.2M. */
static void put_short(uint64_t value, bool is_bytes, char *out, size_t room)
{
    static const char letters[] = " KMGTPE";
    const uint64_t step = is_bytes ? 1024 : 1000;
    uint64_t rest = value;
    unsigned tenth = 0;
    size_t at = 0;
    while (rest >= (is_bytes ? 1000U : 10000U) && at + 2 < sizeof(letters)) {
        tenth = (unsigned)(rest % step * 10 / step);
        rest /= step;
        at++;
    }
    if (at == 0) {
        (void)snprintf(out, room, is_bytes && value > 0 ? "%uB" : "%u", (unsigned)rest);
    } else if (rest < 10) {
        (void)snprintf(out, room, "%u.%u%c", (unsigned)rest, tenth, letters[at]);
    } else {
        (void)snprintf(out, room, "%u%c", (unsigned)rest, letters[at]);
    }
}

/* 59s, 12m, 36h. */
static void put_time(uint64_t seconds, char *out, size_t room)
{
    const unsigned divisor = seconds < 600 ? 1 : seconds < 36000 ? 60 : 3600;
    const char letter = seconds < 600 ? 's' : seconds < 36000 ? 'm' : 'h';
    (void)snprintf(out, room, seconds == 0 ? "%u" : "%u%c", (unsigned)(seconds / divisor), letter);
}

static void put_value(enum sp_limit limit, uint64_t value, char *out, size_t room)
{
    if (limit == SP_LIMIT_RUN_TIME) {
        put_time(value, out, room);
    } else {
        put_short(value, limit == SP_LIMIT_CODE || limit == SP_LIMIT_UPLOAD, out, room);
    }
}

static uint64_t number_of(const struct sp_json *doc, const struct sp_json_value *limit,
                          const char *key)
{
    int64_t value = 0;
    return sp_json_integer(doc, sp_json_get(limit, key), &value) == SP_OK && value > 0
               ? (uint64_t)value
               : 0;
}

/* "used/size", or what is used where there is no limit. */
static void put_cell(const struct sp_json *doc, const struct sp_json_value *of, enum sp_limit limit,
                     char out[CELL_MAX])
{
    char used[CELL_MAX / 2];
    char size[CELL_MAX / 2];
    const struct sp_json_value *row = sp_json_get(sp_json_get(of, "limits"), sp_limit_key(limit));
    const uint64_t whole = number_of(doc, row, "size");
    put_value(limit, number_of(doc, row, "used"), used, sizeof(used));
    put_value(limit, whole, size, sizeof(size));
    (void)snprintf(out, CELL_MAX, whole == 0 ? "%s" : "%s/%s", used, size);
}

static const int widths[SP_LIMIT_COUNT] = {0, 9, 6, 6, 9, 9, 9};

static void print_line(const struct sp_json *doc, struct sp_slice tenant, struct sp_slice token,
                       const struct sp_json_value *of)
{
    (void)printf("%-12.*s %-13.*s", (int)(tenant.len > 12 ? 12 : tenant.len),
                 (const char *)tenant.ptr, (int)(token.len > 13 ? 13 : token.len),
                 (const char *)token.ptr);
    for (unsigned limit = SP_LIMIT_NONE + 1; limit < SP_LIMIT_COUNT; limit++) {
        char cell[CELL_MAX];
        put_cell(doc, of, (enum sp_limit)limit, cell);
        (void)printf(" %*s", widths[limit], cell);
    }
    (void)printf("\n");
}

static void print_head(void)
{
    static const char *const names[SP_LIMIT_COUNT] = {"",         "REQ/MIN", "RUNS",   "SESS",
                                                      "RUN TIME", "CODE",    "UPLOADS"};
    (void)printf("%-12s %-13s", "TENANT", "TOKEN");
    for (unsigned limit = SP_LIMIT_NONE + 1; limit < SP_LIMIT_COUNT; limit++) {
        (void)printf(" %*s", widths[limit], names[limit]);
    }
    (void)printf("\n");
}

static void print_tenant(const struct sp_json *doc, const struct sp_json_value *tenant)
{
    struct sp_slice name = {NULL, 0};
    struct sp_slice token = {NULL, 0};
    (void)!sp_json_string(sp_json_get(tenant, "tenant"), &name);
    print_line(doc, name, SP_SLICE_LITERAL("(all)"), tenant);
    const struct sp_json_value *v = sp_json_first(sp_json_get(tenant, "tokens"));
    for (; v != NULL; v = sp_json_next(v)) {
        (void)!sp_json_string(sp_json_get(v, "token"), &token);
        print_line(doc, name, token, v);
    }
}

/* --- asking --- */

struct asking {
    const struct sp_token_usage_options *options;
    const struct sp_remote *remote;
    uint64_t next; /* 0: there is no other page */
};

static int complain(const char *what, const char *why)
{
    (void)fprintf(stderr, "sallyport token: %s%s%s\n", what, *why == '\0' ? "" : ": ", why);
    return SP_EXIT_DENIED;
}

static int show(struct asking *asking, struct sp_slice body)
{
    const struct sp_json_limits limits = {
        .bytes_max = ANSWER_BYTES_MAX, .depth_max = 16, .nul = SP_JSON_NUL_REFUSED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    if (sp_json_parse(body, &limits, &doc, NULL) != SP_OK) {
        return complain("the answer is not one of a gateway", "");
    }
    const struct sp_json_value *root = sp_json_root(doc);
    asking->next = number_of(doc, root, "next");
    if (asking->options->is_json) {
        (void)printf("%.*s\n", (int)body.len, (const char *)body.ptr);
        return SP_EXIT_DONE;
    }
    if (asking->options->tenant != NULL) {
        print_tenant(doc, root);
    }
    const struct sp_json_value *v = sp_json_first(sp_json_get(root, "tenants"));
    for (; v != NULL; v = sp_json_next(v)) {
        print_tenant(doc, v);
    }
    return SP_EXIT_DONE;
}

static int ask_page(struct asking *asking)
{
    SP_AUTO_CLIENT_ANSWER struct sp_client_answer answer = {0};
    SP_AUTO_BUF struct sp_buf url;
    struct sp_where where = {.text = {0}};
    const char *tenant = asking->options->tenant;
    sp_buf_init(&url, URL_BYTES_MAX);
    enum sp_err err = sp_buf_put(&url, sp_buf_slice(&asking->remote->origin));
    if (err == SP_OK) {
        err = sp_buf_put(&url, sp_buf_slice(&asking->remote->path));
    }
    if (err == SP_OK) {
        err = tenant != NULL ? sp_buf_putf(&url, "/.sallyport/usage?tenant=%s", tenant)
                             : sp_buf_putf(&url, "/.sallyport/usage?all=true&from=%llu",
                                           (unsigned long long)asking->next);
    }
    if (err != SP_OK) {
        return complain("the URL is too long", "");
    }
    const struct sp_client_request request = {.method = "GET",
                                              .url = sp_buf_slice(&url),
                                              .bearer = sp_buf_slice(&asking->remote->token),
                                              .save_fd = -1,
                                              .connect_ms = CONNECT_MS,
                                              .timeout_ms = TIMEOUT_MS,
                                              .ca_file = sp_remote_ca_file(asking->remote)};
    if (sp_client_send(&request, &answer, &where) != SP_OK) {
        (void)complain("no answer from the gateway", where.text);
        return SP_EXIT_UNREACHABLE;
    }
    if (answer.status != 200) {
        return sp_exec_show_problem("token", answer.status, sp_buf_slice(&answer.body), "usage",
                                    (struct sp_slice){NULL, 0});
    }
    return show(asking, sp_buf_slice(&answer.body));
}

int sp_token_usage_print(const struct sp_config *config,
                         const struct sp_token_usage_options *options)
{
    SP_AUTO_REMOTE struct sp_remote remote;
    SP_AUTO_BUF struct sp_buf endpoint;
    SP_AUTO_BUF struct sp_buf token_file;
    struct sp_remote_options where = options->remote;
    struct asking asking = {.options = options, .remote = &remote};
    sp_remote_init(&remote);
    sp_buf_init(&endpoint, URL_BYTES_MAX);
    sp_buf_init(&token_file, SP_FILE_PATH_MAX);
    if (fill_in(config, &where, &endpoint, &token_file) != SP_OK) {
        return complain("the path of the state directory is too long", "");
    }
    int status = sp_remote_open("token", &where, &remote);
    if (status == SP_EXIT_DONE && !options->is_json) {
        print_head();
    }
    do {
        status = status == SP_EXIT_DONE ? ask_page(&asking) : status;
    } while (status == SP_EXIT_DONE && asking.next != 0);
    return fflush(stdout) == 0 ? status : SP_EXIT_DENIED;
}
