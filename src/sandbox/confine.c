#include "sandbox/confine.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sandbox/landlock.h"
#include "sandbox/privilege.h"
#include "sandbox/profile.h"
#include "sandbox/seccomp.h"

static const struct {
    unsigned layer;
    const char *name;
} layers[] = {
#define AS_ROW(layer, bit, name) {layer, name},
    SP_LAYER_LIST(AS_ROW)
#undef AS_ROW
};

#define LAYERS_ALL                                                                                 \
    ((unsigned)SP_LAYER_USER | (unsigned)SP_LAYER_CAPABILITIES | (unsigned)SP_LAYER_NO_NEW_PRIVS | \
     (unsigned)SP_LAYER_LANDLOCK | (unsigned)SP_LAYER_SECCOMP | (unsigned)SP_LAYER_LIMITS)

enum sp_err sp_layer_from_name(struct sp_slice name, unsigned *out)
{
    for (size_t i = 0; i < SP_COUNT(layers); i++) {
        if (sp_slice_is(name, layers[i].name)) {
            *out = layers[i].layer;
            return SP_OK;
        }
    }
    return SP_ERR_INVALID;
}

/* --- limits --- */

static enum sp_err limit(int what, uint64_t most)
{
    struct rlimit now;
    if (most == SP_LIMIT_KEEP) {
        return SP_OK;
    }
    if (getrlimit((__rlimit_resource_t)what, &now) != 0) {
        return SP_ERR_SYSTEM;
    }
    const rlim_t wanted = now.rlim_max < most ? now.rlim_max : (rlim_t)most;
    const struct rlimit next = {.rlim_cur = wanted, .rlim_max = wanted};
    return setrlimit((__rlimit_resource_t)what, &next) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

static enum sp_err enter_limits(const struct sp_profile *profile)
{
    SP_TRY(limit(RLIMIT_CORE, 0));
    SP_TRY(limit(RLIMIT_NOFILE, profile->descriptors_max));
    SP_TRY(limit(RLIMIT_FSIZE, profile->file_bytes_max));
    return limit(RLIMIT_NPROC, profile->processes_max);
}

/* --- the layers, outermost first; each that took effect leaves its bit --- */

static void enter_user(const struct sp_confine_options *options, struct sp_confinement *report)
{
    if (sp_privilege_become(options->uid, options->gid) == SP_OK && !sp_privilege_is_root()) {
        report->layers |= SP_LAYER_USER;
    }
    if (sp_privilege_drop_capabilities() == SP_OK && !sp_privilege_has_capabilities()) {
        report->layers |= SP_LAYER_CAPABILITIES;
    }
}

static void enter_seal(struct sp_confinement *report)
{
    if (sp_privilege_seal() == SP_OK && sp_privilege_has_no_new_privs()) {
        report->layers |= SP_LAYER_NO_NEW_PRIVS;
    }
}

static void enter_landlock(const struct sp_confine_options *options, struct sp_confinement *report)
{
    const struct sp_landlock_given given = {.dir_fd = options->dir_fd,
                                            .own_fd = options->own_fd,
                                            .ports = options->ports,
                                            .port_count = options->port_count};
    if (sp_landlock_enter(options->profile, &given, &report->landlock_abi) == SP_OK) {
        report->layers |= SP_LAYER_LANDLOCK;
    }
}

static void enter_seccomp(const struct sp_profile *profile, struct sp_confinement *report)
{
    if (sp_seccomp_enter(profile, &report->rows) == SP_OK && sp_privilege_has_seccomp()) {
        report->layers |= SP_LAYER_SECCOMP;
    }
}

static void describe(const struct sp_confine_options *options, unsigned uid,
                     struct sp_confinement *report)
{
    const unsigned have = report->layers;
    char landlock[32] = "missing";
    char seccomp[48] = "missing";
    if ((have & SP_LAYER_LANDLOCK) != 0) {
        (void)snprintf(landlock, sizeof(landlock), "abi%d", report->landlock_abi);
    }
    if ((have & SP_LAYER_SECCOMP) != 0) {
        (void)snprintf(seccomp, sizeof(seccomp), "%s(%u rows)",
                       sp_seccomp_default_name(options->profile), report->rows);
    }
    const char *capabilities = (have & SP_LAYER_CAPABILITIES) != 0 ? "none" : "left";
    (void)snprintf(report->text, sizeof(report->text),
                   "uid=%u caps=%s nnp=%s landlock=%s seccomp=%s limits=%s", uid, capabilities,
                   (have & SP_LAYER_NO_NEW_PRIVS) != 0 ? "yes" : "missing", landlock, seccomp,
                   (have & SP_LAYER_LIMITS) != 0 ? "yes" : "missing");
}

enum sp_err sp_confine(const struct sp_confine_options *options, struct sp_confinement *out)
{
    struct sp_confinement report = {0};
    if (options->profile == NULL) {
        return SP_ERR_UNSUPPORTED;
    }
    enter_user(options, &report);
    const unsigned uid = geteuid(); /* no row of a filter allows this question afterwards */
    /* RLIMIT_NPROC counts by user, so the limits come after the user. */
    if (enter_limits(options->profile) == SP_OK) {
        report.layers |= SP_LAYER_LIMITS;
    }
    enter_seal(&report);
    enter_landlock(options, &report);
    enter_seccomp(options->profile, &report);
    describe(options, uid, &report);
    *out = report;
    return ((report.layers | options->given_up) & LAYERS_ALL) == LAYERS_ALL ? SP_OK
                                                                            : SP_ERR_UNSUPPORTED;
}
