#!/usr/bin/env python3
"""Writes tests/unit/identity/rfc_vectors.h: the tokens of RFC 7515, 7520 and 8037, and wrong ones signed with their keys.

The private keys are those that the RFCs print; signatures over other data than theirs are made anew at each run.
"""
import base64
import hmac
import json
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

RSA_N = ("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_"
         "YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxv"
         "b3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ")
RSA_D = ("Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTG"
         "oVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb"
         "1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ")
EC_D = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
EC_KEY = {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
          "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
RSA_KEY = {"kty": "RSA", "n": RSA_N, "e": "AQAB"}
ED_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
BILBO = {"kty": "RSA", "kid": "bilbo.baggins@hobbiton.example", "use": "sig", "e": "AQAB",
         "n": "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_Ns"
              "YOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8"
              "lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw"}
CLAIMS = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
A1 = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + CLAIMS + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
A2 = ("eyJhbGciOiJSUzI1NiJ9." + CLAIMS + ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W"
      "2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOL"
      "n6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQ"
      "Ge77Rw")
A3 = "eyJhbGciOiJFUzI1NiJ9." + CLAIMS + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
A5 = "eyJhbGciOiJub25lIn0." + CLAIMS + "."
B41 = ("eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywg"
       "Z29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtu"
       "b3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U"
       "4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4Q"
       "PocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH8"
       "4ogoree7vjbU5y18kDquDg")
E4 = ("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7"
      "sVvpAr_MuM0KAg")
P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
ED_ORDER = 2**252 + 27742317777372353535851937790883648493


def raw(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(text):
    return int.from_bytes(raw(text), "big")


def rsa_key():
    n, e, d = number(RSA_N), 65537, number(RSA_D)
    p, q = rsa.rsa_recover_prime_factors(n, e, d)
    numbers = rsa.RSAPrivateNumbers(p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q),
                                    rsa.RSAPublicNumbers(e, n))
    return numbers.private_key()


def signed_part(header):
    return b64(json.dumps(header).encode()) + "." + CLAIMS


def rsa_token(header, pad, digest=hashes.SHA256()):
    part = signed_part(header)
    return part + "." + b64(rsa_key().sign(part.encode(), pad, digest))


def pss(salt, mask=hashes.SHA256()):
    return padding.PSS(padding.MGF1(mask), salt)


def with_signature(token, signature):
    return token.rsplit(".", 1)[0] + "." + b64(signature)


def ec_signature(r, s, size=32):
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def ec_token(header):
    part = signed_part(header)
    key = ec.derive_private_key(number(EC_D), ec.SECP256R1())
    return part + "." + b64(ec_signature(*decode_dss_signature(key.sign(part.encode(), ec.ECDSA(hashes.SHA256())))))


def hmac_token(header, secret):
    part = signed_part(header)
    return part + "." + b64(hmac.digest(secret, part.encode(), "sha256"))


def keys():
    yield "rsa", RSA_KEY
    yield "ec", EC_KEY
    yield "ed", ED_KEY
    yield "bilbo", BILBO
    yield "rsa for PS256", {**RSA_KEY, "alg": "PS256"}
    yield "rsa private", {**RSA_KEY, "d": RSA_D}
    yield "ec off the curve", {**EC_KEY, "y": b64((number(EC_KEY["y"]) ^ 1).to_bytes(32, "big"))}
    yield "ec short", {**EC_KEY, "x": b64(raw(EC_KEY["x"])[1:])}
    yield "ec long", {**EC_KEY, "x": b64(b"\0" + raw(EC_KEY["x"]))}
    yield "ec at infinity", {**EC_KEY, "x": b64(bytes(32)), "y": b64(bytes(32))}
    yield "ec of another curve", {**EC_KEY, "crv": "secp256k1"}
    yield "ed as ec", {"kty": "EC", "crv": "Ed25519", "x": ED_KEY["x"], "y": ED_KEY["x"]}
    yield "rsa for encryption", {**RSA_KEY, "use": "enc"}
    yield "rsa that only signs", {**RSA_KEY, "key_ops": ["sign"]}
    yield "rsa with zeros", {**RSA_KEY, "n": b64(b"\0" + raw(RSA_N))}
    yield "rsa of exponent 1", {**RSA_KEY, "e": "AQ"}
    yield "rsa of 1024 bits", {**RSA_KEY, "n": b64(raw(RSA_N)[:128][:-1] + b"\1")}
    yield "symmetric", {"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}


def right():
    yield "RFC 7515 A.2", "rsa", A2
    yield "RFC 7515 A.2, with the private key", "rsa private", A2
    yield "RFC 7515 A.3", "ec", A3
    yield "RFC 7520 4.1", "bilbo", B41
    yield "RFC 8037 A.4", "ed", E4
    yield "PS256", "rsa", rsa_token({"alg": "PS256"}, pss(32))
    yield "PS256 by its own key", "rsa for PS256", rsa_token({"alg": "PS256"}, pss(32))
    r, s = decode(A3)
    yield "ES256, the other s", "ec", with_signature(A3, ec_signature(r, P256_ORDER - s))


def decode(token):
    signature = raw(token.rsplit(".", 1)[1])
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")


def wrong():
    r, s = decode(A3)
    yield "RFC 7515 A.1, symmetric", "symmetric", A1
    yield "RFC 7515 A.1 by a public key", "rsa", A1
    yield "RFC 7515 A.5, unsecured", "rsa", A5
    yield "RFC 7515 A.2 by another key", "bilbo", A2
    yield "RFC 7515 A.2 by a key for PS256", "rsa for PS256", A2
    for salt in (0, 1, 20, 31, 33, 64, 222):
        yield f"PS256 with a salt of {salt}", "rsa", rsa_token({"alg": "PS256"}, pss(salt))
    yield "PS256 with a mask of SHA-1", "rsa", rsa_token({"alg": "PS256"}, pss(32, hashes.SHA1()))
    yield "PS256 over SHA-1", "rsa", rsa_token({"alg": "PS256"}, pss(20, hashes.SHA1()), hashes.SHA1())
    yield "RS256 over SHA-1", "rsa", rsa_token({"alg": "RS256"}, padding.PKCS1v15(), hashes.SHA1())
    yield "RS256 over SHA-512", "rsa", rsa_token({"alg": "RS256"}, padding.PKCS1v15(), hashes.SHA512())
    yield "RS512", "rsa", rsa_token({"alg": "RS512"}, padding.PKCS1v15(), hashes.SHA512())
    yield "RS256 of zeros", "rsa", with_signature(A2, bytes(256))
    yield "RS256 of one", "rsa", with_signature(A2, bytes(255) + b"\1")
    yield "RS256 with a zero before", "rsa", with_signature(A2, b"\0" + raw(A2.rsplit(".", 1)[1]))
    yield "RS256 cut", "rsa", with_signature(A2, raw(A2.rsplit(".", 1)[1])[:-1])
    yield "RS256 and the modulus", "rsa", with_signature(A2, (number(A2.rsplit(".", 1)[1]) + number(RSA_N)).to_bytes(257, "big"))
    for name, pair in (("r zero", (0, s)), ("s zero", (r, 0)), ("both zero", (0, 0)), ("both one", (1, 1)), ("r the order", (P256_ORDER, s)),
                       ("s the order", (r, P256_ORDER)), ("r one more than the order", (P256_ORDER + 1, s)),
                       ("all ones", (2**256 - 1, 2**256 - 1)), ("swapped", (s, r)), ("r negated", (P256_ORDER - r, s))):
        yield f"ES256, {name}", "ec", with_signature(A3, ec_signature(*pair))
    whole = ec_signature(r, s)
    yield "ES256 as DER", "ec", with_signature(A3, encode_dss_signature(r, s))
    yield "ES256 of 63 bytes", "ec", with_signature(A3, whole[:-1])
    yield "ES256 of 65 bytes", "ec", with_signature(A3, whole + b"\0")
    yield "ES256 of 62 bytes", "ec", with_signature(A3, whole[1:32] + whole[33:])
    yield "ES256 of 96 bytes", "ec", with_signature(A3, ec_signature(r, s, 48))
    yield "ES256 of nothing", "ec", with_signature(A3, b"")
    for name in ("ec off the curve", "ec short", "ec long", "ec at infinity", "ec of another curve"):
        yield f"ES256 by a key {name}", name, A3
    signature = raw(E4.rsplit(".", 1)[1])
    scalar = int.from_bytes(signature[32:], "little")
    yield "Ed25519, the scalar and the order", "ed", with_signature(E4, signature[:32] + (scalar + ED_ORDER).to_bytes(32, "little"))
    yield "Ed25519 of 63 bytes", "ed", with_signature(E4, signature[:-1])
    yield "Ed25519 of 65 bytes", "ed", with_signature(E4, signature + b"\0")
    yield "Ed25519 of 114 bytes", "ed", with_signature(E4, signature + bytes(50))
    yield "Ed25519 of zeros", "ed", with_signature(E4, bytes(64))
    yield "Ed25519, the identity", "ed", with_signature(E4, b"\1" + bytes(63))
    yield "Ed25519 by an EC key of its name", "ed as ec", E4
    for name in ("rsa for encryption", "rsa that only signs", "rsa with zeros", "rsa of exponent 1", "rsa of 1024 bits"):
        yield f"RS256 by a key {name}", name, A2
    yield "key confusion, JWK", "rsa", hmac_token({"alg": "HS256"}, json.dumps(RSA_KEY).encode())
    yield "key confusion, modulus", "rsa", hmac_token({"alg": "HS256"}, raw(RSA_N))
    yield "a key that comes along", "rsa", ec_token({"alg": "ES256", "jwk": EC_KEY})
    yield "a key that comes along, and is ours", "ec", ec_token({"alg": "ES256", "jwk": EC_KEY})
    for name, value in (("crit", ["exp"]), ("crit", []), ("jku", "https://keys.test/"), ("x5u", "https://keys.test/"), ("x5c", []),
                        ("b64", False)):
        yield f"{name} {json.dumps(value)}", "ec", ec_token({"alg": "ES256", name: value})
    for alg in ("none", "NONE", "None", "nOnE", "", " ES256", "ES256 ", "es256", "ES256K", "ES384", "EdDSA", "Ed25519"):
        yield f"alg '{alg}'", "ec", ec_token({"alg": alg})
    for name, change in (("blank before", " " + A3), ("blank behind", A3 + " "), ("line end behind", A3 + "\n"),
                         ("line end inside", A3.replace(".", ".\n", 1)), ("padding of the header", A3.replace(".", "=.", 1)),
                         ("padding behind", A3 + "=="), ("the other alphabet", A3.replace("-", "+").replace("_", "/")),
                         ("five parts", A3 + ".."), ("a dot before", "." + A3), ("a dot behind", A3 + "."),
                         ("as JSON", json.dumps({"payload": CLAIMS, "protected": A3.split(".")[0], "signature": A3.rsplit(".", 1)[1]})),
                         ("bits left over", A3[:-1] + "R"), ("the payload of another", A3.replace(CLAIMS, "e30"))):
        yield f"ES256, {name}", "ec", change


def rows(name, all_of):
    lines = ["", f"static const struct rfc_vector {name}[] = {{"]
    lines += [f"    {{{json.dumps(row[0])}, {json.dumps(row[1])}, {json.dumps(row[2])}}}," for row in all_of]
    return lines + ["};"]


def main():
    lines = ["/* Made by make_rfc_vectors.py: tokens that RFCs print, and wrong ones made with the keys that they print. */",
             "/* clang-format off */", "#ifndef SP_TEST_IDENTITY_RFC_VECTORS_H", "#define SP_TEST_IDENTITY_RFC_VECTORS_H", "",
             "struct rfc_vector {", "    const char *name;", "    const char *key;", "    const char *token;", "};", "",
             "static const struct {", "    const char *name;", "    const char *jwk;", "} rfc_keys[] = {"]
    lines += [f"    {{{json.dumps(name)}, {json.dumps(json.dumps(key))}}}," for name, key in keys()]
    lines += ["};"] + rows("rfc_right", right()) + rows("rfc_wrong", wrong()) + ["", "#endif", ""]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rfc_vectors.h")
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(lines))


if __name__ == "__main__":
    main()
