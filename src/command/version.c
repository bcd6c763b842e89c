#include <stdio.h>

#include "base/slice.h"
#include "command/command.h"

int sp_command_version(int argc, char **argv)
{
    if (argc > 1 && !sp_slice_is(sp_slice_of(argv[1]), "--help")) {
        (void)fprintf(stderr, "usage: sallyport version\n");
        return SP_EXIT_USAGE;
    }
    if (argc > 1) {
        (void)printf("usage: sallyport version\n\nPrints the version of this program.\n");
        return SP_EXIT_DONE;
    }
    (void)printf("sallyport %s\n", SP_VERSION);
    return SP_EXIT_DONE;
}
