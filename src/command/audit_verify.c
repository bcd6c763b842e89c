/* sallyport audit verify: whether a log, or one entry with its proof, is what it claims to be. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "audit/kept.h"
#include "audit/proof.h"
#include "audit/verify_log.h"
#include "base/own.h"
#include "command/audit_halves.h"
#include "command/audit_inner.h"
#include "command/command.h"
#include "os/files.h"

#define PROBLEMS_MAX 20U /* that are shown; the rest is counted */
#define PUBLISH_MS   1200L
#define LOOK_MS      50L
#define LOOKS_MAX    60U /* that long a running service has to publish what is durable */
#define NS_A_MS      1000000L

/* What is shown while it runs. */
struct show {
    bool is_terminal;
    bool is_growing; /* the log's own directory is at hand: audit may be running */
    uint64_t problems;
    unsigned percent;
};

static void hide_progress(struct show *show)
{
    if (show->is_terminal && show->percent <= 100) {
        (void)fprintf(stderr, "\r     \r");
        show->percent = 101;
    }
}

static void on_problem(void *ctx, const struct sp_log_problem *problem)
{
    struct show *show = ctx;
    show->problems++;
    if (show->problems > PROBLEMS_MAX) {
        return;
    }
    hide_progress(show);
    if (problem->has_index) {
        (void)printf("%s: entry %llu: %s\n", problem->file, (unsigned long long)problem->index,
                     problem->text);
    } else {
        (void)printf("%s%s%s\n", problem->file, *problem->file == '\0' ? "" : ": ", problem->text);
    }
}

static void on_progress(void *ctx, uint64_t done, uint64_t all)
{
    struct show *show = ctx;
    unsigned percent = all == 0 ? 100 : (unsigned)(done * 100 / all);
    if (show->is_terminal && percent != show->percent) {
        (void)fprintf(stderr, "\r%3u %%", percent);
        show->percent = percent;
    }
}

/* Tiles are laid down before the checkpoint that covers them is published. */
static void on_wait(void *ctx)
{
    const struct show *show = ctx;
    const struct timespec pause = {.tv_sec = PUBLISH_MS / 1000,
                                   .tv_nsec = PUBLISH_MS % 1000 * 1000000L};
    if (show->is_growing) {
        (void)nanosleep(&pause, NULL);
    }
}

/*
 * Entries are durable in the journal first and in tiles within a second: who verifies right after a run waits for that. How
 * many entries there were when it began; 0 where no journal is at hand, or nothing can be read.
 */
static uint64_t await_published(const struct sp_audit_place *place)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * NS_A_MS};
    SP_AUTO_ARCHIVE struct sp_archive *archive = NULL;
    if (place->directory.fds[SP_DISK_OWN] < 0 || sp_archive_open(&place->disk, &archive) != SP_OK) {
        return 0;
    }
    const uint64_t durable = sp_archive_size(archive);
    for (unsigned i = 0; i < LOOKS_MAX && sp_archive_published(archive) < durable; i++) {
        (void)nanosleep(&pause, NULL);
        if (sp_archive_refresh(archive) != SP_OK) {
            break;
        }
    }
    return durable;
}

/* What a service that ended badly left in its journal: its hashes were checked when it was read, its signature is here. */
static void tell_unpublished(const struct sp_audit_place *place, uint64_t durable,
                             const struct sp_log_verified *verified, struct show *show)
{
    SP_AUTO_NOTE_KEY struct sp_note_key key = {.key = NULL};
    SP_AUTO_ARCHIVE struct sp_archive *archive = NULL;
    if (durable <= verified->published || sp_archive_open(&place->disk, &archive) != SP_OK ||
        sp_archive_size(archive) <= verified->published) {
        return;
    }
    if (sp_note_key_read(sp_slice_of(verified->key), &key) != SP_OK ||
        sp_note_verify(sp_archive_note(archive), &key) != SP_OK) {
        on_problem(show,
                   &(struct sp_log_problem){.file = "",
                                            .text = "the journal holds entries that the latest key "
                                                    "did not sign"});
    }
    (void)printf("%llu entries more are durable in the journal and not published yet: a service "
                 "does that when it starts\n",
                 (unsigned long long)(sp_archive_size(archive) - verified->published));
}

static int conclude(const struct sp_log_verified *verified, const struct show *show)
{
    const struct sp_verify_totals *totals = &verified->totals;
    if (show->problems > PROBLEMS_MAX) {
        (void)printf("... and %llu more\n", (unsigned long long)(show->problems - PROBLEMS_MAX));
    }
    (void)printf("%s: %llu entries, %llu intents, %llu outcomes, %llu open\n",
                 show->problems == 0 ? "the log is whole" : "the log is NOT whole",
                 (unsigned long long)totals->entries, (unsigned long long)totals->intents,
                 (unsigned long long)totals->outcomes, (unsigned long long)totals->open);
    if (verified->first > 0) {
        (void)printf("the first %llu entries were dropped, as the log says; their hashes are still "
                     "covered\n",
                     (unsigned long long)verified->first);
    }
    if (totals->lost > 0) {
        (void)printf("note: starts in this log say that %llu entries before them were lost\n",
                     (unsigned long long)totals->lost);
    }
    if (verified->keys > 1) {
        (void)printf("the key was changed %zu time%s; the latest is %s\n", verified->keys - 1,
                     verified->keys == 2 ? "" : "s", verified->key);
    }
    if (!verified->is_key_trusted) {
        (void)printf("note: signed by %s, which only the log itself vouches for; keep the key "
                     "elsewhere and give it by --key\n",
                     verified->key[0] == '\0' ? "an unknown key" : verified->key);
    }
    return show->problems == 0 ? SP_EXIT_DONE : SP_EXIT_DENIED;
}

static int verify_log(const struct sp_audit_options *options, const struct sp_note_key *key,
                      struct sp_slice older)
{
    struct sp_audit_place place;
    struct sp_log_verified verified;
    int status = sp_audit_place_open(options, &place);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    struct show show = {.is_terminal = isatty(STDERR_FILENO) == 1,
                        .is_growing = place.directory.fds[SP_DISK_OWN] >= 0,
                        .percent = 101};
    const struct sp_log_verify verify = {
        .disk = &place.disk,
        .key = key->key == NULL ? NULL : key,
        .older = older,
        .ctx = &show,
        .problem = on_problem,
        .progress = on_progress,
        .wait = on_wait,
    };
    const uint64_t durable = await_published(&place);
    enum sp_err err = sp_audit_verify_halves(&verify, &verified);
    hide_progress(&show);
    if (err == SP_OK) {
        tell_unpublished(&place, durable, &verified, &show);
    }
    status = err == SP_OK
                 ? conclude(&verified, &show)
                 : sp_audit_cannot(err == SP_ERR_NOT_FOUND ? "there is no log in" : "cannot read",
                                   place.path, err);
    sp_audit_place_close(&place);
    return status;
}

static int check_proof(const struct sp_proof *proof, const struct sp_note_key *key)
{
    enum sp_err err = sp_proof_check(proof, key);
    if (err == SP_OK) {
        (void)printf("entry %llu is in the log %s of %llu entries:\n%.*s\n",
                     (unsigned long long)proof->index, key->name,
                     (unsigned long long)proof->checkpoint.size, (int)proof->entry.len,
                     (const char *)proof->entry.ptr);
        return SP_EXIT_DONE;
    }
    (void)printf("%s\n", err == SP_ERR_NOT_FOUND ? "the checkpoint is not signed by this key"
                         : err == SP_ERR_INVALID ? "the checkpoint's signature is wrong"
                                                 : "the entry is not in the tree that was signed");
    return SP_EXIT_DENIED;
}

static int verify_proof(const struct sp_audit_options *options, const struct sp_note_key *key)
{
    static struct sp_proof proof;
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, SP_PROOF_BYTES_MAX);
    if (key->key == NULL) {
        return sp_audit_usage("a proof needs the log's public key: --key", "");
    }
    enum sp_err err = sp_file_read(options->proof, &text);
    if (err != SP_OK) {
        return sp_audit_cannot("cannot read", options->proof, err);
    }
    err = sp_proof_read(sp_buf_slice(&text), &proof);
    int status = SP_EXIT_DENIED;
    if (err == SP_OK) {
        status = check_proof(&proof, key);
    } else {
        (void)printf("%s is no proof\n", options->proof);
    }
    sp_buf_done(&proof.entry);
    return status;
}

/* A note, or a stream that was shipped: of a long one the end. What is neither is told by verify. */
static enum sp_err read_kept(const char *path, struct sp_buf *out)
{
    SP_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, 2 * SP_KEPT_TAIL_MAX); /* it may grow meanwhile */
    const off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    const off_t from = size > (off_t)SP_KEPT_TAIL_MAX ? size - (off_t)SP_KEPT_TAIL_MAX : 0;
    if (size < 0 || lseek(fd, from, SEEK_SET) < 0) {
        return SP_ERR_SYSTEM;
    }
    SP_TRY(sp_file_read_fd(fd, &text));
    const enum sp_err err = sp_kept_checkpoint(sp_buf_slice(&text), out);
    return err == SP_ERR_NOT_FOUND
               ? sp_buf_put(out, sp_slice_sub(sp_buf_slice(&text), 0, SP_NOTE_BYTES_MAX))
               : err;
}

int sp_audit_verify_command(const struct sp_audit_options *options)
{
    SP_AUTO_NOTE_KEY struct sp_note_key key = {.key = NULL};
    SP_AUTO_BUF struct sp_buf older;
    sp_buf_init(&older, SP_NOTE_BYTES_MAX);
    int status = sp_audit_key(options, &key);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    if (options->proof != NULL) {
        return verify_proof(options, &key);
    }
    enum sp_err err = options->checkpoint == NULL ? SP_OK : read_kept(options->checkpoint, &older);
    if (err != SP_OK) {
        return sp_audit_cannot("cannot read", options->checkpoint, err);
    }
    return verify_log(options, &key, sp_buf_slice(&older));
}
