/* Covers audit/page.c: whatever a tenant asks for, nothing of another one is on the page. Input: path, line feed, query. */
#include <string.h>

#include "audit/page.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEX   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define MINE  "{\"index\":0,\"kind\":\"refusal\",\"tenant\":\"acme\"}"
#define THEIR "{\"detail\":\"hidden\",\"index\":1,\"kind\":\"refusal\",\"tenant\":\"beta\"}"
static const char checkpoint[] = "o\n2\n" HEX "A=\n\n\xe2\x80\x94 o " HEX HEX "AAAAAAA=\n";
static const char bundle[] = {0, sizeof(MINE) - 1};
static struct sp_buf entries;

static enum sp_err on_open(void *ctx, struct sp_disk_name name, enum sp_disk_how how, int *out_fd)
{
    SP_ASSERT(ctx == NULL && how == SP_DISK_READ);
    *out_fd = strcmp(name.path, "checkpoint") == 0             ? 1
              : strcmp(name.path, "tile/entries/000.p/2") == 0 ? 2
                                                               : 0;
    return name.place == SP_DISK_LOG && *out_fd != 0 ? SP_OK : SP_ERR_NOT_FOUND;
}

static struct sp_slice file_of(int fd)
{
    return fd == 1 ? sp_slice_of(checkpoint) : sp_buf_slice(&entries);
}

static enum sp_err on_find(void *ctx, struct sp_disk_name name, struct sp_disk_stat *out)
{
    int fd = 0;
    SP_TRY(on_open(ctx, name, SP_DISK_READ, &fd));
    *out = (struct sp_disk_stat){.size = file_of(fd).len};
    return SP_OK;
}

static enum sp_err on_read(void *ctx, int fd, uint64_t at, uint8_t *out, size_t len,
                           size_t *out_len)
{
    SP_ASSERT(ctx == NULL);
    *out_len = sp_slice_copy(sp_slice_sub(file_of(fd), (size_t)at, len), out, len);
    return SP_OK;
}

static void on_close(void *ctx, int fd)
{
    SP_ASSERT(ctx == NULL && fd > 0);
}

static void make_log(const struct sp_disk *disk, struct sp_page_reader *reader)
{
    static const char second[] = {0, sizeof(THEIR) - 1};
    sp_buf_init(&entries, 4096);
    SP_ASSERT(sp_buf_put(&entries, sp_slice_make(bundle, 2)) == SP_OK &&
              sp_buf_put_text(&entries, MINE) == SP_OK);
    SP_ASSERT(sp_buf_put(&entries, sp_slice_make(second, 2)) == SP_OK &&
              sp_buf_put_text(&entries, THEIR) == SP_OK);
    SP_ASSERT(sp_archive_open(disk, &reader->archive) == SP_OK &&
              sp_archive_open(disk, &reader->intents) == SP_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sp_disk disk = {
        .open = on_open, .close = on_close, .find = on_find, .read = on_read};
    static struct sp_page_reader reader;
    const struct sp_slice in = sp_slice_make(data, size);
    const size_t end = sp_slice_find(in, 0, '\n');
    const struct sp_page_ask ask = {.tenant = SP_SLICE_LITERAL("acme"),
                                    .what = sp_slice_sub(in, 0, end),
                                    .query = sp_slice_sub(in, end + 1, size)};
    enum sp_page_kind kind = SP_PAGE_JSON;
    struct sp_where where;
    struct sp_page_wait wait;
    SP_AUTO_BUF struct sp_buf out;
    if (reader.archive == NULL) {
        make_log(&disk, &reader);
    }
    sp_buf_init(&out, SP_PAGE_TILE_MAX);
    const enum sp_err err = sp_page_make(&reader, &ask, &out, &kind, &where, &wait);
    SP_ASSERT(err == SP_OK || (out.len == 0 && where.text[0] != '\0'));
    SP_ASSERT(wait.wait_s <= SP_PAGE_WAIT_S_MAX);
    SP_ASSERT(out.len == 0 || memmem(out.ptr, out.len, "hidden", 6) == NULL);
    return 0;
}
