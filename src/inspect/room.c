#include "inspect/room.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/order.h"
#include "api/request.h"
#include "base/num.h"
#include "crypto/hash.h"
#include "inspect/report.h"
#include "policy/judge.h"

#define MS_PER_S 1000U

struct loaded {
    struct sp_policy policy;
    uint8_t digest[SP_DIGEST_BYTES];
};

struct sp_inspect_room {
    uint64_t body_bytes_max;
    struct sp_table table;
    bool has_table;
    struct sp_judge *judge;
    size_t code_bytes_max; /* that the judge has memory for */
    size_t count;
    struct loaded policies[SP_INSPECT_POLICIES_MAX];
    struct sp_judgement judgement;
    struct sp_where detail;
    struct sp_buf findings;
    struct sp_buf modules;
    struct sp_buf capabilities;
    struct sp_buf order;
};

enum sp_err sp_inspect_room_new(uint64_t body_bytes_max, struct sp_inspect_room **out)
{
    SP_TRY(sp_hash_start());
    struct sp_inspect_room *room = calloc(1, sizeof(*room));
    if (room == NULL) {
        return SP_ERR_NOMEM;
    }
    room->body_bytes_max = body_bytes_max;
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
    sp_judge_free(room->judge);
    sp_table_done(&room->table);
    sp_buf_done(&room->findings);
    sp_buf_done(&room->modules);
    sp_buf_done(&room->capabilities);
    sp_buf_done(&room->order);
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
    SP_TRY(sp_judge_new(&room->table, need, &judge));
    sp_judge_free(room->judge);
    room->judge = judge;
    room->code_bytes_max = need;
    return SP_OK;
}

enum sp_err sp_inspect_add_policy(struct sp_inspect_room *room, struct sp_slice text, const uint8_t digest[SP_DIGEST_BYTES],
                                  struct sp_where *out_where)
{
    uint8_t real[SP_DIGEST_BYTES];
    if (room->count >= SP_INSPECT_POLICIES_MAX) {
        return SP_ERR_FULL;
    }
    SP_TRY(sp_sha256(text, real));
    if (!is_digest(real, digest)) {
        sp_where_set(out_where, 0, 0, "the policy's text does not have its digest");
        return SP_ERR_CORRUPT;
    }
    struct loaded *loaded = &room->policies[room->count];
    SP_TRY(sp_policy_load(text, NULL, NULL, &loaded->policy, out_where));
    copy_digest(loaded->digest, digest);
    room->count++;
    return widen_judge(room, &loaded->policy);
}

static const struct sp_policy *find_policy(const struct sp_inspect_room *room, const uint8_t digest[SP_DIGEST_BYTES])
{
    for (size_t i = 0; i < room->count; i++) {
        if (is_digest(room->policies[i].digest, digest)) {
            return &room->policies[i].policy;
        }
    }
    return NULL;
}

/* The digest is of the very bytes that audit passes on. */
static enum sp_err build_order(struct sp_inspect_room *room, const struct sp_msg_job *job, const struct sp_request *request,
                               struct sp_msg_verdict *out)
{
    struct sp_writer w;
    struct sp_order order = {.timeout_s = request->timeout_s, .code = request->code};
    SP_TRY(sp_operation_from_number(job->operation, &order.operation));
    sp_writer_init(&w, &room->order);
    sp_order_write(&w, &order);
    SP_TRY(sp_writer_end(&w));
    SP_TRY(sp_sha256(sp_buf_slice(&room->order), out->order_digest));
    out->run_ms_max = request->timeout_s * MS_PER_S;
    return sp_payload_make(sp_buf_slice(&room->order), &out->order);
}

/* What the client is told first: the first finding that denies, and its place. */
static void describe_denial(struct sp_inspect_room *room)
{
    const struct sp_judgement *judgement = &room->judgement;
    for (unsigned i = 0; i < judgement->count; i++) {
        const struct sp_policy_finding *finding = &judgement->findings[i];
        if (finding->action == SP_ACTION_DENY) {
            sp_where_set(&room->detail, 0, 0, "line %u, column %u: %s", finding->place.line, finding->place.column,
                         finding->message);
            return;
        }
    }
    sp_where_set(&room->detail, 0, 0, "the policy denies this code");
}

static enum sp_err judge_code(struct sp_inspect_room *room, const struct sp_msg_job *job, const struct sp_policy *policy,
                              const struct sp_request *request, struct sp_msg_verdict *out)
{
    const struct sp_inspect_report report = {&room->findings, &room->modules, &room->capabilities};
    out->code_bytes = request->code.len;
    SP_TRY(sp_sha256(request->code, out->code));
    sp_judge_run(room->judge, policy, request->code, &room->judgement);
    SP_TRY(sp_inspect_write_report(&room->judgement, sp_judge_facts(room->judge), &report, out));
    if (room->judgement.verdict != SP_VERDICT_ALLOW) {
        describe_denial(room);
        out->detail = sp_slice_of(room->detail.text);
        return SP_OK;
    }
    SP_TRY(build_order(room, job, request, out));
    out->verdict = SP_VERDICT_ALLOW;
    out->err = SP_OK;
    return SP_OK;
}

/* A body that cannot be read says where it broke. */
static void describe_body(struct sp_inspect_room *room, const struct sp_where *where)
{
    if (where->line == 0) {
        sp_where_set(&room->detail, 0, 0, "%s", where->text);
    } else {
        sp_where_set(&room->detail, where->line, where->column, "line %u, column %u: %s", where->line, where->column,
                     where->text);
    }
}

enum sp_err sp_inspect_job(struct sp_inspect_room *room, const struct sp_msg_job *job, struct sp_msg_verdict *out)
{
    SP_AUTO_REQUEST struct sp_request request = {.timeout_s = 0};
    struct sp_where where = {.text = {0}};
    struct sp_msg_verdict verdict = {.exchange = job->exchange,
                                     .verdict = SP_VERDICT_DENY,
                                     .err = SP_ERR_DENIED,
                                     .body_bytes = job->body.bytes.len,
                                     .order = SP_PAYLOAD_EMPTY};
    const struct sp_policy *policy = find_policy(room, job->policy);
    if (policy == NULL) {
        return SP_ERR_WIRE;
    }
    copy_digest(verdict.policy, job->policy);
    sp_buf_clear(&room->findings);
    sp_buf_clear(&room->modules);
    sp_buf_clear(&room->capabilities);
    sp_buf_clear(&room->order);
    enum sp_err err = sp_request_read(job->body.bytes, (size_t)room->body_bytes_max, &request, &where);
    if (err == SP_ERR_NOMEM) {
        return err;
    }
    if (err == SP_OK && request.is_async) {
        sp_where_set(&where, 0, 0, "executionType Asynchronous is not served here; use Synchronous");
        err = SP_ERR_REQUEST;
    }
    if (err != SP_OK) {
        describe_body(room, &where);
        verdict.err = err;
        verdict.detail = sp_slice_of(room->detail.text);
        *out = verdict;
        return SP_OK;
    }
    SP_TRY(judge_code(room, job, policy, &request, &verdict));
    *out = verdict;
    return SP_OK;
}
