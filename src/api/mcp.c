#include "api/mcp.h"

#include "api/result.h"
#include "api/route.h"
#include "base/num.h"
#include "codec/json.h"
#include "codec/json_out.h"
#include "codec/url.h"

/* JSON-RPC 2.0, section 5.1. */
#define PARSE_ERROR      (-32700)
#define INVALID_REQUEST  (-32600)
#define METHOD_NOT_FOUND (-32601)
#define INVALID_PARAMS   (-32602)

#define ID_BYTES_MAX     ((size_t)256)
#define TEXT_BYTES_MAX   ((size_t)512)

/* The versions whose messages are these; the first is what an answer says to a client of another. */
static const char *const versions[] = {"2025-03-26", "2024-11-05", "2025-06-18"};

#define ENVIRONMENT                                                                                \
    "\"environmentId\":{\"type\":\"string\",\"description\":\"What launchShell gave.\"}"
#define TIMEOUT "\"timeoutInSeconds\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":220}"

static const char tools[] =
    "{\"tools\":["
    "{\"name\":\"launchShell\",\"description\":\"Names a new environment for code and commands. "
    "Call it once, and use its environmentId in the other tools: state and files are kept "
    "there.\","
    "\"inputSchema\":{\"type\":\"object\",\"properties\":{}}},"
    "{\"name\":\"runPythonCodeInRemoteEnvironment\",\"description\":\"Runs Python code in an "
    "environment. Variables stay from call to call.\","
    "\"inputSchema\":{\"type\":\"object\",\"properties\":{" ENVIRONMENT
    ",\"pythonCode\":{\"type\":\"string\"}," TIMEOUT "},"
    "\"required\":[\"environmentId\",\"pythonCode\"]}},"
    "{\"name\":\"runShellCommandInRemoteEnvironment\",\"description\":\"Runs a command in an "
    "environment: shellCommand by bash, or execCommandAndArgs without a shell.\","
    "\"inputSchema\":{\"type\":\"object\",\"properties\":{" ENVIRONMENT
    ",\"shellCommand\":{\"type\":\"string\"},"
    "\"execCommandAndArgs\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"stdin\":{\"type\":\"string\"}," TIMEOUT "},\"required\":[\"environmentId\"]}}]}";

/* One message being read. */
struct reading {
    struct sp_mcp *out;
    const struct sp_json *doc;
    const struct sp_json_value *params;
};

bool sp_mcp_is_target(struct sp_slice target)
{
    struct sp_slice path = {NULL, 0};
    struct sp_slice query = {NULL, 0};
    const struct sp_slice word = SP_SLICE_LITERAL("/mcp");
    const struct sp_slice pools = SP_SLICE_LITERAL("sessionPools");
    if (sp_url_split(target, &path, &query) != SP_OK) {
        return false;
    }
    while (path.len > 0 && path.ptr[path.len - 1] == '/') {
        path.len--;
    }
    if (path.len < word.len ||
        !sp_slice_equal(sp_slice_sub(path, path.len - word.len, path.len), word)) {
        return false;
    }
    path.len -= word.len;
    return path.len < pools.len ||
           !sp_slice_is_nocase(sp_slice_sub(path, path.len - pools.len, path.len), "sessionPools");
}

/* --- answers --- */

static void begin(const struct sp_mcp *mcp, struct sp_json_out *w, struct sp_buf *out)
{
    sp_json_out_init(w, out);
    sp_json_out_object(w);
    sp_json_out_member_text(w, "jsonrpc", "2.0");
    sp_json_out_member_raw(w, "id", sp_buf_slice(&mcp->id));
}

static enum sp_err tell_error(struct sp_mcp *mcp, int code, const char *message)
{
    struct sp_json_out w;
    mcp->kind = SP_MCP_TOLD;
    begin(mcp, &w, &mcp->told);
    sp_json_out_key(&w, "error");
    sp_json_out_object(&w);
    sp_json_out_member_i64(&w, "code", code);
    sp_json_out_member_text(&w, "message", message);
    sp_json_out_object_end(&w);
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

static enum sp_err tell_result(struct sp_mcp *mcp, struct sp_slice result)
{
    struct sp_json_out w;
    mcp->kind = SP_MCP_TOLD;
    begin(mcp, &w, &mcp->told);
    sp_json_out_member_raw(&w, "result", result);
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

/* The result of a tool. */
struct tool_result {
    struct sp_slice structured; /* for programs, as JSON */
    struct sp_slice text;       /* for models */
    struct sp_slice picture;    /* the same, in base64; empty: none */
    bool is_drawing;            /* it is SVG, and no PNG */
    bool is_error;
};

static enum sp_err put_tool_result(const struct sp_mcp *mcp, const struct tool_result *result,
                                   struct sp_buf *out)
{
    struct sp_json_out w;
    begin(mcp, &w, out);
    sp_json_out_key(&w, "result");
    sp_json_out_object(&w);
    sp_json_out_key(&w, "content");
    sp_json_out_array(&w);
    sp_json_out_object(&w);
    sp_json_out_member_text(&w, "type", "text");
    sp_json_out_key(&w, "text");
    sp_json_out_string_lossy(&w, result->text);
    sp_json_out_object_end(&w);
    if (result->picture.len > 0) {
        sp_json_out_object(&w);
        sp_json_out_member_text(&w, "type", "image");
        sp_json_out_member_string(&w, "data", result->picture);
        sp_json_out_member_text(&w, "mimeType", result->is_drawing ? "image/svg+xml" : "image/png");
        sp_json_out_object_end(&w);
    }
    sp_json_out_array_end(&w);
    sp_json_out_member_raw(&w, "structuredContent", result->structured);
    sp_json_out_member_bool(&w, "isError", result->is_error);
    sp_json_out_object_end(&w);
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

enum sp_err sp_mcp_put_launched(const struct sp_mcp *mcp, struct sp_slice environment,
                                struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf structured;
    struct sp_json_out w;
    sp_buf_init(&structured, TEXT_BYTES_MAX);
    sp_json_out_init(&w, &structured);
    sp_json_out_object(&w);
    sp_json_out_member_string(&w, "environmentId", environment);
    sp_json_out_object_end(&w);
    SP_TRY(sp_json_out_end(&w));
    const struct tool_result result = {.structured = sp_buf_slice(&structured),
                                       .text = sp_buf_slice(&structured)};
    return put_tool_result(mcp, &result, out);
}

static enum sp_err put_member(struct sp_json_out *w, const struct sp_json *doc, const char *key,
                              const struct sp_json_value *value)
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, SP_RESULT_BYTES_MAX * 2);
    if (value == NULL) {
        return SP_OK;
    }
    SP_TRY(sp_json_print(doc, value, &text));
    sp_json_out_member_raw(w, key, sp_buf_slice(&text));
    return SP_OK;
}

/* The members of these names, as they stand in `from`, behind the environment. */
static enum sp_err put_structured(const struct sp_mcp *mcp, const struct sp_json *doc,
                                  const struct sp_json_value *from, const char *const *names,
                                  struct sp_buf *out)
{
    struct sp_json_out w;
    sp_json_out_init(&w, out);
    sp_json_out_object(&w);
    sp_json_out_member_string(&w, "environmentId", sp_buf_slice(&mcp->environment));
    SP_TRY(put_member(&w, doc, "status", sp_json_get(sp_json_root(doc), "status")));
    for (size_t i = 0; names[i] != NULL; i++) {
        SP_TRY(put_member(&w, doc, names[i], sp_json_get(from, names[i])));
    }
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

static enum sp_err put_result(const struct sp_mcp *mcp, const struct sp_json *doc,
                              struct sp_buf *out)
{
    static const char *const names[] = {"stdout", "stderr", "executionResult",
                                        "executionTimeInMilliseconds", NULL};
    /* A model is shown a picture as one: as text it would fill its memory, and mean nothing. */
    static const char *const but_the_value[] = {"stdout", "stderr", "executionTimeInMilliseconds",
                                                NULL};
    SP_AUTO_BUF struct sp_buf structured;
    SP_AUTO_BUF struct sp_buf text;
    const struct sp_json_value *root = sp_json_root(doc);
    const struct sp_json_value *inner = sp_json_get(root, "result");
    const struct sp_json_value *value = sp_json_get(inner, "executionResult");
    struct tool_result result = {.is_error = false};
    struct sp_slice said = {NULL, 0};
    sp_buf_init(&structured, SP_RESULT_BYTES_MAX * 4);
    sp_buf_init(&text, SP_RESULT_BYTES_MAX * 4);
    result.is_error =
        sp_json_string(sp_json_get(root, "status"), &said) == SP_OK && sp_slice_is(said, "Failed");
    result.is_drawing =
        sp_json_string(sp_json_get(value, "format"), &said) == SP_OK && sp_slice_is(said, "svg");
    if (sp_json_string(sp_json_get(value, "base64_data"), &result.picture) != SP_OK) {
        result.picture = (struct sp_slice){NULL, 0};
    }
    SP_TRY(put_structured(mcp, doc, inner, names, &structured));
    SP_TRY(put_structured(mcp, doc, inner, result.picture.len > 0 ? but_the_value : names, &text));
    result.structured = sp_buf_slice(&structured);
    result.text = sp_buf_slice(&text);
    return put_tool_result(mcp, &result, out);
}

/* A refusal is the tool's error: the model reads it, and may do better. */
static enum sp_err put_refusal(const struct sp_mcp *mcp, const struct sp_json *doc,
                               struct sp_buf *out)
{
    static const char *const names[] = {"code", "message", "details", NULL};
    SP_AUTO_BUF struct sp_buf structured;
    SP_AUTO_BUF struct sp_buf text;
    const struct sp_json_value *error = sp_json_get(sp_json_root(doc), "error");
    struct sp_slice code = {NULL, 0};
    struct sp_slice message = {NULL, 0};
    sp_buf_init(&structured, SP_RESULT_BYTES_MAX);
    sp_buf_init(&text, SP_RESULT_BYTES_MAX);
    SP_TRY(put_structured(mcp, doc, error, names, &structured));
    SP_TRY(sp_json_string(sp_json_get(error, "code"), &code));
    SP_TRY(sp_json_string(sp_json_get(error, "message"), &message));
    SP_TRY(sp_buf_put(&text, code));
    SP_TRY(sp_buf_put_text(&text, ": "));
    SP_TRY(sp_buf_put(&text, message));
    const struct tool_result result = {
        .structured = sp_buf_slice(&structured), .text = sp_buf_slice(&text), .is_error = true};
    return put_tool_result(mcp, &result, out);
}

enum sp_err sp_mcp_put_ran(const struct sp_mcp *mcp, unsigned status, struct sp_slice answer,
                           struct sp_buf *out)
{
    const struct sp_json_limits limits = {
        .bytes_max = SP_JSON_BYTES_MAX, .depth_max = SP_JSON_DEPTH_MAX, .nul = SP_JSON_NUL_ALLOWED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    SP_TRY(sp_json_parse(answer, &limits, &doc, NULL));
    return status < 300 ? put_result(mcp, doc, out) : put_refusal(mcp, doc, out);
}

/* --- messages --- */

static enum sp_err on_initialize(const struct reading *r)
{
    SP_AUTO_BUF struct sp_buf result;
    struct sp_slice asked = {NULL, 0};
    const char *version = versions[0];
    if (sp_json_string(sp_json_get(r->params, "protocolVersion"), &asked) == SP_OK) {
        for (size_t i = 0; i < SP_COUNT(versions); i++) {
            version = sp_slice_is(asked, versions[i]) ? versions[i] : version;
        }
    }
    sp_buf_init(&result, TEXT_BYTES_MAX);
    SP_TRY(sp_buf_putf(&result,
                       "{\"protocolVersion\":\"%s\",\"capabilities\":{\"tools\":{\"call\":true,"
                       "\"list\":true}},\"serverInfo\":{\"name\":\"Sallyport MCP Server\","
                       "\"version\":\"1\"}}",
                       version));
    return tell_result(r->out, sp_buf_slice(&result));
}

static enum sp_err on_ping(const struct reading *r)
{
    return tell_result(r->out, SP_SLICE_LITERAL("{}"));
}

static enum sp_err on_list(const struct reading *r)
{
    return tell_result(r->out, sp_slice_of(tools));
}

/* The body of a run: the members of these names as the client gave them, the code under the name that runs have for it. */
static enum sp_err build_run(const struct reading *r, const struct sp_json_value *arguments,
                             bool is_python)
{
    static const char *const of_shell[] = {"shellCommand", "execCommandAndArgs", "stdin", NULL};
    struct sp_mcp *mcp = r->out;
    struct sp_json_out w;
    sp_json_out_init(&w, &mcp->body);
    sp_json_out_object(&w);
    if (is_python) {
        SP_TRY(put_member(&w, r->doc, "code", sp_json_get(arguments, "pythonCode")));
    }
    for (size_t i = 0; !is_python && of_shell[i] != NULL; i++) {
        SP_TRY(put_member(&w, r->doc, of_shell[i], sp_json_get(arguments, of_shell[i])));
    }
    SP_TRY(put_member(&w, r->doc, "timeoutInSeconds", sp_json_get(arguments, "timeoutInSeconds")));
    sp_json_out_object_end(&w);
    SP_TRY(sp_json_out_end(&w));
    SP_TRY(sp_buf_put_text(&mcp->target, "/executions?api-version="));
    SP_TRY(sp_buf_put_text(&mcp->target, sp_version_text(SP_VERSION_2025_10)));
    SP_TRY(sp_buf_put_text(&mcp->target, "&identifier="));
    return sp_url_encode(sp_buf_slice(&mcp->environment), &mcp->target);
}

static enum sp_err on_run(const struct reading *r, const struct sp_json_value *arguments,
                          bool is_python)
{
    struct sp_slice environment = {NULL, 0};
    struct sp_slice code = {NULL, 0};
    if (sp_json_string(sp_json_get(arguments, "environmentId"), &environment) != SP_OK ||
        sp_identifier_check(environment) != SP_OK) {
        return tell_error(r->out, INVALID_PARAMS,
                          "environmentId must be what launchShell gave: 4 to 128 ASCII letters, "
                          "digits or signs");
    }
    if (is_python && sp_json_string(sp_json_get(arguments, "pythonCode"), &code) != SP_OK) {
        return tell_error(r->out, INVALID_PARAMS, "pythonCode must be a text");
    }
    r->out->kind = SP_MCP_RUN;
    SP_TRY(sp_buf_put(&r->out->environment, environment));
    return build_run(r, arguments, is_python);
}

static enum sp_err on_call(const struct reading *r)
{
    struct sp_slice name = {NULL, 0};
    const struct sp_json_value *arguments = sp_json_get(r->params, "arguments");
    if (sp_json_string(sp_json_get(r->params, "name"), &name) != SP_OK) {
        return tell_error(r->out, INVALID_PARAMS, "params.name must name a tool");
    }
    /* The second is what clients of an earlier preview call it. */
    if (sp_slice_is(name, "launchShell") || sp_slice_is(name, "launchPythonEnvironment")) {
        r->out->kind = SP_MCP_LAUNCH;
        return SP_OK;
    }
    if (sp_slice_is(name, "runPythonCodeInRemoteEnvironment")) {
        return on_run(r, arguments, true);
    }
    if (sp_slice_is(name, "runShellCommandInRemoteEnvironment")) {
        return on_run(r, arguments, false);
    }
    return tell_error(r->out, INVALID_PARAMS, "there is no such tool; see tools/list");
}

static const struct {
    const char *name;
    enum sp_err (*handle)(const struct reading *r);
} methods[] = {
    {"initialize", on_initialize},
    {"ping", on_ping},
    {"tools/list", on_list},
    {"tools/call", on_call},
};

/* A text or a number; what has none wants no answer. */
static bool take_id(const struct reading *r, const struct sp_json_value *id)
{
    if (!sp_json_is(id, SP_JSON_STRING) && !sp_json_is(id, SP_JSON_NUMBER)) {
        return false;
    }
    sp_buf_clear(&r->out->id);
    return sp_json_print(r->doc, id, &r->out->id) == SP_OK;
}

static enum sp_err no_id(struct sp_mcp *mcp)
{
    sp_buf_clear(&mcp->id);
    return sp_buf_put_text(&mcp->id, "null");
}

static enum sp_err read_message(struct reading *r, const struct sp_json_value *root)
{
    struct sp_slice version = {NULL, 0};
    struct sp_slice method = {NULL, 0};
    const struct sp_json_value *id = sp_json_get(root, "id");
    if (sp_json_string(sp_json_get(root, "jsonrpc"), &version) != SP_OK ||
        !sp_slice_is(version, "2.0")) {
        return tell_error(r->out, INVALID_REQUEST, "one message of JSON-RPC 2.0 is expected");
    }
    const bool is_method = sp_json_string(sp_json_get(root, "method"), &method) == SP_OK;
    const bool is_answer =
        !is_method && (sp_json_get(root, "result") != NULL || sp_json_get(root, "error") != NULL);
    if (is_answer || (is_method && id == NULL)) {
        r->out->kind = SP_MCP_NOTE;
        return SP_OK;
    }
    if (!is_method || !take_id(r, id)) {
        SP_TRY(no_id(r->out));
        return tell_error(r->out, INVALID_REQUEST, "method must be a text, id a text or a number");
    }
    r->params = sp_json_get(root, "params");
    for (size_t i = 0; i < SP_COUNT(methods); i++) {
        if (sp_slice_is(method, methods[i].name)) {
            return methods[i].handle(r);
        }
    }
    return tell_error(r->out, METHOD_NOT_FOUND, "there is no such method");
}

enum sp_err sp_mcp_read(struct sp_slice message, size_t bytes_max, struct sp_mcp *out)
{
    const struct sp_json_limits limits = {
        .bytes_max = bytes_max, .depth_max = SP_JSON_DEPTH_MAX, .nul = SP_JSON_NUL_ALLOWED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    *out = (struct sp_mcp){.kind = SP_MCP_TOLD};
    sp_buf_init(&out->id, ID_BYTES_MAX);
    sp_buf_init(&out->told, sizeof(tools) + TEXT_BYTES_MAX);
    sp_buf_init(&out->target, SP_MCP_TARGET_BYTES_MAX);
    sp_buf_init(&out->body, bytes_max * 2);
    sp_buf_init(&out->environment, SP_IDENTIFIER_BYTES_MAX);
    SP_TRY(no_id(out));
    enum sp_err err = sp_json_parse(message, &limits, &doc, NULL);
    if (err == SP_ERR_NOMEM) {
        return err;
    }
    if (err != SP_OK) {
        return tell_error(out, PARSE_ERROR, "the body is not valid JSON");
    }
    struct reading r = {.out = out, .doc = doc, .params = NULL};
    return read_message(&r, sp_json_root(doc));
}

void sp_mcp_done(struct sp_mcp *mcp)
{
    sp_buf_done(&mcp->id);
    sp_buf_done(&mcp->told);
    sp_buf_done(&mcp->target);
    sp_buf_done(&mcp->body);
    sp_buf_done(&mcp->environment);
}
