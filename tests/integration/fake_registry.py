#!/usr/bin/env python3
"""A registry in memory on loopback (OCI distribution-spec 1.1), with scripted faults. Used by tests as a class or as a program.

As a program:  fake_registry.py [--host 127.0.0.1] [--faults JSON]   prints "PORT\n" and ends when its standard input closes.
From Python:   with FakeRegistry(faults=[...]) as g: g.name, g.requests, g.blobs, g.manifests

Options: auth "basic" or "bearer" (who: users {name: password; a token without a name is given, too}, identity tokens identities {token: name}); realm: where tokens are asked for (default: /token here);
referrers: keep track of subjects (else 404, as an old registry); uses: so many requests are good with one token; foreign: record only, answer everything with 200.

A fault is an object; the first whose "method" and "path" (regular expressions, searched) match, whose "skip" is passed and whose "times" is not used up applies:
  {"method": "GET", "path": "/blobs/", "fault": KIND, "skip": N, "times": N (default: for ever), "arg": ...}
KIND         what happens
  status       answers with the status code ARG; "retry_after": N adds the header
  early        the same, before the body of the request is read
  html         200, text/html, a page of a proxy
  truncate     declares the true length, sends ARG bytes (default: half), closes
  short        sends ARG bytes and declares no more
  reset        the same as truncate, but ends with a TCP reset; of a request with a body: reads ARG bytes of it and resets
  silent       accepts the request and never answers
  slow         ARG bytes a second
  flip         the right bytes with one bit flipped at offset ARG (default: the middle)
  longer       the right bytes and ARG more
  endless      a 200 answer without length that never stops
  refuse       the same with status 500
  headers      endless response headers
  nonsense     bytes that are no HTTP at all
  redirect     307 to ARG ("{path}" is the path and query); "endless": true gives it a body without end
  lie          the digest header names other bytes
  location     Location is ARG ("{location}" is the true one)
  norange      ignores Range
  range        answers a Range request with 206 and bytes from elsewhere
  race         once, before a tag is written: somebody else writes ARG (a document) under it
  drop         says 201 and keeps nothing
"""
import argparse, base64, hashlib, http.server, json, re, socket, ssl, struct, sys, threading, time, urllib.parse, uuid

INDEX = "application/vnd.oci.image.index.v1+json"


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *args):
        pass

    def answer(self):
        g = self.server.registry
        self.left = int(self.headers.get("Content-Length") or 0)
        entry = {"method": self.command, "path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": b""}
        self.entry = entry
        with g.lock:
            g.requests.append(entry)
            self.fault = g.fault(self.command, self.path)
        self.kind, self.arg = self.fault.get("fault"), self.fault.get("arg")
        try:
            if self.kind == "early":
                self.close_connection = True
                return self.send(self.arg, b"{}")
            if self.kind == "reset" and self.left:
                self.rfile.read(min(self.left, self.arg or 0))
                return self.drop(True)
            self.body = self.read_body()
            if g.foreign:
                return self.send(200, b"{}")
            self.before() or self.route(urllib.parse.urlsplit(self.path))
        except (BrokenPipeError, ConnectionResetError, OSError, ValueError):
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = answer

    def read_body(self):
        parts = []
        while self.left:
            part = self.rfile.read(min(self.left, 1 << 18))
            if not part:
                break
            self.left -= len(part)
            parts.append(part)
        body = b"".join(parts)
        self.entry["body"] = body[:65536]
        return body

    def before(self):
        """Faults that need nothing of the registry. True: the answer was given."""
        k, a = self.kind, self.arg
        if k == "status":
            self.send(a, b'{"errors":[{"code":"SCRIPTED","message":"as the test says"}]}', [("Retry-After", str(self.fault["retry_after"]))] if "retry_after" in self.fault else [])
        elif k == "html":
            self.send(200, b"<html>please log in to the wifi</html>", [("Content-Type", "text/html")])
        elif k == "silent":
            time.sleep(30)
            self.drop()
        elif k in ("endless", "refuse"):
            self.send_response(200 if k == "endless" else 500)
            self.end_headers()
            self.pour()
        elif k == "headers":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for i in range(20000):
                self.wfile.write(b"X-%d: %s\r\n" % (i, b"y" * 100))
            self.drop()
        elif k == "nonsense":
            self.wfile.write(b"220 this is no web server\r\n" * 20)
            self.drop()
        elif k == "redirect":
            self.send_response(307)
            self.send_header("Location", a.replace("{path}", self.path))
            if self.fault.get("endless"):
                self.end_headers()
                self.pour()
            else:
                self.send_header("Content-Length", "0")
                self.end_headers()
        else:
            return False
        return True

    def pour(self):
        self.close_connection = True
        end = time.monotonic() + 30
        while time.monotonic() < end:
            self.wfile.write(b"more " * 1000)

    def drop(self, reset=False):
        self.close_connection = True
        self.wfile.flush()
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()

    def send(self, status, body=b"", headers=()):
        self.send_response(status)
        for k, v in headers:
            self.send_header(k, v)
        if not any(k == "Content-Type" for k, v in headers):
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    # --- who is asking ---

    def allowed(self, repository):
        g = self.server.registry
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if g.auth is None:
            return True
        if g.auth == "basic":
            if scheme == "Basic" and base64.b64decode(value).decode() in {f"{u}:{p}" for u, p in g.users.items()}:
                return True
            self.send(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"who?"}]}', [("WWW-Authenticate", 'Basic realm="test"')])
            return False
        with g.lock:
            token = g.tokens.get(value) if scheme == "Bearer" else None
            if token and token["left"] and any(f":{repository}:" in s for s in token["scopes"]):
                token["left"] -= 1
                return True
        self.send(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"token?"}]}',
                  [("WWW-Authenticate", f'Bearer realm="{g.realm or g.url + "/token"}",service="test registry",scope="repository:{repository}:pull"')])
        return False

    def token(self, query):
        g = g_tokens = self.server.registry
        g_tokens = g.tokens_for or g
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if self.command == "POST":
            form = urllib.parse.parse_qs(self.body.decode())
            ok, scopes, name = form.get("refresh_token", [""])[0] in g.identities and form["grant_type"] == ["refresh_token"], form.get("scope", []), "access_token"
        else:
            basic = base64.b64decode(value).decode() if scheme == "Basic" else ""
            ok, scopes, name = not basic or basic in {f"{u}:{p}" for u, p in g.users.items()}, query.get("scope", []), "token"
        if not ok:
            return self.send(401, b'{"details":"wrong"}')
        t = uuid.uuid4().hex
        with g.lock:
            g_tokens.tokens[t] = {"scopes": scopes, "left": g_tokens.uses}
        self.send(200, json.dumps({name: t, "expires_in": 60}).encode())

    # --- what is asked ---

    def route(self, url):
        g, query = self.server.registry, urllib.parse.parse_qs(url.query)
        if url.path == "/token":
            return self.token(query)
        m = re.fullmatch(r"/v2/(.+?)/(manifests|blobs|referrers)/(.+|uploads/)", url.path)
        if not m:
            return self.send(404, b"404 page not found\n", [("Content-Type", "text/plain")])
        repository, what, name = m.groups()
        if not self.allowed(repository):
            return
        if what == "blobs" and name.startswith("uploads/"):
            return self.upload(repository, name[8:], query)
        if what == "blobs":
            data = g.blobs.get((repository, name))
            return self.give(data, "application/octet-stream", name) if data is not None else self.none("BLOB_UNKNOWN")
        if what == "referrers":
            if not g.referrers:
                return self.send(404, b"404 page not found\n", [("Content-Type", "text/plain")])
            entries = [d for (r, s), l in g.subjects.items() if r == repository and s == name for d in l]
            more = []
            if g.pages: # one entry a page; "endless": the same one again
                at = int(query.get("at", ["0"])[0])
                more = [("Link", f'<{url.path}?at={at + 1}>; rel="next"')] if at + 1 < len(entries) or g.pages == "endless" else []
                entries = entries[at % max(1, len(entries)):][:1]
            return self.send(200, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode(), [("Content-Type", INDEX)] + more)
        if self.command == "PUT":
            return self.put_manifest(repository, name)
        found = g.manifests.get((repository, name))
        return self.give(found[1], found[0], sha(found[1])) if found else self.none("MANIFEST_UNKNOWN")

    def none(self, code):
        self.send(404, json.dumps({"errors": [{"code": code, "message": "not here"}]}).encode())

    def give(self, data, type, digest):
        k, a, status = self.kind, self.arg, 200
        headers = [("Content-Type", type)] + ([("Docker-Content-Digest", sha(b"other") if k == "lie" else digest)] if digest else [])
        headers += [("ETag", f'"{digest}"')] if digest and self.server.registry.etags else []
        if k == "flip" and data:
            at = a if a is not None else len(data) // 2
            data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
        m = re.match(r"bytes=(\d+)-$", self.headers.get("Range", ""))
        if m and k != "norange":
            if int(m.group(1)) >= len(data):
                return self.send(416)
            status, start = 206, int(m.group(1))
            headers.append(("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}"))
            data = data[-(len(data) - start):] if k != "range" else data[:len(data) - start]
        if k == "longer":
            data += b"x" * (a or 1)
        if k == "short":
            data = data[:a]
        if k not in ("truncate", "reset", "slow"):
            return self.send(status, data, headers)
        self.send_response(status)
        for h in headers + [("Content-Length", str(len(data)))]:
            self.send_header(*h)
        self.end_headers()
        if self.command == "HEAD":
            return
        if k == "slow":
            for i in range(len(data)):
                self.wfile.write(data[i:i + 1])
                time.sleep(1 / a)
            return
        self.wfile.write(data[:a if a is not None else len(data) // 2])
        self.wfile.flush()
        time.sleep(0.02)
        self.drop(k == "reset")

    def place(self, location):
        return self.arg.replace("{location}", location) if self.kind == "location" else location

    def upload(self, repository, session, query):
        g = self.server.registry
        if self.command == "POST":
            mount, source = query.get("mount", [""])[0], query.get("from", [""])[0]
            if mount and (source, mount) in g.blobs:
                g.blobs[repository, mount] = g.blobs[source, mount]
                return self.send(201, b"", [("Location", f"/v2/{repository}/blobs/{mount}")])
            session = uuid.uuid4().hex
            with g.lock:
                g.uploads.add(session)
            return self.send(202, b"", [("Location", self.place(f"/v2/{repository}/blobs/uploads/{session}?state=a%2Fb"))])
        if session not in g.uploads or query.get("state") != ["a/b"]:
            return self.none("BLOB_UPLOAD_UNKNOWN")
        digest = query.get("digest", [""])[0]
        if sha(self.body) != digest:
            return self.send(400, b'{"errors":[{"code":"DIGEST_INVALID","message":"other bytes"}]}')
        if self.kind != "drop":
            g.blobs[repository, digest] = self.body
        self.send(201, b"", [("Location", f"/v2/{repository}/blobs/{digest}"), ("Docker-Content-Digest", digest)])

    def put_manifest(self, repository, name):
        g, body, type = self.server.registry, self.body, self.headers.get("Content-Type", "")
        digest = sha(body)
        if self.kind == "race":
            g.manifests[repository, name] = (type, self.arg.encode())
        match = self.headers.get("If-Match")
        there = g.manifests.get((repository, name))
        if match and (not there or match != f'"{sha(there[1])}"'):
            return self.send(412, b"{}")
        doc = json.loads(body)
        for b in [doc[k] for k in ("config",) if k in doc] + doc.get("layers", []):
            if (repository, b["digest"]) not in g.blobs:
                return self.send(400, b'{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"a blob is missing"}]}')
        headers = [("Location", f"/v2/{repository}/manifests/{digest}"), ("Docker-Content-Digest", digest)]
        if self.kind != "drop":
            g.manifests[repository, digest] = g.manifests[repository, name] = (type, body)
            if g.referrers and "subject" in doc:
                kept = g.subjects.setdefault((repository, doc["subject"]["digest"]), [])
                entry = {"mediaType": type, "digest": digest, "size": len(body), "artifactType": doc.get("artifactType") or doc["config"]["mediaType"], "annotations": doc.get("annotations", {})}
                kept[:] = [e for e in kept if e["digest"] != digest] + [entry]
                headers.append(("OCI-Subject", doc["subject"]["digest"]))
        if self.kind == "race" and self.fault.get("after"):
            g.manifests[repository, name] = (type, self.arg.encode())
        self.send(201, b"", headers)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


class FakeRegistry:
    def __init__(self, host="127.0.0.1", faults=(), auth=None, users=None, identities=(), realm=None, referrers=True, etags=False, uses=10**9, foreign=False, tls=None, tokens_for=None, pages=None):
        self.faults, self.auth, self.users, self.identities, self.realm = list(faults), auth, users or {}, set(identities), realm
        self.referrers, self.etags, self.uses, self.foreign, self.tokens_for, self.pages = referrers, etags, uses, foreign, tokens_for, pages
        self.blobs, self.manifests, self.subjects, self.tokens, self.uploads, self.requests = {}, {}, {}, {}, set(), []
        self.lock = threading.Lock()
        self.server = Server((host, 0), Handler)
        self.server.registry = self
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.name = f"{host}:{self.server.server_address[1]}"
        self.url = f"{'https' if tls else 'http'}://{self.name}"

    def fault(self, method, path):
        for f in self.faults:
            if re.search(f.get("method", ""), method) and re.search(f.get("path", ""), path) and f.get("times", 1) != 0:
                if f.get("skip", 0) > 0:
                    f["skip"] -= 1
                    continue
                if "times" in f:
                    f["times"] -= 1
                return f
        return {}

    def asked(self, method="", path=""):
        return [r for r in self.requests if re.search(method, r["method"]) and re.search(path, r["path"])]

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--host", default="127.0.0.1")
    a.add_argument("--faults", default="[]")
    o = a.parse_args()
    with FakeRegistry(o.host, json.loads(o.faults)) as g:
        print(g.server.server_address[1], flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
