/* A file that is uploaded: found in its multipart body, named cleanly, judged; the body goes on as it came. */
#include "base/text.h"
#include "codec/multipart.h"
#include "crypto/hash.h"
#include "inspect/room_inner.h"

/* 128 MiB at a slow pool. */
#define UPLOAD_MS_MAX 120000U

static enum sp_err refuse_body(struct sp_where *where, enum sp_err err, const char *why)
{
    sp_where_set(where, 0, 0, "%s", why);
    return err;
}

/* The one part that has a file name. Fields beside it are passed over: nothing of them is relayed. */
static enum sp_err find_file(struct sp_inspection *i, struct sp_multipart_part *out,
                             struct sp_where *where)
{
    SP_AUTO_BUF struct sp_buf other;
    struct sp_multipart m;
    bool more = false;
    bool has_file = false;
    sp_buf_init(&other, SP_MULTIPART_HEAD_BYTES_MAX);
    SP_TRY(sp_multipart_open(i->arguments.content_type, i->job->body.bytes, &m, where));
    for (;;) {
        struct sp_multipart_part part;
        struct sp_buf *scratch = has_file ? &other : &i->room->part;
        SP_TRY(sp_multipart_next(&m, scratch, &part, &more, where));
        if (!more) {
            break;
        }
        if (part.has_filename && has_file) {
            return refuse_body(where, SP_ERR_MULTIPART, "one request uploads one file");
        }
        if (part.has_filename) {
            has_file = true;
            *out = part;
        }
    }
    return has_file ? SP_OK
                    : refuse_body(where, SP_ERR_MULTIPART, "the body has no part with a file name");
}

static enum sp_err read_file(struct sp_inspection *i, struct sp_multipart_part *part,
                             struct sp_order *order, struct sp_where *where)
{
    SP_TRY(find_file(i, part, where));
    if (part->content.len > i->room->upload_bytes_max) {
        sp_where_set(where, 0, 0, "a file may have %llu bytes at most",
                     (unsigned long long)i->room->upload_bytes_max);
        return SP_ERR_TOO_BIG;
    }
    return sp_spot_of_file(i->arguments.path, part->filename, &i->room->spot, &order->spot, where);
}

/* The first names that fit; the message has less room for them than the judge. */
static enum sp_err keep_modules(struct sp_inspection *i, const struct sp_upload_facts *facts)
{
    struct sp_reader r;
    struct sp_slice name = {NULL, 0};
    size_t fits = 0;
    sp_reader_init(&r, facts->modules);
    while (sp_reader_left(&r) > 0 && r.at <= SP_MSG_MODULES_MAX) {
        fits = r.at;
        SP_TRY(sp_reader_block(&r, facts->modules.len, &name));
    }
    fits = r.at <= SP_MSG_MODULES_MAX ? r.at : fits;
    SP_TRY(sp_buf_put(&i->room->modules, sp_slice_sub(facts->modules, 0, fits)));
    i->verdict.modules = sp_buf_slice(&i->room->modules);
    i->verdict.module_count = facts->module_count;
    return SP_OK;
}

/* Code is told by its name as often as by its bytes, which may be any text. */
static bool is_plain(enum sp_kind kind)
{
    return kind == SP_KIND_PYTHON || kind == SP_KIND_TEXT || kind == SP_KIND_JSON;
}

static bool is_module_name(struct sp_slice name)
{
    bool is_name = name.len > 0 && !sp_text_is_digit(name.ptr[0]);
    for (size_t i = 0; i < name.len; i++) {
        is_name = is_name && (name.ptr[i] == '_' || sp_text_is_alnum(name.ptr[i]));
    }
    return is_name;
}

struct sp_slice sp_inspect_own_module(const struct sp_inspect_room *room)
{
    static const char ending[] = ".py";
    struct sp_slice path = sp_buf_slice(&room->spot);
    const struct sp_slice none = {NULL, 0};
    if (!sp_slice_ends(path, ending)) {
        return none;
    }
    struct sp_slice rest = sp_slice_sub(path, 0, path.len - (sizeof(ending) - 1));
    const struct sp_slice first = sp_slice_sub(rest, 0, sp_slice_find(rest, 0, '/'));
    while (rest.len > 0) {
        const size_t end = sp_slice_find(rest, 0, '/');
        if (!is_module_name(sp_slice_sub(rest, 0, end))) {
            return none;
        }
        rest = sp_slice_sub(rest, end + 1, rest.len);
    }
    return first.len <= SP_MSG_NAME_MAX ? first : none;
}

static enum sp_err judge_file(struct sp_inspection *i, struct sp_slice content,
                              struct sp_order *order, bool *out_allowed)
{
    struct sp_inspect_room *room = i->room;
    struct sp_upload_facts facts = {.module_count = 0};
    sp_upload_run(room->upload, i->policy, sp_buf_slice(&room->spot), content, &room->judgement,
                  &facts);
    SP_TRY(sp_inspect_report_judgement(i, NULL, out_allowed));
    /* Code inside an archive is another file when it is unpacked, and that one nobody approved. */
    order->is_code = facts.is_code && is_plain(facts.kind);
    i->verdict.own_module = order->is_code ? sp_inspect_own_module(room) : sp_slice_make(NULL, 0);
    return keep_modules(i, &facts);
}

/* The file goes along in the body that it came in. */
static void give_body(struct sp_inspection *i, struct sp_slice content)
{
    i->verdict.content_at = content.len > 0 ? (uint64_t)(content.ptr - i->job->body.bytes.ptr) : 0;
    i->verdict.content = i->job->body;
    i->job->body = SP_PAYLOAD_EMPTY;
}

enum sp_err sp_inspect_upload(struct sp_inspection *i)
{
    struct sp_multipart_part part = {.has_filename = false};
    struct sp_order order = {.operation = SP_OPERATION_FILE_PUT};
    struct sp_where where = {.text = {0}};
    bool is_allowed = false;
    enum sp_err err = read_file(i, &part, &order, &where);
    if (err == SP_ERR_NOMEM) {
        return err;
    }
    if (err != SP_OK) {
        return sp_inspect_refuse(i, err, &where);
    }
    i->verdict.code_bytes = part.content.len;
    SP_TRY(sp_sha256(part.content, i->verdict.code));
    SP_TRY(judge_file(i, part.content, &order, &is_allowed));
    if (!is_allowed) {
        if (i->room->is_giving_denied) {
            give_body(i, part.content);
        }
        return SP_OK;
    }
    order.file = sp_slice_make(i->verdict.code, SP_DIGEST_BYTES);
    SP_TRY(sp_inspect_allow(i, &order));
    i->verdict.run_ms_max = UPLOAD_MS_MAX;
    give_body(i, part.content);
    return SP_OK;
}
