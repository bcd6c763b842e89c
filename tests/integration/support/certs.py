"""Authorities and certificates for one test run, made by the openssl command."""

import pathlib
import subprocess

EXTENSIONS = """[req]
distinguished_name = dn
[dn]
[ca_ext]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[ca]
default_ca = own
[own]
database = {folder}/index.txt
default_md = sha256
default_crl_days = 30
"""


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    def __init__(self, folder, name="test authority"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        self.settings = self.folder / "openssl.cnf"
        self.settings.write_text(EXTENSIONS.format(folder=self.folder))
        (self.folder / "index.txt").touch()
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30, "-subj",
                f"/CN={name}", "-keyout", self.key, "-out", self.certificate, "-config", self.settings, "-extensions", "ca_ext")

    def issue(self, name, subject, alternatives=None):
        """(certificate, key) as files."""
        certificate, key, request = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
                "-keyout", key, "-out", request, "-config", self.settings)
        more = []
        if alternatives:
            extensions = self.folder / f"{name}.ext"
            extensions.write_text(f"subjectAltName={alternatives}\n")
            more = ["-extfile", extensions]
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", 30,
                "-out", certificate, *more)
        return certificate, key

    def revoked(self, *certificates):
        """The list of revoked certificates, as a file."""
        crl = self.folder / "crl.pem"
        common = ["-config", self.settings, "-cert", self.certificate, "-keyfile", self.key]
        for certificate in certificates:
            openssl("ca", *common, "-revoke", certificate)
        openssl("ca", *common, "-gencrl", "-out", crl)
        return crl
