"""A few words of the protocols that the services of recipes/ speak: enough to put something in and get it back."""
import re, socket, socketserver, struct, threading

HERE = "127.0.0.1"


def line_by_line(port, *lines, until=b"\r\n", timeout=5):
    """Send lines one after the other, each after the answer to the one before. Returns the answers."""
    answers = []
    with socket.create_connection((HERE, port), timeout) as s:
        for line in lines:
            s.sendall(line if isinstance(line, bytes) else line.encode() + b"\r\n")
            got = b""
            while not got.endswith(until):
                more = s.recv(4096)
                assert more, f"the connection ended after {got!r}"
                got += more
            answers.append(got.decode())
    return answers


# --- DNS (RFC 1035) ---

def dns(port, name, kind, tcp=False):
    """What a name server answers: (rcode, [data of each answer])."""
    labels = b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0"
    query = struct.pack(">6H", 0x4f4f, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">2H", {"A": 1, "TXT": 16}[kind], 1)
    with socket.socket(type=socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        s.connect((HERE, port))
        s.sendall(struct.pack(">H", len(query)) + query if tcp else query)
        data = s.recv(4096)[2 if tcp else 0:]
    ident, flags, _, n, _, _ = struct.unpack(">6H", data[:12])
    assert ident == 0x4f4f and flags & 0x8000, data
    at, found = 12 + len(labels) + 4, []
    for _ in range(n):
        assert data[at] & 0xc0 == 0xc0, "an answer without a compressed name"
        size, = struct.unpack(">H", data[at + 10:at + 12])
        raw = data[at + 12:at + 12 + size]
        found.append(".".join(map(str, raw)) if kind == "A" else raw[1:1 + raw[0]].decode())
        at += 12 + size
    return flags & 15, found


# --- FastCGI ---

def fastcgi(port, script, **more):
    """One request to a FastCGI server. Returns (header lines, body)."""
    def record(kind, body=b""):
        return struct.pack(">BBHHBx", 1, kind, 1, len(body), 0) + body
    size = lambda n: bytes([n]) if n < 128 else struct.pack(">I", n | 0x80000000)
    params = {"REQUEST_METHOD": "GET", "SCRIPT_FILENAME": script, "SCRIPT_NAME": script, "SERVER_PROTOCOL": "HTTP/1.1", **more}
    pairs = b"".join(size(len(k)) + size(len(v)) + k.encode() + v.encode() for k, v in params.items())
    out = b""
    with socket.create_connection((HERE, port), 5) as s, s.makefile("rb") as f:
        s.sendall(record(1, struct.pack(">HB5x", 1, 0)) + record(4, pairs) + record(4) + record(5))
        while True:
            head = f.read(8)
            assert len(head) == 8, f"the connection ended after {out!r}"
            _, kind, _, n, pad = struct.unpack(">BBHHBx", head)
            body = f.read(n + pad)[:n]
            if kind == 6:
                out += body
            elif kind == 3:
                break
    head, _, body = out.decode().partition("\r\n\r\n")
    return head.split("\r\n"), body


# --- MQTT 3.1.1 ---

class Mqtt:
    def __init__(self, port, name):
        self.s = socket.create_connection((HERE, port), 5)
        self.packet(0x10, self.text("MQTT") + b"\x04\x02\x00\x3c" + self.text(name))
        assert self.read() == (0x20, b"\0\0"), "CONNECT was not accepted"

    def text(self, s):
        return struct.pack(">H", len(s)) + s.encode()

    def packet(self, kind, body):
        assert len(body) < 128
        self.s.sendall(bytes([kind, len(body)]) + body)

    def exactly(self, n):
        got = b""
        while len(got) < n:
            more = self.s.recv(n - len(got))
            assert more, "the broker ended the connection"
            got += more
        return got

    def read(self):
        kind, n = self.exactly(2)
        assert n < 128
        return kind, self.exactly(n)

    def subscribe(self, topic):
        self.packet(0x82, b"\0\1" + self.text(topic) + b"\0")
        assert self.read() == (0x90, b"\0\1\0"), "SUBSCRIBE was not accepted"

    def publish(self, topic, value, retain=False):
        self.packet(0x31 if retain else 0x30, self.text(topic) + value.encode())

    def message(self):
        kind, body = self.read()
        assert kind & 0xf0 == 0x30, kind
        n, = struct.unpack(">H", body[:2])
        return body[2:2 + n].decode(), body[2 + n:].decode()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.s.close()


# --- SMTP: somebody to hand the mail to ---

class MailSink:
    """A mail server on a port of its own, which keeps what it is given."""

    def __enter__(self):
        sink = self
        self.mails = []

        class Session(socketserver.StreamRequestHandler):
            def handle(self):
                say = lambda t: self.wfile.write(t.encode() + b"\r\n")
                say("220 sink")
                while line := self.rfile.readline():
                    verb = line.decode(errors="replace").strip().upper()
                    if verb == "DATA":
                        say("354 go on")
                        text = b""
                        while (more := self.rfile.readline()) not in (b".\r\n", b""):
                            text += more
                        sink.mails.append(text.decode(errors="replace"))
                    elif verb == "QUIT":
                        return say("221 bye")
                    say("250 fine")

        self.server = socketserver.ThreadingTCPServer((HERE, 0), Session)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
