#!/usr/bin/env python3
"""Writes tests/unit/identity/vectors.h: keys as JWK, and tokens that they signed, each right or wrong in one way.

It makes new keys at each run (python3-cryptography), so that a private key of the tests is nowhere kept.
"""
import base64
import json
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
import hmac

NOW = 1795258800
ISSUER = "https://issuer.test"
TENANT = "6babcaad-604b-40ac-a9d7-9fd97c0b779f"


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


KEYS = {
    "r1": rsa.generate_private_key(65537, 2048),
    "e1": ec.generate_private_key(ec.SECP256R1()),
    "e3": ec.generate_private_key(ec.SECP384R1()),
    "d1": ed25519.Ed25519PrivateKey.generate(),
    "d4": ed448.Ed448PrivateKey.generate(),
}
ALGS = {"r1": "RS256", "e1": "ES256", "e3": "ES384", "d1": "EdDSA", "d4": "EdDSA"}


def jwk(kid, **more):
    public = KEYS[kid].public_key()
    if kid == "r1":
        n = public.public_numbers()
        key = {"kty": "RSA", "n": number(n.n), "e": number(n.e)}
    elif kid[0] == "e":
        n = public.public_numbers()
        size = public.curve.key_size // 8
        key = {"kty": "EC", "crv": {32: "P-256", 48: "P-384"}[size], "x": number(n.x, size), "y": number(n.y, size)}
    else:
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        key = {"kty": "OKP", "crv": {"d1": "Ed25519", "d4": "Ed448"}[kid], "x": b64(raw)}
    return {**key, "kid": kid, **more}


def signature(kid, alg, data):
    key = KEYS[kid]
    if alg == "RS256":
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    if alg == "PS256":
        return key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    if alg[:2] == "ES":
        size = key.curve.key_size // 8
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256() if size == 32 else hashes.SHA384())))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    return key.sign(data)


def token(payload, kid="d1", alg=None, header=None, signed_as=None):
    """A token over bytes or claims. `header` replaces the usual one; `signed_as` signs with another algorithm."""
    alg = alg or ALGS[kid]
    head = header if header is not None else {"alg": alg, "kid": kid, "typ": "JWT"}
    head = head if isinstance(head, bytes) else json.dumps(head).encode()
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    data = (b64(head) + "." + b64(body)).encode()
    return data.decode() + "." + b64(signature(kid, signed_as or alg, data))


def claims(**changes):
    all_of = {"iss": ISSUER, "aud": "sallyport", "sub": "alice", "exp": NOW + 3600, "nbf": NOW - 60, "iat": NOW - 60,
              "groups": ["dev", "ops"], "scope": "run read", "admin": True, "level": 3}
    all_of.update(changes)
    return {name: value for name, value in all_of.items() if value is not None}


def entra(version, **changes):
    common = {"aud": "https://dynamicsessions.io", "exp": NOW + 3600, "nbf": NOW - 60, "iat": NOW - 60, "tid": TENANT,
              "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474", "sub": "HKZpfaHyWadeOouYlitjrI", "roles": ["Sessions.Run"]}
    if version == 1:
        common.update({"iss": f"https://sts.windows.net/{TENANT}/", "appid": "app-1", "ver": "1.0"})
    else:
        common.update({"iss": f"https://login.microsoftonline.com/{TENANT}/v2.0", "azp": "app-1", "ver": "2.0"})
    common.update(changes)
    return {name: value for name, value in common.items() if value is not None}


def usual(**more):
    return {"alg": "EdDSA", "kid": "d1", **more}


def confused():
    """HS256 with the public key's text as the secret: what a library that trusts `alg` would take."""
    data = (b64(json.dumps({"alg": "HS256", "kid": "r1"}).encode()) + "." + b64(json.dumps(claims()).encode())).encode()
    return data.decode() + "." + b64(hmac.digest(json.dumps(jwk("r1")).encode(), data, "sha256"))


def spelled(text, part, change):
    parts = text.split(".")
    parts[part] = change(parts[part])
    return ".".join(parts)


def other_last(text):
    """Another last character that decodes to the same bytes, where the encoding leaves bits over."""
    order = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + order[order.index(text[-1]) ^ 1]


def vectors():
    good = token(claims())
    yield "good", good
    for kid, alg in (("r1", "RS256"), ("r1", "PS256"), ("e1", "ES256"), ("e3", "ES384"), ("d4", "EdDSA")):
        yield f"{alg} {kid}", token(claims(), kid, alg)
    yield "other tenant", token(claims(groups=["web"]))
    yield "exp past", token(claims(exp=NOW - 61))
    yield "exp just past", token(claims(exp=NOW - 59))
    yield "exp a fraction", token(claims(exp=NOW + 0.5))
    for name, value in (("none", None), ("text", str(NOW + 60)), ("negative", -1), ("huge", 1e300), ("null", "null")):
        yield f"exp {name}", token(claims(exp=value) if name != "null" else
                                   json.dumps(claims(exp=0)).replace('"exp": 0', '"exp": null').encode())
    yield "nbf future", token(claims(nbf=NOW + 61))
    yield "nbf just future", token(claims(nbf=NOW + 59))
    yield "nbf text", token(claims(nbf="0"))
    yield "nbf none", token(claims(nbf=None, iat=None))
    yield "iat future", token(claims(iat=NOW + 61))
    yield "aud several", token(claims(aud=["x", "sallyport"]))
    yield "aud other", token(claims(aud="sallyport2"))
    yield "aud others", token(claims(aud=["x", "y"]))
    yield "aud empty", token(claims(aud=[]))
    yield "aud none", token(claims(aud=None))
    yield "aud odd", token(claims(aud=["sallyport", 3]))
    yield "iss other", token(claims(iss="https://issuer.test/"))
    yield "iss none", token(claims(iss=None))
    yield "iss list", token(claims(iss=[ISSUER]))
    yield "sub none", token(claims(sub=None))
    yield "sub number", token(claims(sub=7))
    yield "sub odd", token(claims(sub="a\nb"))
    yield "sub long", token(claims(sub="x" * 200))
    yield "claims twice", token(json.dumps(claims()).replace('"sub"', '"aud": "sallyport", "sub"').encode())
    yield "claims no object", token(b"[1]")
    yield "claims no json", token(b"Zm9v")
    yield "claims trailing", token(json.dumps(claims()).encode() + b"x")
    yield "claims deep", token(claims(deep=eval("[" * 40 + "]" * 40)))
    yield "claims utf8", token(json.dumps(claims(sub="?")).encode().replace(b"?", b"\xff"))
    yield "no kid", token(claims(), header={"alg": "EdDSA"})
    yield "no kid e1", token(claims(), "e1", header={"alg": "ES256"})
    yield "kid other", token(claims(), header=usual(kid="d2"))
    yield "kid of another", token(claims(), header=usual(kid="d4"))
    yield "kid number", token(claims(), header=usual(kid=1))
    yield "alg none", token(claims(), header={"alg": "none", "kid": "d1"})
    yield "alg none, empty", spelled(token(claims(), header={"alg": "none"}), 2, lambda _: "")
    yield "alg missing", token(claims(), header={"kid": "d1"})
    yield "alg number", token(claims(), header=usual(alg=1))
    yield "alg lower", token(claims(), header=usual(alg="eddsa"))
    yield "alg of another key", token(claims(), "e1", header={"alg": "EdDSA", "kid": "e1"}, signed_as="ES256")
    yield "alg other padding", token(claims(), "r1", header={"alg": "RS256", "kid": "r1"}, signed_as="PS256")
    yield "key confusion", confused()
    for name, value in (("crit", ["exp"]), ("crit", []), ("b64", False), ("b64", True), ("jwk", jwk("d1")), ("jku", ISSUER),
                        ("x5u", ISSUER), ("x5c", ["MIIB"])):
        yield f"header {name}", token(claims(), header=usual(**{name: value}))
    yield "header twice", token(claims(), header=b'{"alg":"EdDSA","kid":"d1","alg":"EdDSA"}')
    yield "header no object", token(claims(), header=b'["EdDSA"]')
    yield "header trailing", token(claims(), header=b'{"alg":"EdDSA","kid":"d1"} x')
    yield "header unknown", token(claims(), header=usual(x5t="abc", foo=1))
    yield "typ at+jwt", token(claims(), header=usual(typ="at+JWT"))
    yield "typ application", token(claims(), header=usual(typ="application/jwt"))
    yield "typ other", token(claims(), header=usual(typ="dpop+jwt"))
    yield "padded", spelled(good, 2, lambda part: part + "==")
    yield "standard alphabet", spelled(token(claims()), 2, lambda part: part.replace("-", "+").replace("_", "/") + "+")
    yield "stray bits", spelled(good, 2, other_last)
    yield "blank", spelled(good, 1, lambda part: part + "\n")
    yield "payload changed", spelled(good, 1, lambda part: part[:10] + ("A" if part[10] != "A" else "B") + part[11:])
    yield "signature changed", spelled(good, 2, lambda part: ("A" if part[0] != "A" else "B") + part[1:])
    yield "signature short", spelled(good, 2, lambda part: part[:-4])
    yield "no signature", spelled(good, 2, lambda _: "")
    yield "no header", spelled(good, 0, lambda _: "")
    yield "two parts", good.rsplit(".", 1)[0]
    yield "four parts", good + "."
    yield "payload of bytes", token(b"foo")
    yield "payload empty", token(b"")
    yield "entra v1", token(entra(1), "r1")
    yield "entra v2", token(entra(2), "r1")
    yield "entra retired", token(entra(2, aud="https://acasessions.io"), "r1")
    yield "entra slash", token(entra(1, aud="https://dynamicsessions.io/"), "r1")
    yield "entra other aud", token(entra(2, aud="https://management.azure.com"), "r1")
    yield "entra other tid", token(entra(2, tid="11111111-604b-40ac-a9d7-9fd97c0b779f"), "r1")
    yield "entra no tid", token(entra(2, tid=None), "r1")
    yield "entra other directory", token(entra(2, iss="https://login.microsoftonline.com/11111111/v2.0"), "r1")
    yield "entra other host", token(entra(2, iss=f"https://login.microsoftonline.com.evil/{TENANT}/v2.0"), "r1")
    yield "entra v1 form in v2", token(entra(2, iss=f"https://login.microsoftonline.com/{TENANT}/"), "r1")
    yield "entra no oid", token(entra(2, oid=None), "r1")


def main():
    keys = [jwk("r1", use="sig"), jwk("e1", use="sig", key_ops=["verify"]), jwk("e3"), jwk("d1"), jwk("d4")]
    lines = ["/* Made by make_vectors.py: keys, and tokens that they signed. The private halves were thrown away. */",
             "/* clang-format off */",
             "#ifndef SP_TEST_IDENTITY_VECTORS_H", "#define SP_TEST_IDENTITY_VECTORS_H", "",
             f"#define VECTORS_NOW_S UINT64_C({NOW})", f'#define VECTORS_ISSUER "{ISSUER}"',
             f'#define VECTORS_ENTRA_TENANT "{TENANT}"', "",
             "static const char vectors_jwks[] =", "    " + json.dumps(json.dumps({"keys": keys})) + ";", "",
             "static const struct vector {", "    const char *name;", "    const char *text;", "} vectors_keys[] = {"]
    lines += [f"    {{{json.dumps(key['kid'])}, {json.dumps(json.dumps(key))}}}," for key in keys]
    lines += ["};", "", "static const struct vector vectors_tokens[] = {"]
    lines += [f"    {{{json.dumps(name)}, {json.dumps(text)}}}," for name, text in vectors()]
    lines += ["};", "", "#endif", ""]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors.h")
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(lines))


if __name__ == "__main__":
    main()
