#include "session/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"
#include "session/files_list.h"
#include "session/link.h"

#define NAME_BYTES ((size_t)256)
#define TEMP_BYTES 48

/* An answer in the making. */
struct reply {
    enum sp_file_end end;
    int fd; /* owned */
    struct stat about;
};

int sp_files_open(int data, const char *path, int flags, mode_t mode)
{
    const struct open_how how = {
        .flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
        .mode = mode,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    return (int)syscall(SYS_openat2, data, *path == '\0' ? "." : path, &how, sizeof how);
}

enum sp_file_end sp_files_end_of(int number)
{
    switch (number) {
    case ENOENT:
        return SP_FILE_NOT_FOUND;
    case EISDIR:
    case ENOTEMPTY:
    case EEXIST:
        return SP_FILE_IS_DIRECTORY;
    case ENOTDIR:
        return SP_FILE_NO_DIRECTORY;
    case ENOSPC:
    case EDQUOT:
        return SP_FILE_NO_SPACE;
    case EMFILE:
    case ENFILE:
        return SP_FILE_TOO_MANY;
    case ELOOP:
    case EXDEV:
    case EACCES:
    case EPERM:
    case ENXIO:
    case ENODEV:
    case EROFS:
        return SP_FILE_REFUSED;
    default:
        return SP_FILE_FAILED;
    }
}

/* ---- paths ---- */

/* The path as text, cut in two at its last slash. The pool sends no empty part; one would not resolve anyway. */
struct place {
    char text[SP_FILE_PATH_MAX + 1];
    const char *directory;
    const char *name;
};

static bool find_place(struct sp_slice path, struct place *out)
{
    size_t cut = path.len;
    if (path.len > SP_FILE_PATH_MAX || sp_slice_find(path, 0, '\0') != path.len) {
        return false;
    }
    sp_slice_to_text(path, out->text, sizeof out->text);
    while (cut > 0 && out->text[cut - 1] != '/') {
        cut--;
    }
    out->name = out->text + cut;
    out->directory = "";
    if (cut > 0) {
        out->text[cut - 1] = '\0';
        out->directory = out->text;
    }
    return path.len > 0 && path.len - cut < NAME_BYTES && path.len > cut;
}

/* Makes what is missing of a directory's path and opens it, one name at a time: no link is followed on the way. */
static bool make_directory(int data, const char *path, int *out_fd)
{
    SP_AUTO_CLOSE int here = sp_files_open(data, "", O_PATH | O_DIRECTORY, 0);
    struct sp_slice rest = sp_slice_of(path);
    while (here >= 0 && rest.len > 0) {
        char name[NAME_BYTES];
        size_t end = sp_slice_find(rest, 0, '/');
        int next = -1;
        sp_slice_to_text(sp_slice_sub(rest, 0, end), name, sizeof name);
        if (mkdirat(here, name, 0755) != 0 && errno != EEXIST) {
            return false;
        }
        next = sp_files_open(here, name, O_PATH | O_DIRECTORY, 0);
        sp_close(here);
        here = next;
        rest = sp_slice_sub(rest, end + 1, rest.len);
    }
    *out_fd = sp_take_fd(&here);
    return *out_fd >= 0;
}

/* ---- the operations ---- */

static void fail(struct reply *reply)
{
    reply->end = sp_files_end_of(errno);
}

/* A FIFO must not make us wait, and a device must not be handed out. */
static void open_file(const struct sp_files *files, const struct place *place, struct reply *reply)
{
    SP_AUTO_CLOSE int directory =
        sp_files_open(files->data, place->directory, O_PATH | O_DIRECTORY, 0);
    SP_AUTO_CLOSE int fd =
        directory < 0 ? -1 : sp_files_open(directory, place->name, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0 || fstat(fd, &reply->about) != 0) {
        fail(reply);
    } else if (S_ISDIR(reply->about.st_mode)) {
        reply->end = SP_FILE_IS_DIRECTORY;
    } else if (!S_ISREG(reply->about.st_mode)) {
        reply->end = SP_FILE_REFUSED;
    } else {
        reply->fd = sp_take_fd(&fd);
    }
}

static void look(const struct sp_files *files, const struct place *place, struct reply *reply)
{
    SP_AUTO_CLOSE int fd = sp_files_open(files->data, place->directory, O_PATH | O_DIRECTORY, 0);
    if (fd < 0 || fstatat(fd, place->name, &reply->about, AT_SYMLINK_NOFOLLOW) != 0) {
        fail(reply);
    } else if (!S_ISREG(reply->about.st_mode) && !S_ISDIR(reply->about.st_mode)) {
        reply->end = SP_FILE_REFUSED;
    }
}

static void delete_file(const struct sp_files *files, const struct place *place,
                        struct reply *reply)
{
    SP_AUTO_CLOSE int fd = sp_files_open(files->data, place->directory, O_PATH | O_DIRECTORY, 0);
    if (fd < 0) {
        fail(reply);
    } else if (unlinkat(fd, place->name, 0) != 0 &&
               (errno != EISDIR || unlinkat(fd, place->name, AT_REMOVEDIR) != 0)) {
        fail(reply);
    }
}

/* ---- uploads ---- */

static void temporary_name(uint64_t request, char out[TEMP_BYTES])
{
    unsigned long long number = request;
    (void)snprintf(out, TEMP_BYTES, SP_FILES_TEMPORARY "%016llx", number);
}

static struct sp_files_upload *find_upload(struct sp_files *files, uint64_t request)
{
    for (size_t i = 0; i < SP_FILES_UPLOADS_MAX; i++) {
        if (files->uploads[i].request == request) {
            return &files->uploads[i];
        }
    }
    return NULL;
}

static void end_upload(struct sp_files_upload *upload)
{
    sp_close(upload->directory);
    *upload = (struct sp_files_upload){.directory = -1};
}

static void create(struct sp_files *files, uint64_t request, const struct place *place,
                   struct reply *reply)
{
    char temporary[TEMP_BYTES];
    struct sp_files_upload *upload = find_upload(files, 0);
    SP_AUTO_CLOSE int directory = -1;
    if (upload == NULL || request == 0) {
        reply->end = SP_FILE_TOO_MANY;
        return;
    }
    temporary_name(request, temporary);
    if (!make_directory(files->data, place->directory, &directory)) {
        fail(reply);
        return;
    }
    if (fstatat(directory, place->name, &reply->about, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISDIR(reply->about.st_mode)) {
        reply->end = SP_FILE_IS_DIRECTORY;
        return;
    }
    reply->fd = sp_files_open(directory, temporary, O_RDWR | O_CREAT | O_EXCL, 0644);
    if (reply->fd < 0 || fstat(reply->fd, &reply->about) != 0) {
        fail(reply);
        return;
    }
    upload->request = request;
    upload->directory = sp_take_fd(&directory);
    sp_slice_to_text(sp_slice_of(place->name), upload->name, sizeof upload->name);
}

static void commit(struct sp_files *files, uint64_t request, struct reply *reply)
{
    char temporary[TEMP_BYTES];
    struct sp_files_upload *upload = request == 0 ? NULL : find_upload(files, request);
    if (upload == NULL) {
        reply->end = SP_FILE_NOT_FOUND;
        return;
    }
    temporary_name(request, temporary);
    if (renameat(upload->directory, temporary, upload->directory, upload->name) != 0) {
        fail(reply);
        (void)unlinkat(upload->directory, temporary, 0);
    } else if (fstatat(upload->directory, upload->name, &reply->about, AT_SYMLINK_NOFOLLOW) != 0) {
        fail(reply);
    }
    end_upload(upload);
}

static void abort_upload(struct sp_files *files, uint64_t request)
{
    char temporary[TEMP_BYTES];
    struct sp_files_upload *upload = request == 0 ? NULL : find_upload(files, request);
    if (upload != NULL) {
        temporary_name(request, temporary);
        (void)unlinkat(upload->directory, temporary, 0);
        end_upload(upload);
    }
}

/* ---- what the pool sees ---- */

static void work(struct sp_files *files, const struct sp_frame *ask, struct reply *reply)
{
    struct place place;
    if (ask->a == SP_FILE_COMMIT) {
        commit(files, ask->nonce, reply);
        return;
    }
    if (!find_place(ask->bytes, &place)) {
        reply->end = SP_FILE_REFUSED;
        return;
    }
    if (ask->a == SP_FILE_OPEN) {
        open_file(files, &place, reply);
    } else if (ask->a == SP_FILE_CREATE) {
        create(files, ask->nonce, &place, reply);
    } else if (ask->a == SP_FILE_STAT) {
        look(files, &place, reply);
    } else if (ask->a == SP_FILE_DELETE) {
        delete_file(files, &place, reply);
    } else {
        reply->end = SP_FILE_FAILED;
    }
}

uint64_t sp_files_changed_us(const struct stat *about)
{
    const struct timespec at = about->st_mtim;
    return at.tv_sec < 0 ? 0 : (uint64_t)at.tv_sec * 1000000 + (uint64_t)at.tv_nsec / 1000;
}

enum sp_err sp_files_do(struct sp_files *files, int to, const struct sp_frame *ask,
                        struct sp_buf *scratch)
{
    struct reply reply = {.end = SP_FILE_DONE, .fd = -1};
    struct sp_frame said = {.type = SP_FRAME_FILED, .nonce = ask->nonce};
    enum sp_err err = SP_OK;
    if (ask->a == SP_FILE_ABORT) {
        abort_upload(files, ask->nonce);
        return SP_OK;
    }
    if (ask->a == SP_FILE_LIST) {
        SP_TRY(sp_files_list(files->data, to, ask, scratch, &reply.end));
    } else {
        work(files, ask, &reply);
    }
    said.a = (uint8_t)reply.end;
    said.b = S_ISDIR(reply.about.st_mode) ? SP_FILE_TYPE_DIRECTORY : SP_FILE_TYPE_FILE;
    said.size = reply.about.st_size < 0 ? 0 : (uint64_t)reply.about.st_size;
    said.wall_us = sp_files_changed_us(&reply.about);
    err = sp_link_send(to, &said, reply.fd, scratch);
    sp_close(reply.fd);
    return err;
}

void sp_files_init(struct sp_files *files, int data)
{
    *files = (struct sp_files){.data = data};
    for (size_t i = 0; i < SP_FILES_UPLOADS_MAX; i++) {
        files->uploads[i].directory = -1;
    }
}

void sp_files_done(struct sp_files *files)
{
    for (size_t i = 0; i < SP_FILES_UPLOADS_MAX; i++) {
        end_upload(&files->uploads[i]);
    }
}
