/*
 * The log beside raw group commit, on the same disk in the same run: entries a second with 64 waiting, CPU an entry, and
 * what one that waits alone sees. Give it a directory to work in. With `DIR 1400000 verify` it makes a log of 1 GiB and measures
 * the verifier alone.
 *
 * The raw yardstick appends the same bytes to a file and calls fdatasync, nothing else: no hashing, no signing, no tiles.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/code.h"
#include "audit/log.h"
#include "audit/verify_log.h"
#include "identity/veil.h"

#define WAITING 64U
#define ALONE   600U
#define CODES   4096U
#define CODE    ((size_t)4096)
#define LARGE   1024U /* entries of a commit, where only the log that comes of it matters */

struct bench {
    struct sp_disk_directory directory;
    struct sp_disk disk;
    struct sp_note_key key;
    struct sp_key_ring keys;
    struct sp_log *log;
    struct sp_msg_who who;
    struct sp_msg_verdict verdict;
    struct sp_msg_outcome outcome;
    struct sp_record_intent intent;
    bool is_open; /* the last entry was an intent */
    int raw;
    struct sp_buf line;
};

static void must(bool is_good, const char *what)
{
    if (!is_good) {
        perror(what);
        exit(1);
    }
}

static double now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double cpu_us(void)
{
    struct rusage r;
    (void)getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e6 +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void open_all(struct bench *b, const char *path)
{
    static const uint8_t seed[SP_SIGN_SEED_BYTES] = {3};
    struct sp_open_set *open_set = NULL;
    struct sp_log_found found;
    const char *reason = "";
    must(mkdir(path, 0700) == 0 && chdir(path) == 0 && mkdir("log", 0700) == 0 &&
             mkdir("own", 0700) == 0,
         path);
    const int log = open("log", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int own = open("own", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    b->raw = open("raw", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    must(log >= 0 && own >= 0 && b->raw >= 0, path);
    must(sp_disk_open_directory(&b->directory, log, own, &b->disk) == SP_OK, path);
    must(sp_note_key_from_seed(sp_slice_of("example.com/bench"), seed, &b->key) == SP_OK, "key");
    struct sp_note_key own_key;
    must(sp_note_key_from_seed(sp_slice_of("example.com/bench"), seed, &own_key) == SP_OK, "key");
    must(sp_key_ring_of(&own_key, &b->keys) == SP_OK, "keys");
    must(sp_open_set_new(&open_set) == SP_OK, "open");
    must(sp_log_open(&b->disk, &b->keys, open_set, &found, &b->log, &reason) == SP_OK, reason);
    sp_open_set_free(open_set);
    sp_buf_init(&b->line, SP_RECORD_BYTES_MAX);
    b->who = (struct sp_msg_who){.exchange = UINT64_C(1) << 48,
                                 .tenant = sp_slice_of("acme"),
                                 .principal = sp_slice_of("token-1"),
                                 .source = sp_slice_of("192.0.2.1"),
                                 .session = sp_slice_of("0123456789abcdef0123456789abcdef01234567"),
                                 .policy_name = sp_slice_of("data-science")};
    b->outcome = (struct sp_msg_outcome){.state = SP_END_DONE,
                                         .attempts = 1,
                                         .pool_status = 200,
                                         .run_status = sp_slice_of("Succeeded"),
                                         .pool = sp_slice_of("embedded")};
    b->verdict =
        (struct sp_msg_verdict){.verdict = SP_VERDICT_ALLOW, .body_bytes = 300, .code_bytes = 200};
}

static struct sp_stamp stamp_of(struct bench *b)
{
    struct timespec t;
    struct sp_stamp stamp;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    must(sp_log_stamp(b->log, (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000, &stamp) ==
             SP_OK,
         "stamp");
    return stamp;
}

/* An intent and its outcome in turn, as requests leave them. */
static enum sp_err record(struct bench *b, struct sp_stamp stamp, struct sp_buf *out)
{
    b->is_open = !b->is_open;
    if (b->is_open) {
        b->who.exchange++;
        b->outcome.exchange = b->who.exchange;
        b->intent.index = stamp.index;
        return sp_record_judged(stamp, &b->who, &b->verdict, "execute", out);
    }
    return sp_record_outcome(stamp, &b->intent, &b->outcome, out);
}

static void ours(struct bench *b, unsigned entries)
{
    for (unsigned i = 0; i < entries; i++) {
        const struct sp_stamp stamp = stamp_of(b);
        must(record(b, stamp, sp_log_line(b->log)) == SP_OK, "record");
        must(sp_log_take(b->log, stamp) == SP_OK, "take");
    }
    must(sp_log_commit(b->log, UINT64_MAX) == SP_OK, "commit");
    sp_log_lay(b->log);
    const double now = now_us();
    sp_log_tick(b->log, (uint64_t)now, false);
}

static void raw(struct bench *b, unsigned entries)
{
    static char bytes[WAITING * 1024];
    const size_t len = (size_t)entries * b->line.len;
    must(len <= sizeof(bytes) && write(b->raw, bytes, len) == (ssize_t)len &&
             fdatasync(b->raw) == 0,
         "raw");
}

typedef void way_fn(struct bench *b, unsigned entries);

static void together(struct bench *b, const char *name, way_fn *way, unsigned entries)
{
    const double start = now_us();
    const double cpu = cpu_us();
    for (unsigned i = 0; i < entries; i += WAITING) {
        way(b, WAITING);
    }
    printf("%-34s %10.0f entries/s  %6.2f us CPU/entry\n", name, entries / (now_us() - start) * 1e6,
           (cpu_us() - cpu) / entries);
}

/* The two take turns, so that what else the disk does is the same for both. */
static void alone(struct bench *b)
{
    static double took[2][ALONE];
    way_fn *const ways[2] = {raw, ours};
    for (unsigned i = 0; i < ALONE; i++) {
        for (unsigned way = 0; way < 2; way++) {
            const double start = now_us();
            ways[way](b, 1);
            took[way][i] = now_us() - start;
        }
    }
    qsort(took[0], ALONE, sizeof(double), by_size);
    qsort(took[1], ALONE, sizeof(double), by_size);
    printf("%-34s p50 %6.0f us  p99 %6.0f us\n", "one waiting: raw append + fdatasync",
           took[0][ALONE / 2], took[0][ALONE * 99 / 100]);
    printf("%-34s p50 %6.0f us  p99 %6.0f us  (%.2f times raw)\n", "one waiting: the log",
           took[1][ALONE / 2], took[1][ALONE * 99 / 100], took[1][ALONE / 2] / took[0][ALONE / 2]);
}

/* What `[audit] code = "full"` adds to a submission: 4 KiB are sealed, written and synced, 64 of them in a round. */
static void sealed(struct bench *b)
{
    static uint8_t code[CODE];
    uint8_t secret[SP_SEAL_KEY_BYTES];
    uint8_t auditor[SP_SEAL_KEY_BYTES];
    struct sp_code_keeper *keeper = NULL;
    must(sp_seal_start() == SP_OK && sp_seal_pair(secret, auditor) == SP_OK, "seal");
    must(sp_code_keeper_new(&b->disk, auditor, &keeper) == SP_OK, "code");
    const double start = now_us();
    const double cpu = cpu_us();
    for (unsigned i = 0; i < CODES; i++) {
        struct sp_code_name name = {.wall_us = 1};
        code[i % CODE]++;
        must(sp_sha256(sp_slice_make(code, sizeof(code)), name.digest) == SP_OK, "digest");
        must(sp_code_keep(keeper, &name, sp_slice_make(code, sizeof(code))) == SP_OK, "keep");
        must(i % WAITING != WAITING - 1 || sp_code_sync(keeper) == SP_OK, "sync");
    }
    printf("%-34s %10.0f objects/s  %6.2f us CPU/object\n", "64 waiting: sealed code of 4 KiB",
           CODES / (now_us() - start) * 1e6, (cpu_us() - cpu) / CODES);
    sp_code_keeper_free(keeper);
}

/* What `identities = "keyed"` adds to it, in admit: the forms of tenant, principal, source and session. */
static void veiled(void)
{
    static const uint8_t key[SP_VEIL_KEY_BYTES] = {1};
    static const char *const names[] = {"acme", "cd7g5frxnkft", "192.0.2.7",
                                        "00112233445566778899aabbccddeeff"};
    char form[SP_VEIL_CHARS + 1];
    const double cpu = cpu_us();
    for (unsigned i = 0; i < CODES; i++) {
        for (unsigned which = 0; which < SP_COUNT(names); which++) {
            must(sp_veil_text(sp_slice_make(key, sizeof(key)), (enum sp_veil)which,
                              sp_slice_of(names[which]), form) == SP_OK,
                 "veil");
        }
    }
    printf("%-34s %29.2f us CPU/submission\n", "keyed names: all four of one",
           (cpu_us() - cpu) / CODES);
}

static void on_problem(void *ctx, const struct sp_log_problem *problem)
{
    (void)ctx;
    printf("%s: %s\n", problem->file, problem->text);
    exit(1);
}

static void check(struct bench *b)
{
    struct sp_log_verified verified;
    const struct sp_log_verify options = {.disk = &b->disk, .key = &b->key, .problem = on_problem};
    sp_log_tick(b->log, UINT64_MAX / 2, true);
    const double start = now_us();
    must(sp_log_verify(&options, &verified) == SP_OK, "verify");
    const double took = now_us() - start;
    printf("%-34s %10.0f MB/s  %10.0f entries/s\n", "verify", (double)verified.bytes / took,
           (double)verified.totals.entries / took * 1e6);
    exit(verified.totals.entries == verified.published ? 0 : 1);
}

/* A long log for the verifier alone: written in large commits, since it is not the writing that is measured. */
static void generate(struct bench *b, unsigned entries)
{
    for (unsigned i = 0; i < entries; i += LARGE) {
        ours(b, LARGE);
        if (isatty(STDERR_FILENO) == 1) {
            (void)fprintf(stderr, "\r%3u %%", (unsigned)((uint64_t)i * 100 / entries));
        }
    }
}

int main(int argc, char **argv)
{
    static struct bench b;
    const unsigned entries = argc > 2 ? (unsigned)atoi(argv[2]) / WAITING * WAITING : 128000;
    must(argc > 1, "a directory that is not there must be given");
    open_all(&b, argv[1]);
    if (argc > 3 && strcmp(argv[3], "verify") == 0) {
        generate(&b, entries);
        check(&b);
    }
    /* The yardstick writes as many bytes an entry as the log does on average. */
    must(record(&b, (struct sp_stamp){.wall_us = 1}, &b.line) == SP_OK, "record");
    must(record(&b, (struct sp_stamp){.wall_us = 1}, &b.line) == SP_OK, "record");
    sp_buf_truncate(&b.line, b.line.len / 2);
    together(&b, "64 waiting: raw append + fdatasync", raw, entries);
    together(&b, "64 waiting: the log", ours, entries);
    alone(&b);
    sealed(&b);
    veiled();
    check(&b);
}
