#!/usr/bin/python3
"""Steps that fail, fill their disk, never end or are killed; a full disk; a killed builder. The next build just works."""
import threading, time
from lib import *

GOOD = steps("run: mkdir /out && echo made > /out/x")


def built(w, text, status=0, **kw):
    w.write("web.yaml", text)
    with mirror(w):
        w.lock("web.yaml", "--update")
        return w.build(status=status, **kw)


def then_good(w):
    w.whole()
    built(w, GOOD)
    assert "srv/x" in paths_of(w, "web.oci.tar")
    w.whole()


@test
def fails(w):
    """A step that fails: status 5, the step's own status, its output, its place in the recipe."""
    r = built(w, steps("run: mkdir /out", "run: |\n  echo something went wrong here\n  exit 7"), 5)
    r.says("something went wrong here", "7", "make", "web.yaml:")
    assert not (w / "web.oci.tar").exists()
    then_good(w)


@test
def killed_step(w):
    """A step that dies by a signal says which."""
    built(w, steps("run: kill -9 $$"), 5).says("signal")


@test
def memory(w):
    """A step that takes more memory than it may is killed, and the message says so."""
    built(w, steps("run: head -c 300000000 /dev/zero > /tmp/x && sleep 30\nmemory: 64MiB"), 5, timeout=100).says("64 MiB", "memory", "make")
    then_good(w)


@test
def no_such_program(w):
    """A step whose program does not exist says its name."""
    built(w, steps("run: [/usr/bin/nothere]"), 5).says("/usr/bin/nothere")


@test
def never_ends(w):
    """A step that never ends is ended at its timeout, with everything that it started."""
    began = time.monotonic()
    r = built(w, steps("run: |\n  sleep 3600 &\n  sleep 3601\ntimeout: 3"), 5, timeout=100)
    assert time.monotonic() - began < 60
    r.says("3 s")
    left = [p for p in pathlib.Path("/proc").glob("[0-9]*/cmdline") if _cmdline(p) in ("sleep 3600", "sleep 3601")]
    assert not left, left
    then_good(w)


def _cmdline(p):
    try:
        return p.read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


@test
def fills_its_disk(w):
    """A step that fills its disk is stopped by a limit, not by the end of the host's disk."""
    small = subprocess.run(["df", "--output=avail", "-B1M", w.dir], capture_output=True, text=True).stdout.split()[-1]
    r = built(w, steps("run: |\n  mkdir /out\n  dd if=/dev/zero of=/tmp/big bs=1048576 count=%d" % (int(small) + 1000)), 5, timeout=600)
    r.says("space")
    then_good(w)


@test
def no_network(w):
    """A step has no network: not even the builder's own mirror on loopback."""
    r = built(w, steps("run: |\n  mkdir /out\n  ls /sys/class/net > /out/nets 2>/dev/null || true\n  cat /proc/net/dev > /out/dev || true"))
    assert r.status == 0
    lines = [l for l in _content(w, "srv/dev").splitlines() if ":" in l]
    assert all(l.strip().startswith("lo:") for l in lines), lines


def _content(w, path):
    manifest = json.loads(blob(w / "web.oci.tar", manifest_digest(w / "web.oci.tar")))
    for layer in manifest["layers"]:
        data = blob(w / "web.oci.tar", layer["digest"])
        if layer["mediaType"].endswith("zstd"):
            data = subprocess.run(["zstd", "-dc"], input=data, stdout=subprocess.PIPE, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(data)) as t:
            if path in t.getnames():
                return t.extractfile(path).read().decode()
    raise AssertionError(path)


@test
def nothing_of_the_host(w):
    """A step sees no file of the host, no process of the host and no variable of the caller."""
    w.write("canary", "seen")
    r = built(w, steps(f"run: |\n  mkdir /out\n  env > /out/env\n  ls /proc > /out/proc\n  ls {w.dir} > /out/host 2>&1 || true\n  ls / > /out/root"), env={"INGOT_CANARY": "seen"})
    assert r.status == 0
    assert "CANARY" not in _content(w, "srv/env")
    assert "canary" not in _content(w, "srv/host")
    pids = [p for p in _content(w, "srv/proc").split() if p.isdigit()]
    assert len(pids) < 8, pids


@test
def background_processes(w):
    """What a step leaves running is dead before its result is taken."""
    built(w, steps("run: |\n  mkdir /out\n  echo one > /out/x\n  (sleep 5; echo two > /out/x) >/dev/null 2>&1 &"))
    assert _content(w, "srv/x") == "one\n"


@test
def hostile_output(w):
    """Escape sequences and CI commands in a step's output do not reach the terminal or the CI."""
    r = built(w, steps("run: |\n  mkdir /out && touch /out/x\n  printf '\\033[31mred\\007\\n::add-mask::x\\n'"), env={"GITHUB_ACTIONS": "true"})
    assert "\033" not in r.err and "\007" not in r.err and "\n::add-mask::" not in r.err, r.err


@test
def disk_full(w):
    """A full disk is an error that says so; with space again the same build works in the same store."""
    if os.getuid() != 0:
        raise Skip("mounting a small file system needs root")
    disk = w / "disk"
    disk.mkdir()
    run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk])
    try:
        w.store = disk / "store"
        w.write("web.yaml", GOOD)
        with mirror(w):
            w.lock(status=None)
            for size in ("1m", "2m", "3m", "4m", "6m"):
                run(["mount", "-o", f"remount,size={size}", disk])
                r = w.lock(status=None)
                if r.status == 0:
                    r = w.build(status=None)
                if r.status:
                    assert "No space" in r.err, str(r)
                    assert not (w / "web.oci.tar").exists()
            run(["mount", "-o", "remount,size=256m", disk])
            w.lock()
            w.build()
            w.whole()
    finally:
        run(["umount", "-l", disk])


@test
def killed_half_way(w):
    """The builder is killed at many moments; each time the next build works and the store is whole."""
    with locked(w, steps("run: mkdir /out && echo made > /out/x && sleep 0.3")):
        began = time.monotonic()
        w.build(out="want.tar")
        whole = time.monotonic() - began
        for i in range(12):
            if i % 3 == 0:
                subprocess.run(["chmod", "-R", "u+rwX", w.store])
                shutil.rmtree(w.store)
            p = subprocess.Popen([INGOT, "build", "--store", w.store, "web.yaml", *w.options, "--unsigned", "-o", "k.tar"], cwd=w.dir, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, start_new_session=True)
            time.sleep(whole * (i + 0.5) / 12)
            p.kill()
            p.wait()
            assert not (w / "k.tar").exists() or (w / "k.tar").read_bytes() == (w / "want.tar").read_bytes()
            w.whole()
        w.build(out="k.tar")
    assert (w / "k.tar").read_bytes() == (w / "want.tar").read_bytes()
    w.whole()
    time.sleep(1)
    left = [_cmdline(p) for p in pathlib.Path("/proc").glob("[0-9]*/cmdline") if str(w.store) in _cmdline(p)]
    assert not left, left


@test
def interrupted(w):
    """Ctrl-C ends the build and everything it started, and leaves no half archive."""
    with locked(w, steps("run: mkdir /out && sleep 3599")):
        p = subprocess.Popen([INGOT, "build", "--store", w.store, "web.yaml", *w.options, "--unsigned", "-o", "k.tar"], cwd=w.dir, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(4)
        os.killpg(p.pid, signal.SIGINT)
        p.wait(30)
    time.sleep(1)
    assert not (w / "k.tar").exists()
    assert not [p for p in pathlib.Path("/proc").glob("[0-9]*/cmdline") if _cmdline(p) == "sleep 3599"]
    then_good(w)


@test
def many_at_once(w):
    """Four builders on one store give one result."""
    with locked(w, GOOD):
        threads = [threading.Thread(target=lambda i=i: w.build(out=f"m{i}.tar", status=None)) for i in range(4)]
        [t.start() for t in threads]
        [t.join() for t in threads]
    assert len({(w / f"m{i}.tar").read_bytes() for i in range(4)}) == 1
    w.whole()


main()
