/*
 * kind - what a file is: by its bytes, and by what its name makes of it.
 *
 * Runs in: inspect, commands.   Input: hostile (a file that somebody uploads).   Allocates: never.
 * The bytes decide. A name can only add: `x.pth` is read at Python's start whatever it holds.
 */
#ifndef SP_FORMAT_KIND_H
#define SP_FORMAT_KIND_H

#include "base/err.h"
#include "base/slice.h"

/*    kind                    name in policies   what a message calls it */
#define SP_KIND_LIST(X)                                                                            \
    X(SP_KIND_UNKNOWN, "unknown", "a file of no known type")                                       \
    X(SP_KIND_EMPTY, "empty", "an empty file")                                                     \
    X(SP_KIND_TEXT, "text", "a text")                                                              \
    X(SP_KIND_JSON, "json", "a JSON text")                                                         \
    X(SP_KIND_PYTHON, "python", "Python source")                                                   \
    X(SP_KIND_NOTEBOOK, "notebook", "a notebook")                                                  \
    X(SP_KIND_STARTUP, "startup", "a file that Python or a library runs when it starts")           \
    X(SP_KIND_PTH, "pth", "a path file, whose lines Python runs when it starts")                   \
    X(SP_KIND_BYTECODE, "bytecode", "compiled Python")                                             \
    X(SP_KIND_NATIVE, "native", "native code")                                                     \
    X(SP_KIND_SCRIPT, "script", "a script of another language")                                    \
    X(SP_KIND_PICKLE, "pickle", "a pickle")                                                        \
    X(SP_KIND_NUMPY, "numpy", "a numpy array")                                                     \
    X(SP_KIND_ZIP, "zip", "a zip archive")                                                         \
    X(SP_KIND_TAR, "tar", "a tar archive")                                                         \
    X(SP_KIND_GZIP, "gzip", "a gzip file")                                                         \
    X(SP_KIND_COMPRESSED, "compressed", "a compressed file that is not looked into")               \
    X(SP_KIND_ARCHIVE, "archive", "an archive that is not looked into")                            \
    X(SP_KIND_OFFICE, "office", "an office document")                                              \
    X(SP_KIND_HDF5, "hdf5", "an HDF5 file")                                                        \
    X(SP_KIND_TABLE, "table", "a table of columns")                                                \
    X(SP_KIND_DATABASE, "database", "a database")                                                  \
    X(SP_KIND_IMAGE, "image", "an image")                                                          \
    X(SP_KIND_AUDIO, "audio", "a sound")                                                           \
    X(SP_KIND_VIDEO, "video", "a video")                                                           \
    X(SP_KIND_DOCUMENT, "document", "a document")                                                  \
    X(SP_KIND_FONT, "font", "a font")

enum sp_kind {
#define SP_KIND_AS_ENUM(id, name, text) id,
    SP_KIND_LIST(SP_KIND_AS_ENUM)
#undef SP_KIND_AS_ENUM
        SP_KIND_COUNT
};

const char *sp_kind_name(enum sp_kind kind);
const char *sp_kind_text(enum sp_kind kind);
enum sp_err sp_kind_from_name(struct sp_slice name, enum sp_kind *out) SP_MUST_CHECK SP_NONNULL(2);

/* What the bytes say. `*out_format` names the format within the kind ("ELF", "PNG"). Pickles are told by sp_pickle_scan. */
enum sp_kind sp_kind_of_bytes(struct sp_slice bytes, const char **out_format) SP_NONNULL(2);

/* What the name says that matters beside the bytes, SP_KIND_UNKNOWN for nothing. */
enum sp_kind sp_kind_of_name(struct sp_slice name);

/* The part behind the last slash or backslash. */
struct sp_slice sp_kind_base_name(struct sp_slice name);

#endif
