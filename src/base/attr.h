/*
 * attr - the compiler attributes the house uses, under our own names.
 *
 * Runs in: every process.   GNU attributes are written nowhere else.
 */
#ifndef SP_BASE_ATTR_H
#define SP_BASE_ATTR_H

#define SP_MUST_CHECK          __attribute__((warn_unused_result))
#define SP_NONNULL(...)        __attribute__((nonnull(__VA_ARGS__)))
#define SP_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define SP_NORETURN            __attribute__((noreturn))
#define SP_UNUSED              __attribute__((unused))
/* A rare path that would burden a short one with its registers. */
#define SP_NOINLINE            __attribute__((noinline))
/* A large local that is always written before it is read: zeroing it first would cost more than what is done in it. */
#define SP_ROOM                __attribute__((uninitialized))
/* The end of the scope is a use: a local that only waits for it is none too many. */
#define SP_CLEANUP(fn)         __attribute__((cleanup(fn), unused))

#define SP_COUNT(array)        (sizeof(array) / sizeof((array)[0]))

#endif
