#include "api/request.h"

#include "api/shell.h"
#include "base/text.h"
#include "codec/base64.h"
#include "codec/json.h"

/* What clients write for "as it is" and for base64; letter case varies between them. */
static const char *const plain_types[] = {"inline", "inlinetext"};
static const char *const base64_types[] = {"inlinebase64"};

static enum sp_err wrong(struct sp_where *where, const char *text)
{
    sp_where_set(where, 0, 0, "%s", text);
    return SP_ERR_REQUEST;
}

/* Everything that strict JSON refuses reads as broken JSON to the client, whatever made it so. */
static enum sp_err parse(struct sp_slice body, size_t bytes_max, struct sp_json **out,
                         struct sp_where *where)
{
    struct sp_json_limits limits = {
        .bytes_max = bytes_max, .depth_max = SP_JSON_DEPTH, .nul = SP_JSON_NUL_REFUSED};
    enum sp_err err = sp_json_parse(body, &limits, out, where);
    switch ((unsigned)err) {
    case SP_OK:
    case SP_ERR_NUL:
    case SP_ERR_TOO_BIG:
    case SP_ERR_NOMEM:
        return err;
    default:
        return SP_ERR_JSON;
    }
}

static bool is_absent(const struct sp_json_value *value)
{
    return value == NULL || sp_json_is(value, SP_JSON_NULL);
}

/* The object that holds the members: `properties`, or the body itself. */
static enum sp_err find_members(const struct sp_json_value *root, const struct sp_json_value **out,
                                struct sp_where *where)
{
    if (!sp_json_is(root, SP_JSON_OBJECT)) {
        return wrong(where, "the body must be a JSON object");
    }
    const struct sp_json_value *envelope = sp_json_get(root, "properties");
    if (is_absent(envelope)) {
        *out = root;
        return SP_OK;
    }
    if (!sp_json_is(envelope, SP_JSON_OBJECT)) {
        return wrong(where, "properties must be an object");
    }
    /* Two codes in one body: two readers could run different ones. */
    if (!is_absent(sp_json_get(root, "code")) || !is_absent(sp_json_get(root, "pythonCode"))) {
        return wrong(where, "code must stand either in properties or beside it, not in both");
    }
    *out = envelope;
    return SP_OK;
}

static enum sp_err find_code(const struct sp_json_value *members, struct sp_slice *out,
                             struct sp_where *where)
{
    const struct sp_json_value *code = sp_json_get(members, "code");
    const struct sp_json_value *python_code = sp_json_get(members, "pythonCode");
    if (!is_absent(code) && !is_absent(python_code)) {
        return wrong(where, "code and pythonCode exclude each other");
    }
    if (is_absent(code)) {
        code = python_code;
    }
    if (is_absent(code)) {
        return wrong(where, "code is missing");
    }
    return sp_json_string(code, out) == SP_OK ? SP_OK : wrong(where, "code must be a string");
}

static bool is_one_of(struct sp_slice text, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (sp_slice_is_nocase(text, names[i])) {
            return true;
        }
    }
    return false;
}

static enum sp_err read_input_type(const struct sp_json_value *members, bool *out_base64,
                                   struct sp_where *where)
{
    const struct sp_json_value *value = sp_json_get(members, "codeInputType");
    struct sp_slice text = {NULL, 0};
    *out_base64 = false;
    if (is_absent(value)) {
        return SP_OK;
    }
    if (sp_json_string(value, &text) != SP_OK) {
        return wrong(where, "codeInputType must be a string");
    }
    *out_base64 = is_one_of(text, base64_types, SP_COUNT(base64_types));
    if (!*out_base64 && !is_one_of(text, plain_types, SP_COUNT(plain_types))) {
        return wrong(where, "codeInputType must be Inline, InlineText or InlineBase64");
    }
    return SP_OK;
}

static enum sp_err read_execution_type(const struct sp_json_value *members, bool *out_async,
                                       struct sp_where *where)
{
    const struct sp_json_value *value = sp_json_get(members, "executionType");
    struct sp_slice text = {NULL, 0};
    *out_async = false;
    if (is_absent(value)) {
        return SP_OK;
    }
    if (sp_json_string(value, &text) != SP_OK) {
        return wrong(where, "executionType must be a string");
    }
    *out_async = sp_slice_is_nocase(text, "asynchronous");
    if (!*out_async && !sp_slice_is_nocase(text, "synchronous")) {
        return wrong(where, "executionType must be Synchronous or Asynchronous");
    }
    return SP_OK;
}

/* How much of each stream the client wants; what is more than a pool keeps is cut by the pool. */
static enum sp_err read_output_max(const struct sp_json *doc, const struct sp_json_value *members,
                                   uint32_t *out, struct sp_where *where)
{
    const struct sp_json_value *value = sp_json_get(members, "outputStreamsMaxLength");
    int64_t bytes = 0;
    *out = 0;
    if (is_absent(value)) {
        return SP_OK;
    }
    if (sp_json_integer(doc, value, &bytes) != SP_OK || bytes < 1 || bytes > INT32_MAX) {
        return wrong(where, "outputStreamsMaxLength must be a whole number from 1");
    }
    *out = (uint32_t)bytes;
    return SP_OK;
}

static enum sp_err read_switch(const struct sp_json_value *members, const char *name, bool *out,
                               struct sp_where *where)
{
    const struct sp_json_value *value = sp_json_get(members, name);
    *out = false;
    if (!is_absent(value) && sp_json_bool(value, out) != SP_OK) {
        sp_where_set(where, 0, 0, "%s must be true or false", name);
        return SP_ERR_REQUEST;
    }
    return SP_OK;
}

/* Azure's specification has one name for it in its schema, and another in its examples. */
static enum sp_err read_jupyter(const struct sp_json_value *members, bool *out,
                                struct sp_where *where)
{
    bool is_by_other = false;
    SP_TRY(read_switch(members, "returnJupyterFormatExecutionResult", out, where));
    SP_TRY(read_switch(members, "returnJupyterFormat", &is_by_other, where));
    *out = *out || is_by_other;
    return SP_OK;
}

static enum sp_err read_timeout(const struct sp_json *doc, const struct sp_json_value *members,
                                uint32_t *out, struct sp_where *where)
{
    const struct sp_json_value *value = sp_json_get(members, "timeoutInSeconds");
    int64_t seconds = SP_REQUEST_TIMEOUT_S_DEFAULT;
    if (!is_absent(value) && sp_json_integer(doc, value, &seconds) == SP_ERR_INVALID) {
        return wrong(where, "timeoutInSeconds must be a whole number");
    }
    if (!is_absent(value) && sp_json_integer(doc, value, &seconds) != SP_OK) {
        seconds = -1; /* a number too long for any integer is out of range like any other */
    }
    /* Clients of pools for commands were told to ask for more: they get what there is. */
    if (sp_shell_is_asked(members) && seconds > (int64_t)SP_REQUEST_TIMEOUT_S_MAX) {
        seconds = SP_REQUEST_TIMEOUT_S_MAX;
    }
    if (seconds < (int64_t)SP_REQUEST_TIMEOUT_S_MIN ||
        seconds > (int64_t)SP_REQUEST_TIMEOUT_S_MAX) {
        return wrong(where, "timeoutInSeconds must be from 1 to 220");
    }
    *out = (uint32_t)seconds;
    return SP_OK;
}

/* Base64 hides bytes from the JSON reader, so its content gets the same checks here. */
static enum sp_err decode_code(struct sp_request *request, size_t bytes_max, struct sp_where *where)
{
    size_t at = 0;
    sp_buf_init(&request->decoded, bytes_max);
    enum sp_err err = sp_base64_decode(SP_BASE64_STANDARD, request->code, &request->decoded);
    if (err == SP_ERR_NOMEM || err == SP_ERR_TOO_BIG) {
        return err;
    }
    if (err != SP_OK) {
        return wrong(where, "code is not valid base64");
    }
    request->code = sp_buf_slice(&request->decoded);
    if (sp_utf8_check(request->code, &at) != SP_OK) {
        return wrong(where, "code is not valid UTF-8 after decoding");
    }
    if (sp_slice_find(request->code, 0, '\0') != request->code.len) {
        sp_where_set(where, 0, 0, "code holds a NUL character");
        return SP_ERR_NUL;
    }
    return SP_OK;
}

/* A command in the place of code becomes code, and is judged and run as such. */
static enum sp_err take_command(struct sp_request *request, const struct sp_json_value *members,
                                size_t bytes_max, struct sp_where *where)
{
    const struct sp_json_value *code = sp_json_get(members, "code");
    if (!is_absent(code) || !is_absent(sp_json_get(members, "pythonCode"))) {
        return wrong(where, "code and a command exclude each other");
    }
    sp_buf_init(&request->decoded, bytes_max);
    enum sp_err err = sp_shell_code(members, &request->decoded);
    if (err == SP_ERR_NOMEM || err == SP_ERR_TOO_BIG) {
        return err;
    }
    if (err != SP_OK) {
        return wrong(where, "give either shellCommand, a string, or execCommandAndArgs, a list of "
                            "strings; stdin is a string");
    }
    request->code = sp_buf_slice(&request->decoded);
    request->is_shell = true;
    return SP_OK;
}

static enum sp_err fill(struct sp_request *request, size_t bytes_max, struct sp_where *where)
{
    const struct sp_json_value *members = NULL;
    bool is_base64 = false;
    SP_TRY(find_members(sp_json_root(request->doc), &members, where));
    SP_TRY(read_input_type(members, &is_base64, where));
    SP_TRY(read_execution_type(members, &request->is_async, where));
    SP_TRY(read_output_max(request->doc, members, &request->output_max, where));
    SP_TRY(read_switch(members, "useEmptyKernel", &request->is_empty_kernel, where));
    SP_TRY(read_jupyter(members, &request->is_jupyter, where));
    SP_TRY(read_timeout(request->doc, members, &request->timeout_s, where));
    if (sp_shell_is_asked(members)) {
        request->is_jupyter = false; /* the value is the exit status */
        return take_command(request, members, bytes_max, where);
    }
    SP_TRY(find_code(members, &request->code, where));
    return is_base64 ? decode_code(request, bytes_max, where) : SP_OK;
}

enum sp_err sp_request_read(struct sp_slice body, size_t bytes_max, struct sp_request *out,
                            struct sp_where *out_where)
{
    SP_AUTO_REQUEST struct sp_request request = {0};
    sp_where_set(out_where, 0, 0, "%s", "");
    SP_TRY(parse(body, bytes_max, &request.doc, out_where));
    SP_TRY(fill(&request, bytes_max, out_where));
    *out = request;
    request = (struct sp_request){0};
    return SP_OK;
}

bool sp_request_takes_type(struct sp_slice content_type)
{
    static const char *const taken[] = {"application/json", "text/json",
                                        "application/x-www-form-urlencoded"};
    const struct sp_slice suffix = SP_SLICE_LITERAL("+json");
    struct sp_slice type =
        sp_slice_trim(sp_slice_sub(content_type, 0, sp_slice_find(content_type, 0, ';')));
    bool is_suffixed =
        type.len > suffix.len &&
        sp_slice_equal(sp_slice_sub(type, type.len - suffix.len, suffix.len), suffix);
    return type.len == 0 || is_suffixed || is_one_of(type, taken, SP_COUNT(taken));
}

void sp_request_done(struct sp_request *request)
{
    sp_json_free(request->doc);
    sp_buf_done(&request->decoded);
    *request = (struct sp_request){0};
}
