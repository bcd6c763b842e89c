/* sallyport audit search | show | tail | export: what is in a log, for people and for other programs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/ocsf.h"
#include "audit/search.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/own.h"
#include "codec/quantity.h"
#include "command/audit_inner.h"
#include "command/audit_remote.h"
#include "command/command.h"
#include "command/hint.h"

#define FOLLOW_MS       250L
#define TAIL_DEFAULT    10U
#define EVENT_BYTES_MAX ((size_t)256 * 1024)
#define NS_A_MS         1000000L
#define US_A_SECOND     ((uint64_t)1000000)

static const char help[] =
    "usage: sallyport audit search [FILTER...] [--format text|json] [DIR]\n"
    "       sallyport audit show   N [DIR]\n"
    "       sallyport audit tail   [-n COUNT] [-f] [FILTER...] [--format ...] [DIR]\n"
    "       sallyport audit export [FILTER...] [--format json|ocsf] [DIR]\n"
    "\n"
    "search  prints the entries that fit every filter, and how those runs ended\n"
    "show    prints one entry, a member a line\n"
    "tail    prints the latest entries; -f goes on as new ones are committed\n"
    "export  prints entries for other programs: one JSON object a line, as it stands\n"
    "        in the log, or as an OCSF event (API Activity, version 1.3.0)\n"
    "\n"
    "  --tenant T  --principal ID  --session HASH  --source ADDRESS  --exchange X\n"
    "                    who, and which request\n"
    "  --identity-key FILE\n"
    "                    a copy of the tenant's key, by which names that the log\n"
    "                    holds as keyed digests are found (default: beside the log)\n"
    "  --verdict allowed|denied|refused  --error CODE  --kind K   what became of it\n"
    "  --rule R  --capability C  --module M                       what was in it\n"
    "  --digest HEX      of code, policy or answer; at least 8 digits of it\n"
    "  --since, --until  a time (2026-01-31T10:00:00Z), or how long ago (90m, 2d)\n"
    "  -c, --config FILE the configuration that names the state directory\n" SP_AUDIT_REMOTE_HELP
    "  -h, --help        this text\n"
    "\n"
    "Exit status: 0 something was found, 1 nothing was, 2 the log cannot be read or\n"
    "the command line is wrong, 3 the gateway cannot be reached.\n";

struct reading {
    struct sp_audit_options place;
    struct sp_search search;
    struct sp_search_open open;
    const char *format;
    const char *count;
    const char *since;
    const char *until;
    const char *identity_key; /* a file */
    struct sp_audit_forms forms;
    bool follows;
    bool wants_help;
    char since_text[SP_CLOCK_RFC3339_BYTES];
    char until_text[SP_CLOCK_RFC3339_BYTES];
    struct sp_archive *archive;
    struct sp_remote_options remote;
    struct sp_buf origin; /* the log's name */
    uint64_t printed;
    struct sp_buf out;
};

typedef enum sp_err print_fn(struct reading *reading, const struct sp_entry *entry,
                             struct sp_slice line);

static int usage(const char *what, const char *detail)
{
    (void)fprintf(stderr, "sallyport audit: %s%s%s\nTry 'sallyport audit search --help'.\n", what,
                  *detail == '\0' ? "" : " ", detail);
    return SP_EXIT_USAGE;
}

/* --- the command line --- */

static struct sp_slice *filter_of(struct reading *r, const char *argument)
{
    const struct {
        const char *name;
        struct sp_slice *slot;
    } filters[] = {
        {"--tenant", &r->search.tenant},
        {"--principal", &r->search.principal},
        {"--session", &r->search.session},
        {"--exchange", &r->search.exchange},
        {"--verdict", &r->search.verdict},
        {"--error", &r->search.error},
        {"--kind", &r->search.kind},
        {"--rule", &r->search.rule},
        {"--capability", &r->search.capability},
        {"--module", &r->search.module},
        {"--digest", &r->search.digest},
        {"--source", &r->search.source},
    };
    for (size_t i = 0; i < SP_COUNT(filters); i++) {
        if (strcmp(argument, filters[i].name) == 0) {
            return filters[i].slot;
        }
    }
    return NULL;
}

static const char **option_of(struct reading *r, const char *argument)
{
    const struct {
        const char *name;
        const char **slot;
    } options[] = {
        {"--format", &r->format},
        {"-n", &r->count},
        {"--since", &r->since},
        {"--until", &r->until},
        {"-c", &r->place.config},
        {"--config", &r->place.config},
        {"--identity-key", &r->identity_key},
    };
    for (size_t i = 0; i < SP_COUNT(options); i++) {
        if (strcmp(argument, options[i].name) == 0) {
            return options[i].slot;
        }
    }
    return sp_remote_option(&r->remote, argument);
}

static int take_word(struct reading *r, const char *action, const char *word)
{
    if (strcmp(word, "-f") == 0 || strcmp(word, "--follow") == 0) {
        r->follows = true;
    } else if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        r->wants_help = true;
    } else if (*word == '-') {
        return sp_hint("audit", help, "there is no option", word);
    } else if (strcmp(action, "show") == 0 && r->place.entry == NULL) {
        r->place.entry = word;
    } else if (r->place.directory == NULL) {
        r->place.directory = word;
    } else {
        return usage("cannot make sense of", word);
    }
    return SP_EXIT_DONE;
}

static int parse(int argc, char **argv, struct reading *r)
{
    for (int i = 2; i < argc; i++) {
        struct sp_slice *filter = filter_of(r, argv[i]);
        const char **option = option_of(r, argv[i]);
        if ((filter != NULL || option != NULL) && i + 1 == argc) {
            return usage("a value must follow", argv[i]);
        }
        if (filter != NULL) {
            *filter = sp_slice_of(argv[++i]);
        } else if (option != NULL) {
            *option = argv[++i];
        } else {
            int status = take_word(r, argv[1], argv[i]);
            if (status != SP_EXIT_DONE) {
                return status;
            }
        }
    }
    return SP_EXIT_DONE;
}

/* A point in time, with or without a fraction, or a span back from now. */
static enum sp_err read_time(const char *text, char out[SP_CLOCK_RFC3339_BYTES])
{
    const struct sp_slice given = sp_slice_of(text);
    uint64_t seconds = 0;
    uint64_t wall_us = 0;
    if (sp_quantity_seconds(given, &seconds) == SP_OK) {
        const uint64_t now_us = sp_clock_wall_us();
        sp_clock_rfc3339(seconds < now_us / US_A_SECOND ? now_us - seconds * US_A_SECOND : 0, out);
        return SP_OK;
    }
    if (sp_slice_ends(given, "Z") && given.len == sizeof("2026-01-31T10:00:00Z") - 1) {
        (void)snprintf(out, SP_CLOCK_RFC3339_BYTES, "%.*s.000000Z", (int)(given.len - 1), text);
    } else {
        sp_slice_to_text(given, out, SP_CLOCK_RFC3339_BYTES);
    }
    return sp_clock_from_rfc3339(sp_slice_of(out), &wall_us);
}

static int read_filters(struct reading *r)
{
    const char *why = "";
    if (r->since != NULL) {
        if (read_time(r->since, r->since_text) != SP_OK) {
            return usage("this is neither a time nor a span:", r->since);
        }
        r->search.since = sp_slice_of(r->since_text);
    }
    if (r->until != NULL) {
        if (read_time(r->until, r->until_text) != SP_OK) {
            return usage("this is neither a time nor a span:", r->until);
        }
        r->search.until = sp_slice_of(r->until_text);
    }
    return sp_search_check(&r->search, &why) == SP_OK ? SP_EXIT_DONE : usage(why, "");
}

/* --- printing --- */

static enum sp_err put_json(struct reading *r, const struct sp_entry *entry, struct sp_slice line)
{
    (void)entry;
    return sp_buf_put(&r->out, line);
}

static enum sp_err put_ocsf(struct reading *r, const struct sp_entry *entry, struct sp_slice line)
{
    (void)line;
    return sp_ocsf_put(entry, sp_buf_slice(&r->origin), SP_SLICE_LITERAL(SP_VERSION), &r->out);
}

static enum sp_err put_if(struct sp_buf *out, const char *before, const struct sp_entry *entry,
                          const char *key)
{
    const struct sp_slice value = sp_entry_get(entry, key);
    if (value.len == 0 || sp_slice_is(value, "\"\"")) {
        return SP_OK;
    }
    SP_TRY(sp_buf_put_text(out, before));
    return sp_buf_put(out, value.ptr[0] == '"' ? sp_entry_text(value) : value);
}

static enum sp_err put_rules(struct sp_buf *out, const struct sp_entry *entry)
{
    struct sp_slice rest;
    struct sp_slice item;
    if (!sp_entry_items(sp_entry_get(entry, "findings"), &rest)) {
        return SP_OK;
    }
    while (sp_entry_next(&rest, &item)) {
        struct sp_entry finding;
        struct sp_where where;
        if (sp_entry_read(item, &finding, &where) == SP_OK) {
            SP_TRY(put_if(out, " rule=", &finding, "rule"));
            SP_TRY(put_if(out, ":", &finding, "line"));
        }
    }
    return SP_OK;
}

/* One line for a person: the number, the time to the second, what it is, and the members that tell it from others. */
static enum sp_err put_text(struct reading *r, const struct sp_entry *entry, struct sp_slice line)
{
    static const char *const keys[] = {"tenant", "principal", "operation", "state", "error",
                                       "source", "role",      "event",     "token", "count",
                                       "reason", "run_ms",    "intent",    "detail"};
    char label[32];
    (void)line;
    SP_TRY(sp_buf_putf(&r->out, "%8llu ",
                       (unsigned long long)sp_entry_number(sp_entry_get(entry, "index"))));
    SP_TRY(sp_buf_put(&r->out, sp_slice_sub(sp_entry_text(sp_entry_get(entry, "time")), 0, 19)));
    SP_TRY(sp_buf_putf(&r->out, " %-10.*s", (int)sp_entry_text(sp_entry_get(entry, "kind")).len,
                       (const char *)sp_entry_text(sp_entry_get(entry, "kind")).ptr));
    for (size_t i = 0; i < SP_COUNT(keys); i++) {
        (void)snprintf(label, sizeof(label), " %s=", keys[i]);
        SP_TRY(put_if(&r->out, label, entry, keys[i]));
    }
    return put_rules(&r->out, entry);
}

static enum sp_err put_members(struct reading *r, const struct sp_entry *entry,
                               struct sp_slice line)
{
    (void)line;
    for (size_t i = 0; i < entry->count; i++) {
        SP_TRY(sp_buf_putf(&r->out, "%s%-22.*s ", i == 0 ? "" : "\n",
                           (int)entry->members[i].key.len,
                           (const char *)entry->members[i].key.ptr));
        SP_TRY(sp_buf_put(&r->out, entry->members[i].value));
    }
    return SP_OK;
}

static print_fn *printer_of(const char *action, const char *format)
{
    const bool is_export = strcmp(action, "export") == 0;
    if (strcmp(action, "show") == 0 && format == NULL) {
        return put_members;
    }
    if (format == NULL) {
        return is_export ? put_json : put_text;
    }
    if (strcmp(format, "json") == 0) {
        return put_json;
    }
    if (strcmp(format, is_export ? "ocsf" : "text") == 0) {
        return is_export ? put_ocsf : put_text;
    }
    return NULL;
}

/* What stands in entries came from clients: no control byte of it reaches the terminal, for JSON escapes them all. */
static int print(struct reading *r, const struct sp_entry *entry, struct sp_slice line,
                 print_fn *put)
{
    sp_buf_clear(&r->out);
    enum sp_err err = put(r, entry, line);
    if (err == SP_OK) {
        err = sp_buf_put_byte(&r->out, '\n');
    }
    if (err != SP_OK) {
        return sp_audit_cannot("cannot print an entry of", "the log", err);
    }
    r->printed++;
    return fwrite(r->out.ptr, 1, r->out.len, stdout) == r->out.len ? SP_EXIT_DONE : SP_EXIT_USAGE;
}

/* --- reading --- */

static int one(struct reading *r, uint64_t index, print_fn *put)
{
    struct sp_slice line;
    struct sp_entry entry;
    struct sp_where where;
    enum sp_err err = sp_archive_entry(r->archive, index, &line);
    if (err == SP_ERR_NOT_FOUND) {
        return SP_EXIT_DONE; /* dropped by retention */
    }
    if (err != SP_OK) {
        return sp_audit_cannot("cannot read an entry of", "the log", err);
    }
    if (sp_entry_read(line, &entry, &where) != SP_OK) {
        (void)fprintf(stderr, "sallyport audit: entry %llu has a foreign form: %s\n",
                      (unsigned long long)index, where.text);
        return SP_EXIT_DONE;
    }
    return sp_search_matches(&r->search, &entry, &r->open) ? print(r, &entry, line, put)
                                                           : SP_EXIT_DONE;
}

static int span(struct reading *r, uint64_t from, uint64_t to, print_fn *put)
{
    for (uint64_t i = from; i < to; i++) {
        int status = one(r, i, put);
        if (status != SP_EXIT_DONE) {
            return status;
        }
    }
    return fflush(stdout) == 0 ? SP_EXIT_DONE : SP_EXIT_USAGE;
}

static int follow(struct reading *r, print_fn *put)
{
    uint64_t next = sp_archive_size(r->archive);
    for (;;) {
        const struct timespec pause = {.tv_sec = 0, .tv_nsec = FOLLOW_MS * NS_A_MS};
        (void)nanosleep(&pause, NULL);
        enum sp_err err = sp_archive_refresh(r->archive);
        if (err != SP_OK) {
            return sp_audit_cannot("cannot go on reading", "the log", err);
        }
        const uint64_t size = sp_archive_size(r->archive);
        int status = span(r, next, size, put);
        if (status != SP_EXIT_DONE) {
            return status;
        }
        next = size;
    }
}

static int read_count(const struct reading *r, uint64_t *out)
{
    *out = TAIL_DEFAULT;
    return r->count == NULL || sp_parse_u64(sp_slice_of(r->count), UINT32_MAX, out) == SP_OK
               ? SP_EXIT_DONE
               : usage("-n takes a number, not", r->count);
}

static int read_index(const struct reading *r, uint64_t *out)
{
    return r->place.entry != NULL &&
                   sp_parse_u64(sp_slice_of(r->place.entry), UINT64_MAX, out) == SP_OK
               ? SP_EXIT_DONE
               : usage("show needs the number of an entry", "");
}

/* Without filters the last entries are just that; with some the log is read from its beginning. */
static int tail(struct reading *r, print_fn *put)
{
    const uint64_t size = sp_archive_size(r->archive);
    uint64_t count = 0;
    int status = read_count(r, &count);
    if (status == SP_EXIT_DONE) {
        status =
            span(r, sp_search_is_empty(&r->search) && count <= size ? size - count : 0, size, put);
    }
    return status != SP_EXIT_DONE || !r->follows ? status : follow(r, put);
}

static int show(struct reading *r, print_fn *put)
{
    uint64_t index = 0;
    int status = read_index(r, &index);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    if (index >= sp_archive_size(r->archive)) {
        (void)fprintf(stderr, "sallyport audit: the log has %llu entries, numbered from 0\n",
                      (unsigned long long)sp_archive_size(r->archive));
        return SP_EXIT_DENIED;
    }
    return span(r, index, index + 1, put);
}

static int read_log(struct reading *r, const char *action, print_fn *put)
{
    struct sp_audit_place place;
    int status = sp_audit_place_open(&r->place, &place);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    status = sp_audit_forms_make(r->place.directory == NULL ? place.path : NULL, r->identity_key,
                                 &r->search, &r->forms);
    enum sp_err err = status == SP_EXIT_DONE ? sp_archive_open(&place.disk, &r->archive) : SP_OK;
    if (status == SP_EXIT_DONE && err == SP_OK) {
        err = sp_buf_put(&r->origin, sp_archive_checkpoint(r->archive).origin);
    }
    if (status != SP_EXIT_DONE) {
        /* it was said why */
    } else if (err != SP_OK) {
        status = sp_audit_cannot("there is no readable log in", place.path, err);
    } else if (strcmp(action, "tail") == 0) {
        status = tail(r, put);
    } else if (strcmp(action, "show") == 0) {
        status = show(r, put);
    } else {
        status = span(r, 0, sp_archive_size(r->archive), put);
    }
    sp_archive_free(r->archive);
    sp_audit_place_close(&place);
    return status;
}

/* --- over the service --- */

struct printing {
    struct reading *reading;
    print_fn *put;
};

static int on_line(void *ctx, struct sp_slice line)
{
    const struct printing *p = ctx;
    struct sp_entry entry;
    struct sp_where where;
    if (sp_entry_read(line, &entry, &where) != SP_OK) {
        (void)fprintf(stderr, "sallyport audit: an entry of the answer has a foreign form: %s\n",
                      where.text);
        return SP_EXIT_USAGE;
    }
    return print(p->reading, &entry, line, p->put);
}

/* The log's name stands in its checkpoint. */
static int ask_origin(struct reading *r)
{
    SP_AUTO_BUF struct sp_buf note;
    struct sp_checkpoint checkpoint;
    sp_buf_init(&note, SP_NOTE_BYTES_MAX);
    int status = sp_audit_remote_get(&r->remote, "checkpoint", &note);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    return sp_checkpoint_read(sp_buf_slice(&note), &checkpoint) == SP_OK &&
                   sp_buf_put(&r->origin, checkpoint.origin) == SP_OK
               ? SP_EXIT_DONE
               : usage("the gateway's checkpoint is none", "");
}

static int ask(struct reading *r, const char *action, print_fn *put)
{
    struct printing printing = {.reading = r, .put = put};
    const bool is_show = strcmp(action, "show") == 0;
    uint64_t index = 0;
    struct sp_audit_asking asking = {.options = &r->remote,
                                     .search = &r->search,
                                     .is_tail = strcmp(action, "tail") == 0,
                                     .follows = r->follows,
                                     .index = is_show ? &index : NULL,
                                     .ctx = &printing,
                                     .line = on_line};
    int status = r->place.directory == NULL
                     ? SP_EXIT_DONE
                     : usage("a folder and --endpoint exclude one another:", r->place.directory);
    status = status == SP_EXIT_DONE ? read_count(r, &asking.count) : status;
    status = status == SP_EXIT_DONE && is_show ? read_index(r, &index) : status;
    if (status == SP_EXIT_DONE) {
        status = sp_audit_forms_make(NULL, r->identity_key, &r->search, &r->forms);
    }
    status = status == SP_EXIT_DONE && put == put_ocsf ? ask_origin(r) : status;
    return status == SP_EXIT_DONE ? sp_audit_remote_read(&asking) : status;
}

int sp_audit_read_command(int argc, char **argv)
{
    struct reading reading = {.archive = NULL};
    sp_buf_init(&reading.out, EVENT_BYTES_MAX);
    sp_buf_init(&reading.origin, SP_NOTE_BYTES_MAX);
    int status = parse(argc, argv, &reading);
    if (status == SP_EXIT_DONE && reading.wants_help) {
        (void)fputs(help, stdout);
        return SP_EXIT_DONE;
    }
    if (status == SP_EXIT_DONE) {
        status = read_filters(&reading);
    }
    print_fn *put = printer_of(argv[1], reading.format);
    if (status == SP_EXIT_DONE && put == NULL) {
        status = usage("this format is not known here:", reading.format);
    }
    if (status == SP_EXIT_DONE) {
        reading.remote.config = reading.place.config;
        status = reading.remote.endpoint == NULL ? read_log(&reading, argv[1], put)
                                                 : ask(&reading, argv[1], put);
        status = status == SP_EXIT_DONE && reading.printed == 0 ? SP_EXIT_DENIED : status;
    }
    sp_search_open_done(&reading.open);
    sp_buf_done(&reading.out);
    sp_buf_done(&reading.origin);
    return status;
}
