/*
 * command - the subcommands of sallyport, one file each.
 *
 * Runs in: the process that a person starts.   Input: the command line.
 * Each takes its own name as argv[0] and answers with an exit status. A new one is a line here and one in main.c.
 */
#ifndef SP_COMMAND_COMMAND_H
#define SP_COMMAND_COMMAND_H

/* Exit statuses of every command. */
enum sp_exit {
    SP_EXIT_DONE = 0,        /* done, or allowed */
    SP_EXIT_DENIED = 1,      /* denied, or a check failed */
    SP_EXIT_USAGE = 2,       /* the command line or the configuration is wrong */
    SP_EXIT_UNREACHABLE = 3, /* the service cannot be reached */
};

int sp_command_serve(int argc, char **argv);
int sp_command_check(int argc, char **argv);
int sp_command_policy(int argc, char **argv);
int sp_command_exec(int argc, char **argv);
int sp_command_files(int argc, char **argv);
int sp_command_audit(int argc, char **argv);
int sp_command_config(int argc, char **argv);
int sp_command_token(int argc, char **argv);
int sp_command_version(int argc, char **argv);

/* Picks the command of a whole command line; its exit status. */
int sp_command_main(int argc, char **argv);

#endif
