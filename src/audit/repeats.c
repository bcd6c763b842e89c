#include "audit/repeats.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/hash.h"

#define NONE       UINT32_MAX
#define BUCKETS    65536U
#define PATH_BYTES ((size_t)32)
#define RETRY_US   ((uint64_t)1000000)

const struct sp_repeats_limits sp_repeats_limits = {
    .of_tenant = 32768,
    .tenant_bytes = (uint64_t)64 * 1024 * 1024,
    .file_bytes = SP_REPEATS_FILE_BYTES,
};

struct entry {
    uint8_t key[SP_DIGEST_BYTES];
    uint8_t request[SP_DIGEST_BYTES];
    uint64_t wall_us;
    uint64_t intent;
    uint64_t at; /* of its latest record */
    uint64_t answer_bytes;
    uint32_t next;  /* in its bucket, or of the free ones */
    uint32_t newer; /* of its tenant */
    uint32_t older;
    uint16_t tenant;
    uint8_t file;
    uint8_t state;
};

struct tenant {
    uint8_t digest[SP_DIGEST_BYTES]; /* of its name */
    uint32_t count;                  /* 0: a free place */
    uint32_t first;                  /* oldest */
    uint32_t last;
    uint64_t bytes;
};

struct file {
    int fd; /* -1: not open */
    uint64_t generation;
    uint64_t end;
};

struct sp_repeats {
    const struct sp_disk *disk;
    struct sp_repeats_limits limits;
    bool is_loaded;
    bool is_dirty;
    bool has_turned; /* the file before the current one may not be durable */
    uint64_t tried_us;
    unsigned current;
    struct file files[SP_REPEATS_FILES];
    struct tenant *tenants;
    struct entry *entries;
    uint32_t *buckets;
    uint32_t free_first;
    uint32_t used; /* entries that were used at least once */
};

/* --- life --- */

enum sp_err sp_repeats_new(const struct sp_disk *disk, const struct sp_repeats_limits *limits,
                           struct sp_repeats **out)
{
    struct sp_repeats *repeats = calloc(1, sizeof(*repeats));
    if (repeats == NULL) {
        return SP_ERR_NOMEM;
    }
    repeats->disk = disk;
    repeats->limits = *limits;
    repeats->free_first = NONE;
    for (size_t i = 0; i < SP_REPEATS_FILES; i++) {
        repeats->files[i].fd = -1;
    }
    /* Untouched pages of these cost nothing. */
    repeats->tenants = calloc(SP_REPEATS_TENANTS_MAX, sizeof(*repeats->tenants));
    repeats->entries = calloc(SP_REPEATS_MAX, sizeof(*repeats->entries));
    repeats->buckets = calloc(BUCKETS, sizeof(*repeats->buckets));
    if (repeats->tenants == NULL || repeats->entries == NULL || repeats->buckets == NULL) {
        sp_repeats_free(repeats);
        return SP_ERR_NOMEM;
    }
    *out = repeats;
    return SP_OK;
}

static void close_all(struct sp_repeats *repeats)
{
    for (size_t i = 0; i < SP_REPEATS_FILES; i++) {
        if (repeats->files[i].fd >= 0) {
            repeats->disk->close(repeats->disk->ctx, repeats->files[i].fd);
        }
        repeats->files[i] = (struct file){.fd = -1};
    }
}

void sp_repeats_free(struct sp_repeats *repeats)
{
    if (repeats != NULL) {
        close_all(repeats);
        free(repeats->tenants);
        free(repeats->entries);
        free(repeats->buckets);
        free(repeats);
    }
}

/* --- the table: places count from 1, so that a zeroed bucket is an empty one --- */

static uint32_t *bucket_of(const struct sp_repeats *repeats, const uint8_t key[SP_DIGEST_BYTES])
{
    return &repeats->buckets[(size_t)key[0] << 8 | key[1]];
}

static struct entry *find(const struct sp_repeats *repeats, const uint8_t key[SP_DIGEST_BYTES])
{
    const struct sp_slice wanted = sp_slice_make(key, SP_DIGEST_BYTES);
    for (uint32_t at = *bucket_of(repeats, key); at != 0; at = repeats->entries[at - 1].next) {
        struct entry *entry = &repeats->entries[at - 1];
        if (sp_slice_equal(sp_slice_make(entry->key, SP_DIGEST_BYTES), wanted)) {
            return entry;
        }
    }
    return NULL;
}

static void leave_tenant(struct sp_repeats *repeats, struct entry *entry)
{
    struct tenant *tenant = &repeats->tenants[entry->tenant];
    *(entry->older != NONE ? &repeats->entries[entry->older].newer : &tenant->first) = entry->newer;
    *(entry->newer != NONE ? &repeats->entries[entry->newer].older : &tenant->last) = entry->older;
    tenant->count--;
    tenant->bytes -= entry->answer_bytes;
}

static void forget(struct sp_repeats *repeats, struct entry *entry)
{
    uint32_t number = (uint32_t)(entry - repeats->entries) + 1;
    uint32_t *at = bucket_of(repeats, entry->key);
    while (*at != number) {
        at = &repeats->entries[*at - 1].next;
    }
    *at = entry->next;
    leave_tenant(repeats, entry);
    entry->next = repeats->free_first;
    repeats->free_first = number - 1;
}

static struct tenant *tenant_of(struct sp_repeats *repeats, struct sp_slice name)
{
    uint8_t digest[SP_SHA256_BYTES];
    struct tenant *free_place = NULL;
    if (sp_sha256(name, digest) != SP_OK) {
        return NULL;
    }
    for (size_t i = 0; i < SP_REPEATS_TENANTS_MAX; i++) {
        struct tenant *tenant = &repeats->tenants[i];
        if (tenant->count == 0) {
            free_place = free_place == NULL ? tenant : free_place;
        } else if (sp_slice_equal(sp_slice_make(tenant->digest, SP_DIGEST_BYTES),
                                  sp_slice_make(digest, SP_DIGEST_BYTES))) {
            return tenant;
        }
    }
    if (free_place != NULL) {
        *free_place = (struct tenant){.first = NONE, .last = NONE};
        (void)sp_slice_copy(sp_slice_make(digest, sizeof(digest)), free_place->digest,
                            SP_DIGEST_BYTES);
    }
    return free_place;
}

/* The oldest key of a tenant that is over, makes room. What still runs is never forgotten. */
static bool forget_one(struct sp_repeats *repeats, const struct tenant *tenant)
{
    for (uint32_t at = tenant->first; at != NONE; at = repeats->entries[at].newer) {
        if (repeats->entries[at].state != SP_REPEAT_RUNNING) {
            forget(repeats, &repeats->entries[at]);
            return true;
        }
    }
    return false;
}

static bool is_room(struct sp_repeats *repeats, const struct tenant *tenant)
{
    const struct tenant *largest = &repeats->tenants[0];
    if (tenant->count >= repeats->limits.of_tenant) {
        return forget_one(repeats, tenant);
    }
    if (repeats->free_first != NONE || repeats->used < SP_REPEATS_MAX) {
        return true;
    }
    for (size_t i = 1; i < SP_REPEATS_TENANTS_MAX; i++) {
        largest = repeats->tenants[i].count > largest->count ? &repeats->tenants[i] : largest;
    }
    return forget_one(repeats, largest);
}

static struct entry *add(struct sp_repeats *repeats, const struct sp_repeat *repeat)
{
    struct tenant *tenant = tenant_of(repeats, repeat->tenant);
    if (tenant == NULL || !is_room(repeats, tenant)) {
        return NULL;
    }
    uint32_t place = repeats->free_first;
    if (place != NONE) {
        repeats->free_first = repeats->entries[place].next;
    } else {
        place = repeats->used++;
    }
    struct entry *entry = &repeats->entries[place];
    uint32_t *bucket = bucket_of(repeats, repeat->key);
    *entry = (struct entry){.tenant = (uint16_t)(tenant - repeats->tenants),
                            .file = (uint8_t)repeats->current,
                            .next = *bucket,
                            .newer = NONE,
                            .older = tenant->last};
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        entry->key[i] = repeat->key[i];
        entry->request[i] = repeat->request[i];
    }
    *bucket = place + 1;
    *(tenant->last != NONE ? &repeats->entries[tenant->last].newer : &tenant->first) = place;
    tenant->last = place;
    tenant->count++;
    return entry;
}

static void set(struct sp_repeats *repeats, struct entry *entry, const struct sp_repeat *repeat)
{
    struct tenant *tenant = &repeats->tenants[entry->tenant];
    tenant->bytes += repeat->answer_bytes - entry->answer_bytes;
    entry->answer_bytes = repeat->answer_bytes;
    entry->state = (uint8_t)repeat->state;
    entry->wall_us = repeat->wall_us;
    entry->intent = repeat->intent;
}

/* --- the files --- */

static struct sp_disk_name name_of(unsigned file, char path[PATH_BYTES])
{
    (void)snprintf(path, PATH_BYTES, "repeats-%u", file);
    return (struct sp_disk_name){.place = SP_DISK_OWN, .path = path};
}

/* A record of the start knows of nothing that runs: what was running then is unknown. */
static void learn(struct sp_repeats *repeats, const struct sp_repeat *repeat, unsigned file,
                  uint64_t at)
{
    struct entry *entry = find(repeats, repeat->key);
    struct sp_repeat read = *repeat;
    read.state = read.state == SP_REPEAT_RUNNING ? SP_REPEAT_UNKNOWN : read.state;
    if (read.state == SP_REPEAT_WITHDRAWN) {
        if (entry != NULL) {
            forget(repeats, entry);
        }
        return;
    }
    entry = entry == NULL ? add(repeats, &read) : entry;
    if (entry != NULL) {
        set(repeats, entry, &read);
        entry->file = (uint8_t)file;
        entry->at = at;
    }
}

/* Looks at a file's records as far as they read and are of one use; learns them when asked to. */
static enum sp_err scan(struct sp_repeats *repeats, unsigned number, bool is_learning)
{
    uint8_t space[SP_REPEAT_HEAD_MAX + 64];
    struct file *file = &repeats->files[number];
    file->generation = 0;
    file->end = 0;
    while (file->end < repeats->limits.file_bytes) {
        struct sp_repeat repeat;
        uint64_t generation = 0;
        size_t got = 0;
        size_t len = 0;
        SP_TRY(sp_disk_read_all(repeats->disk, file->fd, file->end, space, sizeof(space), &got));
        if (sp_repeat_take(sp_slice_make(space, got), &repeat, &generation, &len) != SP_OK ||
            (file->generation != 0 && generation != file->generation) ||
            repeat.answer_bytes > repeats->limits.file_bytes) {
            break;
        }
        file->generation = generation;
        if (is_learning) {
            learn(repeats, &repeat, number, file->end);
        }
        file->end += len + repeat.answer_bytes;
    }
    return SP_OK;
}

static enum sp_err open_all(struct sp_repeats *repeats)
{
    for (unsigned i = 0; i < SP_REPEATS_FILES; i++) {
        char path[PATH_BYTES];
        struct sp_disk_name name = name_of(i, path);
        SP_TRY(repeats->disk->open(repeats->disk->ctx, name, SP_DISK_MAKE, &repeats->files[i].fd));
        SP_TRY(repeats->disk->sync_names(repeats->disk->ctx, name));
        SP_TRY(scan(repeats, i, false));
    }
    return SP_OK;
}

/* The files in the order of their use, so that what came later stands. */
static enum sp_err learn_all(struct sp_repeats *repeats)
{
    uint64_t after = 0;
    for (unsigned turn = 0; turn < SP_REPEATS_FILES; turn++) {
        unsigned next = SP_REPEATS_FILES;
        for (unsigned i = 0; i < SP_REPEATS_FILES; i++) {
            uint64_t generation = repeats->files[i].generation;
            if (generation > after &&
                (next == SP_REPEATS_FILES || generation < repeats->files[next].generation)) {
                next = i;
            }
        }
        if (next == SP_REPEATS_FILES) {
            break;
        }
        after = repeats->files[next].generation;
        repeats->current = next;
        SP_TRY(scan(repeats, next, true));
    }
    struct file *current = &repeats->files[repeats->current];
    current->generation = current->generation == 0 ? 1 : current->generation;
    return SP_OK;
}

static enum sp_err load(struct sp_repeats *repeats, uint64_t wall_us)
{
    if (repeats->is_loaded) {
        return SP_OK;
    }
    if (repeats->tried_us != 0 && wall_us - repeats->tried_us < RETRY_US) {
        return SP_ERR_UNAVAILABLE;
    }
    repeats->tried_us = wall_us;
    enum sp_err err = open_all(repeats);
    err = err == SP_OK ? learn_all(repeats) : err;
    repeats->is_loaded = err == SP_OK;
    if (err != SP_OK) {
        close_all(repeats);
    }
    return err;
}

/* The next file in turn is used from its beginning. It is not while something in it still runs. */
static enum sp_err turn_over(struct sp_repeats *repeats)
{
    unsigned next = (repeats->current + 1) % SP_REPEATS_FILES;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < SP_REPEATS_TENANTS_MAX; i++) {
            uint32_t at = repeats->tenants[i].count > 0 ? repeats->tenants[i].first : NONE;
            while (at != NONE) {
                struct entry *entry = &repeats->entries[at];
                at = entry->newer;
                if (entry->file == next && pass == 0 && entry->state == SP_REPEAT_RUNNING) {
                    return SP_ERR_FULL;
                }
                if (entry->file == next && pass == 1) {
                    forget(repeats, entry);
                }
            }
        }
    }
    repeats->files[next].generation = repeats->files[repeats->current].generation + 1;
    repeats->files[next].end = 0;
    repeats->current = next;
    repeats->has_turned = true;
    return SP_OK;
}

static enum sp_err append(struct sp_repeats *repeats, struct entry *entry,
                          const struct sp_repeat *repeat, struct sp_slice answer)
{
    SP_AUTO_BUF struct sp_buf head;
    sp_buf_init(&head, SP_REPEAT_HEAD_MAX);
    if (repeats->files[repeats->current].end + SP_REPEAT_HEAD_MAX + answer.len >
        repeats->limits.file_bytes) {
        /* It stands in a file that may be the next one; as what runs, that one is not used. */
        SP_TRY(turn_over(repeats));
    }
    struct file *file = &repeats->files[repeats->current];
    SP_TRY(sp_repeat_put(repeat, file->generation, &head));
    SP_TRY(sp_disk_write_all(repeats->disk, file->fd, file->end, sp_buf_slice(&head)));
    if (answer.len > 0) {
        SP_TRY(sp_disk_write_all(repeats->disk, file->fd, file->end + head.len, answer));
    }
    entry->file = (uint8_t)repeats->current;
    entry->at = file->end;
    file->end += head.len + answer.len;
    return SP_OK;
}

/* --- keys --- */

enum sp_err sp_repeats_find(struct sp_repeats *repeats, const uint8_t key[SP_DIGEST_BYTES],
                            const uint8_t request[SP_DIGEST_BYTES], uint64_t wall_us,
                            struct sp_repeat_found *out)
{
    SP_TRY(load(repeats, wall_us));
    struct entry *entry = find(repeats, key);
    if (entry == NULL) {
        return SP_ERR_NOT_FOUND;
    }
    if (entry->state != SP_REPEAT_RUNNING && wall_us > entry->wall_us &&
        wall_us - entry->wall_us > SP_REPEATS_KEEP_US) {
        forget(repeats, entry);
        return SP_ERR_NOT_FOUND;
    }
    *out = (struct sp_repeat_found){.state = (enum sp_repeat_state)entry->state,
                                    .intent = entry->intent};
    out->is_same = sp_slice_equal(sp_slice_make(entry->request, SP_DIGEST_BYTES),
                                  sp_slice_make(request, SP_DIGEST_BYTES));
    return SP_OK;
}

enum sp_err sp_repeats_begin(struct sp_repeats *repeats, const struct sp_repeat *repeat)
{
    struct sp_repeat begun = *repeat;
    SP_TRY(load(repeats, repeat->wall_us));
    struct entry *entry = find(repeats, repeat->key) == NULL ? add(repeats, repeat) : NULL;
    if (entry == NULL) {
        return SP_ERR_FULL;
    }
    begun.state = SP_REPEAT_RUNNING;
    begun.answer_bytes = 0;
    set(repeats, entry, &begun);
    enum sp_err err = append(repeats, entry, &begun, sp_slice_of(NULL));
    if (err != SP_OK) {
        forget(repeats, entry);
        return err;
    }
    repeats->is_dirty = true;
    return SP_OK;
}

enum sp_err sp_repeats_commit(struct sp_repeats *repeats)
{
    if (!repeats->is_dirty) {
        return SP_OK;
    }
    repeats->is_dirty = false;
    /* Records of this turn stand in the current file, or at the end of the one before. */
    unsigned before = (repeats->current + SP_REPEATS_FILES - 1) % SP_REPEATS_FILES;
    enum sp_err err = repeats->disk->sync(repeats->disk->ctx, repeats->files[repeats->current].fd);
    if (err == SP_OK && repeats->has_turned) {
        err = repeats->disk->sync(repeats->disk->ctx, repeats->files[before].fd);
    }
    repeats->has_turned = false;
    if (err != SP_OK) {
        /* What a failed sync leaves of a file is not known: nothing more is put behind it. */
        (void)!turn_over(repeats);
    }
    return err;
}

void sp_repeats_end(struct sp_repeats *repeats, const struct sp_repeat *repeat,
                    struct sp_slice answer)
{
    struct entry *entry = find(repeats, repeat->key);
    struct sp_repeat ended = *repeat;
    if (entry == NULL) {
        return;
    }
    const struct tenant *tenant = &repeats->tenants[entry->tenant];
    bool is_kept = ended.state == SP_REPEAT_DONE &&
                   tenant->bytes + answer.len <= repeats->limits.tenant_bytes &&
                   answer.len <= repeats->limits.file_bytes - SP_REPEAT_HEAD_MAX &&
                   sp_sha256(answer, ended.answer_digest) == SP_OK;
    answer = is_kept ? answer : sp_slice_of(NULL);
    ended.answer_bytes = answer.len;
    ended.state = ended.state == SP_REPEAT_DONE && !is_kept ? SP_REPEAT_LOST : ended.state;
    ended.wall_us = entry->wall_us;
    ended.intent = entry->intent;
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        ended.request[i] = entry->request[i];
    }
    enum sp_err err = append(repeats, entry, &ended, answer);
    if (ended.state == SP_REPEAT_WITHDRAWN) {
        forget(repeats,
               entry); /* unwritten, it is unknown after a restart: that errs on the safe side */
        return;
    }
    if (err != SP_OK) {
        ended.state = SP_REPEAT_UNKNOWN;
        ended.answer_bytes = 0;
    }
    set(repeats, entry, &ended);
}

enum sp_err sp_repeats_read(struct sp_repeats *repeats, const uint8_t key[SP_DIGEST_BYTES],
                            struct sp_buf *out, struct sp_repeat *out_repeat,
                            struct sp_slice *out_answer)
{
    const struct entry *entry = find(repeats, key);
    uint8_t *space = NULL;
    uint64_t generation = 0;
    size_t got = 0;
    size_t len = 0;
    uint8_t actual[SP_SHA256_BYTES];
    if (entry == NULL || entry->state != SP_REPEAT_DONE) {
        return SP_ERR_NOT_FOUND;
    }
    size_t most = SP_REPEAT_HEAD_MAX + (size_t)entry->answer_bytes;
    sp_buf_clear(out);
    SP_TRY(sp_buf_reserve(out, most, &space));
    SP_TRY(sp_disk_read_all(repeats->disk, repeats->files[entry->file].fd, entry->at, space, most,
                            &got));
    struct sp_slice whole = sp_slice_make(space, got);
    SP_TRY(sp_repeat_take(whole, out_repeat, &generation, &len));
    struct sp_slice answer = sp_slice_sub(whole, len, (size_t)out_repeat->answer_bytes);
    SP_TRY(sp_sha256(answer, actual));
    bool is_good = answer.len == out_repeat->answer_bytes &&
                   sp_slice_equal(sp_slice_make(actual, sizeof(actual)),
                                  sp_slice_make(out_repeat->answer_digest, SP_DIGEST_BYTES)) &&
                   sp_slice_equal(sp_slice_make(out_repeat->key, SP_DIGEST_BYTES),
                                  sp_slice_make(key, SP_DIGEST_BYTES));
    if (!is_good) {
        return SP_ERR_CORRUPT;
    }
    *out_answer = answer;
    return SP_OK;
}
