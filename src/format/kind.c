#include "format/kind.h"

#include "format/le.h"

#define HEAD_BYTES_MAX ((size_t)4096)

static const struct {
    const char *name;
    const char *text;
} kinds[SP_KIND_COUNT] = {
#define SP_KIND_AS_ROW(id, word, words) [id] = {.name = (word), .text = (words)},
    SP_KIND_LIST(SP_KIND_AS_ROW)
#undef SP_KIND_AS_ROW
};

const char *sp_kind_name(enum sp_kind kind)
{
    return (unsigned)kind < SP_KIND_COUNT ? kinds[kind].name : "unknown";
}

const char *sp_kind_text(enum sp_kind kind)
{
    return (unsigned)kind < SP_KIND_COUNT ? kinds[kind].text : "a file of no known type";
}

enum sp_err sp_kind_from_name(struct sp_slice name, enum sp_kind *out)
{
    for (unsigned i = 0; i < SP_KIND_COUNT; i++) {
        if (sp_slice_is(name, kinds[i].name)) {
            *out = (enum sp_kind)i;
            return SP_OK;
        }
    }
    return SP_ERR_INVALID;
}

/* ---- by the first bytes ---- */

struct magic {
    enum sp_kind kind;
    uint8_t at;
    uint8_t len;
    const char *bytes;
    const char *format;
};

#define MAGIC(kind, at, text, format)                                                              \
    {                                                                                              \
        kind, at, sizeof(text) - 1, text, format                                                   \
    }

/* Longer ones first where one begins like another. */
static const struct magic magics[] = {
    MAGIC(SP_KIND_NATIVE, 0, "\177ELF", "ELF"),
    MAGIC(SP_KIND_NATIVE, 0, "\xFE\xED\xFA\xCE", "Mach-O"),
    MAGIC(SP_KIND_NATIVE, 0, "\xFE\xED\xFA\xCF", "Mach-O"),
    MAGIC(SP_KIND_NATIVE, 0, "\xCE\xFA\xED\xFE", "Mach-O"),
    MAGIC(SP_KIND_NATIVE, 0, "\xCF\xFA\xED\xFE", "Mach-O"),
    MAGIC(SP_KIND_NATIVE, 0, "\xCA\xFE\xBA\xBE", "Mach-O or Java"),
    MAGIC(SP_KIND_NATIVE, 0, "\xCA\xFE\xBA\xBF", "Mach-O"),
    MAGIC(SP_KIND_NATIVE, 0, "\0asm", "WebAssembly"),
    MAGIC(SP_KIND_NATIVE, 0, "!<arch>\n", "an archive of object files"),
    MAGIC(SP_KIND_NATIVE, 0, "dex\n0", "Dalvik"),
    MAGIC(SP_KIND_NATIVE, 0, "BC\xC0\xDE", "LLVM bitcode"),
    MAGIC(SP_KIND_ZIP, 0, "PK\3\4", "zip"),
    MAGIC(SP_KIND_ZIP, 0, "PK\5\6", "zip"),
    MAGIC(SP_KIND_ZIP, 0, "PK\7\10", "zip"),
    MAGIC(SP_KIND_GZIP, 0, "\x1F\x8B", "gzip"),
    MAGIC(SP_KIND_COMPRESSED, 0, "BZh", "bzip2"),
    MAGIC(SP_KIND_COMPRESSED, 0,
          "\xFD"
          "7zXZ\0",
          "xz"),
    MAGIC(SP_KIND_COMPRESSED, 0, "]\0\0", "lzma"),
    MAGIC(SP_KIND_COMPRESSED, 0, "\x28\xB5\x2F\xFD", "zstd"),
    MAGIC(SP_KIND_COMPRESSED, 0, "\x04\x22\x4D\x18", "lz4"),
    MAGIC(SP_KIND_COMPRESSED, 0, "\x1F\x9D", "compress"),
    MAGIC(SP_KIND_COMPRESSED, 0, "LZIP\1", "lzip"),
    MAGIC(SP_KIND_COMPRESSED, 0, "\xFF\x06\0\0sNaPpY", "snappy"),
    MAGIC(SP_KIND_ARCHIVE, 0, "7z\xBC\xAF\x27\x1C", "7z"),
    MAGIC(SP_KIND_ARCHIVE, 0, "Rar!\x1A\x07", "rar"),
    MAGIC(SP_KIND_ARCHIVE, 0, "MSCF\0\0\0\0", "cab"),
    MAGIC(SP_KIND_ARCHIVE, 0, "xar!", "xar"),
    MAGIC(SP_KIND_ARCHIVE, 0, "hsqs", "squashfs"),
    MAGIC(SP_KIND_TAR, 0, "", "tar"), /* no bytes: told by its checksum, see below */
    MAGIC(SP_KIND_NUMPY, 0, "\x93NUMPY", "npy"),
    MAGIC(SP_KIND_HDF5, 0, "\x89HDF\r\n\x1A\n", "HDF5"),
    MAGIC(SP_KIND_TABLE, 0, "PAR1", "parquet"),
    MAGIC(SP_KIND_TABLE, 0, "ARROW1\0\0", "arrow"),
    MAGIC(SP_KIND_TABLE, 0, "\xFF\xFF\xFF\xFF", "arrow stream"),
    MAGIC(SP_KIND_TABLE, 0, "FEA1", "feather"),
    MAGIC(SP_KIND_TABLE, 0, "ORC", "orc"),
    MAGIC(SP_KIND_TABLE, 0, "Obj\1", "avro"),
    MAGIC(SP_KIND_TABLE, 0, "CDF\1", "netCDF"),
    MAGIC(SP_KIND_TABLE, 0, "CDF\2", "netCDF"),
    MAGIC(SP_KIND_TABLE, 0, "CDF\5", "netCDF"),
    MAGIC(SP_KIND_TABLE, 0, "MATLAB 5.0 MAT-file", "MAT"),
    MAGIC(SP_KIND_TABLE, 0, "$FL2@(#)", "SPSS"),
    MAGIC(SP_KIND_TABLE, 0, "$FL3@(#)", "SPSS"),
    MAGIC(SP_KIND_TABLE, 0, "<stata_dta>", "Stata"),
    MAGIC(SP_KIND_TABLE, 0, "SIMPLE  =", "FITS"),
    MAGIC(SP_KIND_DATABASE, 0, "SQLite format 3\0", "SQLite"),
    MAGIC(SP_KIND_DATABASE, 8, "DUCK", "DuckDB"),
    MAGIC(SP_KIND_IMAGE, 0, "\x89PNG\r\n\x1A\n", "PNG"),
    MAGIC(SP_KIND_IMAGE, 0, "\xFF\xD8\xFF", "JPEG"),
    MAGIC(SP_KIND_IMAGE, 0, "GIF87a", "GIF"),
    MAGIC(SP_KIND_IMAGE, 0, "GIF89a", "GIF"),
    MAGIC(SP_KIND_IMAGE, 0, "II*\0", "TIFF"),
    MAGIC(SP_KIND_IMAGE, 0, "MM\0*", "TIFF"),
    MAGIC(SP_KIND_IMAGE, 0, "II+\0", "TIFF"),
    MAGIC(SP_KIND_IMAGE, 0, "\0\0\1\0", "icon"),
    MAGIC(SP_KIND_IMAGE, 0, "8BPS\0", "Photoshop"),
    MAGIC(SP_KIND_IMAGE, 8, "WEBP", "WebP"),
    MAGIC(SP_KIND_IMAGE, 4, "ftypheic", "HEIC"),
    MAGIC(SP_KIND_IMAGE, 4, "ftypavif", "AVIF"),
    MAGIC(SP_KIND_IMAGE, 4, "ftypmif1", "HEIF"),
    MAGIC(SP_KIND_IMAGE, 0, "\0\0\0\x0CjP  ", "JPEG 2000"),
    MAGIC(SP_KIND_AUDIO, 8, "WAVE", "WAV"),
    MAGIC(SP_KIND_AUDIO, 0, "ID3\2", "MP3"),
    MAGIC(SP_KIND_AUDIO, 0, "ID3\3", "MP3"),
    MAGIC(SP_KIND_AUDIO, 0, "ID3\4", "MP3"),
    MAGIC(SP_KIND_AUDIO, 0, "\xFF\xFB", "MP3"),
    MAGIC(SP_KIND_AUDIO, 0, "\xFF\xF3", "MP3"),
    MAGIC(SP_KIND_AUDIO, 0, "OggS", "Ogg"),
    MAGIC(SP_KIND_AUDIO, 0, "fLaC", "FLAC"),
    MAGIC(SP_KIND_AUDIO, 8, "AIFF", "AIFF"),
    MAGIC(SP_KIND_AUDIO, 0, "MThd\0", "MIDI"),
    MAGIC(SP_KIND_VIDEO, 8, "AVI ", "AVI"),
    MAGIC(SP_KIND_VIDEO, 4, "ftyp", "MP4"),
    MAGIC(SP_KIND_VIDEO, 0, "\x1A\x45\xDF\xA3", "Matroska"),
    MAGIC(SP_KIND_VIDEO, 0, "\0\0\1\xBA", "MPEG"),
    MAGIC(SP_KIND_DOCUMENT, 0, "%PDF-", "PDF"),
    MAGIC(SP_KIND_DOCUMENT, 0, "{\\rtf", "RTF"),
    MAGIC(SP_KIND_DOCUMENT, 0, "%!PS", "PostScript"),
    MAGIC(SP_KIND_OFFICE, 0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old office document"),
    MAGIC(SP_KIND_FONT, 0, "\0\1\0\0\0", "TrueType"),
    MAGIC(SP_KIND_FONT, 0, "OTTO\0", "OpenType"),
    MAGIC(SP_KIND_FONT, 0, "ttcf", "TrueType collection"),
    MAGIC(SP_KIND_FONT, 0, "wOFF", "WOFF"),
    MAGIC(SP_KIND_FONT, 0, "wOF2", "WOFF2"),
};

static bool has(struct sp_slice bytes, size_t at, struct sp_slice what)
{
    return at <= bytes.len && what.len <= bytes.len - at &&
           sp_slice_equal(sp_slice_make(bytes.ptr + at, what.len), what);
}

/* A program of DOS or Windows: its header holds zero bytes, which no text that begins with these letters does. */
static bool is_dos_program(struct sp_slice bytes)
{
    struct sp_slice head = sp_slice_sub(bytes, 0, HEAD_BYTES_MAX);
    return bytes.len >= 28 && has(bytes, 0, SP_SLICE_LITERAL("MZ")) &&
           sp_slice_find(head, 0, 0) < head.len;
}

/* Every release since 3.0 has a number between 3000 and 4000 and the bytes CR LF behind it. */
static bool is_bytecode(struct sp_slice bytes)
{
    return bytes.len >= 8 && bytes.ptr[2] == '\r' && bytes.ptr[3] == '\n' &&
           sp_le16(bytes, 0) >= 3000 && sp_le16(bytes, 0) < 4000;
}

/* By its checksum, of signed or unsigned bytes, or by its own word: the reader of archives then looks closer. */
static bool is_tar(struct sp_slice bytes)
{
    uint32_t sum = 0;
    uint32_t high = 0; /* bytes that count 256 less when they have a sign */
    uint32_t want = 0;
    if (bytes.len < 512) {
        return false;
    }
    for (size_t i = 0; i < 512; i++) {
        bool is_sum = i >= 148 && i < 156;
        sum += is_sum ? ' ' : bytes.ptr[i];
        high += !is_sum && bytes.ptr[i] >= 0x80 ? 256 : 0;
    }
    size_t at = 148;
    while (at < 156 && bytes.ptr[at] == ' ') {
        at++;
    }
    size_t first = at;
    while (at < 156 && bytes.ptr[at] >= '0' && bytes.ptr[at] <= '7') {
        want = (want << 3U) | (uint32_t)(bytes.ptr[at] - '0');
        at++;
    }
    return (at > first && (sum == want || sum - high == want)) ||
           has(bytes, 257, SP_SLICE_LITERAL("ustar"));
}

/* ---- texts ---- */

/* No NUL and hardly any control byte: what an editor would show, in whatever encoding of single bytes or UTF-8. */
static bool is_text(struct sp_slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = bytes.ptr[i];
        bool is_blank = (byte >= '\t' && byte <= '\r') || byte == 0x1A || byte == 0x1B;
        if (byte < 0x20 && !is_blank) {
            return false;
        }
    }
    return true;
}

static bool is_utf16(struct sp_slice bytes)
{
    return has(bytes, 0, SP_SLICE_LITERAL("\xFF\xFE")) ||
           has(bytes, 0, SP_SLICE_LITERAL("\xFE\xFF"));
}

static bool holds(struct sp_slice bytes, struct sp_slice what)
{
    size_t at = sp_slice_find(bytes, 0, what.ptr[0]);
    while (at < bytes.len) {
        if (has(bytes, at, what)) {
            return true;
        }
        at = sp_slice_find(bytes, at + 1, what.ptr[0]);
    }
    return false;
}

static enum sp_kind kind_of_text(struct sp_slice bytes, const char **out_format)
{
    size_t at = has(bytes, 0, SP_SLICE_LITERAL("\xEF\xBB\xBF")) ? 3 : 0;
    *out_format = "text";
    if (has(bytes, at, SP_SLICE_LITERAL("#!"))) {
        struct sp_slice line = sp_slice_sub(bytes, at, sp_slice_find(bytes, at, '\n') - at);
        *out_format = "script";
        return holds(line, SP_SLICE_LITERAL("python")) ? SP_KIND_PYTHON : SP_KIND_SCRIPT;
    }
    while (at < bytes.len &&
           (bytes.ptr[at] == ' ' || (bytes.ptr[at] >= '\t' && bytes.ptr[at] <= '\r'))) {
        at++;
    }
    if (at == bytes.len || (bytes.ptr[at] != '{' && bytes.ptr[at] != '[')) {
        return SP_KIND_TEXT;
    }
    *out_format = "JSON";
    bool is_notebook = bytes.ptr[at] == '{' && holds(bytes, SP_SLICE_LITERAL("\"nbformat\"")) &&
                       (holds(bytes, SP_SLICE_LITERAL("\"cells\"")) ||
                        holds(bytes, SP_SLICE_LITERAL("\"worksheets\"")));
    return is_notebook ? SP_KIND_NOTEBOOK : SP_KIND_JSON;
}

enum sp_kind sp_kind_of_bytes(struct sp_slice bytes, const char **out_format)
{
    *out_format = "";
    if (bytes.len == 0) {
        return SP_KIND_EMPTY;
    }
    for (size_t i = 0; i < SP_COUNT(magics); i++) {
        const struct magic *m = &magics[i];
        bool is_it =
            m->len == 0 ? is_tar(bytes) : has(bytes, m->at, sp_slice_make(m->bytes, m->len));
        if (is_it) {
            *out_format = m->format;
            return m->kind;
        }
    }
    if (is_dos_program(bytes)) {
        *out_format = "PE";
        return SP_KIND_NATIVE;
    }
    if (is_bytecode(bytes)) {
        *out_format = "pyc";
        return SP_KIND_BYTECODE;
    }
    if (is_utf16(bytes)) {
        *out_format = "UTF-16";
        return SP_KIND_TEXT;
    }
    return is_text(bytes) ? kind_of_text(bytes, out_format) : SP_KIND_UNKNOWN;
}

/* ---- names ---- */

struct sp_slice sp_kind_base_name(struct sp_slice name)
{
    size_t from = 0;
    for (size_t i = 0; i < name.len; i++) {
        from = name.ptr[i] == '/' || name.ptr[i] == '\\' ? i + 1 : from;
    }
    return sp_slice_sub(name, from, name.len - from);
}

static bool ends(struct sp_slice name, const char *suffix)
{
    size_t len = sp_slice_of(suffix).len;
    return name.len >= len && sp_slice_is_nocase(sp_slice_sub(name, name.len - len, len), suffix);
}

/* A module or a package of this name: "sitecustomize.py", "sitecustomize/x.py", "sitecustomize.cpython-311.pyc". */
static bool is_module(struct sp_slice name, const char *module)
{
    size_t at = 0;
    while (at < name.len) {
        size_t end = at;
        while (end < name.len && name.ptr[end] != '/' && name.ptr[end] != '\\' &&
               name.ptr[end] != '.') {
            end++;
        }
        if (sp_slice_is_nocase(sp_slice_sub(name, at, end - at), module)) {
            return true;
        }
        while (end < name.len && name.ptr[end] != '/' && name.ptr[end] != '\\') {
            end++;
        }
        at = end + 1;
    }
    return false;
}

static bool is_startup(struct sp_slice name)
{
    static const char *const modules[] = {"sitecustomize",         "usercustomize",
                                          "matplotlibrc",          "ipython_config",
                                          "ipython_kernel_config", "jupyter_notebook_config"};
    static const char *const files[] = {"pyvenv.cfg", ".pythonrc", ".pythonrc.py", ".pdbrc",
                                        ".pythonstartup"};
    struct sp_slice base = sp_kind_base_name(name);
    for (size_t i = 0; i < SP_COUNT(modules); i++) {
        if (is_module(name, modules[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < SP_COUNT(files); i++) {
        if (sp_slice_is_nocase(base, files[i])) {
            return true;
        }
    }
    return false;
}

enum sp_kind sp_kind_of_name(struct sp_slice name)
{
    static const struct {
        const char *end;
        enum sp_kind kind;
    } ends_of[] = {
        {".py", SP_KIND_PYTHON},    {".pyw", SP_KIND_PYTHON},   {".pyi", SP_KIND_PYTHON},
        {".ipy", SP_KIND_PYTHON},   {".pyx", SP_KIND_PYTHON},   {".ipynb", SP_KIND_NOTEBOOK},
        {".pth", SP_KIND_PTH},      {"._pth", SP_KIND_PTH},     {".egg-link", SP_KIND_PTH},
        {".pyc", SP_KIND_BYTECODE}, {".pyo", SP_KIND_BYTECODE}, {".so", SP_KIND_NATIVE},
        {".pyd", SP_KIND_NATIVE},   {".dll", SP_KIND_NATIVE},   {".dylib", SP_KIND_NATIVE},
        {".exe", SP_KIND_NATIVE},
    };
    if (is_startup(name)) {
        return SP_KIND_STARTUP;
    }
    for (size_t i = 0; i < SP_COUNT(ends_of); i++) {
        if (ends(name, ends_of[i].end)) {
            return ends_of[i].kind;
        }
    }
    return SP_KIND_UNKNOWN;
}
