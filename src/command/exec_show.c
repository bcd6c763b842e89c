#include "command/exec_show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "command/command.h"

#define PICTURES_MAX    9999U
#define PICTURE_BYTES   ((size_t)32 * 1024 * 1024)
#define VALUE_BYTES_MAX ((size_t)128 * 1024 * 1024)
#define LINE_SHOWN_MAX  ((size_t)160)
#define CARETS_MAX      60U

/* --- text --- */

static void put(FILE *to, struct sp_slice text)
{
    (void)fwrite(text.ptr, 1, text.len, to);
}

/* Text of a server for a terminal: nothing in it may move the cursor. */
static void put_line_safely(FILE *to, struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        (void)fputc(byte < ' ' || byte == 0x7F ? ' ' : byte, to);
    }
}

/* --- the value, as Python writes it --- */

static enum sp_err put_python(const struct sp_json *doc, const struct sp_json_value *value,
                              struct sp_buf *out);

static enum sp_err put_string(struct sp_slice text, struct sp_buf *out)
{
    SP_TRY(sp_buf_put_byte(out, '\''));
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        if (byte == '\n') {
            SP_TRY(sp_buf_put_text(out, "\\n"));
        } else if (byte < ' ' || byte == 0x7F) {
            SP_TRY(sp_buf_putf(out, "\\x%02x", byte));
        } else {
            SP_TRY(byte == '\'' || byte == '\\' ? sp_buf_put_byte(out, '\\') : SP_OK);
            SP_TRY(sp_buf_put_byte(out, byte));
        }
    }
    return sp_buf_put_byte(out, '\'');
}

static enum sp_err put_container(const struct sp_json *doc, const struct sp_json_value *value,
                                 struct sp_buf *out)
{
    bool is_object = sp_json_is(value, SP_JSON_OBJECT);
    SP_TRY(sp_buf_put_byte(out, is_object ? '{' : '['));
    for (const struct sp_json_value *at = sp_json_first(value); at != NULL; at = sp_json_next(at)) {
        SP_TRY(at == sp_json_first(value) ? SP_OK : sp_buf_put_text(out, ", "));
        if (is_object) {
            SP_TRY(put_string(sp_json_key(at), out));
            SP_TRY(sp_buf_put_text(out, ": "));
        }
        SP_TRY(put_python(doc, at, out));
    }
    return sp_buf_put_byte(out, is_object ? '}' : ']');
}

/* Goes as deep as the reader let the document nest. */
static enum sp_err put_python(const struct sp_json *doc, const struct sp_json_value *value,
                              struct sp_buf *out)
{
    struct sp_slice text = {NULL, 0};
    bool truth = false;
    switch (sp_json_type(value)) {
    case SP_JSON_NULL:
        return sp_buf_put_text(out, "None");
    case SP_JSON_BOOL:
        SP_TRY(sp_json_bool(value, &truth));
        return sp_buf_put_text(out, truth ? "True" : "False");
    case SP_JSON_NUMBER:
        SP_TRY(sp_json_number_text(doc, value, &text));
        return sp_buf_put(out, text);
    case SP_JSON_STRING:
        SP_TRY(sp_json_string(value, &text));
        return put_string(text, out);
    case SP_JSON_ARRAY:
    case SP_JSON_OBJECT:
        return put_container(doc, value, out);
    }
    return SP_ERR_INVALID;
}

/* A text stands as it is: it is a string, or the way in which Python shows a value that JSON has no form for. */
static enum sp_err print_value(const struct sp_json *doc, const struct sp_json_value *value)
{
    SP_AUTO_BUF struct sp_buf out;
    struct sp_slice text = {NULL, 0};
    sp_buf_init(&out, VALUE_BYTES_MAX);
    if (sp_json_string(value, &text) != SP_OK) {
        SP_TRY(put_python(doc, value, &out));
        text = sp_buf_slice(&out);
    }
    put(stdout, text);
    (void)fputc('\n', stdout);
    return SP_OK;
}

/* --- pictures --- */

static enum sp_err open_picture(const char *format, char *name, size_t room, int *out_fd)
{
    for (unsigned i = 1; i <= PICTURES_MAX; i++) {
        (void)snprintf(name, room, "figure-%u.%s", i, format);
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd >= 0) {
            *out_fd = fd;
            return SP_OK;
        }
        if (errno != EEXIST) {
            return SP_ERR_SYSTEM;
        }
    }
    return SP_ERR_FULL;
}

static enum sp_err write_all(int fd, struct sp_slice bytes)
{
    while (bytes.len > 0) {
        ssize_t wrote = write(fd, bytes.ptr, bytes.len);
        if (wrote <= 0) {
            return SP_ERR_SYSTEM;
        }
        bytes = sp_slice_sub(bytes, (size_t)wrote, bytes.len);
    }
    return SP_OK;
}

/* Never over a file that is there. */
static void save_bytes(const char *format, struct sp_slice bytes)
{
    SP_AUTO_CLOSE int fd = -1;
    char name[32];
    enum sp_err err = open_picture(format, name, sizeof(name), &fd);
    if (err == SP_OK) {
        err = write_all(fd, bytes);
    }
    if (err != SP_OK) {
        (void)fprintf(stderr, "sallyport exec: cannot save a picture: %s\n", strerror(errno));
        return;
    }
    (void)fprintf(stderr, "saved %s\n", name);
}

static void save_picture(const char *format, const struct sp_json_value *base64)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_slice text = {NULL, 0};
    sp_buf_init(&bytes, PICTURE_BYTES);
    if (sp_json_string(base64, &text) != SP_OK ||
        sp_base64_decode(SP_BASE64_STANDARD, text, &bytes) != SP_OK) {
        (void)fprintf(stderr, "sallyport exec: a picture of the answer cannot be read\n");
        return;
    }
    save_bytes(format, sp_buf_slice(&bytes));
}

/* What the answer calls it goes into no file's name but as one of these. */
static const char *format_of(const struct sp_json_value *picture)
{
    struct sp_slice format = {NULL, 0};
    bool is_svg = sp_json_string(sp_json_get(picture, "format"), &format) == SP_OK &&
                  (sp_slice_is(format, "svg") || sp_slice_is(format, "svg+xml"));
    return is_svg ? "svg" : "png";
}

/* The picture of one output, as pixels or as a drawing. */
static bool has_picture(const struct sp_json_value *output)
{
    return sp_json_get(output, "image/png") != NULL ||
           sp_json_is(sp_json_get(output, "image/svg+xml"), SP_JSON_STRING);
}

static void save_output(const struct sp_json_value *output)
{
    const struct sp_json_value *png = sp_json_get(output, "image/png");
    struct sp_slice svg = {NULL, 0};
    if (png != NULL) {
        save_picture("png", png);
    } else if (sp_json_string(sp_json_get(output, "image/svg+xml"), &svg) == SP_OK) {
        save_bytes("svg", svg);
    }
}

static bool is_picture(const struct sp_json_value *value)
{
    struct sp_slice type = {NULL, 0};
    return sp_json_string(sp_json_get(value, "type"), &type) == SP_OK &&
           sp_slice_is(type, "image") &&
           sp_json_is(sp_json_get(value, "base64_data"), SP_JSON_STRING);
}

/* All pictures of the run but the first ones; how many there were. */
static size_t save_outputs(struct sp_slice json, size_t skip)
{
    struct sp_json_limits limits = {json.len, SP_JSON_DEPTH_MAX, SP_JSON_NUL_ALLOWED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    size_t count = 0;
    if (json.len == 0 || sp_json_parse(json, &limits, &doc, NULL) != SP_OK) {
        return 0;
    }
    for (const struct sp_json_value *at = sp_json_first(sp_json_root(doc)); at != NULL;
         at = sp_json_next(at)) {
        if (has_picture(at)) {
            if (count >= skip) {
                save_output(at);
            }
            count++;
        }
    }
    return count;
}

void sp_exec_show_text(bool is_error, struct sp_slice text)
{
    FILE *to = is_error ? stderr : stdout;
    put(to, text);
    (void)fflush(to);
}

void sp_exec_show_output(struct sp_slice json, struct sp_exec_shown *shown)
{
    struct sp_json_limits limits = {json.len, SP_JSON_DEPTH_MAX, SP_JSON_NUL_ALLOWED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    if (sp_json_parse(json, &limits, &doc, NULL) != SP_OK) {
        return;
    }
    if (has_picture(sp_json_root(doc))) {
        save_output(sp_json_root(doc));
        shown->pictures++;
    }
}

int sp_exec_show_result(const struct sp_result *result, const struct sp_exec_shown *shown)
{
    struct sp_json_limits limits = {result->value_json.len, SP_JSON_DEPTH_MAX, SP_JSON_NUL_ALLOWED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    put(stdout, sp_slice_sub(result->out_text, shown->out_bytes, result->out_text.len));
    (void)fflush(stdout);
    put(stderr, sp_slice_sub(result->err_text, shown->err_bytes, result->err_text.len));
    size_t pictures = save_outputs(result->outputs_json, shown->pictures);
    if (sp_json_parse(result->value_json, &limits, &doc, NULL) == SP_OK) {
        const struct sp_json_value *value = sp_json_root(doc);
        if (is_picture(value)) {
            if (pictures == 0 && shown->pictures == 0) {
                save_picture(format_of(value), sp_json_get(value, "base64_data"));
            }
        } else if (!sp_json_is(value, SP_JSON_NULL) && print_value(doc, value) != SP_OK) {
            (void)fprintf(stderr, "sallyport exec: the value cannot be shown\n");
        }
    }
    bool is_written = fflush(stdout) == 0;
    return result->status == SP_RUN_SUCCEEDED && is_written ? SP_EXIT_DONE : SP_EXIT_DENIED;
}

/* --- problems --- */

static struct sp_slice line_of(struct sp_slice code, uint64_t line)
{
    size_t from = 0;
    for (uint64_t i = 1; i < line && from < code.len; i++) {
        from = sp_slice_find(code, from, '\n') + 1;
    }
    return from < code.len ? sp_slice_sub(code, from, sp_slice_find(code, from, '\n') - from)
                           : (struct sp_slice){NULL, 0};
}

static uint64_t number_of(const struct sp_json *doc, const struct sp_json_value *object,
                          const char *key)
{
    int64_t number = 0;
    return sp_json_integer(doc, sp_json_get(object, key), &number) == SP_OK && number > 0
               ? (uint64_t)number
               : 0;
}

static struct sp_slice text_of(const struct sp_json_value *object, const char *key)
{
    struct sp_slice text = {NULL, 0};
    return sp_json_string(sp_json_get(object, key), &text) == SP_OK ? text
                                                                    : (struct sp_slice){NULL, 0};
}

/* The line itself, and a mark under the place as compilers set it. */
static void print_place(struct sp_slice code, uint64_t line, uint64_t column, uint64_t width)
{
    struct sp_slice text = sp_slice_sub(line_of(code, line), 0, LINE_SHOWN_MAX);
    if (text.len == 0 || column == 0 || column > text.len + 1) {
        return;
    }
    (void)fputs("    ", stderr);
    put_line_safely(stderr, text);
    (void)fprintf(stderr, "\n    %*s^", (int)(column - 1), "");
    for (uint64_t i = 1; i < width && i < CARETS_MAX; i++) {
        (void)fputc('~', stderr);
    }
    (void)fputc('\n', stderr);
}

static void print_finding(const struct sp_json *doc, const struct sp_json_value *detail,
                          const char *name, struct sp_slice code)
{
    uint64_t line = number_of(doc, detail, "line");
    uint64_t column = number_of(doc, detail, "column");
    uint64_t end =
        number_of(doc, detail, "endLine") == line ? number_of(doc, detail, "endColumn") : 0;
    if (line > 0) {
        (void)fprintf(stderr, "%s:%llu:%llu: ", name, (unsigned long long)line,
                      (unsigned long long)column);
    }
    put_line_safely(stderr, text_of(detail, "code"));
    (void)fputs(": ", stderr);
    put_line_safely(stderr, text_of(detail, "message"));
    (void)fputc('\n', stderr);
    print_place(code, line, column, end > column ? end - column : 1);
}

static int exit_of(unsigned http_status)
{
    if (http_status == 401) {
        return SP_EXIT_USAGE;
    }
    return http_status == 503 || http_status == 504 ? SP_EXIT_UNREACHABLE : SP_EXIT_DENIED;
}

int sp_exec_show_problem(const char *command, unsigned http_status, struct sp_slice body,
                         const char *name, struct sp_slice code)
{
    struct sp_json_limits limits = {body.len, SP_JSON_DEPTH, SP_JSON_NUL_REFUSED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    if (body.len == 0 || sp_json_parse(body, &limits, &doc, NULL) != SP_OK) {
        (void)fprintf(stderr, "sallyport %s: the gateway answered %u without a reason\n", command,
                      http_status);
        return exit_of(http_status);
    }
    const struct sp_json_value *error = sp_json_get(sp_json_root(doc), "error");
    (void)fprintf(stderr, "sallyport %s: %u ", command, http_status);
    put_line_safely(stderr, text_of(error, "code"));
    (void)fputs(": ", stderr);
    put_line_safely(stderr, text_of(error, "message"));
    (void)fputc('\n', stderr);
    const struct sp_json_value *details = sp_json_get(error, "details");
    for (const struct sp_json_value *at = sp_json_first(details); at != NULL;
         at = sp_json_next(at)) {
        print_finding(doc, at, name, code);
    }
    return exit_of(http_status);
}
