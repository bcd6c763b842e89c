/*
 * asker - whose code is running now, by the file that it was compiled from.
 *
 * Runs in: the interpreters.   Allocates: never.   Only Python's files include this.
 */
#ifndef SP_SESSION_ASKER_H
#define SP_SESSION_ASKER_H

#include "base/slice.h"

/* The file name of the innermost frame of Python, "?" for one without, empty without a frame. Valid while that frame lives. */
struct sp_slice sp_asker(void);

#endif
