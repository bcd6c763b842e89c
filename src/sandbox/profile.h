/*
 * profile - what one role may still ask of the kernel: a table of system calls with a reason each, files, limits.
 *
 * Runs in: every role.   Allocates: never.
 * An absent row is a refusal: the process is killed (or the call is answered with the profile's errno).
 */
#ifndef SP_SANDBOX_PROFILE_H
#define SP_SANDBOX_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How one argument decides whether a row fits. */
enum sp_check {
    SP_CHECK_NONE,
    SP_CHECK_IS, /* the argument is `value` */
    SP_CHECK_NOT, /* its lower 32 bits are anything but `value`: the kernel looks at no more of an int */
    SP_CHECK_CLEAR, /* none of the bits `value` is set */
    SP_CHECK_SET,   /* at least all of the bits `value` are set */
    SP_CHECK_SELF   /* it is the number of this process */
};

struct sp_rule {
    const char *call; /* by name, because not every machine has every call */
    const char *why;
    int answer; /* 0 lets it pass; an errno is answered without the call being made */
    enum sp_check check;
    unsigned argument;
    uint64_t value;
    bool has_more; /* another argument must be `more`, too */
    unsigned more_argument;
    uint64_t more;
};

/* Rows: a call that passes, one that passes under a condition or under two, one that is answered with an errno, one of both. */
#define SP_ALLOW(call, why)                                                                        \
    {                                                                                              \
        (call), (why), 0, SP_CHECK_NONE, 0, 0, false, 0, 0                                         \
    }
#define SP_ALLOW_IF(call, argument, check, value, why)                                             \
    {                                                                                              \
        (call), (why), 0, (check), (argument), (uint64_t)(value), false, 0, 0                      \
    }
#define SP_ALLOW_BOTH(call, first, value, second, more, why)                                       \
    {                                                                                              \
        (call), (why), 0, SP_CHECK_IS, (first), (uint64_t)(value), true, (second),                 \
            (uint64_t)(more)                                                                       \
    }
#define SP_ANSWER(call, answer, why)                                                               \
    {                                                                                              \
        (call), (why), (answer), SP_CHECK_NONE, 0, 0, false, 0, 0                                  \
    }
#define SP_ANSWER_IF(call, argument, check, value, answer, why)                                    \
    {                                                                                              \
        (call), (why), (answer), (check), (argument), (uint64_t)(value), false, 0, 0               \
    }

/* Flags of clone: by a namespace of users a process gets capabilities again. */
#define SP_NEW_NAMESPACES                                                                          \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET)

/* What of the file system stays within reach. */
enum sp_files {
    SP_FILES_NONE, /* nothing at all */
    SP_FILES_LOG, /* beneath options.dir_fd and own_fd: read, write, make files and directories; never remove, rename, cut */
    SP_FILES_GIVEN, /* beneath options.dir_fd: read; nothing at all when none was given */
    SP_FILES_READ,  /* the listed paths, reading only */
    SP_FILES_PROGRAM, /* everything: read and execute; beneath options.dir_fd and /tmp: write; /dev: read and write */
};

/* Many calls with one reason and one answer, for a table that has to name most of them. */
#define SP_GROUP_CALLS_MAX 48
struct sp_call_group {
    const char *why;
    int answer; /* 0 lets them pass; an errno is answered without the call being made */
    const char *calls[SP_GROUP_CALLS_MAX];
};

struct sp_calls {
    const struct sp_call_group *groups;
    size_t group_count;
    const struct sp_rule *rules;
    size_t rule_count;
};

#define SP_LIMIT_KEEP UINT64_MAX

struct sp_profile {
    const char *name;
    const struct sp_rule *rules;
    size_t rule_count;
    bool is_lenient; /* an absent row is answered with EPERM: for a program that is not ours */
    enum sp_files files;
    const char *const *paths; /* SP_FILES_READ: ends with NULL */
    bool
        may_connect; /* TCP connections (Landlock ABI 4): to options.ports, or anywhere without them */
    uint64_t descriptors_max;
    uint64_t file_bytes_max; /* RLIMIT_FSIZE; memfds count */
    uint64_t processes_max;  /* RLIMIT_NPROC, by user */
};

/* What every role's C library, allocator and event loop ask for. */
extern const struct sp_rule sp_common_rules[];
extern const size_t sp_common_rule_count;

extern const struct sp_profile sp_profile_door, sp_profile_front, sp_profile_admit,
    sp_profile_inspect, sp_profile_audit, sp_profile_relay, sp_profile_token, sp_profile_dial,
    sp_profile_pool, sp_profile_nursery, sp_profile_reader, sp_profile_ship, sp_profile_cli,
    sp_profile_guardian;

#endif
