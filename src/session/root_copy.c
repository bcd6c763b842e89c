#include "session/root_copy.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "base/slice.h"
#include "sandbox/network_session.h"

#define FILE_BYTES_MAX ((size_t)2 * 1024 * 1024)
#define ENTRIES_MAX    8192U
#define LINK_BYTES_MAX ((size_t)1024)
#define COPY_DEPTH_MAX 5U

/* What is copied when it is there; directories whole. */
static const char *const copied[] = {
    "alternatives", "ld.so.cache", "ld.so.conf",     "ld.so.conf.d", "python3",    "python3.11",
    "python3.12",   "python3.13",  "fonts",          "matplotlibrc", "mime.types", "localtime",
    "timezone",     "os-release",  "debian_version", "protocols",    "services",
};

/* What we write ourselves: the host's users and names are none of the session's business. */
static const struct {
    const char *name;
    const char *text;
} written[] = {
    {"etc/passwd", "root:x:0:0:root:/:/usr/sbin/nologin\n"
                   "session:x:1000:1000:session:/tmp/home:/bin/sh\n"
                   "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"},
    {"etc/group", "root:x:0:\nsession:x:1000:\nnogroup:x:65534:\n"},
    {"etc/hostname", "session\n"},
    {"etc/hosts", "127.0.0.1 localhost session\n::1 localhost\n"},
};

/* Without a network a name is not looked for in vain; with one, the resolver is the host's, by way of the network's process. */
static const struct {
    const char *name;
    const char *offline;
    const char *online;
} by_network[] = {
    {"etc/nsswitch.conf",
     "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n",
     "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"},
    {"etc/resolv.conf", "", "nameserver " SP_NETWORK_RESOLVER "\noptions timeout:3 attempts:2\n"},
};

static enum sp_err write_whole(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, bytes, len);
        if (put <= 0) {
            return SP_ERR_SYSTEM;
        }
        bytes += put;
        len -= (size_t)put;
    }
    return SP_OK;
}

static enum sp_err write_text(const char *name, const char *text)
{
    struct sp_slice bytes = sp_slice_of(text);
    SP_AUTO_CLOSE int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    return fd < 0 ? SP_ERR_SYSTEM : write_whole(fd, bytes.ptr, bytes.len);
}

static enum sp_err copy_file(int from_dir, int to_dir, const char *name, size_t size)
{
    SP_AUTO_CLOSE int in = openat(from_dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    SP_AUTO_CLOSE int out = -1;
    SP_AUTO_FREE uint8_t *bytes = NULL;
    ssize_t got = 0;
    if (in < 0 || size > FILE_BYTES_MAX) {
        return SP_OK;
    }
    bytes = malloc(size + 1);
    if (bytes == NULL) {
        return SP_ERR_NOMEM;
    }
    got = read(in, bytes, size);
    out = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (got < 0 || out < 0) {
        return SP_ERR_SYSTEM;
    }
    return write_whole(out, bytes, (size_t)got);
}

static enum sp_err copy_link(int from_dir, int to_dir, const char *name)
{
    char target[LINK_BYTES_MAX];
    ssize_t len = readlinkat(from_dir, name, target, sizeof target - 1);
    if (len <= 0) {
        return SP_OK;
    }
    target[len] = '\0';
    return symlinkat(target, to_dir, name) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

static enum sp_err copy_entry(int from_dir, int to_dir, const char *name, unsigned depth,
                              unsigned *left);

static void end_directory(DIR **dir)
{
    if (*dir != NULL) {
        (void)closedir(*dir);
    }
}

static enum sp_err copy_directory(int from_dir, int to_dir, const char *name, unsigned depth,
                                  unsigned *left)
{
    SP_CLEANUP(end_directory) DIR *in = NULL;
    SP_AUTO_CLOSE int out = -1;
    int fd = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    const struct dirent *entry = NULL;
    if (fd < 0 || depth == 0) {
        sp_close(fd);
        return SP_OK;
    }
    in = fdopendir(fd);
    if (in == NULL || mkdirat(to_dir, name, 0755) != 0) {
        return SP_ERR_SYSTEM;
    }
    out = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out < 0) {
        return SP_ERR_SYSTEM;
    }
    for (entry = readdir(in); entry != NULL; entry = readdir(in)) {
        struct sp_slice found = sp_slice_of(entry->d_name);
        if (!sp_slice_is(found, ".") && !sp_slice_is(found, "..")) {
            SP_TRY(copy_entry(dirfd(in), out, entry->d_name, depth - 1, left));
        }
    }
    return SP_OK;
}

static enum sp_err copy_entry(int from_dir, int to_dir, const char *name, unsigned depth,
                              unsigned *left)
{
    struct stat about;
    if (fstatat(from_dir, name, &about, AT_SYMLINK_NOFOLLOW) != 0 || *left == 0) {
        return SP_OK;
    }
    (*left)--;
    if (S_ISDIR(about.st_mode)) {
        return copy_directory(from_dir, to_dir, name, depth, left);
    }
    if (S_ISLNK(about.st_mode)) {
        return copy_link(from_dir, to_dir, name);
    }
    return S_ISREG(about.st_mode) ? copy_file(from_dir, to_dir, name, (size_t)about.st_size)
                                  : SP_OK;
}

/*
 * OpenSSL reads its defaults at the first import of ssl. The certificates are there without a network as well: clients of
 * HTTP that miss them complain of that, and not of the network that the session has not got.
 */
static enum sp_err copy_openssl(int host_etc, unsigned *left)
{
    SP_AUTO_CLOSE int from = openat(host_etc, "ssl", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SP_AUTO_CLOSE int to = -1;
    if (from < 0) {
        return SP_OK;
    }
    if (mkdir("etc/ssl", 0755) != 0) {
        return SP_ERR_SYSTEM;
    }
    to = open("etc/ssl", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (to < 0) {
        return SP_ERR_SYSTEM;
    }
    SP_TRY(copy_entry(from, to, "certs", 2, left));
    return copy_entry(from, to, "openssl.cnf", 1, left);
}

enum sp_err sp_root_copy_etc(bool has_egress)
{
    SP_AUTO_CLOSE int host = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SP_AUTO_CLOSE int here = open("etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    unsigned left = ENTRIES_MAX;
    if (host < 0 || here < 0) {
        return SP_ERR_SYSTEM;
    }
    for (size_t i = 0; i < SP_COUNT(copied); i++) {
        SP_TRY(copy_entry(host, here, copied[i], COPY_DEPTH_MAX, &left));
    }
    SP_TRY(copy_openssl(host, &left));
    for (size_t i = 0; i < SP_COUNT(written); i++) {
        SP_TRY(write_text(written[i].name, written[i].text));
    }
    for (size_t i = 0; i < SP_COUNT(by_network); i++) {
        SP_TRY(write_text(by_network[i].name,
                          has_egress ? by_network[i].online : by_network[i].offline));
    }
    return SP_OK;
}
