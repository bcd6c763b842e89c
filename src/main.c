/*
 * sallyport - one program: the commands for people, and every role of the gateway.
 *
 * A role is entered by the supervisor's hidden first argument and only with its wire at descriptor 3.
 */
#include "command/command.h"
#include "process/roles.h"

int main(int argc, char **argv)
{
    int status = 0;
    if (sp_role_enter(argc, argv, &status)) {
        return status;
    }
    return sp_command_main(argc, argv);
}
