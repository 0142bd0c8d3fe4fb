"""What the integration tests share: a workspace for each test, the program under test, a tiny package repository, TAP.

A test is a function with the decorator @test; its docstring is its name. It gets a Work: a fresh directory with a store of its own.
Environment: INGOT (the program), MUST_WORK, TMPDIR. Everything that is made lies below TMPDIR, which the caller removes.
"""
import contextlib, hashlib, io, json, os, pathlib, pwd, shutil, signal, subprocess, sys, tarfile, tempfile, textwrap, traceback

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path.insert(0, str(HERE))
import mkrepo
from fake_mirror import FakeMirror

INGOT = os.environ.get("INGOT") or str(TOP / "build" / "builder" / "ingot")
TESTS = []


class Skip(Exception):
    pass


class Result:
    def __init__(self, argv, status, out, err):
        self.argv, self.status, self.out, self.err = argv, status, out, err

    def __str__(self):
        return f"$ {' '.join(map(str, self.argv))}\nexit status {self.status}\n--- stdout\n{self.out[-3000:]}\n--- stderr\n{self.err[-5000:]}"

    def says(self, *words):
        """Every word occurs in the messages."""
        for w in words:
            assert w.lower() in self.err.lower(), f"the message lacks {w!r}\n{self}"
        return self

    def json(self):
        return json.loads(self.out)


def test(f):
    TESTS.append(f)
    return f


def need(*programs):
    for p in programs:
        if not shutil.which(p):
            raise Skip(f"{p} is not installed")


def run(argv, status=0, env=None, cwd=None, timeout=300, input=None, binary=False, **kw):
    """Run, and insist on the exit status (None: any)."""
    e = dict(os.environ)
    for k, v in (env or {}).items():
        e.pop(k, None) if v is None else e.__setitem__(k, v)
    p = subprocess.run([str(a) for a in argv], cwd=cwd, env=e, timeout=timeout, input=input, stdin=None if input is not None else subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kw)
    r = Result(argv, p.returncode, p.stdout if binary else p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace"))
    if status is not None:
        assert r.status == status, f"exit status {r.status}, not {status}\n{r}"
    return r


class Work:
    def __init__(self, path):
        self.dir = pathlib.Path(path)
        self.store = self.dir / "store"
        self.options = []  # given to every lock and build: the mirror
        self.keyring = []  # given to every lock: the key of the repository
        self.under = []  # a runner that sets a stage (tests/privilege), and its arguments

    def __truediv__(self, name):
        return self.dir / name

    def write(self, name, text, mode=None):
        p = self.dir / name
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        if mode is not None:
            p.chmod(mode)
        return p

    def ingot(self, *args, status=0, **kw):
        """One run of the program with this workspace's store, in its directory."""
        kw.setdefault("cwd", self.dir)
        r = run([*self.under, INGOT, *args[:1], "--store", self.store, *args[1:]], status=status, **kw)
        # 70 is a fault of ours; a signal is worse. No input may cause either, but a damaged store may cause the first.
        assert r.status >= 0 and (r.status != 70 or status == 70 or "is damaged" in r.err), str(r)
        return r

    def lock(self, recipe="web.yaml", *more, **kw):
        return self.ingot("lock", recipe, *self.options, *self.keyring, *more, **kw)

    def build(self, recipe="web.yaml", *more, out="web.oci.tar", **kw):
        how = [] if any(m in ("--key", "--unsigned") for m in more) else ["--unsigned"]
        return self.ingot("build", recipe, *self.options, "-o", out, *how, *more, **kw)

    def whole(self):
        """The store is as good as before: nothing in it is damaged."""
        self.ingot("store", "verify")

    def keys(self, name="key"):
        self.ingot("keygen", name, env={"INGOT_PASSPHRASE": ""})
        return self / f"{name}.key", self / f"{name}.pub"


def manifest_digest(archive):
    """What index.json of an archive says, read without the program under test."""
    with tarfile.open(archive) as t:
        index = json.load(t.extractfile("index.json"))
    assert len(index["manifests"]) == 1, index
    return index["manifests"][0]["digest"]


def blob(archive, digest):
    with tarfile.open(archive) as t:
        data = t.extractfile("blobs/" + digest.replace(":", "/")).read()
    assert hashlib.sha256(data).hexdigest() == digest.split(":")[1]
    return data


def config_of(archive):
    manifest = json.loads(blob(archive, manifest_digest(archive)))
    return json.loads(blob(archive, manifest["config"]["digest"]))


def paths_of(work, archive):
    """{path: entry} of what ingot tree says."""
    return {e["path"].lstrip("/"): e for e in map(json.loads, work.ingot("tree", archive, "--format", "json").out.splitlines())}


# --- a repository of a few packages, made of this host's own programs, so that steps have a shell to run in ---

def closure(programs):
    """The programs and every library they load, by the path at which they are found."""
    files = set()
    for p in programs:
        real = shutil.which(p) or p
        files.add(real)
        for word in subprocess.run(["ldd", real], capture_output=True, text=True).stdout.split():
            if word.startswith("/"):
                files.add(word)
    return sorted(files)


def merged(path):
    """/bin/sh -> usr/bin/sh, as Debian packages of today have it."""
    p = path.lstrip("/")
    return p if p.startswith("usr/") else "usr/" + p if p.split("/")[0] in ("bin", "sbin") else p


def host_files(programs):
    return {merged(f): {"data": pathlib.Path(f).read_bytes(), "mode": 0o755} for f in closure(programs)}


STATIC = r"""
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--id") == 0)
		printf("%d:%d\n", (int)getuid(), (int)getgid());
	else if (argc > 2 && strcmp(argv[1], "--write") == 0) {
		FILE *f = fopen(argv[2], "w");
		puts(f ? "written" : "refused");
	} else
		puts("hello from ingot");
	return argc > 2 && strcmp(argv[1], "--exit") == 0 ? argv[2][0] - '0' : 0;
}
"""


def static_program(where):
    need("gcc")
    source = pathlib.Path(where, "probe.c")
    source.write_text(STATIC)
    run(["gcc", "-O1", "-static", "-s", "-o", pathlib.Path(where, "probe"), source])
    return pathlib.Path(where, "probe").read_bytes()


def shared_dir():
    d = pathlib.Path(os.environ.get("TMPDIR", "/tmp"), "shared")
    d.mkdir(parents=True, exist_ok=True)
    return d


_repo = None


def repo():
    """probe (static), sh (dash, coreutils), clash-a and clash-b (one path, two contents), scripted (needs its maintainer script)."""
    global _repo
    if _repo:
        return _repo
    need("gpg", "gpgv", "gcc")
    d = shared_dir()
    r = mkrepo.Repo(d / "repo")
    D = mkrepo.Deb
    probe = {"usr/bin/probe": {"data": static_program(d), "mode": 0o755}, "usr/share/doc/probe/copyright": "none\n"}
    tools = ["dash", "cat", "mkdir", "chmod", "chown", "sleep", "dd", "ln", "cp", "rm", "touch", "id", "env", "ls", "true", "mv", "head", "tr", "wc", "date", "sha256sum"]
    sh = host_files(tools) | {"usr/bin/sh": {"type": "link", "target": "dash"}}
    r.debs = [
        D("probe", "1.0", files=probe),
        D("sh", "1.0", files=sh),
        D("clash-a", files={"etc/clash.conf": "a\n"}),
        D("clash-b", files={"etc/clash.conf": "b\n"}),
        D("needs-nothing-here", depends="no-such-package (>= 2)"),
        D("fighter", conflicts="probe"),
        D("suid", files={"usr/bin/suid": {"data": b"x", "mode": 0o4755}}),
        D("scripted", files={"usr/share/scripted/x": "x\n"}, scripts={"postinst": "#!/bin/sh\nset -e\nmknod /etc/surprise p\n"}),
        D("gz", files={"usr/share/gz": "gz\n"}, compression="gz"),
        D("zst", files={"usr/share/zst": "zst\n"}, compression="zst") if shutil.which("zstd") else D("zst", files={"usr/share/zst": "zst\n"}),
    ]
    publish(r)
    _repo = r
    return r


def publish(r, **kw):
    kw.setdefault("date", mkrepo.DATE)
    r.suite("bookworm", r.debs, suite="oldstable", **kw)


def own_repo(w):
    """A copy of the repository that a test may damage."""
    r = repo()
    shutil.copytree(r.path, w / "repo")
    copy = mkrepo.Repo.__new__(mkrepo.Repo)
    copy.path, copy.own_key, copy.signer, copy.debs = str(w / "repo"), False, r.signer, list(r.debs)
    copy.key = str(w / "repo" / "key.asc")
    return copy


@contextlib.contextmanager
def mirror(w, r=None, faults=None):
    """Serve the repository on loopback, and tell the workspace's runs about it."""
    r = r or repo()
    with FakeMirror(r.path, faults=faults) as m:
        w.options, w.keyring = ["--mirror", m.url], ["--archive-key", r.key]
        yield m


@contextlib.contextmanager
def locked(w, recipe=None, r=None):
    """The recipe written and locked; its mirror is still there."""
    w.write("web.yaml", recipe or RECIPE)
    with mirror(w, r) as m:
        w.lock()
        yield m


RECIPE = """\
ingot: 1
name: web
version: "1.0"
sources:
  debian: { packages: debian, suites: [bookworm] }
image:
  packages: [probe]
  user: web
  entrypoint: [/usr/bin/probe]
"""

STEPS = """\
ingot: 1
name: web
sources:
  debian: { packages: debian, suites: [bookworm] }
stages:
  make:
    packages: [sh]
    steps:
%s
image:
  packages: [probe]
  copy:
    - { from: make, path: /out, to: /srv }
  user: web
  entrypoint: [/usr/bin/probe]
"""


def steps(*lines):
    return STEPS % "\n".join("      - " + l.replace("\n", "\n        ") for l in lines)


def main():
    only = sys.argv[1:]
    tests = [t for t in TESTS if not only or t.__name__ in only]
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    base = pathlib.Path(os.environ.get("TMPDIR", "/tmp"))
    for t in tests:
        name = (t.__doc__ or t.__name__).strip().splitlines()[0].rstrip(".")
        where = tempfile.mkdtemp(prefix=t.__name__ + ".", dir=base)
        try:
            t(Work(where))
            print(f"ok {name}", flush=True)
        except Skip as why:
            print(f"ok {name} # SKIP {why}", flush=True)
        except Exception:
            failed += 1
            print("".join("  " + l for l in traceback.format_exc(limit=-3).splitlines(True)), flush=True)
            print(f"not ok {name}", flush=True)
        finally:
            subprocess.run(["chmod", "-R", "u+rwX", where], stderr=subprocess.DEVNULL)
            shutil.rmtree(where, ignore_errors=True)
    if _repo:
        _repo.close()
    sys.exit(1 if failed else 0)
