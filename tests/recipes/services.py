#!/usr/bin/python3
"""The services of recipes/: each is locked, built, signed, verified, run as its user on a read-only root, spoken to, and stopped by its stop signal."""
import base64, smtplib
from lib_recipes import *
from lib_speak import *

# What no image of these has, unless its row says so: a shell, another interpreter, a package manager, a compiler, a debugger.
TOOLS = ["sh", "dash", "bash", "busybox", "perl", "python3", "php8.2", "awk", "mawk", "apt", "dpkg", "gcc", "cc", "ld", "gdb", "strace", "curl", "wget", "nc", "su", "sudo", "mount"]
SERVICES = {}


class Service:
    """How a service is spoken to: started() gives what its run needs, ask() is called until it raises nothing."""

    def __init__(self, ask, port, writable=(), status=0, tools=(), holds=(), started=None):
        self.ask, self.port, self.writable, self.status, self.tools, self.holds, self.started = ask, port, set(writable), status, set(tools), holds, started


def service(name, *port, **kw):
    def add(ask):
        SERVICES[name] = Service(ask, *port, **kw)
        return ask
    return add


class Way:
    """One run of an image. `owner` is who must own, on the host, what the image's user shall read in a volume."""

    def __init__(self, w, archive, kind):
        self.w, self.archive, self.kind, self.extra = w, archive, kind, contextlib.ExitStack()
        self.owner = 10001 if kind == "podman" else os.getuid()

    def volume(self, name, **files):
        """A directory with these files, that the image's user alone can read. Returns it."""
        d = self.w / f"{name}.{self.kind}"
        d.mkdir()
        for f, text in files.items():
            (d / f).write_text(text)
            (d / f).chmod(0o600)
        for p in (d, *d.iterdir()):
            os.chown(p, self.owner, -1)
        return d

    def mount(self, directory, path):
        return ["--volume", f"{directory}:{path}:ro"]

    def env(self, name, value):
        return ["-e", f"{name}={value}"]

    def client(self, *command, env=(), **kw):
        """Another program of the same image, over the network."""
        return self.w.ingot("run", "--network", "host", *[x for e in env for x in ("-e", e)], self.archive, "--", *command, **kw)


# --- the services ---

@service("nginx", 8080, writable=["var/cache/nginx"], holds=["etc/ssl/certs/ca-certificates.crt", "var/lib/dpkg/status.d/nginx"])
def nginx(way):
    assert "It works" in get("http://127.0.0.1:8080/")
    body = b"x" * 200000  # more than a buffer: it goes through a file
    assert "405" in line_by_line(8080, b"POST / HTTP/1.0\r\nContent-Length: 200000\r\n\r\n" + body, until=b"</html>\r\n")[0]


@service("python", 8000, tools=["python3"])
def python(way):
    assert json.loads(get("http://127.0.0.1:8000/"))["uid"] == 10001


@service("redis", 6379)
def redis(way):
    assert line_by_line(6379, "SET k v", "GET k") == ["+OK\r\n", "$1\r\nv\r\n"]
    assert line_by_line(6379, "SAVE")[0].startswith("-ERR"), "there is no place to write to"


@service("memcached", 11211)
def memcached(way):
    assert line_by_line(11211, b"set k 0 0 5\r\nvalue\r\n", "get k", until=b"D\r\n") == ["STORED\r\n", "VALUE k 0 5\r\nvalue\r\nEND\r\n"]


@service("haproxy", 8080)
def haproxy(way):
    assert get("http://127.0.0.1:8080/healthz") == "alive\n"
    assert "no server yet" in line_by_line(8080, b"GET / HTTP/1.0\r\n\r\n", until=b"yet\n")[0]


@service("apache2", 8080, writable=["var/lib/apache2"])
def apache2(way):
    assert "It works" in get("http://127.0.0.1:8080/")
    assert line_by_line(8080, b"GET /../../etc/passwd HTTP/1.0\r\n\r\n", until=b"\n</body></html>\n")[0].startswith("HTTP/1.1 400")


@service("php-fpm", 9000, writable=["var/lib/php"])
def php_fpm(way):
    head, body = fastcgi(9000, "/index.php")
    assert body.startswith("{"), (head, body)
    assert json.loads(body) == {"visits": 1, "writes_code": False}, body
    cookie = next(h.split(" ")[1].rstrip(";") for h in head if h.startswith("Set-Cookie: PHPSESSID="))
    assert json.loads(fastcgi(9000, "/index.php", HTTP_COOKIE=cookie)[1])["visits"] == 2
    for other in "/../../etc/passwd", "/none.php":
        assert fastcgi(9000, other)[1] in ("File not found.\n", "Access denied.\n", "No input file specified.\n"), fastcgi(9000, other)


@service("dnsmasq", 10053)
def dnsmasq(way):
    for tcp in (False, True):
        assert dns(10053, "www.service.internal", "A", tcp) == (0, ["192.0.2.10"])
    assert dns(10053, "about.internal", "TXT") == (0, ["answered by dnsmasq"])
    assert dns(10053, "elsewhere.example", "A")[0] == 5, "it has nobody to ask, so it refuses"


@service("unbound", 10053)
def unbound(way):
    for tcp in (False, True):
        assert dns(10053, "service.internal", "A", tcp) == (0, ["192.0.2.11"])
    assert dns(10053, "about.internal", "TXT") == (0, ["answered by unbound"])
    assert dns(10053, "none.internal", "A") == (3, [])


@service("mosquitto", 1883, writable=["data"])
def mosquitto(way):
    with Mqtt(1883, "a") as a, Mqtt(1883, "b") as b:
        a.subscribe("room/t")
        b.publish("room/t", "21.5", retain=True)
        assert a.message() == ("room/t", "21.5")
    with Mqtt(1883, "c") as c:
        c.subscribe("room/t")
        assert c.message() == ("room/t", "21.5"), "what was retained is there for who comes later"


@service("prometheus", 9090, writable=["data"])
def prometheus(way):
    page = get("http://127.0.0.1:9090/classic/graph")
    wanted = re.findall(r'(?:src|href)="(/classic/static/[^"?]+[.](?:js|css))', page)
    assert len(wanted) > 10 and all(get("http://127.0.0.1:9090" + p) for p in wanted), wanted
    said = json.loads(get("http://127.0.0.1:9090/api/v1/query?query=up"))["data"]["result"]
    assert [(r["metric"]["job"], r["value"][1]) for r in said] == [("prometheus", "1")], said


def etcd_says(what, **words):
    body = json.dumps({k: base64.b64encode(v.encode()).decode() for k, v in words.items()}).encode()
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://127.0.0.1:2379/v3/kv/{what}", data=body, timeout=5) as r:
        return json.loads(r.read())


# etcd ends as it was asked to: by the signal. Only as process 1, which podman makes it, it exits with 0.
@service("etcd", 2379, writable=["data"], status=143)
def etcd(way):
    etcd_says("put", key="k", value="v")
    assert base64.b64decode(etcd_says("range", key="k")["kvs"][0]["value"]) == b"v"


def exim_started(way):
    way.sink = way.extra.enter_context(MailSink())
    return way.env("SMARTHOST", f"127.0.0.1:{way.sink.port}")


@service("exim", 10025, writable=["var/spool/exim4"], started=exim_started)
def exim(way):
    if not getattr(way, "sent", False):
        with smtplib.SMTP(HERE, 10025, timeout=5) as s:
            s.sendmail("a@one.example", ["b@two.example"], "Subject: greetings\n\nhello\n")
            way.sent = True
    assert any("Subject: greetings" in m and m.endswith("hello\r\n") for m in way.sink.mails), way.sink.mails


def openssh_started(way):
    need("ssh-keygen", "sftp")
    for k in ("host", "mine"):
        if not (way.w / k).exists():
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", way.w / k])
    keys = way.volume("keys", host_key=(way.w / "host").read_text(), authorized_keys=(way.w / "mine.pub").read_text())
    return way.mount(keys, "/etc/ssh/keys")


@service("openssh", 10022, writable=["srv/files"], started=openssh_started)
def openssh(way):
    w = way.w
    (w / "known").write_text("[127.0.0.1]:10022 " + (w / "host.pub").read_text())
    (w / "note").write_text("brought\n")
    options = ["-i", w / "mine", "-F", "none", "-o", f"UserKnownHostsFile={w / 'known'}", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]
    r = run(["sftp", "-b", "-", "-P", "10022", *options, "sftp@127.0.0.1"], status=None, timeout=30, input=f"put {w / 'note'} note\nget note {w / 'back'}\nput {w / 'note'} /usr/note\n".encode())
    assert (w / "back").exists(), str(r)
    assert (w / "back").read_text() == "brought\n" and "/usr/note" in r.err and r.status == 1, str(r)
    r = run(["ssh", "-p", "10022", *options, "sftp@127.0.0.1", "id"], status=None, timeout=30)
    assert "uid=" not in r.out, "there is no shell: " + str(r)
    r = run(["ssh", "-p", "10022", *options, "-o", "PubkeyAuthentication=no", "sftp@127.0.0.1"], status=255, timeout=30)
    assert "Permission denied (publickey)" in r.err, str(r)


def postgresql_started(way):
    return way.env("POSTGRES_PASSWORD_FILE", "/secrets/password") + way.mount(way.volume("secrets", password="correct horse\n"), "/secrets")


@service("postgresql", 5432, writable=["var/lib/postgresql", "var/run-postgresql"], tools=["sh", "dash"], started=postgresql_started)
def postgresql(way):
    ask = lambda sql, password="correct horse", **kw: way.client("psql", "-h", HERE, "-U", "postgres", "-XAtqc", sql, env=[f"PGPASSWORD={password}"], **kw)
    if (r := ask("select 1", status=None)).status:
        raise OSError(r.err)  # not yet
    r = ask("create table t (x text collate \"de-x-icu\"); insert into t values ('z'), ('Ä'), ('b'); select string_agg(x, '' order by x) from t")
    assert r.out == "Äbz\n", str(r)
    assert "authentication failed" in ask("select 1", password="wrong", status=2).err


# --- what each has to show ---

def payload(r):
    """The service's own process under `ingot run`: the second of its process namespace, after the sandbox's init. Returns its number here."""
    children = {}
    for p in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, StopIteration):
            status = dict(l.split(":\t", 1) for l in (p / "status").read_text().splitlines() if ":\t" in l)
            children.setdefault(int(status["PPid"]), []).append((int(p.name), status["NSpid"].split()))
    todo = [r.p.pid]
    while todo:
        for pid, inside in children.get(todo.pop(), []):
            if len(inside) > 1 and inside[-1] == "2":
                return pid
            todo.append(pid)
    raise AssertionError("no process of the service under " + " ".join(r.argv))


def holds_what_it_should(w, archive, s):
    tree = paths_of(w, archive)
    theirs = {p for p, e in tree.items() if e["uid"] == 10001 or e["gid"] == 10001}
    assert theirs == s.writable, f"what belongs to the user is {sorted(theirs)}"
    found = {p.rsplit("/", 1)[1] for p in tree if p.rsplit("/", 1)[0] in ("usr/bin", "usr/sbin")} & set(TOOLS)
    assert found == s.tools, f"it has {sorted(found)}"
    assert all(p in tree for p in s.holds), s.holds
    set_id = [p for p, e in tree.items() if e["type"] == "f" and e["mode"] & 0o6000]
    assert not set_id, set_id
    config = config_of(archive)["config"]
    assert config["User"] == "10001:10001" and config["StopSignal"] and all(int(p.split("/")[0]) >= 1024 for p in config["ExposedPorts"]), config
    return config


def under(w, archive, kind, s, config):
    way = Way(w, archive, kind)
    more = s.started(way) if s.started else []
    if kind == "ingot":
        argv, after, called = [INGOT, "run", "--store", w.store, "--network", "host", *more, archive], None, None
    else:
        p, name = podman_load(w, archive)
        called = [*p, "stop", "-t", "20", f"ingot-test-{os.getpid()}"]
        places = [x for d in s.writable for x in ("--tmpfs", f"/{d}:mode=0700,U")]
        argv = [*p, "run", "--rm", "--name", called[-1], "--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--network=host", "--cgroups=disabled", *LIMITS, *places, *more, name]
        after = [*p, "rm", "-f", "-t", "0", called[-1]]
    with way.extra, Running(argv, port=s.port, after=after, cwd=w.dir) as r:
        r.wait_for(lambda: s.ask(way))
        began = time.monotonic()
        if called:
            run(called, timeout=60)
        else:
            os.kill(payload(r), signal.Signals[config["StopSignal"]])
        try:
            status = r.p.wait(20)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{config['StopSignal']} did not end it within 20 s:\n{r.text()}")
        wanted = {s.status, 0} if called else {s.status}
        assert status in wanted, f"{config['StopSignal']} ended it with {status}:\n{r.text()}"
        assert time.monotonic() - began < 15, "it took its time to end"


def show(name, s):
    def one(w):
        w.store = shared_dir() / "store"  # what one has fetched and decoded, the others need, too
        archive = make(w, name)
        # The build has held it to its own profile; here neither the recipe with its lock nor the image on its own may raise as much as a warning.
        for what in (f"{name}.yaml",), ("-f", f"{name}.yaml", archive):
            w.ingot("check", "--profile", "strict", "--fail-on", "warning", *what)
        config = holds_what_it_should(w, archive, s)
        for kind in ["ingot"] + (["podman"] if under_podman in RUNNERS else []):
            under(w, archive, kind, s, config)
    one.__name__ = name.replace("-", "_")
    one.__doc__ = f"{name}: builds, has no more than it should, answers as an ordinary user on a read-only root, and ends when asked to"
    return test(one)


for _name, _s in SERVICES.items():
    show(_name, _s)
main()
