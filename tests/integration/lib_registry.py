"""What the tests of registries share: an image that is made once, a registry of Debian's, runs against both."""
import base64, re, socket, threading, time
from lib import *
from fake_registry import FakeRegistry, sha

PATIENCE = ["--patience", "2"]
_made = None
_making = threading.Lock()


def image(w):
    """A signed image of a few kilobytes, app.oci.tar, named registry.example/team/app:1; its keys are key.key and key.pub."""
    global _made
    with _making:
        if not _made:
            m = Work(tempfile.mkdtemp(dir=shared_dir()))
            m.keys()
            with locked(m):
                m.build("web.yaml", "--key", m / "key.key", out="app.oci.tar")
            _made = m.dir
    for n in ("app.oci.tar", "key.key", "key.pub"):
        shutil.copy(_made / n, w / n)
    return w / "app.oci.tar"


def push(w, to, *more, archive="app.oci.tar", **kw):
    return w.ingot("push", archive, to, *PATIENCE, *more, **kw)


def pull(w, ref, *more, out="got.oci.tar", **kw):
    return w.ingot("pull", ref, "-o", out, *PATIENCE, *more, **kw)


def stored_blobs(archive):
    """{digest: bytes} of an archive."""
    with tarfile.open(archive) as t:
        return {"sha256:" + m.name.split("/")[-1]: t.extractfile(m).read() for m in t if m.name.startswith("blobs/sha256/") and m.isfile()}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Registry:
    """Debian's docker-registry on loopback; ended by its pid."""

    def __init__(self, w, users=None, tls=False, name="registry"):
        need("docker-registry")
        self.dir, self.port = w / name, free_port()
        self.dir.mkdir()
        self.name = f"127.0.0.1:{self.port}"
        config = {"version": "0.1", "log": {"level": "error"}, "storage": {"filesystem": {"rootdirectory": str(self.dir / "data")}}, "http": {"addr": self.name}}
        if users:
            need("htpasswd")
            for u, p in users.items():
                run(["htpasswd", "-Bb" + ("" if (self.dir / "htpasswd").exists() else "c"), self.dir / "htpasswd", u, p])
            config["auth"] = {"htpasswd": {"realm": "test", "path": str(self.dir / "htpasswd")}}
        if tls:
            self.ca = certificate(self.dir)
            config["http"]["tls"] = {"certificate": str(self.dir / "cert.pem"), "key": str(self.dir / "tls.pem")}
        (self.dir / "config.yml").write_text(json.dumps(config))

    def __enter__(self):
        self.log = open(self.dir / "log", "wb")
        self.process = subprocess.Popen(["docker-registry", "serve", str(self.dir / "config.yml")], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=dict(os.environ, OTEL_TRACES_EXPORTER="none"))
        for _ in range(600):
            assert self.process.poll() is None, (self.dir / "log").read_text(errors="replace")[-2000:]
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        raise AssertionError("docker-registry does not listen")

    def __exit__(self, *args):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def certificate(d, names="IP:127.0.0.1,DNS:localhost"):
    """cert.pem and tls.pem in d, signed by themselves."""
    need("openssl")
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", d / "tls.pem", "-out", d / "cert.pem", "-days", "2", "-subj", "/CN=test",
         "-addext", f"subjectAltName={names}"])
    return d / "cert.pem"
