#include "command/audit_remote.h"

#include <stdio.h>
#include <time.h>

#include "audit/record.h"
#include "base/num.h"
#include "codec/url.h"
#include "command/command.h"
#include "command/exec_show.h"
#include "relay/client.h"

#define URL_BYTES_MAX ((size_t)16 * 1024)
#define CONNECT_MS    5000U
#define TIMEOUT_MS    60000U
#define PAGE_ENTRIES  1000U
#define FOLLOW_S      2  /* each look is an entry of the log, ... */
#define WAIT_S        45 /* ... and so is this one, which ends when there is something to see */
#define WHAT_MAX      ((size_t)64)

struct reading {
    const struct sp_audit_asking *asking;
    struct sp_remote remote;
    struct sp_buf query; /* of the latest look */
    struct sp_buf page;
    uint64_t next;
    uint64_t size;
    bool waits; /* for the first entry to see, rather than to be told that there is none */
};

static int complain(const char *what, const char *why)
{
    (void)fprintf(stderr, "sallyport audit: %s%s%s\n", what, *why == '\0' ? "" : ": ", why);
    return SP_EXIT_USAGE;
}

/* --- one request --- */

static enum sp_err put_url(const struct sp_remote *remote, const char *what, struct sp_slice query,
                           struct sp_buf *out)
{
    SP_TRY(sp_buf_put(out, sp_buf_slice(&remote->origin)));
    SP_TRY(sp_buf_put(out, sp_buf_slice(&remote->path)));
    SP_TRY(sp_buf_putf(out, "/.sallyport/audit/%s", what));
    SP_TRY(query.len == 0 ? SP_OK : sp_buf_put_byte(out, '?'));
    return sp_buf_put(out, query);
}

static int get(const struct sp_remote *remote, const char *what, struct sp_slice query,
               struct sp_buf *out)
{
    SP_AUTO_CLIENT_ANSWER struct sp_client_answer answer = {0};
    SP_AUTO_BUF struct sp_buf url;
    struct sp_where where = {.text = {0}};
    sp_buf_init(&url, URL_BYTES_MAX);
    if (put_url(remote, what, query, &url) != SP_OK) {
        return complain("the filters are too long", "");
    }
    const struct sp_client_request request = {.method = "GET",
                                              .url = sp_buf_slice(&url),
                                              .bearer = sp_buf_slice(&remote->token),
                                              .save_fd = -1,
                                              .connect_ms = CONNECT_MS,
                                              .timeout_ms = TIMEOUT_MS,
                                              .ca_file = sp_remote_ca_file(remote)};
    if (sp_client_send(&request, &answer, &where) != SP_OK) {
        (void)complain("no answer from the gateway", where.text);
        return SP_EXIT_UNREACHABLE;
    }
    if (answer.status != 200) {
        return sp_exec_show_problem("audit", answer.status, sp_buf_slice(&answer.body), "the log",
                                    (struct sp_slice){NULL, 0});
    }
    return sp_buf_put(out, sp_buf_slice(&answer.body)) == SP_OK
               ? SP_EXIT_DONE
               : complain("the answer is too long", "");
}

/* --- pages --- */

/* A name whose keyed form is known is asked for in that form: the log has no other. */
static struct sp_slice form_of(struct sp_slice plain, struct sp_slice keyed)
{
    return plain.len > 0 && keyed.len > 0 ? keyed : plain;
}

static enum sp_err put_query(struct reading *r, uint64_t limit)
{
    const struct sp_search *s = r->asking->search;
    const struct {
        const char *name;
        struct sp_slice value;
    } filters[] = {
        {"kind", s->kind},
        {"tenant", form_of(s->tenant, s->keyed_tenant)},
        {"principal", form_of(s->principal, s->keyed_principal)},
        {"session", form_of(s->session, s->keyed_session)},
        {"source", form_of(s->source, s->keyed_source)},
        {"exchange", s->exchange},
        {"verdict", s->verdict},
        {"rule", s->rule},
        {"capability", s->capability},
        {"module", s->module},
        {"digest", s->digest},
        {"error", s->error},
        {"since", s->since},
        {"until", s->until},
    };
    sp_buf_clear(&r->query);
    SP_TRY(sp_buf_putf(&r->query, "from=%llu&limit=%llu", (unsigned long long)r->next,
                       (unsigned long long)limit));
    SP_TRY(r->waits ? sp_buf_putf(&r->query, "&wait=%d", WAIT_S) : SP_OK);
    for (size_t i = 0; i < SP_COUNT(filters); i++) {
        if (filters[i].value.len > 0) {
            SP_TRY(sp_buf_putf(&r->query, "&%s=", filters[i].name));
            SP_TRY(sp_url_encode(filters[i].value, &r->query));
        }
    }
    return SP_OK;
}

/* The page is in the log's own form, so that what stands in it are the very bytes of the entries. */
static int get_page(struct reading *r, uint64_t limit, struct sp_slice *out_entries)
{
    struct sp_entry page;
    struct sp_where where;
    if (put_query(r, limit) != SP_OK) {
        return complain("the filters are too long", "");
    }
    sp_buf_clear(&r->page);
    int status = get(&r->remote, "entries", sp_buf_slice(&r->query), &r->page);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    if (sp_entry_read(sp_buf_slice(&r->page), &page, &where) != SP_OK ||
        !sp_entry_items(sp_entry_get(&page, "entries"), out_entries)) {
        return complain("the answer is not one of a gateway", "");
    }
    r->next = sp_entry_number(sp_entry_get(&page, "next"));
    r->size = sp_entry_number(sp_entry_get(&page, "size"));
    return SP_EXIT_DONE;
}

/* What is asked for, whatever page it begins at. */
static struct sp_slice behind_from(struct sp_slice query)
{
    return sp_slice_sub(query, sp_slice_find(query, 0, '&'), query.len);
}

/* While a log is followed each look is an entry of its own, which would be all that is ever seen of a quiet log. */
static bool is_own_look(const struct reading *r, struct sp_slice line)
{
    struct sp_entry entry;
    struct sp_where where;
    if (!r->asking->follows || sp_entry_read(line, &entry, &where) != SP_OK) {
        return false;
    }
    const struct sp_slice query = sp_entry_text(sp_entry_get(&entry, "query"));
    return sp_slice_is(sp_entry_text(sp_entry_get(&entry, "kind")), "read") &&
           sp_slice_is(sp_entry_text(sp_entry_get(&entry, "what")), "entries") &&
           sp_slice_starts(query, "from=") &&
           sp_slice_equal(behind_from(query), behind_from(sp_buf_slice(&r->query)));
}

static int hand_over(struct reading *r, struct sp_slice entries)
{
    struct sp_slice line = {NULL, 0};
    while (sp_entry_next(&entries, &line)) {
        const int status =
            is_own_look(r, line) ? SP_EXIT_DONE : r->asking->line(r->asking->ctx, line);
        if (status != SP_EXIT_DONE) {
            return status;
        }
    }
    return fflush(stdout) == 0 ? SP_EXIT_DONE : SP_EXIT_USAGE;
}

/* As many pages as there were entries when the first was asked for: reading makes the log longer. */
static int read_pages(struct reading *r)
{
    uint64_t end = 0;
    for (uint64_t before = r->next;; before = r->next) {
        struct sp_slice entries = {NULL, 0};
        int status = get_page(r, PAGE_ENTRIES, &entries);
        status = status == SP_EXIT_DONE ? hand_over(r, entries) : status;
        if (status != SP_EXIT_DONE) {
            return status;
        }
        end = end == 0 ? r->size : end;
        if (r->next >= end) {
            return SP_EXIT_DONE;
        }
        if (r->next <= before) {
            return complain("the answer is not one of a gateway", "");
        }
    }
}

/* A page behind the end has nothing but the size. */
static int find_tail(struct reading *r)
{
    struct sp_slice entries = {NULL, 0};
    const uint64_t count = r->asking->count;
    r->next = SP_RECORD_NUMBER_MAX;
    const int status = get_page(r, 1, &entries);
    r->next = r->size > count ? r->size - count : 0;
    return status;
}

static int read_all(struct reading *r)
{
    const struct timespec pause = {.tv_sec = FOLLOW_S};
    int status = SP_EXIT_DONE;
    if (r->asking->is_tail && sp_search_is_empty(r->asking->search)) {
        status = find_tail(r);
    }
    r->waits = r->asking->follows;
    status = status == SP_EXIT_DONE ? read_pages(r) : status;
    while (status == SP_EXIT_DONE && r->asking->follows) {
        (void)nanosleep(&pause, NULL);
        status = read_pages(r);
    }
    return status;
}

static int read_one(struct reading *r, uint64_t index)
{
    char what[WHAT_MAX];
    (void)snprintf(what, sizeof(what), "entries/%llu", (unsigned long long)index);
    const int status = get(&r->remote, what, (struct sp_slice){NULL, 0}, &r->page);
    return status == SP_EXIT_DONE ? r->asking->line(r->asking->ctx, sp_buf_slice(&r->page))
                                  : status;
}

int sp_audit_remote_read(const struct sp_audit_asking *asking)
{
    struct reading r = {.asking = asking};
    sp_remote_init(&r.remote);
    sp_buf_init(&r.query, URL_BYTES_MAX);
    sp_buf_init(&r.page, SP_CLIENT_ANSWER_BYTES_MAX);
    int status = sp_remote_open("audit", asking->options, &r.remote);
    if (status == SP_EXIT_DONE) {
        status = asking->index == NULL ? read_all(&r) : read_one(&r, *asking->index);
    }
    sp_remote_done(&r.remote);
    sp_buf_done(&r.query);
    sp_buf_done(&r.page);
    return status;
}

int sp_audit_remote_get(const struct sp_remote_options *options, const char *what,
                        struct sp_buf *out)
{
    SP_AUTO_REMOTE struct sp_remote remote;
    sp_remote_init(&remote);
    const int status = sp_remote_open("audit", options, &remote);
    return status == SP_EXIT_DONE ? get(&remote, what, (struct sp_slice){NULL, 0}, out) : status;
}
