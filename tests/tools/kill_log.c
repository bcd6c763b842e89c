/*
 * A writer is killed at random moments under load, again and again, over real files: no acknowledged entry is ever lost,
 * no run is without its intent, the log is whole after every start, and every start closes what was open.
 *
 * The writer is a process with audit's room in it. Before it "runs" anything it notes the run in shared memory, as relay
 * would; what it is told is durable it notes too. The parent kills it, starts the next one on the same files, and compares.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "audit/archive.h"
#include "audit/entry.h"
#include "audit/room.h"
#include "audit/verify_log.h"
#include "room_world.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KILLS 40U
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KILLS 40U
#endif
#endif
#ifndef KILLS
#define KILLS 1000U
#endif

#define IN_FLIGHT   24U
#define LIFE_US_MAX 50000U

/* What the writer was told is true, and what it began because of that: seen by the parent even after a SIGKILL. */
struct notes {
    volatile uint64_t acknowledged; /* entries up to here are durable, as answers said */
    volatile uint32_t runs;
    volatile uint64_t run_entry[1 << 18];
    volatile uint64_t exchange; /* of the next request */
};

struct writer {
    struct notes *notes;
    struct sp_audit_room *room;
    sp_exchange running[IN_FLIGHT];
    unsigned running_count;
};

static enum sp_err on_run(void *ctx, const struct sp_msg_run *run)
{
    struct writer *w = ctx;
    w->notes->run_entry[w->notes->runs] = run->entry;
    w->notes->runs++;
    w->notes->acknowledged =
        run->entry + 1 > w->notes->acknowledged ? run->entry + 1 : w->notes->acknowledged;
    w->running[w->running_count++] = run->exchange;
    return SP_OK;
}

static enum sp_err on_answer(void *ctx, const struct sp_msg_answer *answer)
{
    const struct writer *w = ctx;
    if (answer->has_entry != 0 && answer->entry + 1 > w->notes->acknowledged) {
        w->notes->acknowledged = answer->entry + 1;
    }
    return SP_OK;
}

static enum sp_err on_judged(void *ctx, const struct sp_msg_judged *judged)
{
    (void)ctx;
    (void)judged;
    return SP_OK;
}

static enum sp_err on_ended(void *ctx, const struct sp_msg_ended *ended)
{
    (void)ctx;
    (void)ended;
    return SP_OK;
}

static const char *operation_name(unsigned operation)
{
    return operation <= 1 ? "execute" : NULL;
}

static struct sp_audit_now now(void)
{
    struct timespec mono;
    struct timespec wall;
    (void)clock_gettime(CLOCK_MONOTONIC, &mono);
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    return (struct sp_audit_now){
        .mono_us = (uint64_t)mono.tv_sec * 1000000 + (uint64_t)mono.tv_nsec / 1000,
        .wall_us = (uint64_t)wall.tv_sec * 1000000 + (uint64_t)wall.tv_nsec / 1000};
}

static void open_disk(const char *path, struct sp_disk_directory *directory, struct sp_disk *disk)
{
    char own[96];
    char log[96];
    (void)snprintf(own, sizeof(own), "%s/own", path);
    (void)snprintf(log, sizeof(log), "%s/log", path);
    assert_int_equal(sp_disk_open_directory(directory,
                                            open(log, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                                            open(own, O_RDONLY | O_DIRECTORY | O_CLOEXEC), disk),
                     SP_OK);
}

/* Some requests of a turn: runs that end, runs that go on, denials. */
static void turn(struct writer *w, unsigned *seed)
{
    while (w->running_count > IN_FLIGHT / 2) {
        struct sp_msg_outcome outcome = {
            .exchange = w->running[0], .state = SP_END_DONE, .attempts = 1};
        memmove(w->running, w->running + 1, --w->running_count * sizeof(w->running[0]));
        assert_int_equal(sp_audit_outcome(w->room, &outcome, now()), SP_OK);
    }
    for (int count = rand_r(seed) % 8; count >= 0 && w->running_count + (unsigned)count < IN_FLIGHT;
         count--) {
        /* Every life has an incarnation of front of its own, as exchanges have. */
        const sp_exchange exchange = w->notes->exchange;
        struct sp_msg_who who = who_of(exchange);
        struct sp_msg_verdict verdict =
            rand_r(seed) % 5 == 0 ? denial_of(exchange) : verdict_of(exchange);
        w->notes->exchange = (exchange & ~UINT64_C(0xffff)) | (((exchange & 0xffff) + 1) % 1000);
        assert_int_equal(sp_audit_who(w->room, &who, now()), SP_OK);
        assert_int_equal(sp_audit_verdict(w->room, 0, &verdict, now()), SP_OK);
    }
    sp_audit_commit(w->room, now());
    sp_audit_tick(w->room, now());
}

static void write_until_killed(const char *path, struct notes *notes, unsigned seed)
{
    static struct sp_disk_directory directory;
    static struct sp_disk disk;
    static struct writer w;
    static const uint8_t policy[SP_DIGEST_BYTES] = {7};
    const struct sp_audit_settings settings = {.version = sp_slice_of("0.1"),
                                               .keys = fake_keys(),
                                               .policies = sp_slice_make(policy, sizeof(policy)),
                                               .workers = 2,
                                               .operation_name = operation_name};
    const struct sp_audit_out out = {
        .ctx = &w, .run = on_run, .answer = on_answer, .judged = on_judged, .ended = on_ended};
    w.notes = notes;
    open_disk(path, &directory, &disk);
    assert_int_equal(sp_audit_room_new(&settings, &disk, &out, now(), &w.room), SP_OK);
    if (*sp_audit_trouble(w.room) != '\0') {
        print_error("the log does not start: %s\n", sp_audit_trouble(w.room));
        _exit(1);
    }
    sp_audit_wired(w.room, relay, now());
    sp_audit_wired(w.room, worker_0, now());
    for (;;) {
        turn(&w, &seed);
    }
}

/* --- the parent --- */

static void on_problem(void *ctx, const struct sp_log_problem *problem)
{
    (void)ctx;
    print_error("%s: entry %llu: %s\n", problem->file, (unsigned long long)problem->index,
                problem->text);
}

static void check_whole(const char *path, const struct notes *notes)
{
    struct sp_disk_directory directory;
    struct sp_disk disk;
    struct sp_log_verified verified;
    open_disk(path, &directory, &disk);
    const struct sp_log_verify options = {.disk = &disk, .key = fake_key(), .problem = on_problem};
    assert_int_equal(sp_log_verify(&options, &verified), SP_OK);
    assert_int_equal(verified.problems, 0);
    assert_true(verified.totals.entries >= notes->acknowledged);
    assert_int_equal(verified.totals.lost, 0);
    sp_disk_close_directory(&directory);
}

/* Each run that was begun stands behind an intent of its own index. */
static void check_runs(const char *path, const struct notes *notes, uint32_t from)
{
    static struct sp_entry entry;
    struct sp_disk_directory directory;
    struct sp_disk disk;
    SP_AUTO_ARCHIVE struct sp_archive *archive = NULL;
    open_disk(path, &directory, &disk);
    if (notes->acknowledged > 0) {
        assert_int_equal(sp_archive_open(&disk, &archive), SP_OK);
        assert_true(sp_archive_size(archive) >= notes->acknowledged);
        for (uint32_t i = from; i < notes->runs; i++) {
            struct sp_slice line = {NULL, 0};
            struct sp_where where;
            assert_int_equal(sp_archive_entry(archive, notes->run_entry[i], &line), SP_OK);
            assert_int_equal(sp_entry_read(line, &entry, &where), SP_OK);
            assert_true(sp_slice_is(sp_entry_text(sp_entry_get(&entry, "kind")), "intent"));
        }
    }
    sp_disk_close_directory(&directory);
}

static void test_kills_at_random_moments_lose_nothing(void **state)
{
    char path[64] = "/var/tmp/sp-kills-XXXXXX";
    char command[192];
    unsigned seed = 20261123;
    (void)state;
    assert_non_null(mkdtemp(path));
    (void)snprintf(command, sizeof(command), "mkdir %s/log %s/own", path, path);
    assert_int_equal(system(command), 0);
    struct notes *notes =
        mmap(NULL, sizeof(*notes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(notes, MAP_FAILED);
    (void)fake_key();
    for (unsigned kill_number = 0; kill_number < KILLS; kill_number++) {
        const uint32_t runs = notes->runs;
        const struct timespec life = {.tv_nsec =
                                          (long)((unsigned)rand_r(&seed) % LIFE_US_MAX) * 1000};
        int status = 0;
        notes->exchange = (uint64_t)(kill_number % 60000 + 1) << 48;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            write_until_killed(path, notes, seed);
        }
        (void)nanosleep(&life, NULL);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status)); /* it never ended by itself: every start went well */
        check_runs(path, notes, runs);
        if (kill_number % 200 == 199 || kill_number + 1 == KILLS) {
            check_whole(path, notes);
        }
        assert_true(notes->runs < SP_COUNT(notes->run_entry) / 2);
    }
    print_message("%u kills, %llu entries acknowledged, %u runs\n", KILLS,
                  (unsigned long long)notes->acknowledged, notes->runs);
    assert_true(notes->runs > KILLS / 2);
    (void)munmap(notes, sizeof(*notes));
    (void)snprintf(command, sizeof(command), "rm -rf %s", path);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kills_at_random_moments_lose_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
