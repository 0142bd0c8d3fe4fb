#!/usr/bin/env python3
"""A loopback HTTP server over a directory, with scripted faults. Used by tests as a class or as a program.

As a program:  fake_mirror.py ROOT [--faults JSON] [--log FILE] [--port N] [--tls CERT.pem KEY.pem]
prints "PORT\n" once it listens, and ends when its standard input closes (so it never outlives its test).
From Python:   with FakeMirror(root, faults=[...]) as m: m.url, m.requests, m.faults.append({...})

A fault is an object; the first whose "path" (a regular expression, searched in the request path) matches and whose "times" is not
used up applies:
  {"path": "...", "fault": KIND, "times": N (default: for ever), "arg": ...}
KIND         what happens
  status       answers with the status code ARG (404, 500, 503 ...); "retry_after": N adds the header
  truncate     declares the true length, sends ARG bytes (default: half), closes
  reset        the same, but ends with a TCP reset
  slow         ARG bytes a second (default 100)
  silent       accepts the request and never answers
  garbage      a 200 answer of the right length with other bytes (ARG = seed)
  flip         the right bytes with one bit flipped at offset ARG (default: the middle)
  length       Content-Length is ARG more than what is sent (negative: less)
  endless      a 200 answer without length that never stops
  headers      endless response headers
  nonsense     bytes that are no HTTP at all
  redirect     302 to ARG (a URL; "{path}" is replaced by the request path)
  norange      ignores Range and sends everything with 200
  changed      answers a Range request with other content than before (206, flipped)
"""
import argparse, hashlib, http.server, json, os, re, socket, ssl, struct, sys, threading, time, urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "fake-mirror"
    timeout = 120

    def log_message(self, *args):
        pass

    def fault(self):
        with self.server.lock:
            for f in self.server.faults:
                if re.search(f.get("path", ""), self.path) and f.get("times", 1) != 0:
                    if "times" in f:
                        f["times"] -= 1
                    return f
        return {}

    def record(self):
        entry = {"method": self.command, "path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}}
        with self.server.lock:
            self.server.requests.append(entry)
            if self.server.log:
                self.server.log.write(json.dumps(entry) + "\n")
                self.server.log.flush()

    def send_plain(self, status, body=b"", headers=()):
        self.send_response(status)
        for k, v in headers:
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def drop(self, reset=False):
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.wfile.flush()
        try:
            if not reset:
                self.connection.shutdown(socket.SHUT_RDWR)
            self.connection.close()
        except OSError:
            pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        self.record()
        f = self.fault()
        try:
            self.answer(f.get("fault"), f)
        except (BrokenPipeError, ConnectionResetError, OSError, ValueError):
            self.close_connection = True

    def answer(self, kind, f):
        arg = f.get("arg")
        path = urllib.parse.unquote(self.path.split("?", 1)[0])
        if kind == "status":
            extra = [("Retry-After", str(f["retry_after"]))] if "retry_after" in f else []
            return self.send_plain(int(arg), b"no\n", extra)
        if kind == "redirect":
            return self.send_plain(302, b"", [("Location", str(arg).replace("{path}", path))])
        if kind == "silent":
            return self.server.stop.wait(600)
        if kind == "nonsense":
            self.wfile.write(b"\x00\x01\x02 this is no HTTP\r\n\r\n" * 8)
            return self.drop()
        if kind == "headers":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not self.server.stop.is_set():
                self.wfile.write(b"X-Filler: " + b"x" * 1000 + b"\r\n")
        if kind == "endless":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while not self.server.stop.is_set():
                self.wfile.write(b"y" * 65536)
        full = os.path.normpath(os.path.join(self.server.root, path.lstrip("/")))
        if not full.startswith(self.server.root + os.sep) or not os.path.isfile(full):
            return self.send_plain(404, b"not here\n")
        with open(full, "rb") as file:
            body = file.read()
        self.file(kind, arg, body)

    def file(self, kind, arg, body):
        etag = '"%s"' % hashlib.sha256(body).hexdigest()[:16]
        if kind == "garbage":
            seed = str(arg or 0).encode()
            body = b"".join(hashlib.sha256(seed + b"%d" % i).digest() for i in range(len(body) // 32 + 1))[: len(body)]
        if kind in ("flip", "changed") and body and (kind == "flip" or "Range" in self.headers):
            at = int(arg) if arg is not None else len(body) // 2
            body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        status, start = 200, 0
        m = re.match(r"bytes=(\d+)-$", self.headers.get("Range", ""))
        same = self.headers.get("If-Range") in (None, etag)
        if m and kind != "norange" and same:
            start = int(m.group(1))
            if start >= len(body):
                return self.send_plain(416, b"", [("Content-Range", "bytes */%d" % len(body))])
            status = 206
        part = body[start:]
        self.send_response(status)
        self.send_header("ETag", etag)
        self.send_header("Accept-Ranges", "bytes")
        if status == 206:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (start, len(body) - 1, len(body)))
        declared = len(part) + (int(arg or 1) if kind == "length" else 0)
        self.send_header("Content-Length", str(declared))
        self.end_headers()
        if self.command == "HEAD":
            return
        if kind in ("truncate", "reset"):
            self.wfile.write(part[: int(arg) if arg is not None else len(part) // 2])
            if kind == "reset":
                self.wfile.flush()
                time.sleep(0.05)
            return self.drop(kind == "reset")
        if kind == "slow":
            rate = int(arg or 100)
            for i in range(0, len(part), max(1, rate // 10)):
                if self.server.stop.wait(0.1):
                    return
                self.wfile.write(part[i : i + max(1, rate // 10)])
                self.wfile.flush()
            return
        self.wfile.write(part)
        if kind == "length":
            self.drop()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        pass


class FakeMirror:
    def __init__(self, root, faults=None, log=None, port=0, tls=None):
        self.server = Server(("127.0.0.1", port), Handler)
        self.server.root = os.path.realpath(root)
        self.server.faults = faults if faults is not None else []
        self.server.requests = []
        self.server.lock = threading.Lock()
        self.server.stop = threading.Event()
        self.server.log = open(log, "a") if log else None
        self.port = self.server.server_address[1]
        self.url = "%s://127.0.0.1:%d" % ("https" if tls else "http", self.port)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)

    @property
    def faults(self):
        return self.server.faults

    @property
    def requests(self):
        return self.server.requests

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.server.stop.set()
        self.server.shutdown()
        self.server.server_close()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("root")
    p.add_argument("--faults", default="[]")
    p.add_argument("--log")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--tls", nargs=2)
    a = p.parse_args()
    with FakeMirror(a.root, json.loads(a.faults), a.log, a.port, a.tls) as m:
        print(m.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
