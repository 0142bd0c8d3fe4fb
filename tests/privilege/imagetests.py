#!/usr/bin/python3
"""The tests of an image on hosts that offer less."""
import pathlib, sys
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
from lib_imagetest import *

BUILD = pathlib.Path(os.environ.get("INGOT_BUILD") or TOP / "build")
ROOT = os.getuid() == 0


def runner(name, *words):
    return [str(BUILD / "tests" / "privilege" / f"{name}_runner"), *words, "--"]


@test
def on_every_full_rung(w):
    """The same verdicts wherever a step has namespaces"""
    store = w.store
    for name, under in {"openat2 is refused": runner("syscall", "openat2=EPERM"), "fake root": runner("nested"), "a masked /proc": runner("masked"),
                        "no overlay": runner("no_overlay", store), "both": runner("masked") + runner("no_overlay", store)}.items():
        w.under = under
        shutil.rmtree(store, ignore_errors=True)
        store.mkdir()
        r = passes(w, "run: [/served, put, /data/a, x]\nfiles: [{ path: /data/a, contains: x }, { path: /var/full/seed, contains: seeded }]", "port: 8080\nexpect: hello\nrun: [/served, ask, '8080', x]")
        assert r.json()["tests"]["isolation"] == "full", f"{name}: {r}"
        fails(w, "run: [/served, put, /var/x, y]", "it writes to /var/x, outside")


@test
def in_a_chroot(w):
    """In a container without namespaces tests run behind the weaker wall: what is written outside is found afterwards; ports cannot be asked"""
    if not ROOT:
        return
    w.under = runner("docker")
    r = passes(w, "run: [/served, put, /data/a, x]\nfiles: [{ path: /data/a, contains: x }, { path: /var/full/seed, contains: seeded }]", "run: [/served, put, /tmp/a, x]", "run: [/served, read, /etc/secret]\nexit: 1")
    r.says("tests run in a chroot under Landlock")
    assert r.json()["tests"]["isolation"] == "chroot", r
    again = w.build("web.yaml", "--format", "json").json()["tests"]
    assert again["reused"] and again["isolation"] == "chroot", again
    fails(w, "run: [/served, put, /var/x, y]", "it writes to /var/x, outside")
    fails(w, "run: [/served, try, /var/x]", "it writes to /var/x, outside")
    fails(w, "port: 8080", "gives no namespaces", "ingot doctor", "--no-tests", status=4)
    recipe(w, "run: [/served, cat]")
    w.build("web.yaml", "--isolation=full", status=4).says("namespaces", "ingot doctor", "--no-tests")
    w.build("web.yaml", "--seccomp-profile", "x.json", status=4).says("cannot be written down")


@test
def nowhere(w):
    """Where no step can run, no test can: status 4, and the two ways on"""
    w.under = runner("syscall", "namespaces=EPERM")
    fails(w, "run: [/served, cat]", "the image's tests cannot run here", "namespaces", "ingot doctor", "--no-tests", status=4)
    w.build("web.yaml", "--no-tests").says("is not run")
    w.ingot("test", "web.oci.tar", status=4).says("cannot run here")


main()
