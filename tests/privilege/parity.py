#!/usr/bin/python3
"""The same system made by mmdebstrap as root and by ingot as an ordinary user with one uid: every path, type, mode, owner, link, capability and content.

What may differ stands below, each with its reason. Needs root (for mmdebstrap), the host's package mirror, and setpriv with a user to drop to."""
import base64, fnmatch, stat, sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))
from lib import *

SUITES = ["bookworm", "bookworm-updates", "bookworm-security"]
WANTED = ["openssh-server", "nginx", "man-db", "sudo", "dbus"]

# Only in mmdebstrap's. '*' crosses slashes.
ABSENT = {
    "/dev/*": "a container's runtime fills /dev",
    "/run/lock": "run-time state",
    "/etc/apt/sources.list": "written by mmdebstrap",
    "/etc/apt/sources.list.d/*": "written by mmdebstrap",
    "/etc/fstab": "written by mmdebstrap",
    "/etc/hostname": "written by mmdebstrap",
    "/etc/resolv.conf": "written by mmdebstrap",
    "/etc/.pwd.lock": "lock of the accounts",
    "/etc/*-": "backup of the accounts",
    "/etc/ssh/ssh_host_*_key*": "secret of one machine",
    "/var/cache/apt/*": "cache of the package manager",
    "/var/cache/debconf/*-old": "backup of the package manager",
    "/var/cache/man/*": "cache with times",
    "/var/lib/apt/extended_states": "state of the package manager",
    "/var/lib/apt/lists/*": "cache of the package manager",
    "/var/lib/dpkg/*-old": "backup of the package manager",
    "/var/lib/dpkg/lock*": "lock of the package manager",
    "/var/lib/dpkg/triggers/Lock": "lock of the package manager",
}
LINES = {  # the same lines in another order, or with the image's user among them
    "/etc/passwd": "the image's user", "/etc/group": "the image's user", "/etc/shadow": "the image's user", "/etc/gshadow": "the image's user",
    "/etc/shells": "mmdebstrap merges /usr after bash is configured, ingot begins with it merged",
    "/var/lib/dpkg/triggers/File": "dpkg appends in the order in which packages are unpacked",
}


def sources():
    """deb lines for the suites, from where this host's apt gets them."""
    out = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]).out
    lines = sorted({f"deb {u} {r} main" for u, r, c in (l.split() for l in out.splitlines()) if r in SUITES and c == "main"})
    if len(lines) < len(SUITES):
        raise Skip("this host's apt does not know " + ", ".join(SUITES))
    return lines


def theirs(w, date):
    tar, root = w / "theirs.tar", w / "theirs"
    run(["mmdebstrap", "--variant=minbase", "--include=" + ",".join(WANTED), SUITES[0], tar, *sources()], env={"SOURCE_DATE_EPOCH": str(date)}, timeout=1500)
    root.mkdir()
    run(["tar", "-C", root, "--xattrs", "--xattrs-include=*", "--numeric-owner", "-xf", tar])
    return root


def entry(path):
    st = os.lstat(path)
    kind = {stat.S_IFLNK: "l", stat.S_IFDIR: "d", stat.S_IFREG: "f", stat.S_IFCHR: "c", stat.S_IFBLK: "b", stat.S_IFIFO: "p"}[stat.S_IFMT(st.st_mode)]
    e = {"type": kind, "uid": st.st_uid, "gid": st.st_gid}
    if kind == "l":
        return e | {"link": os.readlink(path)}
    e["mode"] = stat.S_IMODE(st.st_mode)
    if kind == "f":
        e["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        if "security.capability" in os.listxattr(path):
            e["capability"] = base64.b64encode(os.getxattr(path, "security.capability")).decode()
    return e


def disk(root):
    return {"/" + str(p.relative_to(root)) if p != root else "/": entry(p) for p in [root, *root.rglob("*")]}


def image(w):
    raw = {e["path"]: e for e in map(json.loads, w.ingot("tree", "ours.tar", "--format", "json").out.splitlines())}
    out = {}
    for p, e in raw.items():
        n = raw[e["linkname"]] if e["type"] == "h" else e
        out[p] = {"type": n["type"], "uid": n["uid"], "gid": n["gid"]}
        if n["type"] == "l":
            out[p]["link"] = n["linkname"]
            continue
        out[p]["mode"] = n["mode"]
        if n["type"] == "f":
            out[p]["sha256"] = n["sha256"]
            if "security.capability" in n.get("xattrs", {}):
                out[p]["capability"] = n["xattrs"]["security.capability"]
    return out


def content(w, path):
    text = None
    for l in json.loads(blob(w / "ours.tar", manifest_digest(w / "ours.tar")))["layers"]:
        with tarfile.open(fileobj=io.BytesIO(blob(w / "ours.tar", l["digest"])), mode="r:gz") as t:
            for m in t:
                if "/" + m.name.removeprefix("./") == path and m.isreg():
                    text = t.extractfile(m).read().decode()
    return text


def allowed(tree):
    """What the recipe has to give a reason for."""
    for p, e in tree.items():
        if e["type"] == "f" and e["mode"] & 0o4000:
            yield "setuid", p
        if e["type"] == "f" and e["mode"] & 0o2000:
            yield "setgid", p
        if "capability" in e:
            yield "capability", p
        if e["type"] in "df" and e["mode"] & 0o002 and p not in ("/tmp", "/var/tmp") and not p.startswith(("/dev", "/run")):
            yield "world-writable", p


def recipe(root, tree):
    names = [l.split()[1] for l in (root / "var/lib/dpkg/status").read_text().splitlines() if l.startswith("Package: ")]
    allow = "".join(f"    - {{ rule: {r}, path: \"{p}\", reason: as mmdebstrap makes it }}\n" for r, p in allowed(tree))
    return (f"ingot: 1\nname: ours\nsources:\n  debian: {{ packages: debian, suites: [{', '.join(SUITES)}] }}\nimage:\n  compression: gzip\n  user: app\n  entrypoint: [/bin/sh]\n"
            f"  packages: {{ install: [{', '.join(names)}], configure: true }}\npolicy:\n  allow:\n{allow}")


def as_user(w, user):
    """A build by that user, in a directory and with a store of its own."""
    place = w / user
    place.mkdir()
    for name in ("ours.yaml", "ours.lock.yaml"):
        shutil.copy(w / name, place)
    who = pwd.getpwnam(user)
    for p in [place, *place.iterdir()]:
        os.chown(p, who.pw_uid, who.pw_gid)
    for p in [w.dir, *w.dir.parents]:
        if p.stat().st_uid == 0 and p != Path("/") and not p.stat().st_mode & 0o005:
            p.chmod(p.stat().st_mode | 0o005)
    run(["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--", "env", f"HOME={place}", f"TMPDIR={place}", INGOT, "build", "--store", place / "store", "ours.yaml", "--unsigned",
         "-o", "ours.tar"], cwd=place, timeout=1500)
    shutil.copy(place / "ours.tar", w / "ours.tar")


def same_lines(path, a, b):
    lines = lambda t: sorted(l for l in t.splitlines() if not l.startswith("app:"))
    return path in LINES and lines(a) == lines(b)


@test
def parity(w):
    """minbase with servers: configured by ingot as a user with one uid, it is what mmdebstrap makes as root."""
    if os.geteuid() != 0:
        raise Skip("mmdebstrap needs root for what it is compared with")
    need("mmdebstrap", "setpriv", "apt-get")
    if "ingot-bare" not in [p.pw_name for p in pwd.getpwall()]:
        raise Skip("there is no user ingot-bare")
    w.write("date.yaml", f"ingot: 1\nname: date\nsources:\n  debian: {{ packages: debian, suites: [{', '.join(SUITES)}] }}\nimage:\n  packages: [base-files]\n  user: app\n  entrypoint: [/x]\n")
    w.ingot("lock", "date.yaml", timeout=600)
    date = next(int(l.split()[1]) for l in (w / "date.lock.yaml").read_text().splitlines() if l.startswith("date: "))
    root = theirs(w, date)
    b = disk(root)
    w.write("ours.yaml", recipe(root, b))
    w.ingot("lock", "ours.yaml", timeout=600)
    as_user(w, "ingot-bare")
    a = image(w)
    wrong = []
    for p in sorted(set(a) | set(b)):
        if p not in a and any(fnmatch.fnmatchcase(p, row) for row in ABSENT):
            continue
        if p in a and p in b and a[p] != b[p] and {k: v for k, v in a[p].items() if k != "sha256"} == {k: v for k, v in b[p].items() if k != "sha256"} and same_lines(p, content(w, p), (root / p[1:]).read_text()):
            continue
        if a.get(p) != b.get(p):
            wrong.append(f"{p}: ingot {a.get(p)}, mmdebstrap {b.get(p)}")
    assert not wrong, f"{len(wrong)} differences of {len(b)}:\n" + "\n".join(wrong[:60])
    assert len(b) > 8000, len(b)


main()
