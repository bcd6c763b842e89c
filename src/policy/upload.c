#include "policy/upload.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "policy/upload_inner.h"

/* ---- life ---- */

enum sp_err sp_upload_new(struct sp_judge *judge, struct sp_upload **out)
{
    struct sp_upload *u = calloc(1, sizeof(*u));
    struct sp_judgement *code = calloc(1, sizeof(*code));
    if (u == NULL || code == NULL) {
        free(u);
        free(code);
        return SP_ERR_NOMEM;
    }
    u->judge = judge;
    u->table = sp_judge_table(judge);
    u->code = code;
    sp_buf_init(&u->source, 2 * SP_UPLOAD_BYTES_MAX);
    sp_buf_init(&u->modules, SP_UPLOAD_MODULES_MAX);
    sp_buf_init(&u->beside, SP_UPLOAD_MODULES_MAX);
    sp_buf_init(&u->path, UPLOAD_PATH_BYTES_MAX);
    *out = u;
    return SP_OK;
}

void sp_upload_free(struct sp_upload *upload)
{
    if (upload == NULL) {
        return;
    }
    free(upload->code);
    sp_buf_done(&upload->source);
    sp_buf_done(&upload->modules);
    sp_buf_done(&upload->beside);
    sp_buf_done(&upload->path);
    free(upload);
}

/* ---- findings ---- */

static bool is_known(const struct sp_judgement *out, const struct sp_policy_finding *finding)
{
    for (unsigned i = 0; i < out->count; i++) {
        if (sp_slice_is(sp_slice_of(out->findings[i].rule), finding->rule) &&
            sp_slice_is(sp_slice_of(out->findings[i].message), finding->message)) {
            return true;
        }
    }
    return false;
}

/* Names of members are whatever their maker liked: only letters that everybody can read are shown. */
static void show(const struct sp_buf *path, char *out, size_t room)
{
    size_t from = path->len > room - 1 ? path->len - (room - 1) : 0;
    size_t at = 0;
    for (size_t i = from; i < path->len; i++) {
        uint8_t byte = path->ptr[i];
        out[at] = byte >= 0x20 && byte < 0x7F ? (char)byte : '?';
        at++;
    }
    out[at] = '\0';
}

static void add(struct sp_upload *u, struct sp_policy_finding *finding, const char *before,
                const char *message)
{
    char path[128] = "";
    if (u->depth > 0) {
        show(&u->path, path, sizeof(path));
    }
    (void)snprintf(finding->message, sizeof(finding->message), "%s%s%s%s", path,
                   path[0] != '\0' ? ": " : "", before, message);
    if (!is_known(u->out, finding)) {
        sp_judgement_add(u->out, finding);
    }
    u->has_deny = u->has_deny || finding->action == SP_ACTION_DENY;
}

void upload_report(struct sp_upload *u, enum sp_rule rule, const char *name, const char *format,
                   ...)
{
    struct sp_policy_finding finding = {.action = (enum sp_action)rule, .place = {1, 1, 1, 1}};
    char message[SP_FINDING_MESSAGE_MAX + 1];
    if (rule == SP_RULE_ALLOW) {
        return;
    }
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    (void)snprintf(finding.rule, sizeof(finding.rule), "%s", name);
    add(u, &finding, "", message);
}

void upload_report_rule(struct sp_upload *u, enum sp_upload_rule rule, const char *what)
{
    upload_report(u, u->policy->upload[rule], sp_upload_rule_name(rule), "%s", what);
}

void upload_report_code(struct sp_upload *u, const struct sp_policy_finding *finding,
                        const char *before)
{
    struct sp_policy_finding copy = *finding;
    add(u, &copy, before, finding->message);
}

/* ---- names ---- */

static bool is_plain(struct sp_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] < 0x20 || name.ptr[i] == 0x7F) {
            return false;
        }
    }
    return name.len > 0;
}

/* A name that an unpacker, or the door to the session's folder, would take for a place somewhere else. */
static bool leads_out(struct sp_slice name)
{
    size_t at = 0;
    bool is_rooted =
        name.ptr[0] == '/' || name.ptr[0] == '\\' || (name.len > 1 && name.ptr[1] == ':');
    while (at <= name.len && !is_rooted) {
        size_t end = at;
        while (end < name.len && name.ptr[end] != '/' && name.ptr[end] != '\\') {
            end++;
        }
        if (sp_slice_is(sp_slice_sub(name, at, end - at), "..")) {
            return true;
        }
        at = end + 1;
    }
    return is_rooted;
}

void upload_name(struct sp_upload *u, struct sp_slice name)
{
    bool is_member = u->depth > 0;
    if (!is_plain(name)) {
        upload_report_rule(u, is_member ? SP_UPLOAD_ARCHIVE_PATH : SP_UPLOAD_FILE_NAME,
                           "the name is empty or holds control characters");
    } else if (leads_out(name)) {
        upload_report_rule(u, is_member ? SP_UPLOAD_ARCHIVE_PATH : SP_UPLOAD_FILE_NAME,
                           "the name leads out of the folder it belongs to");
    }
}

/* The module that a file of code would be: the first part of its name. */
static void check_shadow(struct sp_upload *u, struct sp_slice name)
{
    size_t end = 0;
    while (end < name.len && name.ptr[end] != '/' && name.ptr[end] != '.') {
        end++;
    }
    struct sp_slice module = sp_slice_sub(name, 0, end);
    if (sp_map_has(&u->table->image, module)) {
        upload_report(
            u, u->policy->upload[SP_UPLOAD_SHADOWED], "shadowed-module",
            "a module of the session image is called %.*s too: give the file another name",
            (int)sp_size_min(module.len, 64), (const char *)module.ptr);
    }
}

/* ---- kinds ---- */

static void check_kind(struct sp_upload *u, enum sp_kind kind, const char *format)
{
    enum sp_rule rule = u->policy->kind[kind];
    bool is_noted = rule == SP_RULE_WARN || rule == SP_RULE_SHADOW;
    if (is_noted && (u->kinds_told & (1U << kind)) != 0) {
        return;
    }
    u->kinds_told |= is_noted ? 1U << kind : 0;
    bool has_format = format[0] != '\0';
    upload_report(u, rule, "file-type", "%s%s%s%s", sp_kind_text(kind), has_format ? " (" : "",
                  format, has_format ? ")" : "");
}

static void look_inside(struct sp_upload *u, struct upload_file *file)
{
    if (file->kind == SP_KIND_TAR) {
        upload_tar(u, file);
    } else if (file->kind == SP_KIND_GZIP) {
        upload_gzip(u, file);
    } else if (file->kind == SP_KIND_NUMPY) {
        upload_array(u, file);
    } else if (file->kind == SP_KIND_COMPRESSED) {
        upload_report_rule(
            u, SP_UPLOAD_OPAQUE,
            "what is packed this way is not looked into; upload it unpacked, or as .zip or .gz");
    } else if (file->kind == SP_KIND_ARCHIVE) {
        upload_report_rule(u, SP_UPLOAD_OPAQUE,
                           "archives of this type are not looked into; upload a .zip or .tar.gz");
    }
}

static void look_at_code(struct sp_upload *u, const struct upload_file *file)
{
    bool is_notebook = file->kind == SP_KIND_NOTEBOOK || file->named == SP_KIND_NOTEBOOK;
    bool is_python = file->kind == SP_KIND_PYTHON || file->named == SP_KIND_PYTHON ||
                     (file->named == SP_KIND_STARTUP && file->kind == SP_KIND_TEXT) ||
                     (file->named == SP_KIND_PTH && file->kind == SP_KIND_TEXT);
    if ((is_notebook || is_python) && file->size > file->bytes.len) {
        upload_report_rule(u, SP_UPLOAD_OPAQUE, "too long to be looked into");
    } else if (is_notebook) {
        upload_notebook(u, file);
    } else if (is_python && file->kind != SP_KIND_EMPTY) {
        upload_python(u, file);
    }
    if (is_python) {
        check_shadow(u, file->name);
    }
}

void upload_file(struct sp_upload *u, struct sp_slice name, struct sp_slice bytes, uint64_t size,
                 struct upload_file *out)
{
    struct upload_file file = {.name = name, .bytes = bytes, .size = size};
    file.kind = sp_kind_of_bytes(bytes, &file.format);
    file.named = sp_kind_of_name(name);
    bool is_pickle = upload_pickle(u, &file);
    if (is_pickle) {
        file.kind = SP_KIND_PICKLE;
        file.format = "";
    }
    bool is_zip = upload_zip(u, &file);
    bool is_packed = file.kind == SP_KIND_UNKNOWN && upload_zlib(u, &file);
    if (!(file.kind == SP_KIND_UNKNOWN && (u->is_in_office || is_packed))) {
        check_kind(u, file.kind, file.format);
    }
    if (file.named != SP_KIND_UNKNOWN && file.named != file.kind) {
        check_kind(u, file.named, "by its name");
    }
    if (!is_zip && !is_pickle) {
        look_inside(u, &file);
    }
    look_at_code(u, &file);
    *out = file;
}

void sp_upload_run(struct sp_upload *upload, const struct sp_policy *policy, struct sp_slice name,
                   struct sp_slice bytes, struct sp_judgement *out,
                   struct sp_upload_facts *out_facts)
{
    struct upload_file file = {.kind = SP_KIND_UNKNOWN, .format = ""};
    *out = (struct sp_judgement){.verdict = SP_VERDICT_DENY};
    upload->policy = policy;
    upload->out = out;
    upload->depth = 0;
    upload->unpacked = 0;
    upload->members = 0;
    upload->kinds_told = 0;
    upload->module_count = 0;
    upload->is_in_office = false;
    upload->is_code = false;
    upload->has_deny = false;
    sp_buf_clear(&upload->path);
    sp_buf_clear(&upload->modules);
    sp_buf_clear(&upload->beside);
    sp_judge_know_beside(upload->judge, sp_buf_slice(&upload->beside), true);
    upload_name(upload, name);
    if (bytes.len > policy->limits.upload_bytes) {
        upload_report(upload, SP_RULE_DENY, "limit", "the file has %zu bytes; %llu are allowed",
                      bytes.len, (unsigned long long)policy->limits.upload_bytes);
    } else {
        upload_file(upload, name, bytes, bytes.len, &file);
    }
    sp_judge_know_beside(upload->judge, sp_slice_make(NULL, 0), false);
    if (!upload->has_deny) {
        out->verdict = SP_VERDICT_ALLOW;
    }
    if (out_facts != NULL) {
        *out_facts = (struct sp_upload_facts){.kind = file.kind,
                                              .format = file.format,
                                              .is_code = upload->is_code,
                                              .module_count = upload->module_count,
                                              .modules = sp_buf_slice(&upload->modules)};
    }
}
