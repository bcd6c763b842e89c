#include "api/shell.h"

#include "codec/json.h"
#include "codec/json_out.h"

/* The output of a command is bytes of any kind; a command that a signal ended has the status that a shell would show. */
static const char prologue[] =
    "def _run_command(command, text):\n"
    "    import subprocess, sys\n"
    "    done = subprocess.run(command, input=text.encode(), capture_output=True, "
    "cwd='/mnt/data')\n"
    "    sys.stdout.write(done.stdout.decode('utf-8', 'replace'))\n"
    "    sys.stderr.write(done.stderr.decode('utf-8', 'replace'))\n"
    "    return done.returncode if done.returncode >= 0 else 128 - done.returncode\n"
    "_run_command([";

static const struct sp_json_value *member(const struct sp_json_value *members, const char *name)
{
    const struct sp_json_value *value = sp_json_get(members, name);
    return value == NULL || sp_json_is(value, SP_JSON_NULL) ? NULL : value;
}

bool sp_shell_is_asked(const struct sp_json_value *members)
{
    return member(members, "shellCommand") != NULL || member(members, "execCommandAndArgs") != NULL;
}

/* What JSON writes for a text that has no lone surrogates is the same text in Python. */
static enum sp_err put_string(const struct sp_json_value *value, struct sp_buf *out)
{
    struct sp_slice text = {NULL, 0};
    SP_TRY(sp_json_string(value, &text) == SP_OK ? SP_OK : SP_ERR_REQUEST);
    return sp_json_out_put_string(out, text);
}

static enum sp_err put_list(const struct sp_json_value *list, struct sp_buf *out)
{
    if (!sp_json_is(list, SP_JSON_ARRAY) || sp_json_first(list) == NULL) {
        return SP_ERR_REQUEST;
    }
    for (const struct sp_json_value *at = sp_json_first(list); at != NULL; at = sp_json_next(at)) {
        SP_TRY(at == sp_json_first(list) ? SP_OK : sp_buf_put_text(out, ", "));
        SP_TRY(put_string(at, out));
    }
    return SP_OK;
}

enum sp_err sp_shell_code(const struct sp_json_value *members, struct sp_buf *out)
{
    const struct sp_json_value *command = member(members, "shellCommand");
    const struct sp_json_value *list = member(members, "execCommandAndArgs");
    const struct sp_json_value *input = member(members, "stdin");
    if ((command == NULL) == (list == NULL)) {
        return SP_ERR_REQUEST;
    }
    SP_TRY(sp_buf_put_text(out, prologue));
    SP_TRY(command != NULL ? sp_buf_put_text(out, "'/bin/bash', '-c', ") : SP_OK);
    SP_TRY(command != NULL ? put_string(command, out) : put_list(list, out));
    SP_TRY(sp_buf_put_text(out, "], "));
    SP_TRY(input != NULL ? put_string(input, out) : sp_buf_put_text(out, "''"));
    return sp_buf_put_text(out, ")\n");
}
