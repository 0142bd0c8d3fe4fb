#!/usr/bin/python3
"""Maintainer scripts, run by the real dpkg in the sandbox: order, arguments and environment, triggers, conffiles, alternatives, diversions, overrides,
debconf; what fails; and an image that has neither dpkg nor a shell. The packages are made on the spot, the tools in them are this host's."""
import functools
from lib import *

PROGRAMS = ["dash", "cat", "mkdir", "chmod", "chown", "ln", "cp", "rm", "touch", "id", "env", "ls", "true", "mv", "readlink", "sed", "grep", "tar", "diff", "stat", "find", "basename",
            "dirname", "sort", "head", "dpkg", "dpkg-deb", "dpkg-query", "dpkg-divert", "dpkg-statoverride", "dpkg-trigger", "update-alternatives", "ldconfig", "start-stop-daemon", "perl"]
RECORD = '#!/bin/sh\nset -e\nmkdir -p /srv/log\necho "$DPKG_MAINTSCRIPT_PACKAGE $DPKG_MAINTSCRIPT_NAME $*" >>/srv/log/order\n'


def listed(package):
    """The files and links of an installed package of this host."""
    out = {}
    for p in run(["dpkg", "-L", package]).out.split("\n"):
        if p in ("", "/.") or p.startswith(("/usr/share/doc", "/usr/share/man", "/usr/share/locale", "/usr/share/lintian")):
            continue
        if os.path.islink(p):
            out[merged(p)] = {"type": "link", "target": os.readlink(p)}
        elif os.path.isfile(p):
            out[merged(p) if not p.startswith("/etc") else p[1:]] = {"data": pathlib.Path(p).read_bytes(), "mode": os.stat(p).st_mode & 0o777}
    return out


@functools.cache
def tools():
    """An essential package with a shell and its usual programs, and one that is called dpkg."""
    need("dpkg", "perl", "debconf", *[p for p in PROGRAMS if p not in ("ldconfig", "start-stop-daemon")])
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    files = host_files(PROGRAMS) | {"usr/bin/sh": {"type": "link", "target": "dash"}} | listed("perl-base")
    dpkg = {p: files.pop(p) for p in list(files) if "dpkg" in p or p.endswith(("update-alternatives", "start-stop-daemon"))}
    dpkg.update({p: v for p, v in listed("dpkg").items() if p.endswith((".sh", "dpkg-maintscript-helper")) or p.startswith("etc/")})
    D = mkrepo.Deb
    files["var/log"] = {"type": "dir"}
    return [D("sh-tools", "1.0", essential=True, files=files, compression="gz"),
            D("dpkg", "1.21.22", essential=True, pre_depends="sh-tools", files=dpkg, compression="gz"),
            D("debconf", "1.5", depends="sh-tools", compression="gz",
              files=listed("debconf") | {"var/cache/debconf": {"type": "dir"}, "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"})]


@functools.cache
def blobs():
    for d in tools():
        blob = d.build()
        d.build = lambda blob=blob: blob
    return tools()


@contextlib.contextmanager
def packages(w, *debs):
    w.store = shared_dir() / "store"  # decodes the tools once
    with mkrepo.Repo(w / "repo", repo().signer) as r:
        r.own_key = False
        r.debs = [*blobs(), *debs]
        publish(r)
        with mirror(w, r):
            yield r


def recipe(*install, more="", policy=""):
    return f"""\
ingot: 1
name: web
sources:
  debian: {{ packages: debian, suites: [bookworm] }}
image:
  compression: gzip
  packages: {{ install: [{', '.join(install)}], configure: true{more} }}
  user: web
  entrypoint: [/usr/bin/x]
{policy}"""


class Image:
    """The image's tree and contents, read without the program under test."""

    def __init__(self, w, archive="web.oci.tar"):
        self.tree = paths_of(w, archive)
        self.files = {}
        for l in json.loads(blob(w / archive, manifest_digest(w / archive)))["layers"]:
            with tarfile.open(fileobj=io.BytesIO(blob(w / archive, l["digest"])), mode="r:gz") as t:
                for m in t:
                    if m.isreg():
                        self.files[m.name.removeprefix("./").rstrip("/")] = t.extractfile(m).read().decode("utf-8", "replace")

    def __getitem__(self, path):
        assert path in self.files, f"{path} is not in the image: {sorted(self.files)}"
        return self.files[path]

    def __contains__(self, path):
        return path in self.tree

    def status(self):
        """{package: {field: value}} of dpkg's database."""
        out = {}
        for stanza in self["var/lib/dpkg/status"].strip().split("\n\n"):
            fields, last = {}, None
            for line in stanza.split("\n"):
                if line[0] == " ":
                    fields[last] += "\n" + line
                else:
                    last, _, value = line.partition(": ") if ": " in line else (line.rstrip(":"), "", "")
                    fields[last] = value
            out[fields["Package"]] = fields
        return out


def made(w, debs, *install, status=0, **kw):
    w.write("web.yaml", recipe(*install, **kw))
    with packages(w, *debs):
        w.lock("web.yaml", "--update")
        r = w.build(status=status)
    return Image(w) if status == 0 else r


def D(name, scripts=None, **kw):
    kw.setdefault("files", {f"usr/share/{name}/x": name + "\n"})
    return mkrepo.Deb(name, kw.pop("version", "1.0"), scripts=scripts or {}, **kw)


@test
def order(w):
    """Scripts run in the order of dependencies, with dpkg's arguments: all preinst before, then postinst; a cycle is no obstacle."""
    post = {"preinst": RECORD, "postinst": RECORD}
    i = made(w, [D("zero", post), D("middle", post, depends="zero"), D("above", post, depends="middle, ring-one"), D("ring-one", post, depends="ring-two"), D("ring-two", post, depends="ring-one")], "above")
    lines = i["srv/log/order"].splitlines()
    pre, post = [l.split()[0] for l in lines if "preinst" in l], [l.split()[0] for l in lines if "postinst" in l]
    assert sorted(pre) == sorted(post) == ["above", "middle", "ring-one", "ring-two", "zero"], lines
    assert all("preinst install" in l for l in lines[:5]) and all(l.endswith("postinst configure ") for l in lines[5:]), lines
    for names in (pre, post):
        assert names.index("zero") < names.index("middle") < names.index("above") > names.index("ring-one"), names


@test
def environment(w):
    """What a script sees: dpkg's variables, nobody to ask, no service to start, no systemd, its own package not yet unpacked in preinst."""
    look = r"""#!/bin/sh
set -e
out=/srv/env.$DPKG_MAINTSCRIPT_NAME
mkdir -p /srv
for v in DPKG_MAINTSCRIPT_PACKAGE DPKG_MAINTSCRIPT_ARCH DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT DPKG_RUNNING_VERSION DPKG_ADMINDIR DEBIAN_FRONTEND DEBCONF_NONINTERACTIVE_SEEN LC_ALL PATH; do
	eval "echo $v=\$$v"
done >$out
{
	echo "root=[${DPKG_ROOT-unset}] pwd=$PWD umask=$(umask) uid=$(id -u) stdin=$(cat | head -c1)"
	[ -e /usr/share/one/x ] && echo files || echo no files
	[ -d /run/systemd ] && echo systemd || echo no systemd
	/usr/sbin/policy-rc.d x start && echo go || echo policy $?
	start-stop-daemon --start --exec /bin/false && echo not started
	case $0 in */tmp.ci/preinst) grep -q '^Package: one$' /var/lib/dpkg/tmp.ci/control && echo control ;; esac
} >>$out 2>&1
"""
    i = made(w, [D("one", {"preinst": look, "postinst": look})], "one")
    for name in ("preinst", "postinst"):
        text = i[f"srv/env.{name}"]
        for want in ("DPKG_MAINTSCRIPT_PACKAGE=one\n", "ARCH=amd64\n", "REFCOUNT=1\n", "DPKG_ADMINDIR=/var/lib/dpkg\n", "DEBIAN_FRONTEND=noninteractive\n", "SEEN=true\n", "LC_ALL=C.UTF-8\n",
                     "root=[] pwd=/ umask=0022 uid=0 stdin=\n", "no systemd\n", "policy 101\n", "not started\n"):
            assert want in text, (name, want, text)
        assert re_line("DPKG_RUNNING_VERSION", text), text
    assert "no files" in i["srv/env.preinst"] and "control\n" in i["srv/env.preinst"] and "\nfiles" in i["srv/env.postinst"]
    assert "usr/sbin/policy-rc.d" not in i and not [p for p in i.tree if p.endswith(".ingot") or "tmp.ci" in p], sorted(i.tree)


def re_line(name, text):
    return [l for l in text.splitlines() if l.startswith(name + "=") and len(l) > len(name) + 1]


@test
def without_tools(w):
    """An image without dpkg and shell: its packages' files and what their scripts made; nothing of the tools but records for scanners."""
    i = made(w, [D("one", {"postinst": "#!/bin/sh\nset -e\nmkdir -p /var/lib/one\necho made >/var/lib/one/state\nchown 101:102 /var/lib/one\nchmod 2770 /var/lib/one\n"
                                       "ln -s /usr/share/one/x /usr/share/one/y\nln -s /bin/dash /usr/share/one/shell\n"})], "one")
    assert i["var/lib/one/state"] == "made\n"
    e = i.tree["var/lib/one"]
    assert (e["uid"], e["gid"], e["mode"]) == (101, 102, 0o2770), e
    assert "usr/share/one/y" in i and "usr/share/one/shell" not in i
    outside = [p for p in i.files if not p.startswith(("usr/share/one", "var/lib/one", "var/lib/dpkg/status.d/one", "etc/passwd", "etc/group", "etc/shadow", "etc/gshadow", "etc/os-release", "usr/lib/os-release"))]
    assert not outside, outside
    assert "Package: one" in i["var/lib/dpkg/status.d/one"]
    assert "var/lib/dpkg/status" not in i and not [p for p in i.tree if p.startswith("usr/bin/")], sorted(i.tree)
    lock = (w / "web.lock.yaml").read_text()
    assert "image+tools:" in lock and lock.index("name: one") < lock.index("image+tools:") < lock.index("name: dpkg"), lock


@test
def with_dpkg(w):
    """An image with dpkg is a whole system: essential packages and a database that the host's own dpkg finds nothing wrong with."""
    i = made(w, [D("one", {"postinst": RECORD, "prerm": RECORD}, depends="dpkg", conffiles=["/etc/one.conf"], files={"etc/one.conf": "a=1\n", "usr/share/one/x": "x\n", "usr/share/one/l": {"type": "link", "target": "x"}})], "one")
    s = i.status()
    assert set(s) == {"one", "dpkg", "sh-tools"} and all(v["Status"] == "install ok installed" for v in s.values()), s
    assert s["one"]["Conffiles"] == "\n /etc/one.conf " + hashlib.md5(b"a=1\n").hexdigest(), s["one"]
    assert i["var/lib/dpkg/info/one.list"] == "/.\n/etc\n/etc/one.conf\n/usr\n/usr/share\n/usr/share/one\n/usr/share/one/x\n/usr/share/one/l\n"
    assert i.tree["var/lib/dpkg/info/one.postinst"]["mode"] == 0o755 and i.tree["var/lib/dpkg/info/one.conffiles"]["mode"] == 0o644
    assert not [p for p in i.tree if p.startswith("var/lib/dpkg/status.d")] and "image+tools" not in (w / "web.lock.yaml").read_text()
    root = w / "root"
    for p, text in i.files.items():
        if p.startswith(("var/lib/dpkg", "etc", "usr/share/one")):
            (root / p).parent.mkdir(parents=True, exist_ok=True)
            (root / p).write_text(text)
    (root / "var/lib/dpkg/updates").mkdir()
    (root / "usr/share/one/l").symlink_to("x")
    assert run(["dpkg", f"--root={root}", "--force-not-root", "--audit"]).out == ""
    assert run(["dpkg", f"--root={root}", "--force-not-root", "--verify", "one"]).out == ""


@test
def sums(w):
    """A package that brings no md5sums gets them, as from dpkg: of its files, without conffiles and links."""
    i = made(w, [D("one", depends="dpkg", md5sums=False, conffiles=["/etc/one.conf"], files={"etc/one.conf": "a\n", "usr/b": "b\n", "usr/c": {"type": "link", "target": "b"}, "usr/d": {"type": "hardlink", "target": "usr/b"}})], "one")
    b = hashlib.md5(b"b\n").hexdigest()
    assert i["var/lib/dpkg/info/one.md5sums"] == f"{b}  usr/b\n{b}  usr/d\n"


@test
def triggers(w):
    """Triggers by name and by file: of what comes with the same packages, and of an essential package, which is configured before."""
    watch = {"postinst": RECORD, "triggers": "interest /usr/share/watched\ninterest-noawait named\n"}
    early = {"postinst": RECORD, "triggers": "interest-noawait /usr/share/watched\n"}
    i = made(w, [D("late", watch), D("early", early, essential=True), D("seen", {"triggers": "activate-noawait named\n", "postinst": RECORD}, depends="late, dpkg", files={"usr/share/watched/f": "x\n"})], "seen")
    lines = i["srv/log/order"].splitlines()
    assert "early postinst configure " in lines and "early postinst triggered /usr/share/watched" in lines, lines
    assert lines.index("late postinst configure ") < lines.index("late postinst triggered named"), lines
    assert sorted(i["var/lib/dpkg/triggers/File"].splitlines()) == ["/usr/share/watched early/noawait", "/usr/share/watched late"], i["var/lib/dpkg/triggers/File"]
    assert i["var/lib/dpkg/triggers/named"] == "late/noawait\n" and i["var/lib/dpkg/triggers/Unincorp"] == ""


@test
def alternatives(w):
    """Alternatives: the best one is linked; a slave goes along; a link to a tool does not outlive it."""
    post = "#!/bin/sh\nset -e\nupdate-alternatives --install /usr/bin/ed ed /usr/share/%s/x %d --slave /usr/share/ed.1 ed.1 /usr/share/%s/x\n"
    tool = "#!/bin/sh\nset -e\nupdate-alternatives --install /usr/bin/pager pager /usr/bin/cat 10\n"
    debs = [D("ed-small", {"postinst": post % ("ed-small", 10, "ed-small")}), D("ed-big", {"postinst": post % ("ed-big", 20, "ed-big")}), D("pager", {"postinst": tool})]
    i = made(w, debs, "ed-small", "ed-big", "pager")
    assert i.tree["etc/alternatives/ed"]["linkname"] == "/usr/share/ed-big/x" and i.tree["usr/bin/ed"]["linkname"] == "/etc/alternatives/ed"
    assert i.tree["etc/alternatives/ed.1"]["linkname"] == "/usr/share/ed-big/x"
    assert "usr/bin/pager" not in i and "etc/alternatives/pager" not in i and "var/lib/dpkg/alternatives/ed" not in i
    i = made(w, debs, "ed-small", "pager", "dpkg")
    assert i.tree["usr/bin/pager"]["linkname"] == "/etc/alternatives/pager" and "/usr/share/ed-small/x" in i["var/lib/dpkg/alternatives/ed"]


@test
def diversions(w):
    """A preinst diverts another package's file: that one is placed aside, and the diverting package gets the name."""
    pre = "#!/bin/sh\nset -e\ndpkg-divert --package taker --add --rename --divert /usr/share/name.real /usr/share/name\n"
    i = made(w, [D("taker", {"preinst": pre}, files={"usr/share/name": "taker\n"}), D("owner", files={"usr/share/name": "owner\n"})], "owner", "taker", "dpkg")
    assert i["usr/share/name"] == "taker\n" and i["usr/share/name.real"] == "owner\n"
    assert i["var/lib/dpkg/diversions"] == "/usr/share/name\n/usr/share/name.real\ntaker\n"
    assert "/usr/share/name\n" in i["var/lib/dpkg/info/owner.list"]


@test
def overrides(w):
    """dpkg-statoverride: owner and mode of a file as a postinst sets them, in the tree and in the database."""
    i = made(w, [D("one", {"postinst": "#!/bin/sh\nset -e\ndpkg-statoverride --update --add '#7' '#8' 0640 /usr/share/one/x\n"})], "one", "dpkg")
    e = i.tree["usr/share/one/x"]
    assert (e["uid"], e["gid"], e["mode"]) == (7, 8, 0o640), e
    assert i["var/lib/dpkg/statoverride"] == "#7 #8 640 /usr/share/one/x\n"


@test
def debconf(w):
    """debconf answers by itself, with the defaults of the package's templates, in preinst and in postinst."""
    ask = "#!/bin/sh\nset -e\n. /usr/share/debconf/confmodule\ndb_get one/colour\nmkdir -p /srv\necho \"$RET\" >/srv/%s\n"
    templates = "Template: one/colour\nType: string\nDefault: green\nDescription: Colour?\n"
    config = "#!/bin/sh\nset -e\n. /usr/share/debconf/confmodule\ndb_input critical one/colour || true\ndb_go\n"
    i = made(w, [D("one", {"preinst": ask % "pre", "postinst": ask % "post", "config": config, "templates": templates}, pre_depends="debconf"), D("debconf-first", essential=True, depends="debconf")], "one")
    assert i["srv/pre"] == i["srv/post"] == "green\n"
    assert not [p for p in i.tree if p.startswith("var/cache/debconf/")], sorted(i.tree)


@test
def failing(w):
    """A script that fails: which package, which script, its status, its last words, and the recipe's line."""
    bad = "#!/bin/sh\necho this is why >&2\nexit 42\n"
    made(w, [D("good", {"postinst": RECORD}), D("bad", {"postinst": bad}, depends="good"), D("upon", {"postinst": RECORD}, depends="bad")], "upon", status=5).says(
        "package bad", "postinst failed with exit status 42", "this is why", "web.yaml:7:")
    made(w, [D("bad", {"preinst": bad})], "bad", status=5).says("package bad", "preinst failed with exit status 42", "this is why", "web.yaml:7:")
    made(w, [D("bad", {"postinst": "#!/bin/sh\nkill -9 $$\n"})], "bad", status=5).says("package bad", "postinst was ended", "killed")
    assert not (w / "web.oci.tar").exists()


@test
def kept(w):
    """The configured result is kept: what is unchanged is not run again, and another script is."""
    debs = lambda word: [D("one", {"postinst": f"#!/bin/sh\necho {word} >/srv-one\n"})]
    assert made(w, debs("first"), "one")["srv-one"] == "first\n"
    first = manifest_digest(w / "web.oci.tar")
    w.write("web.yaml", (w / "web.yaml").read_text() + "# changed\n")
    r = w.build("web.yaml", "--offline")
    r.says("unchanged")
    assert manifest_digest(w / "web.oci.tar") == first and "running" not in r.err, r.err
    w.whole()
    r = w.build("web.yaml", "--offline", "--no-cache")
    assert manifest_digest(w / "web.oci.tar") == first and "running" in r.err, r.err
    shutil.rmtree(w / "repo")
    assert made(w, debs("second"), "one")["srv-one"] == "second\n"


@test
def excluded(w):
    """What scripts need comes as a tool though the recipe excludes it; but dpkg without an essential package is refused."""
    debs = [D("helper", files={"usr/bin/helper": {"data": "#!/bin/sh\necho helped\n", "mode": 0o755}}), D("one", {"postinst": "#!/bin/sh\nset -e\nhelper >/srv-one\n"}, depends="helper, dpkg")]
    i = made(w, debs, "one", more=", exclude: [helper, dpkg]")
    assert i["srv-one"] == "helped\n" and "usr/bin/helper" not in i
    made(w, debs, "one", more=", exclude: [sh-tools]", status=2).says("sh-tools", "exclude dpkg as well", "web.yaml:7:")


@test
def a_stage(w):
    """A stage can be configured, and copied from; the image stays as its own packages are."""
    w.write("web.yaml", recipe("one").replace("image:\n", "stages:\n  made:\n    packages: { install: [one], configure: true }\nimage:\n").replace(", configure: true }\n  user", " }\n  copy:\n    - { from: made, path: /srv-one, to: /srv/one }\n  user"))
    with packages(w, D("one", {"postinst": "#!/bin/sh\necho made >/srv-one\n"})):
        w.lock()
        w.build()
    i = Image(w)
    assert i["srv/one"] == "made\n" and "srv-one" not in i and "made+tools:" in (w / "web.lock.yaml").read_text()


@test
def nothing_changes(w):
    """Without configure a recipe's lock has no tools, and no script runs."""
    w.write("web.yaml", recipe("one").replace(", configure: true", ""))
    with packages(w, D("one", {"postinst": RECORD})):
        w.lock()
        r = w.build()
    assert "tools" not in (w / "web.lock.yaml").read_text() and "srv/log/order" not in Image(w) and "scripts of the" not in r.err


main()
