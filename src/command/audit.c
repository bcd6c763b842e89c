/* sallyport audit: reads a log without a server, and says and proves what is in it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "command/audit_inner.h"
#include "command/command.h"
#include "command/hint.h"
#include "config/config.h"
#include "os/files.h"

static const char help[] =
    "usage: sallyport audit verify [-c FILE] [--key KEY] [--checkpoint FILE] [DIR]\n"
    "       sallyport audit verify --proof FILE --key KEY\n"
    "       sallyport audit prove [-c FILE] N [DIR | --endpoint URL]\n"
    "       sallyport audit checkpoint [-c FILE] [DIR | --endpoint URL]\n"
    "       sallyport audit rotate-key [-c FILE]\n"
    "       sallyport audit keygen FILE\n"
    "       sallyport audit code [-c FILE] --key FILE N\n"
    "       sallyport audit erase [-c FILE] TENANT\n"
    "       sallyport audit search|show|tail|export ...      (see 'search --help')\n"
    "\n"
    "verify      reads the audit log in DIR (default: the directory 'log' of the\n"
    "            state that the configuration names) and checks every byte of it:\n"
    "            entries and their schema, numbers, times, each outcome to its one\n"
    "            intent, all hashes, and the signed checkpoint. It needs no server\n"
    "            and changes nothing.\n"
    "prove       prints entry number N with the proof that it is in the log (C2SP\n"
    "            tlog-proof), for a file of its own.\n"
    "checkpoint  prints the log's public key, for --key, then those that signed\n"
    "            before it, and behind an empty line the latest signed checkpoint.\n"
    "            Of a gateway elsewhere (--endpoint) only the checkpoint; kept, it is\n"
    "            what 'verify --checkpoint' holds the log against.\n"
    "rotate-key  asks the service for another signing key: it makes one when it is\n"
    "            started or sent SIGHUP, and both keys sign the change. 'verify'\n"
    "            follows such changes from the key that is given to it.\n"
    "keygen      makes an auditor's pair of keys: the private one in a new file, the\n"
    "            public one on standard output, as the configuration takes it. With\n"
    "            it the service keeps all submitted code, and cannot read it back.\n"
    "code        prints the code of entry N that was kept, opened with the auditor's\n"
    "            private key and compared with the entry's digest.\n"
    "erase       destroys the key by which a tenant's names stand in the log, where\n"
    "            [audit] identities = \"keyed\": no name of it can be found again.\n"
    "\n"
    "  -c, --config FILE   the configuration that names the state directory\n"
    "  --key KEY           the public key that must have signed, or a file that holds\n"
    "                      it. Without one verify takes the key that the log itself\n"
    "                      names, and whoever can rewrite the log can rewrite that.\n"
    "  --checkpoint FILE   one kept elsewhere, or a stream that was shipped, of which\n"
    "                      the last one counts: the log must have grown from it\n"
    "  --proof FILE        what 'prove' printed: it is checked without any log\n"
    "  --endpoint URL      asks that gateway, with a token of the scope audit:read in\n"
    "                      --token-file FILE or SALLYPORT_TOKEN, and --ca-file FILE\n"
    "  -h, --help          this text\n"
    "\n"
    "Exit status: 0 all is well, 1 it is not, 2 it cannot be read, or the command\n"
    "line is wrong, 3 the gateway cannot be reached.\n";

int sp_audit_usage(const char *what, const char *detail)
{
    (void)fprintf(stderr, "sallyport audit: %s%s%s\nTry 'sallyport audit --help'.\n", what,
                  *detail == '\0' ? "" : " ", detail);
    return SP_EXIT_USAGE;
}

int sp_audit_cannot(const char *what, const char *path, enum sp_err err)
{
    (void)fprintf(stderr, "sallyport audit: %s %s: %s\n", what, path,
                  err == SP_ERR_SYSTEM ? strerror(errno) : sp_err_text(err));
    return SP_EXIT_USAGE;
}

/* The place for the value of an option that takes one, or NULL. */
static const char **value_of(const char *argument, struct sp_audit_options *options)
{
    if (strcmp(argument, "-c") == 0 || strcmp(argument, "--config") == 0) {
        return &options->config;
    }
    if (strcmp(argument, "--key") == 0) {
        return &options->key;
    }
    if (strcmp(argument, "--checkpoint") == 0) {
        return &options->checkpoint;
    }
    return strcmp(argument, "--proof") == 0 ? &options->proof
                                            : sp_remote_option(&options->remote, argument);
}

/* What is no option: the action, then for some a number, then a directory. */
static int take_word(const char *word, const char **action, struct sp_audit_options *options)
{
    if (*action == NULL) {
        *action = word;
    } else if ((strcmp(*action, "prove") == 0 || strcmp(*action, "code") == 0) &&
               options->entry == NULL) {
        options->entry = word;
    } else if (options->directory == NULL) {
        options->directory = word;
    } else {
        return sp_audit_usage("cannot make sense of", word);
    }
    return SP_EXIT_DONE;
}

static int parse(int argc, char **argv, const char **action, struct sp_audit_options *options)
{
    for (int i = 1; i < argc; i++) {
        const char **value = value_of(argv[i], options);
        int status = SP_EXIT_DONE;
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            options->wants_help = true;
        } else if (value != NULL && i + 1 == argc) {
            status = sp_audit_usage("a value must follow", argv[i]);
        } else if (value != NULL) {
            *value = argv[++i];
        } else if (*argv[i] == '-') {
            status = sp_audit_usage("there is no option", argv[i]);
        } else {
            status = take_word(argv[i], action, options);
        }
        if (status != SP_EXIT_DONE) {
            return status;
        }
    }
    return SP_EXIT_DONE;
}

/* --- what the actions share --- */

/* The state that a configuration names. */
static int configured(const char *config_path, char *out, size_t room)
{
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    struct sp_where where = {.line = 0};
    if (sp_config_load(config_path, NULL, &config, &where) != SP_OK) {
        (void)fprintf(stderr, "sallyport audit: %s:%u:%u: %s\n",
                      config_path == NULL ? "" : config_path, where.line, where.column, where.text);
        return SP_EXIT_USAGE;
    }
    int len = snprintf(out, room, "%s", config->state_dir);
    return len < 0 || (size_t)len >= room
               ? sp_audit_usage("the state directory's name is too long", "")
               : SP_EXIT_DONE;
}

/* Of a log in its state directory audit's own directory is beside it; of a copy there is none, and none is needed. */
static int open_both(struct sp_audit_place *place, const char *own)
{
    SP_AUTO_CLOSE int log = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SP_AUTO_CLOSE int audit = own == NULL ? -1 : open(own, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (log < 0) {
        return sp_audit_cannot("cannot read", place->path, SP_ERR_SYSTEM);
    }
    enum sp_err err = sp_disk_open_directory(&place->directory, sp_take_fd(&log),
                                             sp_take_fd(&audit), &place->disk);
    return err == SP_OK ? SP_EXIT_DONE : sp_audit_cannot("cannot read", place->path, err);
}

int sp_audit_place_open(const struct sp_audit_options *options, struct sp_audit_place *out)
{
    char state[4000];
    char own[4096];
    if (options->directory != NULL) {
        int len = snprintf(out->path, sizeof(out->path), "%s", options->directory);
        return len < 0 || (size_t)len >= sizeof(out->path)
                   ? sp_audit_usage("the name is too long:", options->directory)
                   : open_both(out, NULL);
    }
    int status = configured(options->config, state, sizeof(state));
    if (status != SP_EXIT_DONE) {
        return status;
    }
    (void)snprintf(out->path, sizeof(out->path), "%s/log", state);
    (void)snprintf(own, sizeof(own), "%s/audit", state);
    return open_both(out, own);
}

void sp_audit_place_close(struct sp_audit_place *place)
{
    sp_disk_close_directory(&place->directory);
}

int sp_audit_key(const struct sp_audit_options *options, struct sp_note_key *out)
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, SP_NOTE_BYTES_MAX);
    *out = (struct sp_note_key){.key = NULL};
    if (options->key == NULL || sp_note_key_read(sp_slice_of(options->key), out) == SP_OK) {
        return SP_EXIT_DONE;
    }
    enum sp_err err = sp_file_read(options->key, &text);
    if (err != SP_OK) {
        return sp_audit_usage("this is neither a public key nor a file that holds one:",
                              options->key);
    }
    struct sp_slice line = sp_buf_slice(&text);
    line = sp_slice_sub(line, 0, sp_slice_find(line, 0, '\n'));
    return sp_note_key_read(line, out) == SP_OK
               ? SP_EXIT_DONE
               : sp_audit_usage("there is no public key in the first line of", options->key);
}

int sp_command_audit(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(const struct sp_audit_options *options);
        bool is_remote;
    } actions[] = {
        {"verify", sp_audit_verify_command, false},
        {"prove", sp_audit_prove_command, true},
        {"checkpoint", sp_audit_checkpoint_command, true},
        {"rotate-key", sp_audit_rotate_command, false},
        {"keygen", sp_audit_keygen_command, false},
        {"code", sp_audit_code_command, false},
        {"erase", sp_audit_erase_command, false},
    };
    static const char *const readers[] = {"search", "show", "tail", "export"};
    struct sp_audit_options options = {.directory = NULL};
    const char *action = NULL;
    for (size_t i = 0; argc > 1 && i < SP_COUNT(readers); i++) {
        if (strcmp(argv[1], readers[i]) == 0) {
            return sp_audit_read_command(argc, argv);
        }
    }
    int status = parse(argc, argv, &action, &options);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    if (options.wants_help) {
        (void)fputs(help, stdout);
        return SP_EXIT_DONE;
    }
    if (action == NULL) {
        return sp_audit_usage("an action must follow: verify, prove, checkpoint, rotate-key, "
                              "keygen, code, erase, search, show, tail or export",
                              "");
    }
    for (size_t i = 0; i < SP_COUNT(actions); i++) {
        if (strcmp(action, actions[i].name) == 0) {
            return options.remote.endpoint == NULL || actions[i].is_remote
                       ? actions[i].run(&options)
                       : sp_audit_usage("--endpoint is for prove, checkpoint, search, show, tail "
                                        "and export, not for",
                                        action);
        }
    }
    return sp_hint("audit", help, "there is no action", action);
}
