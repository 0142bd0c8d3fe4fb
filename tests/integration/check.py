#!/usr/bin/python3
"""ingot check and explain: a recipe, an image of ours or of others, held against the rules; every form of the report; what a build says of them."""
import re
from lib import *
from mkimage import layer, layout

BASE = {"bin": ("link", "usr/bin"), "etc": 0o755, "usr": 0o755, "usr/bin": 0o755, "var": 0o755, "var/lib": 0o755, "var/lib/dpkg": 0o755, "var/lib/dpkg/info": 0o755, "web": (0o755, "x")}
DEBIAN = BASE | {
    "usr/bin/su": (0o4755, "su"),
    "usr/bin/chfn": (0o4755, "chfn"),
    "usr/bin/stray": (0o2755, "stray"),
    "var/lib/dpkg/info/login:amd64.list": (0o644, "/.\n/bin\n/bin/su\n/usr\n/usr/bin\n/usr/bin/chfn\n/usr/bin/gone\n"),
    "var/lib/dpkg/info/other.list": (0o644, "/.\n/usr\n/usr/bin\n/usr/share/nothing\n"),
}
HISTORY = [{"created_by": "ENV A=b", "empty_layer": True}, {"created_by": "COPY rootfs / # a\u202e"}, {"created_by": "RUN chmod u+s /usr/bin/chfn"}]

SUID = """\
ingot: 1
name: web
version: "1.0"
sources:
  debian: { packages: debian, suites: [bookworm] }
image:
  packages: [probe, suid]
  user: { root: "binds a raw socket" }
  entrypoint: [/usr/bin/probe]
policy:
  allow:
    - { rule: setuid, path: /usr/bin/suid, reason: "tests need it" }
    - { rule: setgid, path: /usr/bin/suid, reason: "no more" }
"""

ONE = "".join(l for l in SUID.splitlines(True) if "setgid" not in l)


def debian(w, name="debian", **kw):
    return layout(w / name, [layer(DEBIAN), layer({"usr/bin/chfn": (0o4755, "another")})], history=HISTORY, **kw)


def fine(w, name="fine", **kw):
    return layout(w / name, [layer({"web": (0o755, "x")})], **kw)


def keyed(findings):
    return {(f["rule"], f.get("path") or f.get("field") or f.get("value")): f for f in reversed(findings)}


def found(w, *args, status=1, **kw):
    """What check says as JSON: {(rule, path, field or value): finding}, of those that have this in common the first."""
    report = w.ingot("check", *args, "--format", "json", status=status, **kw).json()
    for severity, n in report["counts"].items():
        assert n == sum(("allowed" in f) == (severity == "allowed") and severity in (f["severity"], "allowed") for f in report["findings"]), report
    return keyed(report["findings"])


@test
def foreign(w):
    """An image of another builder: its findings name the package, where its lists know one, else the layer and what the history says of it."""
    f = found(w, debian(w))
    assert f["setuid", "/usr/bin/su"]["origin"] == "package login", f
    # the package brought a file of this name once; a later layer has put another there
    assert f["setuid", "/usr/bin/chfn"]["origin"] == "layer 2: RUN chmod u+s /usr/bin/chfn", f
    assert f["setgid", "/usr/bin/stray"]["origin"] == r"layer 1: COPY rootfs / # a\xe2\x80\xae", f
    assert all("line" not in x and x["severity"] == "error" and x["mend"] for x in f.values() if x["rule"] in ("setuid", "setgid")), f


@test
def directories(w):
    """A directory that several packages share is of none of them; one that a single package brings is its."""
    files = DEBIAN | {"usr/bin": 0o777, "srv": 0o777, "var/lib/dpkg/info/only.list": (0o644, "/srv\n")}
    f = found(w, layout(w / "open", [layer(files)]))
    assert f["world-writable", "/usr/bin"]["origin"].startswith("layer 1"), f
    assert f["world-writable", "/srv"]["origin"] == "package only", f


@test
def by_sums(w):
    """Images without dpkg's database have lists of checksums, by which packages are known."""
    files = BASE | {"usr/bin/su": (0o4755, "su"), "var/lib/dpkg/status.d": 0o755, "var/lib/dpkg/status.d/tools": (0o644, "Package: tools\n"),
                    "var/lib/dpkg/status.d/tools.md5sums": (0o644, "0123456789abcdef0123456789abcdef  usr/bin/su\n")}
    assert found(w, layout(w / "distroless", [layer(files)]))["setuid", "/usr/bin/su"]["origin"] == "package tools"


@test
def hostile_lists(w):
    """Package lists that are no lists change nothing but what they claim."""
    dpkg = "var/lib/dpkg/info/"
    for i, (what, claims) in enumerate([((0o644, b"\0" * 5000 + b"\n/usr/bin/su\n"), True), ((0o644, b"/usr/bin/su" + b"/a" * 9000 + b"\n"), False), ((0o644, b"../../usr/bin/su\n//usr/bin/su\n/./\n/\n"), False),
                                        (("link", "/usr/bin/su"), False), ((0o755, None, 0), False), ((0o644, b"/usr/bin/su"), True), ((0o644, b"/usr/bin/su\n" + b"\n" * (16 << 20)), False)]):
        files = BASE | {"usr/bin/su": (0o4755, "su"), dpkg + "evil.list": what, dpkg + ".list": (0o644, "/usr/bin/su\n")}
        f = found(w, layout(w / f"evil{i}", [layer(files)]))
        assert (f["setuid", "/usr/bin/su"]["origin"] == "package evil") == claims, (i, f)
    files = BASE | {"usr/bin/su": (0o4755, "su"), dpkg + "a\u202eb%0A::error::x.list": (0o644, "/usr/bin/su\n")}
    r = w.ingot("check", layout(w / "name", [layer(files)]), status=1)
    assert r"a\xe2\x80\xaeb" in r.out and "\u202e" not in r.out, r
    assert found(w, w / "name")["setuid", "/usr/bin/su"]["origin"] == r"package a\xe2\x80\xaeb%0A"


@test
def shown_places(w):
    """Without a recipe the places that an image lets its user write are its empty directories of that user, and its volumes; as for ingot run."""
    files = BASE | {"data": (0o777, None, 10001), "others": (0o777, None, 10002), "full": (0o777, None, 10001), "full/file": (0o644, "x", 10001), "vol": 0o777, "vol/x": (0o666, "x")}
    f = found(w, layout(w / "places", [layer(files)], config={"Volumes": {"/vol": {}}}))
    assert {p for r, p in f if r == "world-writable"} == {"/others", "/full"}, f


@test
def transports(w):
    """The same findings from a layout directory, from an archive that skopeo wrote, and by each name."""
    need("skopeo")
    d = debian(w)
    run(["skopeo", "--insecure-policy", "copy", f"oci:{d}:latest", f"oci-archive:{w / 'made.tar'}:latest"])
    want = found(w, d)
    for name in (f"oci:{d}", w / "made.tar", f"oci-archive:{w / 'made.tar'}"):
        assert found(w, name) == want, name
    (w / "made.tar").rename(w / "image")
    assert found(w, "image") == want


@test
def umoci_image(w):
    """An image that umoci configured: what the config says now is what is judged."""
    need("umoci")
    d = fine(w)
    assert ("user-numeric", "/config/User") not in found(w, d, status=None)
    run(["umoci", "config", "--image", f"{d}:latest", "--config.user", "web"])
    f = found(w, d)
    assert f["user-numeric", "/config/User"]["severity"] == "error", f


@test
def statuses(w):
    """Status 0: it holds; 1: a finding as grave as --fail-on; 2: usage, or no such thing; 3: an image that is none."""
    good, bad = fine(w), debian(w)
    w.ingot("check", good)
    w.ingot("check", good, "--fail-on", "error")
    w.ingot("check", bad, status=1)
    w.write("web.yaml", ONE)
    assert ("allow-unused", "/usr/bin/suid") in found(w, good, "-f", "web.yaml", status=0)  # a warning, and no error
    for least, status in (("error", 0), ("warning", 1), ("note", 1)):
        w.ingot("check", good, "-f", "web.yaml", "--fail-on", least, status=status)
    w.ingot("check", good, "-f", "web.yaml", "--profile", "release", status=1)
    for args in (["none.yaml"], ["none.tar"], ["-"], [good, "--fail-on", "fatal"], [good, "--format", "xml"], [good, "--profile", "lax"], [good, "-f", "none.yaml"], ["web.yaml", "-f", "web.yaml"], []):
        w.ingot("check", *args, status=2)
    (w / "empty").mkdir()
    w.write("junk.tar", b"\0" * 10240)
    w.write("junk", b"\x1f\x8b junk")
    os.mkfifo(w / "fifo.tar")
    w.ingot("check", "fifo.tar", status=2).says("neither a file nor a directory")
    for none in ("empty", "junk.tar", "junk", "oci:empty"):
        w.ingot("check", none, status=3)
    blob = max((bad / "blobs/sha256").iterdir(), key=lambda p: p.stat().st_size)
    blob.write_bytes(blob.read_bytes()[:-1] + b"x")
    w.store = w / "another"  # what is known already need not be read again
    w.ingot("check", bad, status=3).says("damaged")


@test
def recipe_or_image(w):
    """What is text is a recipe, whatever its name; its faults are told with line and column, and no store is made."""
    recipe = SUID.replace("rule: setuid", "rule: setuit")
    for name in ("web.yaml", "web.yml", "web"):
        w.write(name, recipe)
        r = w.ingot("check", name, status=2).says(f"{name}:12:7: error:", 'no rule "setuit"', 'did you mean "setuid"')
    w.write("web.yaml", RECIPE.replace("image:", "imagee:"))
    w.ingot("check", "web.yaml", status=2).says("web.yaml:6:1")
    w.write("web.yaml", RECIPE)
    w.ingot("check", "web.yaml", status=None)
    assert not w.store.exists()


@test
def recipe_alone(w):
    """A recipe is judged before anything is built or locked: each finding at the line that it is about."""
    if w.ingot("explain", "tag-latest", status=None).status:
        raise Skip("no rule that looks at recipes alone")
    w.write("web.yaml", SUID.replace('version: "1.0"\n', ""))
    f = found(w, "web.yaml", "--profile", "release")
    assert {(r, x["line"], x["column"]) for (r, _), x in f.items() if r == "user-root-reason"} == {("user-root-reason", 7, 3)}, f
    assert [x["line"] for (r, _), x in f.items() if r == "tag-latest"] == [5], f
    assert all(x["file"] == "web.yaml" for x in f.values() if "line" in x), f
    assert not w.store.exists()


@test
def stale_lock(w):
    """A lock that was made for another recipe is no input: the recipe is not judged with it."""
    with locked(w):
        pass
    w.write("web.yaml", RECIPE.replace("[probe]", "[probe, sh]"))
    w.ingot("check", "web.yaml", status=2).says("ingot lock")
    w.write("web.lock.yaml", "no lock")
    w.ingot("check", "web.yaml", status=2).says("web.lock.yaml")
    # nor is one that lies beside a recipe that installs nothing
    w.write("web.yaml", RECIPE.replace("  packages: [probe]\n", ""))
    assert w.ingot("check", "web.yaml", status=None).status in (0, 1)


@test
def with_recipe(w):
    """With -f the recipe's exceptions, places and profile hold, and findings lead to its lines."""
    w.write("web.yaml", SUID)
    image = layout(w / "image", [layer(BASE | {"usr/bin/suid": (0o4755, "x"), "srv": 0o777})], config={"User": "0:0"})
    f = found(w, image, "-f", "web.yaml")
    assert f["setuid", "/usr/bin/suid"]["allowed"] == "tests need it", f
    assert (f["allow-unused", "/usr/bin/suid"]["line"], f["allow-unused", "/usr/bin/suid"]["column"]) == (13, 7), f
    reason = f["user-root-reason", "/config/User"]
    assert (reason["file"], reason["line"], reason["column"], reason["severity"]) == ("web.yaml", 8, 3, "note"), f
    assert f["world-writable", "/srv"]["severity"] == "error" and "line" not in f["world-writable", "/srv"], f
    w.write("web.yaml", SUID.replace("  entrypoint", "  writable: [/srv]\n  entrypoint") + "  profile: release\n")
    f = found(w, image, "-f", "web.yaml", "--profile", "default")
    assert ("world-writable", "/srv") not in f and f["user-root-reason", "/config/User"]["severity"] == "error", f
    assert w.ingot("check", image, "-f", "web.yaml", "--format", "json", status=1).json()["profile"] == "release"


def build_suid(w):
    with locked(w, SUID):
        return w.build("web.yaml")


@test
def as_text(w):
    """Text: place, severity, rule, what, who; a hint once a rule; what an exception covers is counted, and shown with -v; the count at the end."""
    w.write("web.yaml", SUID)
    image = layout(w / "image", [layer(BASE | {f"usr/bin/s{i:02}": (0o2755, "x") for i in range(30)} | {"usr/bin/suid": (0o4755, "x")})], config={"User": "0:0"})
    out = w.ingot("check", "image", "-f", "web.yaml", status=1).out.splitlines()
    assert "image: error: [setgid] /usr/bin/s00 is set-group-id: whoever runs it joins its group (layer 1: RUN step 0)" in out, out
    assert sum("[setgid]" in l for l in out) == 20 and "  and 10 more of setgid" in out, out
    assert sum("ingot explain setgid" in l for l in out) == 1, out
    assert any(l.startswith("web.yaml:13:7: warning: [allow-unused]") for l in out) and any(l.startswith("web.yaml:8:3: note: [user-root-reason]") for l in out), out
    assert re.fullmatch(r"30 errors, \d+ warnings?, \d+ notes?; 1 allowed \(profile default\)", out[-1]), out[-1]
    assert not any("tests need it" in l for l in out), out
    assert "image: allowed: [setuid] /usr/bin/suid" in w.ingot("check", "image", "-f", "web.yaml", "-v", status=1).out
    quiet = w.ingot("check", "image", "-f", "web.yaml", "-q", status=1).out
    assert "warning:" not in quiet and "[setgid]" in quiet, quiet


@test
def report_file(w):
    """--output writes the report whole and shows text; one that cannot be written is an error."""
    d = debian(w)
    r = w.ingot("check", d, "--format", "sarif", "-o", "out.sarif", status=1)
    assert "[setuid]" in r.out and json.loads((w / "out.sarif").read_text())["version"] == "2.1.0"
    again = w.ingot("check", d, "--format", "sarif", status=1).out
    assert again == (w / "out.sarif").read_text()
    r = w.ingot("check", d, "-o", "out.txt", status=1)
    assert r.out == "" and "[setuid]" in (w / "out.txt").read_text(), r
    w.ingot("check", d, "-o", "no/such/dir", status=2).says("no/such")
    (w / "link").symlink_to("out.txt")
    (w / "out.txt").write_text("what was there before, and is longer" * 100)
    w.ingot("check", d, "-o", "link", status=1)
    assert (w / "link").is_symlink() and "[setuid]" in (w / "out.txt").read_text() and "before" not in (w / "out.txt").read_text()
    (w / "out").symlink_to("/proc/self/fd/1")
    assert "[setuid]" in w.ingot("check", d, "-o", "out", status=1).out
    assert w.ingot("check", d, "--format", "sarif", "-o", "-", status=1).out == again
    (w / "shut").mkdir(0o555)
    if os.getuid():
        w.ingot("check", d, "-o", "shut/out", status=2).says("shut/out", "denied")
    w.ingot("check", d, "-o", "shut", status=2).says("shut")
    # what is there and no file is written to, not replaced
    os.mkfifo(w / "pipe")
    reader = subprocess.Popen(["cat", w / "pipe"], stdout=subprocess.PIPE)
    w.ingot("check", d, "--format", "sarif", "-o", "pipe", status=1)
    assert reader.communicate(timeout=60)[0].decode() == again


@test
def annotations(w):
    """On GitHub every finding is an annotation with file, line and column; foreign text cannot become a command."""
    w.write("web.yaml", SUID)
    image = layout(w / "image", [layer(BASE | {"usr/bin/50%": (0o4755, "x"), "usr/bin/a\n::error::b": (0o4755, "x")})], config={"User": "0:0"})
    on = {"GITHUB_ACTIONS": "true"}
    r = w.ingot("check", image, "-f", "web.yaml", status=1, env=on)
    assert "::warning file=web.yaml,line=13,col=7::[allow-unused]" in r.err and "::notice file=web.yaml,line=8,col=3::[user-root-reason]" in r.err, r
    assert "/usr/bin/50%25 is" in r.err and not any(l.startswith("::error::b") for l in r.err.splitlines()), r
    assert r.err.count("::error::[setuid]") == 2, r
    assert "::" not in w.ingot("check", image, "-f", "web.yaml", status=1, env={"GITHUB_ACTIONS": None}).err
    events = [json.loads(l) for l in w.ingot("check", image, "-f", "web.yaml", "--progress", "json", status=1).err.splitlines()]
    assert {"event": "warning", "name": "web.yaml:13:7"}.items() <= next(e for e in events if "allowed as setgid" in e["text"]).items(), events


def sarif(w, *args, status=1):
    log = w.ingot("check", *args, "--format", "sarif", status=status).json()
    assert log["version"] == "2.1.0" and len(log["runs"]) == 1, log
    return log["runs"][0]


def where(result):
    p = result["locations"][0]["physicalLocation"]
    return p["artifactLocation"]["uri"], p["region"]["startLine"], p["region"].get("startColumn")


@test
def as_sarif(w):
    """SARIF: the catalogue as rules, results that point into it, the recipe's region or the image's file, suppressions with their reason."""
    w.write("sub dir/web.yaml", SUID)
    image = layout(w / "image", [layer(BASE | {"usr/bin/suid": (0o4755, "x"), "usr/bin/a b": (0o4755, "x")})], config={"User": "0:0"})
    r = sarif(w, image, "-f", "./sub dir/web.yaml")
    rules = r["tool"]["driver"]["rules"]
    assert [x["id"] for x in rules] == [x["id"] for x in w.ingot("explain", "--format", "json").json()]
    assert all(x["shortDescription"]["text"] and x["fullDescription"]["text"] and x["help"]["text"] and "helpUri" not in x for x in rules)
    by = {}
    for x in r["results"]:
        assert rules[x["ruleIndex"]]["id"] == x["ruleId"] and x["level"] in ("note", "warning", "error") and x["message"]["text"].endswith("."), x
        by.setdefault(x["ruleId"], []).append(x)
    unused, = by["allow-unused"]
    assert where(unused) == ("sub%20dir/web.yaml", 13, 7) and unused["suppressions"] == [], unused
    spaced, covered = sorted(by["setuid"], key=lambda x: len(x["suppressions"]))
    assert where(spaced)[0] == "usr/bin/a%20b" and spaced["locations"][0]["physicalLocation"]["artifactLocation"]["uriBaseId"] in r["originalUriBaseIds"], spaced
    assert [l["fullyQualifiedName"] for l in spaced["locations"][0]["logicalLocations"]] == ["/usr/bin/a b"], spaced
    assert covered["suppressions"] == [{"kind": "inSource", "status": "accepted", "justification": "tests need it"}] and covered["level"] == "error", covered
    assert r["columnKind"] == "unicodeCodePoints" and r["automationDetails"]["id"].endswith("/"), r


@test
def as_codequality(w):
    """GitLab: an array of issues with a file, a line, a severity of the format and a fingerprint of their own; no issue that an exception covers."""
    w.write("web.yaml", SUID)
    image = layout(w / "image", [layer(BASE | {"usr/bin/suid": (0o4755, "x"), "usr/bin/other": (0o4755, "x")})], config={"User": "0:0"})
    issues = w.ingot("check", image, "-f", "web.yaml", "--format", "codequality", status=1).json()
    assert isinstance(issues, list) and issues
    for i in issues:
        assert set(i) == {"description", "check_name", "fingerprint", "severity", "location"} and all(isinstance(i[k], str) and i[k] for k in i if k != "location"), i
        assert i["severity"] in ("info", "minor", "major", "critical", "blocker"), i
        assert set(i["location"]) == {"path", "lines"} and set(i["location"]["lines"]) == {"begin"} and i["location"]["lines"]["begin"] >= 1, i
        assert not i["location"]["path"].startswith(("/", "./")), i
    assert len({i["fingerprint"] for i in issues}) == len(issues), issues
    assert [(i["location"]["path"], i["location"]["lines"]["begin"], i["severity"]) for i in issues if i["check_name"] == "allow-unused"] == [("web.yaml", 13, "minor")], issues
    setuid, = [i for i in issues if i["check_name"] == "setuid"]
    assert "/usr/bin/other" in setuid["description"] and setuid["severity"] == "critical", issues
    alone = [i for i in w.ingot("check", image, "--format", "codequality", status=1).json() if i["check_name"] == "setuid"]
    assert {i["location"]["path"] for i in alone} == {"usr/bin/suid", "usr/bin/other"}, alone


@test
def fingerprints(w):
    """A fingerprint stays when lines move and when the image has another name, and is another for another place, rule or value."""
    w.write("web.yaml", SUID)
    image = layout(w / "image", [layer(BASE | {"usr/bin/suid": (0o6755, "x"), "usr/bin/other": (0o4755, "x")})], config={"User": "0:0"})
    prints = lambda f: {k: x["fingerprint"] for k, x in f.items()}
    before = found(w, image, "-f", "web.yaml")
    assert len(set(prints(before).values())) == len(before), before
    w.write("web.yaml", "# a\n# b\n# c\n" + SUID)
    image = image.rename(w / "image-of-today")
    after = found(w, image, "-f", "web.yaml")
    assert prints(after) == prints(before)
    moved = [k for k, x in before.items() if "line" in x]
    assert moved and all(after[k]["line"] == before[k]["line"] + 3 for k in moved), after
    more = layout(w / "more", [layer(BASE | {"usr/bin/suid": (0o6755, "x"), "usr/bin/other": (0o4755, "x"), "usr/bin/another": (0o4755, "x")})], config={"User": "0:0"})
    assert prints(before).items() <= prints(found(w, more, "-f", "web.yaml")).items()
    by_sarif = {x["partialFingerprints"]["ingotFinding/v1"] for x in sarif(w, image, "-f", "web.yaml")["results"]}
    assert by_sarif == set(prints(before).values())
    # the same thing said twice: two fingerprints, of which the first stays
    twice = SUID + "    - { rule: setgid, path: /usr/bin/suid, reason: \"again\" }\n"
    image = layout(w / "plain", [layer(BASE | {"usr/bin/suid": (0o4755, "x")})], config={"User": "0:0"})
    w.write("web.yaml", SUID)
    one = [x["fingerprint"] for x in w.ingot("check", image, "-f", "web.yaml", "--format", "json").json()["findings"] if x["rule"] == "allow-unused"]
    w.write("web.yaml", twice)
    two = [x["fingerprint"] for x in w.ingot("check", image, "-f", "web.yaml", "--format", "json").json()["findings"] if x["rule"] == "allow-unused"]
    assert len(two) == len(set(two)) == 2 and one == two[:1], (one, two)


@test
def built(w):
    """A build says what check says of its image, in the same words; a report of a build that had nothing to do is about the image, too."""
    r = build_suid(w)
    line = next(l for l in r.err.splitlines() if "[allow-unused]" in l)
    assert line.startswith("web.yaml:13:7: warning:") and line in w.ingot("check", "web.oci.tar", "-f", "web.yaml").out.splitlines(), r
    assert "[setuid]" not in r.err and "1 allowed" in r.err, r
    w.build("web.yaml", "--report", "first.json")
    w.build("web.yaml", "--report", "out.sarif")
    w.build("web.yaml", "--report", "quality", "--report-format", "codequality")
    first = json.loads((w / "first.json").read_text())
    covered, = [f for f in first["findings"] if f["rule"] == "setuid"]
    assert (covered["origin"], covered["allowed"], covered["line"]) == ("package suid", "tests need it", 7), covered
    assert any(x["suppressions"] for x in json.loads((w / "out.sarif").read_text())["runs"][0]["results"])
    assert isinstance(json.loads((w / "quality").read_text()), list)
    # who brought a file is not in the archive, but its package's list is
    f = found(w, "web.oci.tar", "-f", "web.yaml", status=0)
    assert f["setuid", "/usr/bin/suid"]["origin"] == "package suid" and f["setuid", "/usr/bin/suid"]["line"] == 7, f
    assert {k: x["fingerprint"] for k, x in f.items()} == {k: x["fingerprint"] for k, x in keyed(first["findings"]).items()}


@test
def refused(w):
    """An error ends the build before anything is signed or written, with the line that brought it; the report is written all the same."""
    key, _ = w.keys()
    with locked(w, SUID.replace("- { rule: setuid, path: /usr/bin/suid", "- { rule: setuid, path: /usr/bin/else")):
        r = w.build("web.yaml", "--key", key, "--report", "out.json", status=2)
    assert "web.yaml:7:21: error: [setuid] /usr/bin/suid is set-user-id: whoever runs it becomes its owner (package suid)" in r.err.splitlines(), r
    assert not (w / "web.oci.tar").exists()
    report = json.loads((w / "out.json").read_text())
    assert report["counts"]["error"] == 1 and report["recipe"] == "web.yaml", report


@test
def explain(w):
    """ingot explain lists the rules; of one it says what, why and how to mend it; of a misspelt one, which was meant."""
    rules = w.ingot("explain", "--format", "json").json()
    text = w.ingot("explain").out.splitlines()
    assert len(text) == len(rules) + 1 and text[0].split()[:4] == ["rule", "default", "strict", "release"], text
    for r, line in zip(rules, text[1:]):
        grave = [r["severity"][p].replace("none", "-") for p in ("default", "strict", "release")]
        assert line.split()[:4] == [r["id"], *grave] and line.endswith(r["what"]), (r, line)
    one = w.ingot("explain", "setuid").out
    r = w.ingot("explain", "setuid", "--format", "json").json()
    assert all(r[k] in one for k in ("id", "what", "why", "mend", "source")) and "exception" in one, one
    w.ingot("explain", "setuit", status=2).says('did you mean "setuid"')
    w.ingot("explain", "nothing-like-it", status=2).says("ingot explain lists")


@test
def size(w):
    """ingot inspect --size: layers as stored, bytes by who brought them (hard links once), the largest files; the same sums in text and JSON."""
    files = DEBIAN | {"usr/bin/su": (0o755, b"x" * 5000), "big": (0o644, b"y" * 9000), "same": ("hard", "big")}
    d = layout(w / "debian", [layer(files), layer({"more": (0o644, b"z" * 7000)})], history=HISTORY)
    s = w.ingot("inspect", "--size", d, "--format", "json").json()
    tree = [json.loads(l) for l in w.ingot("tree", d, "--format", "json").out.splitlines()]
    contents = [e for e in tree if e["type"] == "f"]
    assert len(contents) > 5 and "/same" in {e["path"] for e in tree} - {e["path"] for e in contents} and s["bytes"] == sum(e["size"] for e in contents) == sum(o["bytes"] for o in s["origins"]) and s["files"] == len(contents), (s, tree[:3])
    by = {o["origin"]: o["bytes"] for o in s["origins"]}
    assert by["package login"] == 5000 + len("chfn") and by["layer 2: RUN chmod u+s /usr/bin/chfn"] == 7000, by
    assert [(f["path"], f["size"]) for f in s["largest"][:3]] == [("/big", 9000), ("/more", 7000), ("/usr/bin/su", 5000)], s
    assert s["largest"][2]["origin"] == "package login" and [l["size"] for l in s["layers"]] == [len(layer(files)), len(layer({"more": (0o644, b"z" * 7000)}))], s
    text = w.ingot("inspect", "--size", d).out
    assert "package login, 2 files" in text and "/big (layer 1: COPY rootfs" in text, text


@test
def same_bytes(w):
    """Every form of the report has the same bytes each time, from a cold store and from a warm one."""
    d = debian(w)
    for form in ("text", "json", "sarif", "codequality"):
        first = w.ingot("check", d, "--format", form, status=1).out
        w.store = w / f"cold-{form}"
        assert w.ingot("check", d, "--format", form, status=1).out == first, form


main()
