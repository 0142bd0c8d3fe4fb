#!/usr/bin/python3
"""One digest at every privilege: recipes of real packages (recipes/*.yaml), built on every rung and compared with the first, image and steps.

As root all rungs are tried, those of ordinary users as ingot-test and ingot-bare, which tests/run makes; as an ordinary user those that this user can make. Packages come from
the host's mirror, once: there is one store, which is handed from rung to rung without anything that the last one has made."""
import atexit, fnmatch, functools, sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))
import lib
from lib import *

HERE = Path(__file__).resolve().parent
RUNNERS = Path(os.environ.get("INGOT_BUILD") or TOP / "build") / "tests" / "privilege"
RECIPES = sorted(p.stem for p in (HERE / "recipes").glob("*.yaml"))
PLACE = shared_dir() / "matrix"
BIN, OF_PACKAGES = PLACE / "bin", ("deb", "index")  # references of the store that no step has made

# Lines of what the steps change, without times and contents: that all rungs say the same is worth something only if it is right.
SAID = {
    "chown": ["d 0755 1001 1002 /srv", "d 0755 1001 1002 /srv/Africa", "f 0644 1001 1002 /srv/Africa/Cairo", "l 0777 1001 1002 /srv/Africa/Asmera", "l 0777 5 6 /srv/localtime",
              "f 0644 1001 1004 /srv/Elsewhere/Paris", "f 0644 1001 1004 /srv/Copy/Paris", "- /srv/Europe", "- /srv/Asia"],
    "configure": ["d 0755 100 103 /var/lib/postgresql", "d 1775 0 103 /var/log/postgresql", "f 4754 0 104 /usr/lib/dbus-1.0/dbus-daemon-launch-helper", "f 2755 0 101 /usr/bin/ssh-agent",
                  "d 0755 6 12 /var/cache/man/cat1", "f 0640 0 42 /etc/shadow"],
    "mknod": ["c 0666 0 0 /srv/null", "b 0660 0 6 /srv/sdb1", "p 0644 0 0 /srv/fifo"],
    "setcap": ["f 0755 0 0 /srv/plain +0100000200040000000000000000000000000000", "f 0755 0 0 /srv/renamed +0100000200300000003000000000000000000000",
               "f 0755 0 0 /srv/copied +0100000200040000000000000000000000000000", "f 0755 7 8 /srv/rewritten"],
    "user": ["d 0750 4242 4242 /srv/own", "d 0700 4242 4242 /srv/own/dir", "f 0644 4242 4242 /srv/own/moved", "f 0640 105 106 /srv/all/other", "d 0750 105 106 /srv/all/dir"],
    "useradd": ["f 0640 0 42 /etc/shadow", "f 0640 0 42 /etc/gshadow", "d 0755 1500 1400 /home/alice", "f 0644 1500 1400 /home/alice/.profile", "d 2750 999 1400 /var/lib/daemon"],
}

# What a step makes for one machine, and no image keeps.
PASSING = {"* /etc/ssl/certs/*.0": "ssl-cert's certificate for this host's name, which in a chroot is the container's; its link is named after its content"}


class Rung:
    def __init__(self, name, user=None, runner=None, doctor="full", isolation="full"):
        self.name, self.user, self.doctor, self.isolation = name, user, doctor, isolation
        self.under = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--", "env", f"HOME={PLACE}"] if user else []
        self.under += [str(BIN / f"{runner}_runner"), "--"] if runner else []


MASKED = "full, with the container's /proc"
RUNGS = [
    Rung("root"), Rung("a user with subuids", "ingot-test"), Rung("a user with one uid", "ingot-bare"), Rung("nested in a user namespace", "ingot-bare", "nested"),
    Rung("a container with a masked proc", None, "masked", MASKED), Rung("a default container", None, "docker", "chroot (container root)", "chroot"),
] if os.getuid() == 0 else [Rung("the user"), Rung("nested in a user namespace", None, "nested"), Rung("a container with a masked proc", None, "masked", MASKED)]


@functools.cache
def place():
    """The programs where every user reaches them, and the locked recipes."""
    PLACE.mkdir(parents=True, exist_ok=True)
    atexit.register(lambda: (subprocess.run(["chmod", "-R", "u+rwX", PLACE]), shutil.rmtree(PLACE, ignore_errors=True)))
    shutil.copytree(HERE / "recipes", PLACE, dirs_exist_ok=True)
    BIN.mkdir(exist_ok=True)
    for p in [Path(INGOT), *Path(INGOT).parent.glob("ingot-*"), *RUNNERS.glob("*_runner")]:
        if p.is_file():
            shutil.copy2(p, BIN)
    w = Work(PLACE)
    for name in RECIPES:
        w.ingot("lock", f"{name}.yaml", timeout=600)
    lib.INGOT = str(BIN / "ingot")
    return w


def hand_over(rung):
    """The store to this rung, with packages alone in it."""
    w = place()
    if rung.user:
        try:
            pwd.getpwnam(rung.user)
        except KeyError:
            raise Skip(f"there is no user {rung.user}") from None
    made = [*(w.store / "checkouts").glob("*"), *(p for p in (w.store / "refs").glob("*") if p.name not in OF_PACKAGES)]
    if made:
        run(["chmod", "-R", "u+rwX", *made])
        run(["rm", "-r", *made])
    w.under = []
    w.ingot("store", "gc")
    if os.getuid() == 0:
        run(["chown", "-R", f"{rung.user or 'root'}:", w.store])
        shutil.rmtree(w / "out", ignore_errors=True)
    (w / "out").mkdir(exist_ok=True)
    if rung.user:
        shutil.chown(w / "out", rung.user)
    w.under = rung.under
    doctor = {f["what"]: f for f in w.ingot("doctor", "--format", "json", status=None).json()}["rung"]
    assert doctor["ok"] and doctor["detail"] == rung.doctor, f"{rung.name}: doctor says {doctor}"
    return w


def short(delta):
    """A delta's lines without times and contents, which may be a log's; attributes (capabilities) beside what they belong to."""
    out = []
    for line in delta.splitlines()[1:]:
        words = line.split(" ")
        if words[0] == "x":
            raw = words[2].encode().decode("unicode_escape").encode("latin-1")
            out[-1] += " +" + raw.hex()
        else:
            out.append(" ".join(words if len(words) < 6 else words[:4] + words[5:6]))
    return out


def objects(w, records):
    """The deltas that these records of the store name."""
    for r in records:
        digest = r.read_text().splitlines()[1].removeprefix("need ")
        yield (w.store / "objects" / digest[:2] / digest[2:]).read_text()


class Built:
    def __init__(self, w, name, rung):
        steps = w.store / "refs" / "step"
        before = set(steps.glob("*"))
        self.archive = w / "out" / f"{name}.tar"
        r = w.ingot("build", f"{name}.yaml", "--unsigned", "--format", "json", "-o", self.archive, timeout=600).json()
        assert r["isolation"] == rung.isolation and r["steps_run"] > 0 and not r["steps_reused"], f"{rung.name}: {r}"
        self.manifest = r["manifest"]
        self.steps = sorted(line for text in objects(w, set(steps.glob("*")) - before) for line in short(text) if not any(fnmatch.fnmatch(line, p) for p in PASSING))


def first_difference(a, b):
    """Of two mappings of paths: the first path at which they differ, and what each has there."""
    for p in sorted(set(a) | set(b)):
        if a.get(p) != b.get(p):
            return f"{p}:\n    {a.get(p, 'nothing')}\n    {b.get(p, 'nothing')}"
    return None


def difference(w, a, b):
    """Between the first rung's result and another's, or None."""
    lines = lambda built: {l.split(" ")[1 if l[0] in "-o" else 4] + " " + l[0]: l for l in built.steps}
    if a.steps != b.steps:
        return "the steps changed other things, first " + (first_difference(lines(a), lines(b)) or "how often")
    if a.manifest == b.manifest:
        return None
    w.under = []
    return f"{a.manifest} became {b.manifest}, first " + (first_difference(paths_of(w, a.archive), paths_of(w, b.archive)) or "in config or layers: the trees are the same")


@functools.cache
def first():
    w, out = hand_over(RUNGS[0]), {}
    for name in RECIPES:
        out[name] = Built(w, name, RUNGS[0])
        out[name].archive = out[name].archive.rename(PLACE / f"{name}.tar")
    return out


@test
def what_they_do(w):
    """The steps of every recipe make the owners, modes, devices and capabilities that root would have made."""
    assert sorted(SAID) == RECIPES, RECIPES
    wrong = []
    for name, built in first().items():
        for line in SAID[name]:
            path = line.split(" ")[1 if line[0] == "-" else 4]
            if line not in built.steps:
                wrong.append(f"recipe {name}: {line!r} is wanted, the steps say {[l for l in built.steps if path in l.split(' ')]}")
    assert not wrong, "\n".join(wrong)


def on(rung):
    def same_digests(_):
        begin, w, wrong = first(), hand_over(rung), []
        for name in RECIPES:
            try:
                w.under = rung.under
                built = Built(w, name, rung)
                found = difference(w, begin[name], built)
                built.archive.unlink()
            except AssertionError as e:
                found = f"it does not build: {e}"
            if found:
                wrong.append(f"recipe {name}, rung {rung.name!r} (beside {RUNGS[0].name!r}): {found}")
        assert not wrong, "\n".join(wrong)

    same_digests.__doc__ = f"Every recipe gives the same digest on this rung: {rung.name}"
    same_digests.__name__ = rung.name.replace(" ", "_")
    return test(same_digests)


for r in RUNGS[1:]:
    on(r)
main()
