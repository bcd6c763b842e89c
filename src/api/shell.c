#include "api/shell.h"

#include "codec/json.h"
#include "codec/json_out.h"

/*
 * The output of a command is bytes of any kind. Its status is what a shell would show: 128 and the number for one that a
 * signal ended, 127 and 126 for a program that is not there or cannot be run, 124 with all that it said until then for
 * one that did not end in its time (as timeout(1) has it), which takes its children along. A pool interrupts more than
 * once: an exception would be met by the next one while the output is still being read.
 */
static const char prologue[] =
    "def _run_command(command, text):\n"
    "    import os, signal, subprocess, sys\n"
    "    over = []\n"
    "    def stop(*_):\n"
    "        over.append(True)\n"
    "        try:\n"
    "            os.killpg(child.pid, signal.SIGKILL)\n"
    "        except OSError:\n"
    "            pass\n"
    "    try:\n"
    "        child = subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, cwd='/mnt/data', "
    "start_new_session=True)\n"
    "    except OSError as error:\n"
    "        sys.stderr.write(f'{command[0]}: {error.strerror}\\n')\n"
    "        return 127 if isinstance(error, FileNotFoundError) else 126\n"
    "    before = signal.signal(signal.SIGINT, stop)\n"
    "    try:\n"
    "        out, err = child.communicate(text.encode())\n"
    "    finally:\n"
    "        signal.signal(signal.SIGINT, before or signal.default_int_handler)\n"
    "    status = child.returncode if child.returncode >= 0 else 128 - child.returncode\n"
    "    if over:\n"
    "        err += b'the command did not end in its time\\n'\n"
    "        status = 124\n"
    "    sys.stdout.write(out.decode('utf-8', 'replace'))\n"
    "    sys.stderr.write(err.decode('utf-8', 'replace'))\n"
    "    return status\n"
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
