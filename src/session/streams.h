/*
 * streams - standard input, output and error of an interpreter, which a run may close or point elsewhere: put back after it.
 *
 * Runs in: the interpreters.   Reads: what the kernel says about its own descriptors.   Allocates: never.
 */
#ifndef SP_SESSION_STREAMS_H
#define SP_SESSION_STREAMS_H

#include "base/err.h"

/* How many descriptors sp_streams_keep makes. */
#define SP_STREAMS_KEPT 2

/* Keeps copies of descriptors 1 and 2 as `first` and the one after it, which programs that are started do not get. */
enum sp_err sp_streams_keep(int first) SP_MUST_CHECK;

/* Puts back what is not as it was. SP_ERR_CLOSED when the copies are gone as well. */
enum sp_err sp_streams_restore(void) SP_MUST_CHECK;

#endif
