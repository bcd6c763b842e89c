"""What values look like outside of a session: the second part of the Python half of sallyport-session.

Runs before support.py and in the same module.
"""

import base64
import io
import json.encoder
import sys
from math import isinf, isnan

# The numbers of wire/session_frame.h.
DISPLAY, RESULT, ERROR = 0, 1, 2
JSON, TEXT, PNG, SVG, HTML, ERROR_NAME, ERROR_MESSAGE, TRACEBACK = range(8)
FAILED, SUCCEEDED, INTERRUPTED = 0, 1, 2

TEXT_BYTES_MAX = 1 << 20
TRACEBACK_BYTES_MAX = 256 << 10
ITEM_BYTES_MAX = 12 << 20
GROUPS_MAX = 256
ELEMENTS_MAX = 200_000
DEPTH_MAX = 24

# Values as JSON, by what C has for it: what a run does to the module json is none of the next one's.
_chunks = json.encoder.c_make_encoder(None, None, json.encoder.encode_basestring, None, ":", ",", False, False, False)

MIME_KINDS = (("text/plain", TEXT), ("text/html", HTML), ("image/svg+xml", SVG), ("image/png", PNG))


class _NotNative(Exception):
    """The value has no JSON of its own type."""


def _utf8(text, limit=TEXT_BYTES_MAX):
    """Text as valid UTF-8, cut at a character."""
    data = str(text).encode("utf-8", "replace")
    if len(data) > limit:
        data = data[:limit].decode("utf-8", "ignore").encode("utf-8") + b"\n[cut]"
    return data


def _number(value):
    if isinstance(value, float):
        if isnan(value):
            return "nan"
        if isinf(value):
            return "inf" if value > 0 else "-inf"
        return value
    # A reader that stores numbers as 64 bits would change a longer one in silence.
    return value if -(1 << 63) <= value < (1 << 63) else str(value)


def _native(value, depth=0, left=None):
    """The value made of JSON's own types only, or _NotNative."""
    left = left if left is not None else [ELEMENTS_MAX]
    left[0] -= 1
    if depth > DEPTH_MAX or left[0] < 0:
        raise _NotNative
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        return value.encode("utf-8", "replace").decode("utf-8")
    if kind is int or kind is float:
        return _number(value)
    if kind is list or kind is tuple:
        return [_native(item, depth + 1, left) for item in value]
    if kind is dict:
        return _native_dict(value, depth, left)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        item = value.item()
        if type(item) in (bool, int, float, str):
            return _native(item, depth + 1, left)
    raise _NotNative


def _native_dict(value, depth, left):
    out = {}
    for key, item in value.items():
        if type(key) is not str or "\0" in key:
            raise _NotNative
        out[_native(key, depth + 1, left)] = _native(item, depth + 1, left)
    return out


def _as_png(jpeg):
    """A picture that has only a form as JPEG, in the one that all clients take; None where that cannot be done."""
    try:
        from PIL import Image
        out = io.BytesIO()
        Image.open(io.BytesIO(jpeg)).save(out, "png")
        return out.getvalue()
    except Exception:
        return None


def _bytes(value):
    return base64.b64decode(value) if isinstance(value, str) else bytes(value)


def _complete(data):
    """In place of the forms that no client takes: a JPEG's PNG, and the source of Markdown and LaTeX for an object's address."""
    data = dict(data)
    if data.get("image/png") is None and data.get("image/jpeg") is not None:
        data["image/png"] = _as_png(_bytes(data["image/jpeg"]))
    source = data.get("text/markdown") or data.get("text/latex")
    if source is not None and str(data.get("text/plain", "<")).startswith("<"):
        data["text/plain"] = source
    return data


def _bundle(data):
    data, pieces = _complete(data), []
    if data.get("application/json") is not None:
        try:
            pieces.append((JSON, "".join(_chunks(_native(data["application/json"]), 0)).encode("utf-8")))
        except _NotNative:
            pass
    for mime, kind in MIME_KINDS:
        value = data.get(mime)
        if value is None:
            continue
        if kind == PNG:
            pieces.append((kind, _bytes(value)))
        else:
            pieces.append((kind, _utf8("".join(value) if isinstance(value, list) else value)))
    return pieces
