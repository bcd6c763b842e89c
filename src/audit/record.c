#include "audit/record.h"

#include "base/clock.h"
#include "base/num.h"
#include "codec/hex.h"
#include "codec/json_out.h"
#include "crypto/hash.h"
#include "wire/finding.h"
#include "wire/role.h"

/* Room that one list may take in a line, and the longest item of a list of texts. */
#define LIST_BYTES_MAX  ((size_t)6 * 1024)
#define ITEM_BYTES_MAX  ((size_t)256)
/* Of a query; the rest says nothing that the reading itself did not show. */
#define QUERY_BYTES_MAX ((size_t)1024)

/* A line that is being written. */
struct line {
    struct sp_json_out json;
    struct sp_buf *out;
    size_t start;
    struct sp_stamp stamp;
};

static void line_begin(struct line *line, struct sp_stamp stamp, struct sp_buf *out)
{
    line->out = out;
    line->start = out->len;
    line->stamp = stamp;
    sp_json_out_init(&line->json, out);
    sp_json_out_object(&line->json);
}

/* Ends the object, or takes back what was written. */
static enum sp_err line_end(struct line *line)
{
    sp_json_out_object_end(&line->json);
    enum sp_err err = sp_json_out_end(&line->json);
    if (err == SP_OK && line->out->len - line->start > SP_RECORD_BYTES_MAX) {
        err = SP_ERR_TOO_BIG;
    }
    if (err != SP_OK) {
        sp_buf_truncate(line->out, line->start);
    }
    return err;
}

static void put_number(struct line *line, const char *key, uint64_t value)
{
    sp_json_out_member_u64(&line->json, key,
                           value < SP_RECORD_NUMBER_MAX ? value : SP_RECORD_NUMBER_MAX);
}

static void put_text(struct line *line, const char *key, struct sp_slice value)
{
    sp_json_out_key(&line->json, key);
    sp_json_out_string_lossy(&line->json, value);
}

static void put_hex(struct line *line, const char *key, const uint8_t digest[SP_DIGEST_BYTES])
{
    char text[2 * SP_DIGEST_BYTES + 1];
    sp_hex_write(sp_slice_make(digest, SP_DIGEST_BYTES), text);
    sp_json_out_member_string(&line->json, key, sp_slice_make(text, 2 * SP_DIGEST_BYTES));
}

static void put_exchange(struct line *line, sp_exchange exchange)
{
    uint8_t bytes[8];
    char text[17];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(exchange >> (56 - 8 * i));
    }
    sp_hex_write(sp_slice_make(bytes, sizeof(bytes)), text);
    sp_json_out_member_string(&line->json, "exchange", sp_slice_make(text, 16));
}

static void put_time(struct line *line, const char *key, uint64_t wall_us)
{
    char text[SP_CLOCK_RFC3339_BYTES];
    sp_clock_rfc3339(wall_us, text);
    sp_json_out_member_string(&line->json, key, sp_slice_make(text, SP_CLOCK_RFC3339_BYTES - 1));
}

static void put_index_kind(struct line *line, const char *kind)
{
    put_number(line, "index", line->stamp.index);
    sp_json_out_member_text(&line->json, "kind", kind);
}

bool sp_record_are_texts(struct sp_slice blocks)
{
    struct sp_reader r;
    struct sp_slice ignored = {NULL, 0};
    sp_reader_init(&r, blocks);
    while (sp_reader_left(&r) > 0) {
        if (sp_reader_block(&r, SP_MSG_MODULES_MAX, &ignored) != SP_OK) {
            return false;
        }
    }
    return true;
}

/* Blocks of text as an array of the first ones. */
static enum sp_err put_texts(struct line *line, const char *key, struct sp_slice blocks)
{
    struct sp_reader r;
    size_t before = line->out->len;
    sp_reader_init(&r, blocks);
    sp_json_out_key(&line->json, key);
    sp_json_out_array(&line->json);
    while (sp_reader_left(&r) > 0) {
        struct sp_slice text = {NULL, 0};
        if (sp_reader_block(&r, SP_MSG_MODULES_MAX, &text) != SP_OK) {
            return SP_ERR_WIRE;
        }
        if (line->out->len - before < LIST_BYTES_MAX) {
            sp_json_out_string_lossy(&line->json, sp_slice_sub(text, 0, ITEM_BYTES_MAX));
        }
    }
    sp_json_out_array_end(&line->json);
    return SP_OK;
}

/* A finding's message is left out: it may quote the code. */
static void put_finding(struct line *line, const struct sp_finding *finding)
{
    sp_json_out_object(&line->json);
    sp_json_out_member_text(&line->json, "action", sp_action_name(finding->action));
    put_number(line, "column", finding->column);
    put_number(line, "end_column", finding->end_column);
    put_number(line, "end_line", finding->end_line);
    put_number(line, "line", finding->line);
    put_text(line, "rule", finding->rule);
    sp_json_out_object_end(&line->json);
}

static enum sp_err put_findings(struct line *line, struct sp_slice findings)
{
    struct sp_reader r;
    size_t before = line->out->len;
    sp_reader_init(&r, findings);
    sp_json_out_key(&line->json, "findings");
    sp_json_out_array(&line->json);
    while (sp_reader_left(&r) > 0) {
        struct sp_finding finding;
        if (sp_finding_read(&r, &finding) != SP_OK) {
            return SP_ERR_WIRE;
        }
        if (line->out->len - before < LIST_BYTES_MAX) {
            put_finding(line, &finding);
        }
    }
    sp_json_out_array_end(&line->json);
    return SP_OK;
}

static void put_time_version(struct line *line)
{
    put_time(line, "time", line->stamp.wall_us);
    put_number(line, "v", SP_RECORD_VERSION);
}

static void put_policies(struct line *line, struct sp_slice policies)
{
    sp_json_out_key(&line->json, "policies");
    sp_json_out_array(&line->json);
    for (size_t at = 0; at < policies.len; at += SP_DIGEST_BYTES) {
        char text[2 * SP_DIGEST_BYTES + 1];
        sp_hex_write(sp_slice_sub(policies, at, SP_DIGEST_BYTES), text);
        sp_json_out_text(&line->json, text);
    }
    sp_json_out_array_end(&line->json);
}

enum sp_err sp_record_start(struct sp_stamp stamp, const struct sp_record_start *start,
                            struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    put_hex(&line, "configuration_sha256", start->configuration);
    put_number(&line, "cut_bytes", start->cut_bytes);
    put_number(&line, "index", line.stamp.index);
    put_text(&line, "key", start->key);
    sp_json_out_member_text(&line.json, "kind", "start");
    put_number(&line, "lost_entries", start->lost_entries);
    put_number(&line, "open_intents", start->open_intents);
    put_text(&line, "origin", start->origin);
    put_policies(&line, start->policies);
    put_time_version(&line);
    put_text(&line, "version", start->version);
    put_number(&line, "workers", start->workers);
    return line_end(&line);
}

enum sp_err sp_record_reload(struct sp_stamp stamp, const struct sp_record_reload *reload,
                             struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    put_hex(&line, "configuration_sha256", reload->configuration);
    put_index_kind(&line, "reload");
    put_policies(&line, reload->policies);
    put_hex(&line, "previous_sha256", reload->previous);
    put_time_version(&line);
    return line_end(&line);
}

enum sp_err sp_record_role(struct sp_stamp stamp, const struct sp_msg_role_up *up,
                           struct sp_buf *out)
{
    struct line line;
    enum sp_role role = SP_ROLE_SUPERVISOR;
    if (sp_role_from_number(up->role, &role) != SP_OK) {
        return SP_ERR_WIRE;
    }
    line_begin(&line, stamp, out);
    put_text(&line, "confinement", up->report);
    put_number(&line, "incarnation", up->incarnation);
    put_index_kind(&line, up->incarnation > 1 ? "restart" : "role");
    put_number(&line, "number", up->index);
    sp_json_out_member_text(&line.json, "role", sp_role_name(role));
    put_time_version(&line);
    return line_end(&line);
}

/* Over all that inspection told, also what the lists leave out. */
static enum sp_err put_facts_digest(struct line *line, const struct sp_msg_verdict *verdict)
{
    const struct sp_slice lists[] = {verdict->capabilities, verdict->modules, verdict->findings};
    SP_AUTO_HASH struct sp_hash *hash = NULL;
    uint8_t digest[SP_DIGEST_BYTES];
    SP_TRY(sp_hash_new(&hash));
    for (size_t i = 0; i < SP_COUNT(lists); i++) {
        const uint8_t len[4] = {(uint8_t)(lists[i].len >> 24), (uint8_t)(lists[i].len >> 16),
                                (uint8_t)(lists[i].len >> 8), (uint8_t)lists[i].len};
        SP_TRY(sp_hash_put(hash, sp_slice_make(len, sizeof(len))));
        SP_TRY(sp_hash_put(hash, lists[i]));
    }
    SP_TRY(sp_hash_end(hash, digest));
    put_hex(line, "facts_sha256", digest);
    return SP_OK;
}

/* What an intent has and a denial has not, or the other way round, stands at its place in the order of the alphabet. */
static enum sp_err put_judged(struct line *line, const struct sp_msg_who *who,
                              const struct sp_msg_verdict *verdict, const char *operation)
{
    bool is_allowed = verdict->verdict == SP_VERDICT_ALLOW;
    put_number(line, "body_bytes", verdict->body_bytes);
    SP_TRY(put_texts(line, "capabilities", verdict->capabilities));
    put_number(line, "code_bytes", verdict->code_bytes);
    put_hex(line, "code_sha256", verdict->code);
    if (!is_allowed) {
        sp_json_out_member_text(&line->json, "error", sp_err_code(verdict->err));
    }
    put_exchange(line, who->exchange);
    SP_TRY(put_facts_digest(line, verdict));
    SP_TRY(put_findings(line, verdict->findings));
    put_number(line, "findings_total", verdict->finding_count);
    put_index_kind(line, is_allowed ? "intent" : "denial");
    SP_TRY(put_texts(line, "modules", verdict->modules));
    put_number(line, "modules_total", verdict->module_count);
    sp_json_out_member_text(&line->json, "operation", operation);
    if (is_allowed) {
        put_hex(line, "order_sha256", verdict->order_digest);
    }
    put_text(line, "policy", who->policy_name);
    put_hex(line, "policy_sha256", who->policy);
    put_text(line, "principal", who->principal);
    if (is_allowed) {
        put_number(line, "run_ms_max", verdict->run_ms_max);
    }
    put_text(line, "session", who->session_in_log.len > 0 ? who->session_in_log : who->session);
    put_text(line, "source", who->source);
    put_text(line, "tenant", who->tenant);
    put_time(line, "time", line->stamp.wall_us);
    put_text(line, "traceparent", who->traceparent);
    put_number(line, "v", SP_RECORD_VERSION);
    sp_json_out_member_text(&line->json, "verdict", is_allowed ? "allow" : "deny");
    put_number(line, "worker", who->worker);
    return SP_OK;
}

enum sp_err sp_record_judged(struct sp_stamp stamp, const struct sp_msg_who *who,
                             const struct sp_msg_verdict *verdict, const char *operation,
                             struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    enum sp_err err = put_judged(&line, who, verdict, operation);
    if (err != SP_OK) {
        sp_buf_truncate(out, line.start);
        return err;
    }
    return line_end(&line);
}

enum sp_err sp_record_refusal(struct sp_stamp stamp, const struct sp_msg_refusal *refusal,
                              const char *operation, struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    put_text(&line, "detail", refusal->detail);
    sp_json_out_member_text(&line.json, "error", sp_err_code(refusal->err));
    put_exchange(&line, refusal->exchange);
    put_index_kind(&line, "refusal");
    sp_json_out_member_text(&line.json, "operation", operation);
    put_text(&line, "principal", refusal->principal);
    put_text(&line, "session",
             refusal->session_in_log.len > 0 ? refusal->session_in_log : refusal->session);
    put_text(&line, "source", refusal->source);
    put_text(&line, "tenant", refusal->tenant);
    put_time_version(&line);
    return line_end(&line);
}

static enum sp_err put_outcome(struct line *line, const struct sp_record_intent *intent,
                               const struct sp_msg_outcome *outcome)
{
    put_hex(line, "answer_sha256", outcome->answer_digest);
    put_number(line, "attempts", outcome->attempts);
    sp_json_out_member_text(&line->json, "error", sp_err_code(outcome->err));
    put_exchange(line, outcome->exchange);
    put_number(line, "index", line->stamp.index);
    put_number(line, "inspect_us", intent->inspect_us);
    put_number(line, "intent", intent->index);
    sp_json_out_member_text(&line->json, "kind", "outcome");
    put_number(line, "log_us", intent->log_us);
    put_text(line, "pool", outcome->pool);
    put_number(line, "pool_status", outcome->pool_status);
    put_number(line, "relay_us", outcome->relay_us);
    put_number(line, "result_bytes", outcome->result_bytes);
    put_hex(line, "result_sha256", outcome->result_digest);
    put_number(line, "run_ms", outcome->run_ms);
    put_text(line, "run_status", outcome->run_status);
    SP_TRY(put_texts(line, "runtime", outcome->runtime));
    sp_json_out_member_text(&line->json, "state", sp_end_name((enum sp_end)outcome->state));
    put_number(line, "stderr_bytes", outcome->stderr_bytes);
    put_hex(line, "stderr_sha256", outcome->stderr_digest);
    put_number(line, "stdout_bytes", outcome->stdout_bytes);
    put_hex(line, "stdout_sha256", outcome->stdout_digest);
    put_number(line, "streamed_bytes", intent->streamed_bytes);
    put_hex(line, "streamed_sha256", intent->streamed_digest);
    put_time_version(line);
    return SP_OK;
}

enum sp_err sp_record_outcome(struct sp_stamp stamp, const struct sp_record_intent *intent,
                              const struct sp_msg_outcome *outcome, struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    enum sp_err err = put_outcome(&line, intent, outcome);
    if (err != SP_OK) {
        sp_buf_truncate(out, line.start);
        return err;
    }
    return line_end(&line);
}

enum sp_err sp_record_replay(struct sp_stamp stamp, const struct sp_msg_who *who,
                             const struct sp_msg_verdict *verdict,
                             const struct sp_record_replay *replay, struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    put_hex(&line, "answer_sha256", replay->answer_digest);
    sp_json_out_member_text(&line.json, "error", sp_err_code(replay->err));
    put_exchange(&line, who->exchange);
    put_number(&line, "index", stamp.index);
    put_number(&line, "intent", replay->intent);
    sp_json_out_member_text(&line.json, "kind", "replay");
    sp_json_out_member_text(&line.json, "operation", replay->operation);
    put_hex(&line, "order_sha256", verdict->order_digest);
    put_text(&line, "policy", who->policy_name);
    put_hex(&line, "policy_sha256", who->policy);
    put_text(&line, "principal", who->principal);
    put_text(&line, "session", who->session_in_log.len > 0 ? who->session_in_log : who->session);
    put_text(&line, "source", who->source);
    put_text(&line, "tenant", who->tenant);
    put_time(&line, "time", stamp.wall_us);
    put_text(&line, "traceparent", who->traceparent);
    put_number(&line, "v", SP_RECORD_VERSION);
    return line_end(&line);
}

enum sp_err sp_record_strangers(struct sp_stamp stamp, const struct sp_msg_strangers *strangers,
                                struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    put_number(&line, "count", strangers->count);
    sp_json_out_member_text(&line.json, "error", sp_err_code(strangers->err));
    put_time(&line, "from", strangers->from_us);
    put_index_kind(&line, "strangers");
    put_text(&line, "source", strangers->source);
    put_number(&line, "sources", strangers->sources);
    put_time(&line, "time", stamp.wall_us);
    put_time(&line, "to", strangers->to_us);
    put_number(&line, "v", SP_RECORD_VERSION);
    return line_end(&line);
}

enum sp_err sp_record_token(struct sp_stamp stamp, const struct sp_msg_token_event *event,
                            struct sp_buf *out)
{
    struct line line;
    char expires[SP_CLOCK_RFC3339_BYTES] = "never";
    if (event->expires_us != 0) {
        sp_clock_rfc3339(event->expires_us, expires);
    }
    line_begin(&line, stamp, out);
    put_time(&line, "at", event->at_us);
    put_number(&line, "change", event->change);
    sp_json_out_member_text(&line.json, "event", event->is_revoked != 0 ? "revoked" : "issued");
    sp_json_out_member_text(&line.json, "expires", expires);
    put_index_kind(&line, "token");
    put_text(&line, "scopes", event->scopes);
    put_text(&line, "tenant", event->tenant);
    put_time(&line, "time", stamp.wall_us);
    put_text(&line, "token", event->id);
    put_number(&line, "v", SP_RECORD_VERSION);
    return line_end(&line);
}

enum sp_err sp_record_key(struct sp_stamp stamp, struct sp_slice old_key, struct sp_slice new_key,
                          struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    put_index_kind(&line, "key");
    put_text(&line, "new_key", new_key);
    put_text(&line, "old_key", old_key);
    put_time_version(&line);
    return line_end(&line);
}

enum sp_err sp_record_rotation(struct sp_stamp stamp, struct sp_slice checkpoint,
                               struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    put_text(&line, "checkpoint", checkpoint);
    put_index_kind(&line, "rotation");
    put_time_version(&line);
    return line_end(&line);
}

enum sp_err sp_record_retention(struct sp_stamp stamp, uint64_t first,
                                const uint8_t root[SP_DIGEST_BYTES], struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    put_number(&line, "first", first);
    put_index_kind(&line, "retention");
    put_hex(&line, "root_sha256", root);
    put_time_version(&line);
    return line_end(&line);
}

enum sp_err sp_record_malformed(struct sp_stamp stamp, const struct sp_msg_malformed *malformed,
                                struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    put_number(&line, "count", malformed->count);
    sp_json_out_member_text(&line.json, "error", sp_err_code(malformed->err));
    put_time(&line, "from", malformed->from_us);
    put_index_kind(&line, "malformed");
    put_text(&line, "rule", malformed->rule);
    put_text(&line, "source", malformed->source);
    put_number(&line, "sources", malformed->sources);
    put_time(&line, "time", stamp.wall_us);
    put_time(&line, "to", malformed->to_us);
    put_number(&line, "v", SP_RECORD_VERSION);
    return line_end(&line);
}

enum sp_err sp_record_gap(struct sp_stamp stamp, const struct sp_msg_gap *gap, struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    put_number(&line, "count", gap->count);
    put_number(&line, "first", gap->first);
    put_index_kind(&line, "gap");
    put_text(&line, "reason", gap->reason);
    put_time(&line, "time", stamp.wall_us);
    put_text(&line, "to", gap->to);
    put_number(&line, "v", SP_RECORD_VERSION);
    return line_end(&line);
}

enum sp_err sp_record_read(struct sp_stamp stamp, const struct sp_msg_read_ask *ask,
                           struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    put_exchange(&line, ask->exchange);
    put_index_kind(&line, "read");
    put_text(&line, "principal", ask->principal);
    put_text(&line, "query", sp_slice_sub(ask->query, 0, QUERY_BYTES_MAX));
    sp_json_out_member_text(&line.json, "reach", ask->is_all != 0 ? "all" : "tenant");
    put_text(&line, "source", ask->source);
    put_text(&line, "tenant", ask->tenant);
    put_time_version(&line);
    put_text(&line, "what", ask->what);
    return line_end(&line);
}

enum sp_err sp_record_quota(struct sp_stamp stamp, const struct sp_record_quota *quota,
                            struct sp_buf *out)
{
    struct line line;
    const bool is_organisation = quota->scope == SP_LIMIT_OF_ORGANISATION;
    const struct sp_slice none = {NULL, 0};
    line_begin(&line, stamp, out);
    enum sp_err err = put_texts(&line, "changes", quota->changes);
    put_index_kind(&line, "quota");
    put_number(&line, "more", quota->more);
    put_text(&line, "organisation", is_organisation ? quota->name : none);
    put_text(&line, "tenant", is_organisation ? none : quota->name);
    put_time_version(&line);
    sp_json_out_member_text(&line.json, "whose", sp_limit_scope_name(quota->scope));
    if (err != SP_OK) {
        sp_buf_truncate(out, line.start);
        return err;
    }
    return line_end(&line);
}

enum sp_err sp_record_recovery(struct sp_stamp stamp, const char *reason, uint64_t cut_bytes,
                               uint64_t refused, struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    put_number(&line, "cut_bytes", cut_bytes);
    put_index_kind(&line, "recovery");
    sp_json_out_member_text(&line.json, "reason", reason);
    put_number(&line, "refused", refused);
    put_time_version(&line);
    return line_end(&line);
}

enum sp_err sp_record_clock(struct sp_stamp stamp, uint64_t back_us, struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    put_number(&line, "back_us", back_us);
    put_index_kind(&line, "clock");
    put_time_version(&line);
    return line_end(&line);
}

enum sp_err sp_record_stop(struct sp_stamp stamp, struct sp_buf *out)
{
    struct line line;
    line_begin(&line, stamp, out);
    put_index_kind(&line, "stop");
    put_time_version(&line);
    return line_end(&line);
}

const char *sp_end_name(enum sp_end end)
{
    switch (end) {
    case SP_END_DONE:
        return "done";
    case SP_END_NOT_STARTED:
        return "not-started";
    case SP_END_UNKNOWN:
    case SP_END_COUNT:
        return "unknown";
    }
    return "unknown";
}
