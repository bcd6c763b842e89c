"""A session pool over HTTPS with a certificate authority of its own, which records what it is asked."""

import http.server
import json
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import threading
import time


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def make_certificates(folder):
    """ca.pem, and server.pem/server.key for 127.0.0.1 and localhost."""
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=stub ca", "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=stub pool",
            "-keyout", folder / "server.key", "-out", folder / "server.csr")
    openssl("x509", "-req", "-days", "2", "-in", folder / "server.csr", "-CA", folder / "ca.pem",
            "-CAkey", folder / "ca.key", "-CAcreateserial", "-extfile", folder / "names", "-out", folder / "server.pem")


class Seen:
    """One request that reached the pool."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body

    def json(self):
        return json.loads(self.body)

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def result_of(target):
    result = {"stdout": "stub out\n", "stderr": "", "executionResult": "42", "executionTimeInMilliseconds": 7}
    if "/code/execute" in target:
        return {"properties": {"$id": "1", "status": "Success", "stdout": "stub out\n", "stderr": "", "result": "42",
                               "executionResult": "42", "executionTimeInMilliseconds": 7}}
    return {"id": "e-1", "identifier": "stub", "executionType": "Synchronous", "status": "Succeeded", "result": result}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        pool = self.server.pool
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self.read_chunks()
        pool.seen.append(Seen(self.command, self.path, list(self.headers.items()), body))
        if pool.arrived:
            pool.arrived.set()
        pool.behave(self)

    do_GET = do_POST
    do_DELETE = do_POST

    def read_chunks(self):
        body = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return body

    def answer(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def answer_result(handler):
    handler.answer(200, result_of(handler.path))


def answer_late(seconds):
    def behave(handler):
        time.sleep(seconds)
        answer_result(handler)
    return behave


def answer_with(status, body, headers=()):
    return lambda handler: handler.answer(status, body, headers)


def hang_up(handler):
    """Takes the request and leaves without a word."""
    handler.close_connection = True
    handler.connection.close()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


class StubPool:
    def __init__(self, certificates=None):
        """`certificates`: the folder of another stub pool, so that one authority stands for both."""
        self.is_owner = certificates is None
        self.folder = certificates or pathlib.Path(tempfile.mkdtemp(prefix="sp-stub-", dir="/tmp"))
        if self.is_owner:
            self.folder.chmod(0o755)
            make_certificates(self.folder)
        self.seen, self.behave, self.arrived = [], answer_result, threading.Event()
        self.server = Server(("127.0.0.1", 0), Handler, bind_and_activate=True)
        self.server.pool = self
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def endpoint(self):
        port = self.server.server_address[1]
        return f"https://127.0.0.1:{port}/subscriptions/s/resourceGroups/g/sessionPools/p"

    def config(self, variable="STUB_POOL_TOKEN", ca_file=None):
        return (f'[azure_code_interpreter]\npool_endpoint = "{self.endpoint()}"\n'
                f'token_env_var = "{variable}"\nca_file = "{ca_file or self.folder / "ca.pem"}"\n')

    def forget(self, behave=answer_result):
        """Starts a test from nothing seen, with this behaviour."""
        self.seen, self.behave, self.arrived = [], behave, threading.Event()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        if self.is_owner:
            shutil.rmtree(self.folder, ignore_errors=True)
