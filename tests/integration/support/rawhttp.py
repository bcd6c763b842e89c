"""An HTTP/1.1 client that sends exactly the bytes it is given and reads answers strictly."""

import json
import socket

READ_TIMEOUT = 30.0


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)

    def error(self):
        """The code of an error answer; its shape is checked on the way."""
        assert self.header("content-type").startswith("application/json"), self.headers
        error = self.json()["error"]
        assert isinstance(error["message"], str) and error["message"], error
        return error["code"]

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Connection:
    """One TCP connection. After the peer closed it, reading gives None."""

    def __init__(self, port, timeout=READ_TIMEOUT):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def fill(self):
        """Reads some more; False at the end of the stream."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.pending += data
        return bool(data)

    def line(self):
        while b"\r\n" not in self.pending:
            if not self.fill():
                return None
        line, self.pending = self.pending.split(b"\r\n", 1)
        return line.decode("latin-1")

    def exactly(self, count):
        parts, left = [self.pending[:count]], count - len(self.pending[:count])
        self.pending = self.pending[count:]
        while left > 0:
            if not self.fill():
                raise EOFError(f"{left} bytes missing")
            parts.append(self.pending[:left])
            left, self.pending = left - len(parts[-1]), self.pending[left:]
        return b"".join(parts)

    def chunks(self):
        body = b""
        while True:
            size = int(self.line().split(";")[0], 16)
            body += self.exactly(size)
            assert self.line() == "" if size else True
            if size == 0:
                while self.line():
                    pass
                return body

    def read(self):
        """The next answer (also a 100), or None when the connection was closed before its first byte."""
        line = self.line()
        if line is None:
            assert self.pending == b"", f"half a status line: {self.pending!r}"
            return None
        version, status, _ = (line + " ").split(" ", 2)
        assert version == "HTTP/1.1", line
        headers = []
        while True:
            line = self.line()
            if line is None:
                raise EOFError("the connection was closed within a head")
            if line == "":
                break
            name, value = line.split(":", 1)
            headers.append((name, value.strip()))
        answer = Answer(int(status), headers, b"")
        if answer.status >= 200 and answer.status != 204:
            if (answer.header("transfer-encoding") or "").lower() == "chunked":
                answer.body = self.chunks()
            else:
                answer.body = self.exactly(int(answer.header("content-length")))
        return answer

    def is_closed(self):
        """Whether the peer closes without one more byte (waits for the socket's timeout)."""
        try:
            return self.pending == b"" and not self.fill()
        except TimeoutError:
            return False


def request(method, target, headers=(), body=b"", length=True):
    """The bytes of a request; Host and Content-Length are added unless given."""
    names = {name.lower() for name, _ in headers}
    lines = [f"{method} {target} HTTP/1.1"]
    if "host" not in names:
        lines.append("Host: gateway.test")
    lines += [f"{name}: {value}" for name, value in headers]
    if length and body and "content-length" not in names and "transfer-encoding" not in names:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def exchange(port, data, timeout=READ_TIMEOUT):
    """Sends bytes on a fresh connection and reads one answer."""
    with Connection(port, timeout) as connection:
        connection.send(data)
        return connection.read()
