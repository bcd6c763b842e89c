#include "session/options.h"

#include "base/num.h"
#include "base/slice.h"
#include "wire/session_frame.h"

#define MIB ((uint64_t)1024 * 1024)

static const struct sp_session_options defaults = {
    .limits = {.memory_bytes = 1024 * MIB,
               .data_bytes = 512 * MIB,
               .files = 65536,
               .processes = 64},
    .sessions_max = 128,
    .uid = SP_SESSION_UID,
    .given_up = 0,
    .template_life_s = 300,
    .template_forks = 500,
    .templates = 0,
    .preload = "numpy,pandas,matplotlib",
    .has_egress = false,
    .outside_link = -1,
};

/* The words of the configuration that mean more than one wall, or none of a session. */
static const struct {
    const char *name;
    uint64_t layers;
} words[] = {
    {"namespaces",
     SP_WALL_BIT(SP_WALL_USER) | SP_WALL_BIT(SP_WALL_MOUNT) | SP_WALL_BIT(SP_WALL_PID) |
         SP_WALL_BIT(SP_WALL_NET) | SP_WALL_BIT(SP_WALL_IPC) | SP_WALL_BIT(SP_WALL_UTS) |
         SP_WALL_BIT(SP_WALL_CGROUP) | SP_WALL_BIT(SP_WALL_PROC) | SP_WALL_BIT(SP_WALL_READ_ONLY)},
    {"landlock", SP_WALL_BIT(SP_WALL_LANDLOCK) | SP_WALL_BIT(SP_WALL_SCOPE)},
    {"capabilities", SP_WALL_BIT(SP_WALL_CAPS)},
    {"cgroup", SP_WALL_BIT(SP_WALL_MEMORY)},
    {"limits", SP_WALL_BIT(SP_WALL_RLIMITS)},
    {"uid", 0},
};

static enum sp_err read_layer(struct sp_slice name, uint64_t *out)
{
    enum sp_wall wall = SP_WALL_USER;
    for (size_t i = 0; i < SP_COUNT(words); i++) {
        if (sp_slice_is(name, words[i].name)) {
            *out = words[i].layers;
            return SP_OK;
        }
    }
    SP_TRY(sp_wall_from_name(name, &wall));
    *out = SP_WALL_BIT(wall);
    return SP_OK;
}

static enum sp_err read_layers(struct sp_slice names, uint64_t *out)
{
    uint64_t layers = 0;
    while (names.len > 0) {
        size_t end = sp_slice_find(names, 0, ',');
        uint64_t found = 0;
        SP_TRY(read_layer(sp_slice_sub(names, 0, end), &found));
        layers |= found;
        names = sp_slice_sub(names, end + 1, names.len);
    }
    *out = layers;
    return SP_OK;
}

static enum sp_err read_u32(struct sp_slice value, uint32_t lowest, uint32_t highest, uint32_t *out)
{
    uint64_t number = 0;
    SP_TRY(sp_parse_u64(value, highest, &number));
    if (number < lowest) {
        return SP_ERR_RANGE;
    }
    *out = (uint32_t)number;
    return SP_OK;
}

static enum sp_err read_template(struct sp_slice name, struct sp_slice value,
                                 struct sp_session_options *out)
{
    if (sp_slice_is(name, "--template-life")) {
        return read_u32(value, 1, 604800, &out->template_life_s);
    }
    if (sp_slice_is(name, "--template-forks")) {
        return read_u32(value, 1, 1000000, &out->template_forks);
    }
    if (sp_slice_is(name, "--templates")) {
        return read_u32(value, 0, SP_SESSION_TEMPLATES_MAX, &out->templates);
    }
    if (sp_slice_is(name, "--as") && sp_slice_is(value, "template")) {
        out->is_template = true;
        return SP_OK;
    }
    return SP_ERR_INVALID;
}

static enum sp_err read_one(struct sp_slice name, const char *text, struct sp_session_options *out)
{
    struct sp_slice value = sp_slice_of(text);
    if (sp_slice_is(name, "--memory")) {
        return sp_parse_u64(value, UINT64_MAX / 4, &out->limits.memory_bytes);
    }
    if (sp_slice_is(name, "--data")) {
        return sp_parse_u64(value, UINT64_MAX / 4, &out->limits.data_bytes);
    }
    if (sp_slice_is(name, "--processes")) {
        return read_u32(value, 4, 4096, &out->limits.processes);
    }
    if (sp_slice_is(name, "--sessions")) {
        return read_u32(value, 1, SP_SESSION_MAX, &out->sessions_max);
    }
    if (sp_slice_is(name, "--uid")) {
        return read_u32(value, 1, UINT32_MAX - 2, &out->uid);
    }
    if (sp_slice_is(name, "--give-up")) {
        return read_layers(value, &out->given_up);
    }
    if (sp_slice_is(name, "--cpus-milli")) {
        return read_u32(value, 0, 1000000, &out->limits.cpus_milli);
    }
    if (sp_slice_is(name, "--egress")) {
        out->has_egress = sp_slice_is(value, "yes");
        return out->has_egress || sp_slice_is(value, "no") ? SP_OK : SP_ERR_INVALID;
    }
    if (sp_slice_is(name, "--preload")) {
        out->preload = text;
        return SP_OK;
    }
    return read_template(name, value, out);
}

enum sp_err sp_session_options_read(int argc, char **argv, struct sp_session_options *out)
{
    struct sp_session_options options = defaults;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 >= argc || read_one(sp_slice_of(argv[i]), argv[i + 1], &options) != SP_OK) {
            return SP_ERR_CONFIG;
        }
    }
    *out = options;
    return SP_OK;
}
