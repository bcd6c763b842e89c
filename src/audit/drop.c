#include "audit/drop.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/code.h"
#include "base/clock.h"
#include "base/own.h"
#include "base/text.h"

#define SEARCH_END                                                                                 \
    ((uint64_t)1 << 32)  /* nobody has a log of that many bundles: the search begins anew */
#define GROUP      1000U /* bundles of one directory */
#define DAY_DIGITS ((size_t)8)

static void bundle_path(uint64_t number, char out[SP_TILE_PATH_BYTES])
{
    sp_tile_path(
        (struct sp_tile){.level = SP_TILE_ENTRIES, .number = number, .width = SP_TILE_WIDTH}, out);
}

static uint64_t size_of(const struct stat *st)
{
    return st->st_size > 0 ? (uint64_t)st->st_size : 0;
}

/* Whether it was last written before a time. */
static bool is_older(const struct stat *st, uint64_t before_s)
{
    return st->st_mtime >= 0 && (uint64_t)st->st_mtime < before_s;
}

static bool look(int log_dir, uint64_t number, struct stat *out)
{
    char path[SP_TILE_PATH_BYTES];
    bundle_path(number, path);
    return fstatat(log_dir, path, out, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(out->st_mode);
}

bool sp_drop_find(int log_dir, struct sp_drop *drop, unsigned most)
{
    struct stat st;
    if (drop->is_known) {
        return true;
    }
    if (look(log_dir, 0, &st)) {
        *drop = (struct sp_drop){.is_known = true};
        return true;
    }
    for (unsigned i = 0; i < most && !drop->is_known; i++) {
        drop->is_known = look(log_dir, drop->first, &st);
        drop->first += drop->is_known ? 0 : 1;
    }
    if (drop->first >= SEARCH_END) {
        drop->first = 0;
    }
    return drop->is_known;
}

uint64_t sp_drop_due(int log_dir, const struct sp_drop *drop, uint64_t before_s, unsigned most)
{
    struct stat st;
    uint64_t number = drop->first;
    for (unsigned i = 0; i < most && look(log_dir, number, &st) && is_older(&st, before_s); i++) {
        number++;
    }
    return number;
}

bool sp_drop_count(int log_dir, struct sp_drop *drop, unsigned most)
{
    struct stat st;
    if (drop->counted < drop->first) {
        drop->counted = drop->first;
        drop->bytes = 0;
    }
    for (unsigned i = 0; i < most; i++) {
        if (!look(log_dir, drop->counted, &st)) {
            return true;
        }
        drop->bytes += size_of(&st);
        drop->counted++;
    }
    return false;
}

uint64_t sp_drop_over(int log_dir, const struct sp_drop *drop, uint64_t bytes, uint64_t before_s,
                      unsigned most)
{
    struct stat st;
    uint64_t number = drop->first;
    uint64_t left = drop->bytes;
    for (unsigned i = 0;
         i < most && left > bytes && look(log_dir, number, &st) && is_older(&st, before_s); i++) {
        left = left > size_of(&st) ? left - size_of(&st) : 0;
        number++;
    }
    return number;
}

/* The last of a thousand leaves an empty directory; one that is not empty stays. */
static void remove_directory(int log_dir, uint64_t number)
{
    char path[SP_TILE_PATH_BYTES];
    bundle_path(number, path);
    struct sp_slice all = sp_slice_of(path);
    while (all.len > 0 && all.ptr[all.len - 1] != '/') {
        all.len--;
    }
    if (all.len > 0 && number >= GROUP) {
        path[all.len - 1] = '\0';
        (void)unlinkat(log_dir, path, AT_REMOVEDIR);
    }
}

bool sp_drop_some(int log_dir, struct sp_drop *drop, uint64_t until, unsigned most)
{
    for (unsigned i = 0; i < most && drop->first < until; i++) {
        char path[SP_TILE_PATH_BYTES];
        struct stat st = {.st_size = 0};
        bundle_path(drop->first, path);
        (void)look(log_dir, drop->first, &st);
        if (unlinkat(log_dir, path, 0) != 0) {
            return false; /* what cannot be removed stays, and all behind it with it */
        }
        if (drop->first < drop->counted) {
            drop->bytes = drop->bytes > size_of(&st) ? drop->bytes - size_of(&st) : 0;
        }
        drop->gone_s = st.st_mtime > 0 ? (uint64_t)st.st_mtime : 0;
        if (drop->first % GROUP == GROUP - 1) {
            remove_directory(log_dir, drop->first);
        }
        drop->first++;
    }
    return drop->first < until;
}

/* --- code --- */

/* A day's name is eight digits. */
static bool is_day(const char *name)
{
    struct sp_slice text = sp_slice_of(name);
    for (size_t i = 0; i < text.len; i++) {
        if (!sp_text_is_digit(text.ptr[i])) {
            return false;
        }
    }
    return text.len == DAY_DIGITS;
}

/* The name of a day that ends at or before this time is before the name of the day that holds it. */
static void day_of(uint64_t wall_us, char out[DAY_DIGITS + 1])
{
    char time[SP_CLOCK_RFC3339_BYTES];
    size_t at = 0;
    sp_clock_rfc3339(wall_us, time);
    for (size_t i = 0; at < DAY_DIGITS; i++) {
        if (time[i] != '-') {
            out[at++] = time[i];
        }
    }
    out[at] = '\0';
}

static bool is_before(const char *day, const char *limit)
{
    for (size_t i = 0; i < DAY_DIGITS; i++) {
        if (day[i] != limit[i]) {
            return day[i] < limit[i];
        }
    }
    return false;
}

static bool is_object(const char *name)
{
    struct sp_slice text = sp_slice_of(name);
    for (size_t i = 0; i < text.len; i++) {
        if (!sp_text_is_hex(text.ptr[i])) {
            return false;
        }
    }
    return text.len == 2 * SP_SHA256_BYTES;
}

/* Objects alone are removed; a directory with anything else in it stays. */
static void drop_day(int code_dir, const char *day, unsigned *most)
{
    int fd = openat(code_dir, day, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *names = fd < 0 ? NULL : fdopendir(fd);
    if (names == NULL) {
        sp_close(fd);
        return;
    }
    for (const struct dirent *entry = readdir(names); entry != NULL && *most > 0;
         entry = readdir(names)) {
        if (is_object(entry->d_name) && unlinkat(fd, entry->d_name, 0) == 0) {
            (*most)--;
        }
    }
    (void)closedir(names);
    (void)unlinkat(code_dir, day, AT_REMOVEDIR);
}

void sp_drop_code(int own_dir, uint64_t before_us, unsigned most)
{
    char limit[DAY_DIGITS + 1];
    int fd = openat(own_dir, SP_CODE_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *names = fd < 0 ? NULL : fdopendir(fd);
    if (names == NULL) {
        sp_close(fd);
        return;
    }
    day_of(before_us, limit);
    for (const struct dirent *entry = readdir(names); entry != NULL && most > 0;
         entry = readdir(names)) {
        if (is_day(entry->d_name) && is_before(entry->d_name, limit)) {
            drop_day(fd, entry->d_name, &most);
        }
    }
    (void)closedir(names);
}
