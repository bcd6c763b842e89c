#include "command/prompt.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <histedit.h>

#include "base/own.h"
#include "command/command.h"
#include "command/prompt_cell.h"
#include "os/files.h"

#define HISTORY_LINES 2000
#define HISTORY_FILE  "exec-history"

/* The library asks for the prompt by a function without a context of ours. */
static bool is_continued;

static char *prompt_text(EditLine *edit)
{
    static char first[] = ">>> ";
    static char more[] = "... ";
    (void)edit;
    return is_continued ? more : first;
}

struct prompt {
    EditLine *edit;
    History *history;
    struct sp_buf path; /* of the history; empty: none is kept */
    struct sp_buf cell;
};

/* $XDG_STATE_HOME/sallyport/exec-history, or nowhere. */
static enum sp_err find_history(struct sp_buf *out)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    const bool has_state = state != NULL && state[0] == '/';
    if (!has_state && (home == NULL || home[0] != '/')) {
        return SP_OK;
    }
    SP_TRY(sp_buf_put_text(out, has_state ? state : home));
    SP_TRY(sp_buf_put_text(out, has_state ? "/sallyport" : "/.local/state/sallyport"));
    SP_TRY(sp_buf_put_byte(out, '\0'));
    if (sp_dir_make((const char *)out->ptr, 0700) != SP_OK) {
        sp_buf_clear(out);
        return SP_OK;
    }
    sp_buf_truncate(out, out->len - 1);
    SP_TRY(sp_buf_put_text(out, "/" HISTORY_FILE));
    return sp_buf_put_byte(out, '\0');
}

static void load_history(struct prompt *p)
{
    HistEvent event;
    (void)history(p->history, &event, H_SETSIZE, HISTORY_LINES);
    (void)history(p->history, &event, H_SETUNIQUE, 1);
    if (find_history(&p->path) == SP_OK && p->path.len > 0) {
        (void)history(p->history, &event, H_LOAD,
                      (const char *)p->path.ptr); /* the first time there is none */
    }
}

static bool open_prompt(struct prompt *p)
{
    sp_buf_init(&p->path, SP_FILE_PATH_MAX);
    sp_buf_init(&p->cell, SP_EXEC_CODE_BYTES_MAX);
    (void)setlocale(LC_CTYPE, "");
    p->edit = el_init("sallyport", stdin, stdout, stderr);
    p->history = history_init();
    if (p->edit == NULL || p->history == NULL) {
        return false;
    }
    load_history(p);
    (void)el_set(p->edit, EL_PROMPT, prompt_text);
    (void)el_set(p->edit, EL_EDITOR, "emacs");
    (void)el_set(p->edit, EL_SIGNAL, 1);
    (void)el_set(p->edit, EL_HIST, history, p->history);
    return true;
}

static void close_prompt(struct prompt *p)
{
    HistEvent event;
    if (p->history != NULL && p->path.len > 0) {
        (void)history(p->history, &event, H_SAVE, (const char *)p->path.ptr);
    }
    if (p->edit != NULL) {
        el_end(p->edit);
    }
    if (p->history != NULL) {
        history_end(p->history);
    }
    sp_buf_done(&p->path);
    sp_buf_done(&p->cell);
}

/* The next cell; SP_ERR_CLOSED at the end of input. */
static enum sp_err read_cell(struct prompt *p)
{
    HistEvent event;
    sp_buf_clear(&p->cell);
    do {
        int len = 0;
        is_continued = p->cell.len > 0;
        const char *line = el_gets(p->edit, &len);
        if (line == NULL || len <= 0) {
            return SP_ERR_CLOSED;
        }
        SP_TRY(sp_buf_put(&p->cell, sp_slice_make(line, (size_t)len)));
        if (line[0] != '\n') {
            (void)history(p->history, &event, H_ENTER, line);
        }
    } while (!sp_prompt_is_whole(sp_buf_slice(&p->cell)));
    return SP_OK;
}

static bool is_blank(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != ' ' && text.ptr[i] != '\t' && text.ptr[i] != '\n') {
            return false;
        }
    }
    return true;
}

static bool is_farewell(struct sp_slice text)
{
    return sp_slice_is(text, "exit\n") || sp_slice_is(text, "quit\n") ||
           sp_slice_is(text, "exit()\n") || sp_slice_is(text, "quit()\n");
}

int sp_prompt(struct sp_exec_run *run)
{
    SP_CLEANUP(close_prompt) struct prompt p = {.edit = NULL};
    int status = SP_EXIT_DONE;
    if (!open_prompt(&p)) {
        (void)fprintf(
            stderr,
            "sallyport exec: this terminal cannot be used for a prompt; name a file, or -\n");
        return SP_EXIT_USAGE;
    }
    (void)printf("Python in session %.*s, through %.*s. An empty line ends a block; Ctrl-D ends "
                 "the session.\n",
                 (int)run->session.len, (const char *)run->session.ptr,
                 (int)run->remote->origin.len, (const char *)run->remote->origin.ptr);
    run->name = "<prompt>";
    for (;;) {
        enum sp_err err = read_cell(&p);
        run->code = sp_buf_slice(&p.cell);
        if (err != SP_OK || is_farewell(run->code)) {
            (void)printf("%s", err == SP_ERR_CLOSED ? "\n" : "");
            return err == SP_ERR_TOO_BIG ? SP_EXIT_USAGE : status;
        }
        if (!is_blank(run->code)) {
            status = sp_exec_run(run);
        }
        if (status == SP_EXIT_USAGE) { /* the token: every further cell would fail alike */
            return status;
        }
    }
}
