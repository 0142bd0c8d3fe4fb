#!/usr/bin/python3
"""What comes from outside is wrong: packages, indexes, signatures, mirrors. Status 3 (2 where the recipe asks for what does not exist)."""
from lib import *


def refused(w, status, *words, verb="lock", recipe=RECIPE, r=None, faults=None, more=(), timeout=120):
    w.write("web.yaml", recipe)
    with mirror(w, r, faults):
        result = (w.lock if verb == "lock" else w.build)("web.yaml", *more, status=status, timeout=timeout)
    result.says(*words)
    if verb == "lock":
        assert not (w / "web.lock.yaml").exists()
    else:
        assert not (w / "web.oci.tar").exists()
    return result


def then_good(w):
    """The store is whole, and the next good build works in it."""
    w.whole()
    with locked(w):
        w.build()
    w.ingot("tree", "web.oci.tar")
    w.whole()


@test
def unsatisfiable(w):
    """A dependency that nothing provides: the chain that leads to it."""
    refused(w, 2, "needs-nothing-here", "no-such-package", recipe=RECIPE.replace("[probe]", "[probe, needs-nothing-here]"))
    then_good(w)


@test
def conflicting(w):
    """Two packages that exclude each other are both named."""
    refused(w, 2, "fighter", "probe", recipe=RECIPE.replace("[probe]", "[probe, fighter]"))


@test
def not_in_the_suite(w):
    """A package that the suite does not have is named, with the suite and the recipe's line."""
    refused(w, 2, "porbe", "bookworm", "web.yaml:7", recipe=RECIPE.replace("[probe]", "[porbe]"))
    then_good(w)


@test
def other_suite(w):
    """A suite that the mirror does not have is named."""
    refused(w, 3, "trixie", recipe=RECIPE.replace("[bookworm]", "[trixie]"))


@test
def hash_mismatch(w):
    """A package with other bytes than the lock says: its name and both digests; it does not enter the store."""
    r = own_repo(w)
    with locked(w, r=r):
        deb = pathlib.Path(r.path, "pool/main/p/probe/probe_1.0_amd64.deb")
        good = deb.read_bytes()
        bad = bytearray(good)
        bad[len(bad) // 2] ^= 1
        deb.write_bytes(bad)
        w.build(status=3).says("probe", hashlib.sha256(good).hexdigest()[:12], hashlib.sha256(bad).hexdigest()[:12])
        w.whole()
        deb.write_bytes(good)
        w.build()
    w.whole()


@test
def truncated_package(w):
    """A package that ends early, again and again, is an error and not a shorter package."""
    with locked(w):
        pass
    refused(w, 3, "probe", verb="build", faults=[{"path": "probe.*deb$", "fault": "truncate", "arg": 1000}])
    then_good(w)


@test
def resumed_package(w):
    """A package that ends early once is fetched to its end."""
    with locked(w):
        pass
    with mirror(w, faults=[{"path": "probe.*deb$", "fault": "truncate", "arg": 1000, "times": 1}]):
        w.build()
    w.whole()


@test
def missing_package(w):
    """A package that the mirror lost (404): its name, and that a new lock may help."""
    with locked(w):
        pass
    refused(w, 3, "probe", "404", verb="build", faults=[{"path": "probe.*deb$", "fault": "status", "arg": 404}])
    then_good(w)


@test
def bad_signature(w):
    """An InRelease whose text was changed after signing is refused."""
    r = own_repo(w)
    p = pathlib.Path(r.path, "dists/bookworm/InRelease")
    p.write_text(p.read_text().replace("Origin: Test", "Origin: Tost"))
    refused(w, 3, "InRelease", "signature", r=r)
    then_good(w)


@test
def foreign_key(w):
    """An InRelease signed by a key that is not trusted is refused."""
    r = own_repo(w)
    other = mkrepo.Key("Mallory <mallory@mirror.example>")
    try:
        release = pathlib.Path(r.path, "dists/bookworm/Release").read_bytes()
        pathlib.Path(r.path, "dists/bookworm/InRelease").write_bytes(other.clearsign(release))
    finally:
        other.close()
    refused(w, 3, "bookworm", r=r)


@test
def unsigned_release(w):
    """An InRelease without any signature is refused."""
    r = own_repo(w)
    release = pathlib.Path(r.path, "dists/bookworm/Release").read_bytes()
    pathlib.Path(r.path, "dists/bookworm/InRelease").write_bytes(release)
    refused(w, 3, "bookworm", r=r)


@test
def text_around_the_signature(w):
    """Text outside the signed part is not believed."""
    r = own_repo(w)
    p = pathlib.Path(r.path, "dists/bookworm/InRelease")
    p.write_text("Origin: Evil\nSuite: evil\n\n" + p.read_text())
    refused(w, 3, "bookworm", r=r)


@test
def expired(w):
    """A Release beyond its Valid-Until: the date, and the option that overrides; with the option it locks."""
    r = own_repo(w)
    publish(r, valid_for=86400)
    refused(w, 3, "bookworm", "--ignore-valid-until", r=r)
    w.write("web.yaml", RECIPE)
    with mirror(w, r):
        w.lock("web.yaml", "--ignore-valid-until")


@test
def rolled_back(w):
    """A Release older than the one locked before: both dates, and the option that overrides."""
    r = own_repo(w)
    w.write("web.yaml", RECIPE)
    publish(r, date=mkrepo.DATE + 86400)
    with mirror(w, r):
        w.lock()
        publish(r, date=mkrepo.DATE)
        w.lock("web.yaml", "--update", status=3).says("bookworm", "--allow-older-release")
        w.lock("web.yaml", "--update", "--allow-older-release")


@test
def wrong_suite(w):
    """A Release that is about another suite than was asked for is refused."""
    r = own_repo(w)
    r.suite("sid", r.debs, suite="unstable")
    shutil.rmtree(w / "repo/dists/bookworm")
    shutil.copytree(w / "repo/dists/sid", w / "repo/dists/bookworm")
    refused(w, 3, "bookworm", "sid", r=r)


@test
def index_mismatch(w):
    """A Packages index that does not match the signed Release is refused."""
    refused(w, 3, "index", "bookworm", "sha256:", faults=[{"path": "Packages|by-hash", "fault": "flip"}])
    then_good(w)


@test
def mirror_down(w):
    """A mirror that does not answer: its address and the reason, soon."""
    w.write("web.yaml", RECIPE)
    w.options, w.keyring = ["--mirror", "http://127.0.0.1:9"], ["--archive-key", repo().key]
    w.lock(status=3, timeout=100).says("127.0.0.1", "connect")
    then_good(w)


@test
def mirror_errors(w):
    """A mirror that answers 500, 404, nonsense or headers without end is an error that names it, never a hang."""
    for fault in ({"fault": "status", "arg": 500}, {"fault": "status", "arg": 404}, {"fault": "nonsense"}, {"fault": "headers"}):
        refused(w, 3, "bookworm", faults=[fault | {"path": ""}], timeout=200)


@test
def mirror_garbage(w):
    """A mirror that answers 200 with garbage of any kind is refused."""
    for path in ("InRelease", "Packages|by-hash"):
        for fault in ({"fault": "garbage"}, {"fault": "endless"}):
            refused(w, 3, "bookworm", faults=[fault | {"path": path}], timeout=200)
    then_good(w)


@test
def package_garbage(w):
    """A mirror that answers garbage in place of a package is refused."""
    with locked(w):
        pass
    refused(w, 3, "probe", verb="build", faults=[{"path": "deb$", "fault": "garbage"}])
    refused(w, 3, "probe", verb="build", faults=[{"path": "deb$", "fault": "endless"}])
    then_good(w)


@test
def no_deb_inside(w):
    """A package that is signed and hashed but is no package: refused by name."""
    r = own_repo(w)
    for name, content in (("empty", b""), ("text", b"this is no ar archive" * 100), ("cut", mkrepo.Deb("cut").build()[:300])):
        class Fake(mkrepo.Deb):
            def build(self, content=content):
                return content
        r.debs = [d for d in repo().debs] + [Fake(name)]
        publish(r)
        w.write("web.yaml", RECIPE.replace("[probe]", f"[probe, {name}]"))
        with mirror(w, r):
            w.lock("web.yaml", "--update", status=None)
            if (w / "web.lock.yaml").exists():
                w.build(status=3).says(name)
        (w / "web.lock.yaml").unlink(missing_ok=True)
    then_good(w)


@test
def two_packages_one_path(w):
    """Two packages with different content at one path: the path and both names."""
    with locked(w, RECIPE.replace("[probe]", "[probe, clash-a, clash-b]")):
        r = w.build(status=None)
    assert r.status in (2, 3), str(r)
    r.says("etc/clash.conf", "clash-a", "clash-b")
    then_good(w)


@test
def maintainer_scripts(w):
    """A package whose script does more than the transforms cover is named, with the line and the ways on; said to be fine, it is not."""
    with locked(w, RECIPE.replace("[probe]", "[probe, scripted]")):
        w.build().says("scripted", "postinst", "mknod /etc/surprise", "skip-scripts")
        w.write("web.yaml", RECIPE.replace("[probe]", "{ install: [probe, scripted], skip-scripts: { scripted: a test } }"))
        w.lock()
        r = w.build()
        assert "mknod" not in r.err and "names" not in r.err, str(r)
        # Reasons that nothing needs would hide what comes later.
        w.write("web.yaml", RECIPE.replace("[probe]", "{ install: [probe, scripted], skip-scripts: { scripted: a test, probe: none, gone: a typo } }"))
        r = w.build("web.yaml", "--no-cache").says("names probe", "names gone", "not among the packages")
        assert "names scripted" not in r.err, str(r)


@test
def setuid(w):
    """A setuid program is refused unless the recipe allows it with a reason."""
    with locked(w, RECIPE.replace("[probe]", "[probe, suid]")):
        r = w.build(status=None)
        assert r.status in (1, 2, 3), str(r)
        r.says("usr/bin/suid", "setuid")
        w.write("web.yaml", RECIPE.replace("[probe]", "[probe, suid]") + 'policy:\n  allow:\n    - { rule: setuid, path: /usr/bin/suid, reason: "a test" }\n')
        w.build()
    assert paths_of(w, "web.oci.tar")["usr/bin/suid"]["mode"] & 0o4000


main()
