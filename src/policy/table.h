/*
 * table - what modules, names and attributes can do: policy/capabilities.toml, read.
 *
 * Runs in: inspect, commands.   Input: our own file; what is looked up is hostile.   Allocates: at load.
 */
#ifndef SP_POLICY_TABLE_H
#define SP_POLICY_TABLE_H

#include "base/where.h"
#include "policy/map.h"

/*    capability                     name             what the message says it does */
#define SP_CAPABILITY_LIST(X)                                                                      \
    X(SP_CAPABILITY_PROCESS, "process", "starts or controls processes")                            \
    X(SP_CAPABILITY_NETWORK, "network", "uses the network")                                        \
    X(SP_CAPABILITY_NATIVE, "native", "runs native code or reaches raw memory")                    \
    X(SP_CAPABILITY_FILESYSTEM, "filesystem", "reads or writes files")                             \
    X(SP_CAPABILITY_DESERIALIZE, "deserialize", "runs code that is hidden in the data it loads")   \
    X(SP_CAPABILITY_DYNAMIC_CODE, "dynamic-code",                                                  \
      "runs code, or reaches names, that are computed")                                            \
    X(SP_CAPABILITY_INTROSPECTION, "introspection", "reaches into the interpreter")                \
    X(SP_CAPABILITY_ENVIRONMENT, "environment", "reads or changes the environment")                \
    X(SP_CAPABILITY_SHELL_ESCAPE, "shell-escape", "hands a line to a shell or to IPython")

enum sp_capability {
#define SP_CAPABILITY_AS_ENUM(id, name, text) id,
    SP_CAPABILITY_LIST(SP_CAPABILITY_AS_ENUM)
#undef SP_CAPABILITY_AS_ENUM
        SP_CAPABILITY_COUNT
};

/* A set of capabilities: bit n is capability n. */
#define SP_CAPABILITY_BIT(capability) (1U << (unsigned)(capability))

const char *sp_capability_name(enum sp_capability capability);
const char *sp_capability_text(enum sp_capability capability);
enum sp_err sp_capability_from_name(struct sp_slice name, enum sp_capability *out)
    SP_MUST_CHECK SP_NONNULL(2);

#define SP_TABLE_TARGETS_MAX 1024U

struct sp_table {
    struct sp_map paths; /* "os.system" -> capabilities; the longest one that fits a path counts */
    struct sp_map attributes; /* "__globals__" -> capabilities, on any object */
    struct sp_map on_modules; /* "__dict__" -> capabilities, on a module */
    struct sp_map
        orphans; /* "popen" -> capabilities, on a name that this submission does not bind */
    struct sp_map
        objects; /* "popen" -> capabilities, on anything that is not known to be an imported module */
    struct sp_map strings; /* "__globals__" -> capabilities, anywhere in a constant */
    struct sp_map quoted;  /* "allow_pickle" -> capabilities, as a whole constant */
    struct sp_map places;  /* "/proc/self" -> capabilities, at the start of a constant */
    struct sp_map magics;  /* "bash" -> capabilities */
    struct sp_map
        evaluates; /* "timeit.timeit" -> capabilities, unless the text is constant and harmless */
    struct sp_map templates; /* "jinja2.Template" -> capabilities, unless it only shows values */
    struct sp_map second;    /* "sympy.lambdify": the second argument may be code */
    struct sp_map
        unless; /* "yaml.load(Loader)": capabilities, unless it has that argument, or no argument at all */
    struct sp_map methods; /* "query" -> capabilities: the same for methods of objects */
    struct sp_map
        texts; /* "sympy": modules whose functions read a constant text as an expression */
    struct sp_map
        urls; /* "pandas.read_csv": the first argument may be an address -> capabilities */
    struct sp_map senders;  /* "to_csv": methods that write to an address as well -> capabilities */
    struct sp_map keywords; /* "allow_pickle": in any call -> capabilities */
    struct sp_map keyword_calls; /* "numpy.save": but not in these */
    struct sp_map imports;       /* "dis": an import alone is harmless */
    struct sp_map variables;     /* "OMP_NUM_THREADS": of the environment, harmless */
    struct sp_map ambiguous; /* "trace": alone the name of a variable rather than of the module */
    struct sp_map guarded;   /* "os": a module that must not be handed on as a value */
    struct sp_map pickle_globals;  /* "numpy.dtype": harmless in a pickle */
    struct sp_map pickle_packages; /* "sklearn": its classes are */
    struct sp_map image;           /* top-level modules of the session image */
    struct sp_map reexports;       /* attribute of a module -> number of a target module */
    struct sp_map exact;           /* "http.cookiejar.urllib" -> number of a target module */
    struct sp_map instead;         /* "pickle.load" -> number of a text: what is allowed instead */
    struct sp_map
        aliases; /* "np" -> number of a target module, when the submission does not bind it */
    struct sp_map targets; /* numbers by name, while loading */
    struct sp_slice target[SP_TABLE_TARGETS_MAX];
    unsigned target_count;
};

/* Reads the text of a table. */
enum sp_err sp_table_load(struct sp_slice text, struct sp_table *out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(2);
/* The table that is part of the program. */
enum sp_err sp_table_builtin(struct sp_table *out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(1);
void sp_table_done(struct sp_table *table) SP_NONNULL(1);

/* The module that an attribute of that name leads to; an empty slice when it leads nowhere special. */
struct sp_slice sp_table_reexport(const struct sp_table *table, struct sp_slice attribute)
    SP_NONNULL(1);
/* The module that this very path leads to, when it is known as another one's. */
struct sp_slice sp_table_exact(const struct sp_table *table, struct sp_slice path) SP_NONNULL(1);
/* What is allowed instead of a path, or of the longest part of it that something is known for; may be empty. */
struct sp_slice sp_table_instead(const struct sp_table *table, struct sp_slice path) SP_NONNULL(1);
struct sp_slice sp_table_alias(const struct sp_table *table, struct sp_slice name) SP_NONNULL(1);

/* Capabilities of a dotted path: those of its longest part that the table knows. `*out_len` is that part's length. */
uint32_t sp_table_path(const struct sp_table *table, struct sp_slice path, size_t *out_len)
    SP_NONNULL(1, 3);

#endif
