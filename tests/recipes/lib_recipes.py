"""What the tests of the real recipes share: build from the host's own mirror, run under ingot and under podman, wait for an answer."""
import atexit, pathlib, socket, sys, time, urllib.error, urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
from lib import *

LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]


def make(w, name):
    """Lock, build and sign recipes/NAME.yaml with packages from the mirror that this host's apt uses. Returns the archive."""
    for p in (TOP / "recipes").glob(name + "*"):
        if p.name.endswith(".lock.yaml"):
            continue
        (shutil.copytree if p.is_dir() else shutil.copy)(p, w / p.name)
    if not (w / "key.key").exists():
        w.keys()
    w.ingot("lock", f"{name}.yaml", timeout=600)
    w.ingot("build", f"{name}.yaml", "-o", f"{name}.oci.tar", "--key", "key.key", timeout=900)
    w.ingot("verify", f"{name}.oci.tar", "--key", "key.pub")
    user = config_of(w / f"{name}.oci.tar")["config"]["User"]
    assert int(user.split(":")[0]) >= 1, user
    return w / f"{name}.oci.tar"


def no_shell(w, archive):
    """Neither a shell nor a package manager came along unasked."""
    tree = paths_of(w, archive)
    for p in ("usr/bin/dash", "usr/bin/bash", "usr/bin/sh", "usr/bin/apt", "usr/bin/dpkg"):
        assert p not in tree, p
    writable = [p for p, e in tree.items() if e["type"] != "l" and e["mode"] & 0o002 and not e["mode"] & 0o1000]
    assert not writable, writable
    return tree


class Running:
    """A program that runs while the test looks at it."""

    def __init__(self, argv, port=None, after=None, **kw):
        # A server that something else left running would answer in place of the one under test.
        if port:
            with socket.socket() as s:
                assert s.connect_ex(("127.0.0.1", port)) != 0, f"port {port} is taken already, by something that is not under test"
        self.after = after
        self.log = tempfile.NamedTemporaryFile(dir=os.environ.get("TMPDIR"), suffix=".log")
        self.argv = [str(a) for a in argv]
        self.p = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True, **kw)

    def text(self):
        return "\n".join(pathlib.Path(self.log.name).read_text(errors="replace").splitlines()[-60:])

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for s in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.p.pid, s)
                self.p.wait(10)
                break
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
        if self.after:
            run(self.after, status=None, timeout=60)

    def wait_for(self, ask, seconds=40):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                return ask()
            except (OSError, urllib.error.URLError, AssertionError) as e:
                last = repr(e)[-500:]
                assert self.p.poll() is None, f"{' '.join(self.argv)}\nended with {self.p.returncode}:\n{self.text()}"
                time.sleep(0.2)
        raise AssertionError(f"not what was wanted in {seconds} s from {' '.join(self.argv)}\nat last {last}:\n{self.text()}")


def get(url):
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as r:
        return r.read().decode()


def under_ingot(w, archive, *cmd, port=None):
    return Running([INGOT, "run", "--store", w.store, "--network", "host", archive, *(["--", *cmd] if cmd else [])], port=port, cwd=w.dir)


def podman(w):
    """The beginning of a podman command line that can run containers here. Inside another container or VM some things are missing: the
    right to raise limits, and a cgroup hierarchy that crun knows; neither has to do with the image."""
    need("podman")
    if os.getuid() != 0:
        raise Skip("podman is tried as root")
    # podman wants this path to be short: sockets lie below it.
    if not hasattr(w, "runroot"):
        w.runroot = tempfile.mkdtemp(prefix="ingot.", dir="/tmp")
        atexit.register(shutil.rmtree, w.runroot, ignore_errors=True)
    base = ["podman", "--root", w / "podman", "--runroot", w.runroot, "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"]
    hybrid = pathlib.Path("/sys/fs/cgroup/unified").exists()
    prefix = ["unshare", "-m", "sh", "-c", 'umount /sys/fs/cgroup/unified && exec "$@"', "sh"] if hybrid else []
    return [str(a) for a in prefix + base]


def podman_load(w, archive):
    p = podman(w)
    out = run([*p, "load", "-i", archive], timeout=600)
    return p, (out.out + out.err).split("Loaded image: ")[1].split()[0]


def under_podman(w, archive, *options, port=None):
    """The container has a session of its own and outlives the podman that started it: it is removed by name."""
    p, name = podman_load(w, archive)
    called = f"ingot-test-{os.getpid()}"
    return Running([*p, "run", "--rm", "--name", called, "--read-only", "--network=host", "--cgroups=disabled", *LIMITS, *options, name], port=port, after=[*p, "rm", "-f", "-t", "0", called])


# Under what an image is run. podman is tried where the suite runs as root; an ordinary user's turn is about ingot.
RUNNERS = [under_ingot] + ([under_podman] if os.getuid() == 0 else [])
