#!/usr/bin/python3
"""Steps that leave behind, or do to themselves, what a builder would rather not meet. Each ends in a clear result or a clear error; nothing is left running or mounted."""
import threading, time
from lib import *


def processes(word):
    found = []
    for p in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if word in (p / "cmdline").read_bytes().decode(errors="replace") and p.name != str(os.getpid()):
                found.append(p.name)
        except OSError:
            pass
    return found


def quiet(w, mounts, status=0, then=True):
    """What every case owes: no process of its store, no mount more than before, a whole store, and a build that works."""
    deadline = time.monotonic() + 5
    while processes(str(w.store)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not processes(str(w.store)), processes(str(w.store))
    assert mine(w) == mounts, mine(w)
    w.whole()
    left = [str(p) for p in (w.store / "tmp").iterdir()] if (w.store / "tmp").is_dir() else []
    assert not left, f"scratch is left: {left}"
    if then:
        w.write("web.yaml", steps("run: mkdir /out && echo made > /out/x"))
        w.lock("web.yaml", "--update")
        w.build(out="then.tar")
        assert "srv/x" in paths_of(w, "then.tar")


def mine(w):
    return [l for l in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if str(w.dir) in l]


def attempt(w, script, status=0, step="", **kw):
    """One build with one step; the result and quiet()."""
    mounts = mine(w)
    w.write("web.yaml", steps("run: |\n" + "".join("  " + l + "\n" for l in script.strip("\n").splitlines()) + step))
    with mirror(w):
        w.lock("web.yaml", "--update")
        r = w.build(status=status, **kw)
        if status:
            assert not (w / "web.oci.tar").exists()
        quiet(w, mounts)
    return r


@test
def fork_without_end(w):
    """A fork bomb ends at a limit or at its timeout."""
    r = attempt(w, """
        bomb() { bomb | bomb & }
        bomb
        while :; do :; done
        """, 5, step="timeout: 4", timeout=200)
    r.says("4 s")


@test
def fills_a_file(w):
    """A file larger than a step may write ends the step with a word about it."""
    r = attempt(w, "dd if=/dev/zero of=/huge bs=1048576 seek=16500 count=1 2>&1\nmkdir /out", 5)
    assert "signal 25" in r.err or "File too large" in r.err or "limit" in r.err, str(r)


@test
def sparse_terabyte(w):
    """A sparse file of a terabyte is refused by size, at once, and not read."""
    began = time.monotonic()
    r = attempt(w, "mkdir /out\ndd if=/dev/null of=/out/sparse bs=1 seek=1T 2>&1", 5)
    assert time.monotonic() - began < 60
    assert "too large" in r.err or "limit" in r.err or "signal 25" in r.err, str(r)


@test
def floods_its_log(w):
    """A gigabyte of output is cut in the log, and the step goes on to its end."""
    size = int(os.environ.get("INGOT_FLOOD", "1000000000"))
    r = attempt(w, f"dd if=/dev/zero bs=1000000 count={size // 1000000} 2>/dev/null | tr '\\000' 'x'\nmkdir /out && echo end > /out/x", timeout=900)
    assert len(r.err) < 200 << 20 and "left out" in r.err, len(r.err)
    assert "srv/x" in paths_of(w, "web.oci.tar")


@test
def ignores_signals(w):
    """A step and its children that ignore every signal are gone at the timeout."""
    r = attempt(w, """
        trap '' HUP INT QUIT TERM USR1 USR2 PIPE ALRM
        (trap '' HUP INT QUIT TERM; while :; do sleep 1; done) &
        while :; do sleep 1; done
        """, 5, step="timeout: 2", timeout=100)
    r.says("2 s")


@test
def deletes_its_root(w):
    """A step that deletes everything it can reach fails or leaves an empty stage, and no more than that."""
    canary = w / "canary"
    canary.mkdir()
    (canary / "file").write_text("untouched\n")
    r = attempt(w, "rm -rf /* /.[!.]* 2>/dev/null\nexit 0", None)
    assert r.status in (0, 5, 65), str(r)
    assert (canary / "file").read_text() == "untouched\n"


@test
def many_files(w):
    """Twenty thousand files in one directory are harvested, each once."""
    attempt(w, """
        mkdir /out
        i=0
        while [ $i -lt 20000 ]; do : > /out/f$i; i=$((i + 1)); done
        """, timeout=300)
    assert sum(p.startswith("srv/f") for p in paths_of(w, "web.oci.tar")) == 20000


@test
def raw_names(w):
    """Names of 255 bytes that are no UTF-8, of control characters and of a newline come back as they were."""
    attempt(w, r"""
        mkdir /out && cd /out
        n=$(printf '\377\376\001'); while [ ${#n} -lt 255 ]; do n="$n$n"; done
        n=$(printf '%s' "$n" | head -c 255)
        : > "$n"
        : > "$(printf 'a\nb')"
        : > "$(printf ' \033[31m')"
        : > ...
        : > -rf
        """)
    names = set()
    for layer in json.loads(blob(w / "web.oci.tar", manifest_digest(w / "web.oci.tar")))["layers"]:
        data = blob(w / "web.oci.tar", layer["digest"])
        if layer["mediaType"].endswith("zstd"):
            data = subprocess.run(["zstd", "-dc"], input=data, stdout=subprocess.PIPE, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8", errors="surrogateescape") as t:
            names |= {os.fsencode(n) for n in t.getnames()}
    long = (b"\377\376\001" * 85)[:255]
    assert {b"srv/" + n for n in (long, b"a\nb", b" \033[31m", b"...", b"-rf")} <= names, names


@test
def fills_memory_by_files(w):
    """What lies in memory is limited: /dev/shm, /run and /tmp."""
    attempt(w, """
        dd if=/dev/zero of=/dev/shm/x bs=1048576 count=200 2>/dev/null && exit 9
        dd if=/dev/zero of=/run/x bs=1048576 count=1100 2>/dev/null && exit 8
        rm /run/x
        dd if=/dev/zero of=/tmp/x bs=1048576 count=1100 2>/dev/null && exit 7
        mkdir /out
        """)


@test
def links_to_nowhere(w):
    """Links into /proc, in a loop and hard links are what they were; a process that is left behind is not waited for."""
    began = time.monotonic()
    attempt(w, """
        mkdir /out
        (sleep 100 < /dev/null > /dev/null 2>&1) &
        : > /out/x
        ln -s /proc/self/fd/0 /out/l
        ln -s loop /out/loop
        ln /out/x /out/y
        """)
    assert time.monotonic() - began < 90
    assert {"srv/x", "srv/y", "srv/l", "srv/loop"} <= set(paths_of(w, "web.oci.tar"))


@test
def set_ids_need_a_reason(w):
    """A set-uid file that a step makes does not get into an image without a reason."""
    r = attempt(w, "mkdir /out && cp /usr/bin/true /out/root && chmod 6755 /out/root", None)
    assert r.status != 0 and "srv/root" in r.err and "setuid" in r.err.lower().replace("set-uid", "setuid"), str(r)


@test
def closed_directories(w):
    """Directories of mode 000, ten deep, and a closed root are harvested and cleaned up."""
    attempt(w, """
        mkdir -p /out/a/b/c/d/e/f/g/h/i
        : > /out/a/b/c/d/e/f/g/h/i/x
        for d in /out/a/b/c/d/e/f/g/h/i /out/a/b/c/d/e/f/g/h /out/a/b/c/d/e/f/g /out/a/b /out/a; do chmod 000 $d; done
        mkdir /closed && chmod 000 /closed
        chmod 000 /
        """)
    assert "srv/a/b/c/d/e/f/g/h/i/x" in paths_of(w, "web.oci.tar")


@test
def deep_directories(w):
    """Directories nested deeper than the limit are an error that says so."""
    r = attempt(w, """
        i=0
        while [ $i -lt 400 ]; do mkdir d; cd -P d; i=$((i + 1)); done
        """, 5)
    assert "deep" in r.err or "limit" in r.err, str(r)


@test
def immutable_files(w):
    """Where root may make scratch files immutable, the clean-up says so or takes it off; the next build works."""
    if os.getuid() != 0 or not shutil.which("chattr"):
        raise Skip("chattr needs root")
    mounts = mine(w)
    w.write("web.yaml", steps("run: mkdir /out && touch /out/x && sleep 3"))
    stop = threading.Event()
    made = []

    def freeze():
        while not stop.is_set():
            for p in w.store.glob("tmp/*/upper/out/x"):
                if subprocess.run(["chattr", "+i", p], stderr=subprocess.DEVNULL).returncode == 0:
                    made.append(p)
                    return
            time.sleep(0.05)

    t = threading.Thread(target=freeze)
    with mirror(w):
        w.lock("web.yaml", "--update")
        t.start()
        r = w.build(status=None, timeout=100)
        stop.set()
        t.join()
        if not made:
            raise Skip("this file system has no immutable files")
        assert r.status in (0, 1, 5, 74, 73) and r.status != 70, str(r)
        for p in made:
            subprocess.run(["chattr", "-i", p], stderr=subprocess.DEVNULL)
        w.ingot("store", "gc", status=None)
        w.whole()
        assert mine(w) == mounts


@test
def kills_everybody(w):
    """A step that sends every signal to everybody ends itself alone."""
    mounts = mine(w)
    r = attempt(w, "for s in 1 2 3 15 10 12 14 18 13 9; do kill -$s 1 -1; done\nmkdir /out", None)
    assert r.status in (0, 5), str(r)
    assert mine(w) == mounts


main()
