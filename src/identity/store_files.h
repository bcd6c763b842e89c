/*
 * store_files - SQLite's view of the two files of the token store in a process that has only their descriptors.
 *
 * Runs in: admit.   Input: trusted.   Allocates: never.   Only store.c includes this.
 * Reading only: what would write, remove or open anything else fails.
 */
#ifndef SP_IDENTITY_STORE_FILES_H
#define SP_IDENTITY_STORE_FILES_H

#include "base/err.h"

#define SP_STORE_FILES_NAME "sallyport-descriptors"

/* Registers it for these descriptors (borrowed); again for others after the connection over the first was closed. */
enum sp_err sp_store_files_register(int db, int journal) SP_MUST_CHECK;

#endif
