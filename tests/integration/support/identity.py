"""A small identity provider over HTTPS or HTTP: it gives tokens, records what it was asked, and fails on demand."""

import http.server
import json
import ssl
import threading
import urllib.parse


class Asked:
    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers = method, target, headers
        self.form = {key: values[0] for key, values in urllib.parse.parse_qs(body.decode()).items()}
        self.query = {key: values[0] for key, values in urllib.parse.parse_qs(target.partition("?")[2]).items()}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        provider = self.server.provider
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        provider.asked.append(Asked(self.command, self.path, self.headers, body))
        provider.open.wait(60)
        status, headers, answer = provider.next_answer()
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


class IdentityProvider:
    def __init__(self, certificate=None):
        self.asked, self.given, self.failures = [], [], []
        self.life = 3600
        self.open = threading.Event()  # cleared: questions are taken, and answered when it is set again
        self.open.set()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.provider = self
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        self.url = f"{self.scheme}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def fail(self, status, answer, headers=None, times=1):
        self.failures += [(status, headers or {}, answer)] * times

    def next_answer(self):
        if self.failures:
            return self.failures.pop(0)
        token = f"bearer-number-{len(self.given) + 1}.of-the.provider"
        self.given.append(token)
        return 200, {}, {"token_type": "Bearer", "access_token": token, "expires_in": self.life}

    def close(self):
        self.open.set()
        self.server.shutdown()
        self.server.server_close()
