#include "inspect/room.h"

#include <stdlib.h>

#include "api/request.h"
#include "codec/multipart.h"
#include "crypto/hash.h"
#include "inspect/report.h"
#include "inspect/room_inner.h"
#include "wire/session_act.h"

#define MS_PER_S 1000U

/* A policy's capabilities and a session's are the same list: their bits go as they are. */
_Static_assert((unsigned)SP_CAPABILITY_COUNT == (unsigned)SP_ACT_COUNT &&
                   (unsigned)SP_CAPABILITY_COUNT == SP_ORDER_CAPABILITIES &&
                   (unsigned)SP_CAPABILITY_NETWORK == (unsigned)SP_ACT_NETWORK &&
                   (unsigned)SP_CAPABILITY_SHELL_ESCAPE == (unsigned)SP_ACT_SHELL_ESCAPE,
               "the lists of capabilities differ");

enum sp_err sp_inspect_room_new(uint64_t body_bytes_max, uint64_t upload_bytes_max,
                                struct sp_inspect_room **out)
{
    SP_TRY(sp_hash_start());
    struct sp_inspect_room *room = calloc(1, sizeof(*room));
    if (room == NULL) {
        return SP_ERR_NOMEM;
    }
    room->body_bytes_max = body_bytes_max;
    room->upload_bytes_max = upload_bytes_max;
    sp_buf_init(&room->spot, SP_SPOT_BYTES_MAX);
    sp_buf_init(&room->part, SP_MULTIPART_HEAD_BYTES_MAX);
    sp_buf_init(&room->findings, SP_MSG_FINDINGS_MAX);
    sp_buf_init(&room->modules, SP_MSG_MODULES_MAX);
    sp_buf_init(&room->capabilities, SP_MSG_DETAIL_MAX);
    sp_buf_init(&room->order, SP_PAYLOAD_BYTES_MAX);
    enum sp_err err = sp_table_builtin(&room->table, NULL);
    if (err != SP_OK) {
        free(room);
        return err;
    }
    room->has_table = true;
    *out = room;
    return SP_OK;
}

void sp_inspect_room_free(struct sp_inspect_room *room)
{
    if (room == NULL) {
        return;
    }
    for (size_t i = 0; i < room->count; i++) {
        sp_policy_done(&room->policies[i].policy);
    }
    sp_upload_free(room->upload);
    sp_judge_free(room->judge);
    sp_table_done(&room->table);
    sp_buf_done(&room->findings);
    sp_buf_done(&room->modules);
    sp_buf_done(&room->capabilities);
    sp_buf_done(&room->order);
    sp_buf_done(&room->spot);
    sp_buf_done(&room->part);
    free(room);
}

static bool is_digest(const uint8_t a[SP_DIGEST_BYTES], const uint8_t b[SP_DIGEST_BYTES])
{
    return sp_slice_equal(sp_slice_make(a, SP_DIGEST_BYTES), sp_slice_make(b, SP_DIGEST_BYTES));
}

static void copy_digest(uint8_t to[SP_DIGEST_BYTES], const uint8_t from[SP_DIGEST_BYTES])
{
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        to[i] = from[i];
    }
}

/* One judge for all policies: its memory goes by the longest submission that any of them lets through. */
static enum sp_err widen_judge(struct sp_inspect_room *room, const struct sp_policy *policy)
{
    uint64_t most = policy->limits.code_bytes;
    size_t need = most > room->body_bytes_max ? (size_t)room->body_bytes_max : (size_t)most;
    if (room->judge != NULL && need <= room->code_bytes_max) {
        return SP_OK;
    }
    struct sp_judge *judge = NULL;
    struct sp_upload *upload = NULL;
    SP_TRY(sp_judge_new(&room->table, need, &judge));
    enum sp_err err = sp_upload_new(judge, &upload);
    if (err != SP_OK) {
        sp_judge_free(judge);
        return err;
    }
    sp_upload_free(room->upload);
    sp_judge_free(room->judge);
    room->judge = judge;
    room->upload = upload;
    room->code_bytes_max = need;
    return SP_OK;
}

static struct sp_inspect_policy *find_loaded(struct sp_inspect_room *room,
                                             const uint8_t digest[SP_DIGEST_BYTES])
{
    for (size_t i = 0; i < room->count; i++) {
        if (is_digest(room->policies[i].digest, digest)) {
            return &room->policies[i];
        }
    }
    return NULL;
}

void sp_inspect_renew(struct sp_inspect_room *room)
{
    room->settings++;
}

void sp_inspect_renewed(struct sp_inspect_room *room)
{
    size_t kept = 0;
    for (size_t i = 0; i < room->count; i++) {
        if (room->policies[i].settings + 1 >= room->settings) {
            room->policies[kept++] = room->policies[i];
        } else {
            sp_policy_done(&room->policies[i].policy);
        }
    }
    room->count = kept;
}

enum sp_err sp_inspect_add_policy(struct sp_inspect_room *room, struct sp_slice text,
                                  const uint8_t digest[SP_DIGEST_BYTES], struct sp_where *out_where)
{
    uint8_t real[SP_DIGEST_BYTES];
    struct sp_inspect_policy *known = find_loaded(room, digest);
    if (known != NULL) {
        known->settings = room->settings;
        return SP_OK;
    }
    if (room->count >= SP_INSPECT_POLICIES_MAX) {
        return SP_ERR_FULL;
    }
    SP_TRY(sp_sha256(text, real));
    if (!is_digest(real, digest)) {
        sp_where_set(out_where, 0, 0, "the policy's text does not have its digest");
        return SP_ERR_CORRUPT;
    }
    struct sp_inspect_policy *loaded = &room->policies[room->count];
    SP_TRY(sp_policy_load(text, NULL, NULL, &loaded->policy, out_where));
    copy_digest(loaded->digest, digest);
    loaded->settings = room->settings;
    room->count++;
    return widen_judge(room, &loaded->policy);
}

static const struct sp_policy *find_policy(struct sp_inspect_room *room,
                                           const uint8_t digest[SP_DIGEST_BYTES])
{
    const struct sp_inspect_policy *loaded = find_loaded(room, digest);
    return loaded == NULL ? NULL : &loaded->policy;
}

void sp_inspect_give_denied(struct sp_inspect_room *room, bool is_giving)
{
    room->is_giving_denied = is_giving;
}

enum sp_err sp_inspect_refuse(struct sp_inspection *i, enum sp_err err,
                              const struct sp_where *where)
{
    struct sp_where *detail = &i->room->detail;
    if (where->line == 0) {
        sp_where_set(detail, 0, 0, "%s", where->text);
    } else {
        sp_where_set(detail, where->line, where->column, "line %u, column %u: %s", where->line,
                     where->column, where->text);
    }
    i->verdict.err = err;
    i->verdict.detail = sp_slice_of(detail->text);
    return SP_OK;
}

/* The digest is of the very bytes that audit passes on. */
enum sp_err sp_inspect_allow(struct sp_inspection *i, const struct sp_order *order)
{
    struct sp_writer w;
    struct sp_buf *out = &i->room->order;
    sp_writer_init(&w, out);
    sp_order_write(&w, order);
    SP_TRY(sp_writer_end(&w));
    SP_TRY(sp_sha256(sp_buf_slice(out), i->verdict.order_digest));
    SP_TRY(sp_payload_make(sp_buf_slice(out), &i->verdict.order));
    i->verdict.verdict = SP_VERDICT_ALLOW;
    i->verdict.err = SP_OK;
    return SP_OK;
}

/* What the client is told first: the first finding that denies, and its place. */
static void describe_denial(struct sp_inspect_room *room)
{
    const struct sp_judgement *judgement = &room->judgement;
    for (unsigned i = 0; i < judgement->count; i++) {
        const struct sp_policy_finding *finding = &judgement->findings[i];
        if (finding->action != SP_ACTION_DENY) {
            continue;
        }
        if (finding->place.line == 0) {
            sp_where_set(&room->detail, 0, 0, "%s", finding->message);
        } else {
            sp_where_set(&room->detail, 0, 0, "line %u, column %u: %s", finding->place.line,
                         finding->place.column, finding->message);
        }
        return;
    }
    sp_where_set(&room->detail, 0, 0, "the policy denies this");
}

enum sp_err sp_inspect_report_judgement(struct sp_inspection *i, const struct sp_facts *facts,
                                        bool *out_allowed)
{
    struct sp_inspect_room *room = i->room;
    const struct sp_inspect_report report = {&room->findings, &room->modules, &room->capabilities};
    SP_TRY(sp_inspect_write_report(&room->judgement, facts, &report, &i->verdict));
    *out_allowed = room->judgement.verdict == SP_VERDICT_ALLOW;
    if (!*out_allowed) {
        describe_denial(room);
        i->verdict.detail = sp_slice_of(room->detail.text);
    }
    return SP_OK;
}

/* For the record alone: nothing goes on to a pool. Whole in a buffer of the room, because the request ends before it is sent. */
static enum sp_err give_denied(struct sp_inspection *i, struct sp_slice code)
{
    struct sp_inspect_room *room = i->room;
    if (!room->is_giving_denied) {
        return SP_OK;
    }
    SP_TRY(sp_buf_put(&room->order, code));
    return sp_payload_make(sp_buf_slice(&room->order), &i->verdict.content);
}

static enum sp_err judge_code(struct sp_inspection *i, const struct sp_request *request)
{
    struct sp_inspect_room *room = i->room;
    const struct sp_order order = {.operation = SP_OPERATION_EXECUTE,
                                   .timeout_s = request->timeout_s,
                                   .is_async = request->is_async,
                                   .is_shell = request->is_shell,
                                   .is_empty_kernel = request->is_empty_kernel,
                                   .is_jupyter = request->is_jupyter,
                                   .output_max = request->output_max,
                                   .code = request->code,
                                   .denied = i->policy->runtime_denied,
                                   .may_own_code = i->policy->runtime_own_code};
    bool is_allowed = false;
    i->verdict.code_bytes = request->code.len;
    SP_TRY(sp_sha256(request->code, i->verdict.code));
    sp_judge_run(room->judge, i->policy, request->code, &room->judgement);
    sp_judge_timeout(i->policy, request->timeout_s, &room->judgement);
    SP_TRY(sp_inspect_report_judgement(i, sp_judge_facts(room->judge), &is_allowed));
    if (!is_allowed) {
        return give_denied(i, request->code);
    }
    i->verdict.run_ms_max = request->timeout_s * MS_PER_S;
    i->verdict.is_async = request->is_async ? 1 : 0;
    return sp_inspect_allow(i, &order);
}

static enum sp_err inspect_run(struct sp_inspection *i)
{
    SP_AUTO_REQUEST struct sp_request request = {.timeout_s = 0};
    struct sp_where where = {.text = {0}};
    if (!sp_request_takes_type(i->arguments.content_type)) {
        sp_where_set(&where, 0, 0, "code is sent as application/json");
        return sp_inspect_refuse(i, SP_ERR_MEDIA_TYPE, &where);
    }
    enum sp_err err =
        sp_request_read(i->job->body.bytes, (size_t)i->room->body_bytes_max, &request, &where);
    if (err == SP_ERR_NOMEM) {
        return err;
    }
    return err == SP_OK ? judge_code(i, &request) : sp_inspect_refuse(i, err, &where);
}

static void clear(struct sp_inspect_room *room)
{
    sp_buf_clear(&room->findings);
    sp_buf_clear(&room->modules);
    sp_buf_clear(&room->capabilities);
    sp_buf_clear(&room->order);
}

static enum sp_err inspect(struct sp_inspection *i)
{
    switch (i->operation) {
    case SP_OPERATION_EXECUTE:
        return inspect_run(i);
    case SP_OPERATION_FILE_PUT:
        return sp_inspect_upload(i);
    case SP_OPERATION_EXECUTION_GET:
    case SP_OPERATION_FILE_LIST:
    case SP_OPERATION_FILE_GET:
    case SP_OPERATION_FILE_CONTENT:
    case SP_OPERATION_FILE_DELETE:
    case SP_OPERATION_SESSION_GET:
    case SP_OPERATION_SESSION_DELETE:
    case SP_OPERATION_SESSION_LIST:
    case SP_OPERATION_METADATA:
        return sp_inspect_simple(i);
    case SP_OPERATION_NONE:
    case SP_OPERATION_USAGE: /* admit answers it alone */
    case SP_OPERATION_AUDIT_READ:
    case SP_OPERATION_COUNT:
        return SP_ERR_WIRE;
    }
    return SP_ERR_WIRE;
}

enum sp_err sp_inspect_job(struct sp_inspect_room *room, struct sp_msg_job *job,
                           struct sp_msg_verdict *out)
{
    struct sp_inspection i = {.room = room, .job = job, .policy = find_policy(room, job->policy)};
    i.verdict = (struct sp_msg_verdict){.exchange = job->exchange,
                                        .verdict = SP_VERDICT_DENY,
                                        .err = SP_ERR_DENIED,
                                        .body_bytes = job->body.bytes.len,
                                        .order = SP_PAYLOAD_EMPTY,
                                        .content = SP_PAYLOAD_EMPTY};
    if (i.policy == NULL || sp_operation_from_number(job->operation, &i.operation) != SP_OK) {
        return SP_ERR_WIRE;
    }
    if (job->arguments.len > 0) {
        SP_TRY(sp_arguments_read(job->arguments, &i.arguments));
    }
    copy_digest(i.verdict.policy, job->policy);
    clear(room);
    sp_judge_know_uploaded(room->judge, job->modules);
    enum sp_err err = inspect(&i);
    sp_judge_know_uploaded(room->judge, sp_slice_make(NULL, 0));
    if (err != SP_OK) {
        sp_payload_done(&i.verdict.order);
        sp_payload_done(&i.verdict.content);
        return err;
    }
    *out = i.verdict;
    return SP_OK;
}
