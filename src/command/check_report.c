#include "base/num.h"
#include "base/reader.h"
#include "codec/json_out.h"
#include "command/check_inner.h"
#include "command/check_source.h"

/* ---- rules ---- */

static const struct {
    const char *name;
    const char *text;
} rules[] = {
    {"process", "Starts, signals or controls other processes: os.system, os.popen, subprocess, "
                "multiprocessing."},
    {"network",
     "Opens connections: socket, requests, urllib.request, http.client, asyncio's streams."},
    {"native", "Runs native code or reaches raw memory: ctypes, cffi, mmap, numpy.ctypeslib."},
    {"filesystem", "Reads or writes files: open, pathlib, shutil, tempfile."},
    {"deserialize",
     "Loads data that can hold code: pickle.load, joblib.load, numpy.load(allow_pickle=True)."},
    {"dynamic-code",
     "Runs code that is not in the submission, or reaches names that are computed: exec, eval, "
     "__import__ and getattr with a computed name, a module handed on as a value."},
    {"introspection",
     "Reaches into the interpreter: __subclasses__, __globals__, frames, gc, sys._getframe."},
    {"environment", "Reads or changes the environment: os.environ, os.getenv."},
    {"shell-escape",
     "Hands a line to a shell or to IPython: !command, %pip, %%bash, get_ipython()."},
    {"unknown-module", "Imports a module that is not part of the session image."},
    {"module", "The policy lists this module, or allows only listed ones."},
    {"name", "The policy lists this name."},
    {"attribute", "The policy lists this attribute."},
    {"syntax", "No supported Python accepts this source."},
    {"encoding", "The file is in an encoding that is not read here."},
    {"limit", "The submission is larger, longer or deeper than the policy allows."},
    {"computed-expression",
     "The expression given to a query or eval method is computed; only noted."},
    {"string", "The policy lists a pattern that this text matches."},
    {"file-type", "The policy lists this type of file; the type is told by the bytes, and by names "
                  "that Python acts on."},
    {"file-name", "The file's name leads out of its folder, or holds control characters."},
    {"shadowed-module", "Uploaded code is called like a module of the session image and could be "
                        "imported in its place."},
    {"polyglot",
     "The file is of two types at once: what one reader takes for a picture another unpacks."},
    {"opaque",
     "Something that cannot be looked into: damaged, encrypted, packed in a way that is not read."},
    {"archive-path", "A member of an archive would be unpacked outside its folder."},
    {"archive-link", "A member of an archive is a link, a device or a pipe."},
    {"archive-limit",
     "An archive unpacks to too much, holds too many members or nests too deeply."},
};

const char *check_rule(size_t index, const char **out_text)
{
    if (index >= SP_COUNT(rules)) {
        return NULL;
    }
    *out_text = rules[index].text;
    return rules[index].name;
}

enum sp_err check_explain(struct sp_buf *out, struct sp_slice rule)
{
    for (size_t i = 0; i < SP_COUNT(rules); i++) {
        if (sp_slice_is(rule, rules[i].name)) {
            return sp_buf_putf(out, "%s: %s\n", rules[i].name, rules[i].text);
        }
    }
    return SP_ERR_NOT_FOUND;
}

/* ---- text ---- */

static enum sp_err text_finding(struct sp_buf *out, const struct check_result *r,
                                const struct sp_policy_finding *f, bool has_color)
{
    static const char *const colors[] = {"\033[31m", "\033[33m", "\033[36m"};
    const char *on = has_color ? colors[f->action] : "";
    const char *off = has_color ? "\033[0m" : "";
    SP_TRY(sp_buf_putf(out, "%s:%u:%u: %s%s%s %s: ", r->path, f->place.line, f->place.column, on,
                       sp_action_name(f->action), off, f->rule));
    SP_TRY(check_put_plain(out, sp_slice_of(f->message)));
    SP_TRY(sp_buf_put_byte(out, '\n'));
    return check_put_source(out, r->code, &f->place, on, off);
}

enum sp_err check_text_file(struct sp_buf *out, const struct check_result *result, bool has_color)
{
    const struct sp_judgement *j = result->judgement;
    for (unsigned i = 0; i < j->count; i++) {
        SP_TRY(text_finding(out, result, &j->findings[i], has_color));
    }
    if (j->total > j->count) {
        SP_TRY(sp_buf_putf(out, "%s: %u more findings\n", result->path, j->total - j->count));
    }
    return sp_buf_putf(out, "%s: %s by %s\n", result->path,
                       j->verdict == SP_VERDICT_ALLOW ? "allowed" : "denied", result->policy);
}

/* ---- JSON ---- */

/* What the cells and members of an upload import: where in it nobody can say with one line and one column. */
static void json_modules(struct sp_json_out *w, struct sp_slice modules)
{
    struct sp_reader r;
    struct sp_slice name = {NULL, 0};
    sp_reader_init(&r, modules);
    while (sp_reader_left(&r) > 0 && sp_reader_block(&r, modules.len, &name) == SP_OK) {
        sp_json_out_object(w);
        sp_json_out_member_string(w, "module", name);
        sp_json_out_member_u64(w, "line", 1);
        sp_json_out_member_u64(w, "column", 1);
        sp_json_out_object_end(w);
    }
}

static void json_imports(struct sp_json_out *w, const struct sp_facts *facts,
                         struct sp_slice modules)
{
    size_t count = 0;
    const struct sp_import *imports = facts == NULL ? NULL : sp_facts_imports(facts, &count);
    sp_json_out_key(w, "imports");
    sp_json_out_array(w);
    for (size_t i = 0; i < count; i++) {
        uint8_t module[SP_FACTS_PATH_BYTES_MAX];
        size_t len = 0;
        /* `from m import a, b` is one import of m. */
        bool is_same = i > 0 && imports[i].is_from &&
                       imports[i - 1].statement.start == imports[i].statement.start;
        if (is_same || sp_facts_module(facts, &imports[i], module, &len) != SP_OK) {
            continue;
        }
        struct sp_place place = sp_facts_place(facts, &imports[i].statement);
        sp_json_out_object(w);
        sp_json_out_member_string(w, "module", sp_slice_make(module, len));
        sp_json_out_member_u64(w, "line", place.line);
        sp_json_out_member_u64(w, "column", place.column);
        sp_json_out_object_end(w);
    }
    json_modules(w, modules);
    sp_json_out_array_end(w);
}

static void json_findings(struct sp_json_out *w, const struct sp_judgement *j)
{
    sp_json_out_key(w, "findings");
    sp_json_out_array(w);
    for (unsigned i = 0; i < j->count; i++) {
        const struct sp_policy_finding *f = &j->findings[i];
        sp_json_out_object(w);
        sp_json_out_member_text(w, "rule", f->rule);
        sp_json_out_member_text(w, "action", sp_action_name(f->action));
        sp_json_out_key(w, "message");
        sp_json_out_string_lossy(w, sp_slice_of(f->message));
        sp_json_out_member_u64(w, "line", f->place.line);
        sp_json_out_member_u64(w, "column", f->place.column);
        sp_json_out_member_u64(w, "end_line", f->place.end_line);
        sp_json_out_member_u64(w, "end_column", f->place.end_column);
        sp_json_out_object_end(w);
    }
    sp_json_out_array_end(w);
}

enum sp_err check_json_file(struct sp_buf *out, const struct check_result *result)
{
    struct sp_json_out w;
    sp_json_out_init(&w, out);
    sp_json_out_object(&w);
    sp_json_out_key(&w, "file");
    sp_json_out_string_lossy(&w, sp_slice_of(result->path));
    sp_json_out_member_text(&w, "verdict",
                            result->judgement->verdict == SP_VERDICT_ALLOW ? "allow" : "deny");
    sp_json_out_member_text(&w, "policy", result->policy);
    sp_json_out_key(&w, "capabilities");
    sp_json_out_array(&w);
    for (unsigned i = 0; i < SP_CAPABILITY_COUNT; i++) {
        if ((result->judgement->capabilities & SP_CAPABILITY_BIT(i)) != 0) {
            sp_json_out_text(&w, sp_capability_name((enum sp_capability)i));
        }
    }
    sp_json_out_array_end(&w);
    json_imports(&w, result->facts, result->modules);
    json_findings(&w, result->judgement);
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

/* ---- SARIF 2.1.0 ---- */

enum sp_err check_sarif_start(struct sp_buf *out)
{
    SP_TRY(sp_buf_put_text(
        out, "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\","
             "\"runs\":[{\"tool\":{\"driver\":{\"name\":\"sallyport\",\"version\":\"" SP_VERSION
             "\",\"rules\":["));
    for (size_t i = 0; i < SP_COUNT(rules); i++) {
        SP_TRY(sp_buf_putf(out, "%s{\"id\":\"%s\",\"shortDescription\":{\"text\":\"%s\"}}",
                           i == 0 ? "" : ",", rules[i].name, rules[i].text));
    }
    return sp_buf_put_text(out, "]}},\"columnKind\":\"unicodeCodePoints\",\"results\":[");
}

/* A path as a URI, or as a reference when it is relative: what has a meaning in URIs, or is not ASCII, is percent-encoded. */
static enum sp_err put_uri(struct sp_buf *out, struct sp_slice path)
{
    SP_TRY(sp_buf_put_text(out, sp_slice_starts(path, "/") ? "file://" : ""));
    for (size_t i = 0; i < path.len; i++) {
        uint8_t byte = path.ptr[i];
        bool is_digit = byte >= '0' && byte <= '9';
        bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool is_plain = is_digit || is_letter || byte == '/' || byte == '.' || byte == '-' ||
                        byte == '_' || byte == '~';
        SP_TRY(is_plain ? sp_buf_put_byte(out, byte) : sp_buf_putf(out, "%%%02X", byte));
    }
    return SP_OK;
}

static enum sp_err sarif_finding(struct sp_buf *out, const struct check_result *r,
                                 const struct sp_policy_finding *f)
{
    static const char *const levels[] = {"error", "warning", "note"};
    SP_TRY(sp_buf_putf(out, "{\"ruleId\":\"%s\",\"level\":\"%s\",\"message\":{\"text\":", f->rule,
                       levels[f->action]));
    SP_TRY(sp_json_out_put_string(out, sp_slice_of(f->message)));
    SP_TRY(sp_buf_put_text(
        out, "},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\""));
    SP_TRY(put_uri(out, sp_slice_of(r->path)));
    return sp_buf_putf(
        out,
        "\"},\"region\":{\"startLine\":%u,\"startColumn\":%u,\"endLine\":%u,\"endColumn\":%u}}}]}",
        f->place.line, f->place.column, f->place.end_line, f->place.end_column);
}

enum sp_err check_sarif_file(struct sp_buf *out, const struct check_result *result, bool *is_first)
{
    for (unsigned i = 0; i < result->judgement->count; i++) {
        SP_TRY(*is_first ? SP_OK : sp_buf_put_byte(out, ','));
        *is_first = false;
        SP_TRY(sarif_finding(out, result, &result->judgement->findings[i]));
    }
    return SP_OK;
}

enum sp_err check_sarif_end(struct sp_buf *out)
{
    return sp_buf_put_text(out, "]}]}\n");
}
