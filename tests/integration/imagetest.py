#!/usr/bin/python3
"""Tests of an image under production conditions: every kind of check, fulfilled and not."""
from lib_imagetest import *


@test
def production_conditions(w):
    """A test has the image's user, no capability, no new privileges, a read-only root and nothing but a loopback"""
    recipe(w, "run: [/served, facts]\nstdout: nothing")
    r = w.build("web.yaml", status=1)
    facts = [" ".join(l.split("|", 1)[1].split()) for l in r.err.splitlines() if l.startswith("test 1 (/served facts) |")]
    none = "0000000000000000"
    assert facts == ["id 10001:10001", f"CapInh: {none}", f"CapPrm: {none}", f"CapEff: {none}", f"CapBnd: {none}", f"CapAmb: {none}", "NoNewPrivs: 1", "root Read-only file system", "tmp can be written to",
                     "device lo"], f"{facts}\n{r}"


@test
def production_root(w):
    """An image that runs as root has no capability either"""
    none = "0000000000000000"
    recipe(w, f"run: [/served, facts]\nstdout-contains: ['id 0:0', \"CapEff:\\t{none}\", \"CapPrm:\\t{none}\", \"CapBnd:\\t{none}\", 'root Read-only file system']")
    w.write("web.yaml", (w / "web.yaml").read_text().replace("user: web", 'user: { root: "to see what it may" }').replace("writable: [/data, /var/full]", "env: { A: b }"))
    w.build("web.yaml")


@test
def run_checks(w):
    """What a command reads, prints and ends with"""
    passes(w, "run: [/served, say, out, err, '3']\nexit: 3\nstdout: out\nstderr: err\nstdout-contains: [u, ou]\nstderr-contains: [rr]", "run: [/served, cat]\nstdin: \"a\\nb\"\nstdout: \"a\\nb\"",
           "run: [/served, die, '15']\nexit: 143", "run: [/served, cat]\nstdout: ''")


for _name, _test, _words in (
        ("exit", "run: [/served, say, out, 'to be shown', '3']", ("exit status 3, not 0", "to be shown")),
        ("exit_wanted", "run: [/served, say, out, err, '0']\nexit: 1", ("exit status 0, not 1",)),
        ("signal", "run: [/served, die, '11']", ("ended by signal 11", "not exit status 0")),
        ("stdout", "run: [/served, say, out, err, '0']\nstdout: put", ("stdout is 'out', not 'put'",)),
        ("stderr", "run: [/served, say, out, err, '0']\nstderr: ''", ("stderr is 'err', not ''",)),
        ("stdout_contains", "run: [/served, say, out, err, '0']\nstdout-contains: [o, err]", ("stdout lacks 'err'",)),
        ("stderr_contains", "run: [/served, say, out, err, '0']\nstderr-contains: [out]", ("stderr lacks 'out'",)),
        ("stdin", "run: [/served, cat]\nstdin: abc\nstdout: abd", ("stdout is 'abc', not 'abd'",)),
        ("timeout", "run: [/served, sleep, '60']\ntimeout: 1", ("did not end within 1 s",)),
        ("no_program", "run: [/no/such/program]", ("/no/such/program", "No such file")),
        ("flood", "run: [/served, flood]\nstdout: x", ("longer than 1 MiB",)),
        ("file_missing", "run: [/served, put, /data/a, b]\nfiles: [/data/a, /data/b]", ("afterwards /data/b is not there",)),
        ("file_there", "run: [/served, put, /data/a, b]\nfiles: [{ path: /data/a, absent: true }]", ("afterwards /data/a is there",)),
        ("file_contains", "run: [/served, put, /data/a, b]\nfiles: [{ path: /data/a, contains: c }]", ("afterwards /data/a lacks what it must contain",)),
        ("file_by_link", "run: [/served, link, /served, /data/a]\nfiles: [{ path: /data/a, contains: ELF }]", ("afterwards /data/a is no file",)),
        ("port_silent", "port: 8081\nwait: 1", ("nobody answered at port 8081/tcp within 1 s",)),
        ("port_otherwise", "port: 8080\nwait: 4\nexpect: goodbye", ("lacks 'goodbye' within 4 s", "begins 'hello\\x0a'")),
        ("beside_exit", "port: 8080\nrun: [/served, say, out, err, '4']", ("what runs beside the service: exit status 4, not 0",)),
        ("beside_stdout", "port: 8080\nrun: [/served, ask, '8080', x]\nstdout: y", ("what runs beside the service: stdout is 'hello\\x0a', not 'y'",)),
        ("beside_late", "port: 8080\nrun: [/served, sleep, '60']\ntimeout: 1", ("what runs beside the service did not end within 1 s",)),
        ("beside_no_program", "port: 8080\nrun: [/no/such/program]", ("exit status 127, not 0", "/no/such/program")),
        ("service_stdout", "port: 8080\nstdout-contains: [ready]", ("the service: stdout lacks 'ready'",))):
    def _fails(w, what=_test, words=_words):
        fails(w, what, *words)
    _fails.__name__, _fails.__doc__ = f"fails_{_name}", f"A test that does not hold ends the build: {_name.replace('_', ' ')}"
    test(_fails)


@test
def service_checks(w):
    """A service is asked, something runs beside it, its signal ends it, and what it left is looked at"""
    passes(w, "port: 8080\nexpect: hello", "port: 8080/tcp\nsend: \"GET / HTTP/1.0\\r\\n\\r\\n\"\nexpect: hello\nrun: [/served, ask, '8080', x]\nstdout: \"hello\\n\"\nstdin: unread",
           "service: true\nwait: 3\nexit: 0\nstdout: \"starting\\n\"\nfiles: [{ path: /data/end, contains: left at }, { path: /data/other, absent: true }]", "port: 8080\nsignal: SIGQUIT\nexit: 0", "port: 8080\nsignal: SIGKILL",
           cmd="serve, leave=/data/end")


@test
def service_slow(w):
    """The port is asked until it answers as it should"""
    passes(w, "port: 8080\nexpect: hello\nwait: 20", cmd="serve, slow=1, busy=3")


@test
def service_echo(w):
    """What is sent arrives as it is written"""
    passes(w, "port: 8080\nsend: \"a\\r\\n\\t'b\"\nexpect: \"a\\r\\n\\t'b\"", cmd="serve, answer=echo")


@test
def service_udp(w):
    """A port of udp"""
    passes(w, "port: 5353/udp\nsend: x\nexpect: hello", "port: 5353/udp\nsend: x", cmd="serve, udp=1, port=5353")
    fails(w, "port: 5354/udp\nsend: x\nwait: 1", "nobody answered at port 5354/udp", cmd="serve, udp=1, port=5353")


@test
def service_six(w):
    """A port of IPv6 alone"""
    if not pathlib.Path("/proc/net/if_inet6").exists():
        raise Skip("this kernel has no IPv6")
    passes(w, "port: 8080\nexpect: hello", cmd="serve, six=1")


@test
def service_ends_early(w):
    """A service that ends by itself has failed"""
    fails(w, "port: 8080", "the service ended by itself, with exit status 7", cmd="serve, dies=7")
    fails(w, "service: true\nwait: 30", "the service ended by itself, with exit status 7", cmd="serve, dies=7")
    fails(w, "service: true\nwait: 30", "the service was ended by signal 11", cmd="die, '11'")


@test
def service_stays(w):
    """A service that its signal does not end has failed"""
    fails(w, "port: 8080\nwithin: 1", "its signal did not end the service within 1 s", cmd="serve, term=ignore")


@test
def service_unhandled(w):
    """A service that does not handle its signal would not end as process 1; unless the recipe says that it need not"""
    fails(w, "port: 8080", "does not handle signal 15", "exit: 143", cmd="serve, term=default")
    passes(w, "port: 8080\nexit: 143", cmd="serve, term=default")
    fails(w, "port: 8080\nexit: 0", "the service: ended by signal 15", cmd="serve, term=default")


@test
def service_exit(w):
    """The status with which a service ends"""
    passes(w, "port: 8080\nexit: 5", "port: 8080", cmd="serve, exit=5")
    fails(w, "port: 8080\nexit: 4", "the service: exit status 5, not 4", cmd="serve, exit=5")


@test
def service_without_command(w):
    """An image without a command has no service"""
    recipe(w, "service: true")
    text = (w / "web.yaml").read_text()
    w.write("web.yaml", "".join(l for l in text.splitlines(True) if not l.startswith(("  entrypoint", "  cmd"))))
    w.build("web.yaml", status=2).says("has no entrypoint", "web.yaml:")


@test
def writes_outside(w):
    """An image that writes outside of its declared set fails, and the path is named"""
    fails(w, "run: [/served, put, /var/log.txt, x]", "Read-only file system", "it writes to /var/log.txt, outside of what the image declares writable")
    fails(w, "run: [/served, mkdir, /var/cache]", "it writes to /var/cache, outside")
    fails(w, "run: [/served, rm, /served]", "it writes to /served, outside")
    fails(w, "port: 8080\nwait: 30", "the service ended by itself, with exit status 9", "it writes to /var/spool.txt, outside", cmd="serve, write=/var/spool.txt")


@test
def writes_inside(w):
    """The declared set, /tmp and /run can be written to, and what was in it is there"""
    passes(w, "run: [/served, put, /data/a, x]\nfiles: [{ path: /data/a, contains: x }, { path: /var/full/seed, contains: seeded }]", "run: [/served, put, /tmp/a, x]", "run: [/served, read, /var/full/seed]\nstdout: \"seeded\\n\"",
           "run: [/served, put, /var/full/seed, new]\nfiles: [{ path: /var/full/seed, contains: new }]", "run: [/served, cat]\nfiles: [{ path: /data/a, absent: true }]")


@test
def writes_found(w):
    """A program that minds no failure passes, and ingot test --find-writes still names what it wanted"""
    passes(w, "run: [/served, try, /var/quiet]", "run: [/served, try, /data/x]")
    r = w.ingot("test", "web.oci.tar", "--find-writes", "--format", "json", status=1)
    r.says("test 1", "it writes to /var/quiet, outside of what the image declares writable")
    assert [t["passed"] for t in r.json()["tests"]] == [False, True], r
    w.ingot("test", "web.oci.tar")


@test
def unreadable(w):
    """What the image's user may not read cannot be read in a test, either"""
    passes(w, "run: [/served, read, /etc/secret]\nexit: 1")


@test
def remembered(w):
    """Tests of an image that did not change are not run again, and those of another are"""
    passes(w, "run: [/served, cat]")
    r = passes(w, "run: [/served, cat]")
    assert r.json()["tests"]["reused"] and r.json()["reused"] and "passed" not in r.err, r
    r = passes(w, "run: [/served, cat]\nexit: 0")
    assert not r.json()["tests"]["reused"], r
    r = passes(w, "run: [/served, cat]", more=["--no-cache"])
    assert not r.json()["tests"]["reused"], r
    # One whose tests were not run has none that passed.
    recipe(w, "run: [/served, say, a, b, '1']")
    r = w.build("web.yaml", "--no-tests", "--format", "json").says("1 test is not run", "--no-tests")
    assert r.json()["tests"]["passed"] == 0 and r.json()["tests"]["declared"] == 1, r
    (w / "web.oci.tar").unlink()
    w.build("web.yaml", status=1).says("exit status 1, not 0")
    assert not (w / "web.oci.tar").exists()


@test
def nothing_signed(w):
    """An image whose tests fail is not signed, wherever it would have gone"""
    w.keys()
    recipe(w, "run: [/served, say, a, b, '1']")
    r = w.build("web.yaml", "--key", "key.key", status=1)
    assert not (w / "web.oci.tar").exists(), r
    r = w.ingot("build", "web.yaml", "-o", "-", "--key", "key.key", status=1, binary=False)
    assert r.out == "", "something came out of a build whose test failed"


@test
def all_failures(w):
    """Every test is run, and the message counts those that failed"""
    recipe(w, "run: [/served, say, a, b, '1']", "run: [/served, cat]", "run: [/served, say, a, b, '2']")
    w.build("web.yaml", status=1).says("exit status 1, not 0", "and 1 more of 3 tests", "test 2 (/served cat): passed", "test 3 (/served say a b 2): failed")


@test
def test_verb(w):
    """ingot test runs a recipe's tests on an archive that was built without them"""
    recipe(w, "run: [/served, cat]", "port: 8080\nexpect: goodbye\nwait: 4")
    w.build("web.yaml", "--no-tests")
    r = w.ingot("test", "web.oci.tar", status=1)
    r.says("web.yaml:17:", "lacks 'goodbye'")
    assert "ok     test 1 (/served cat)" in r.out and "failed test 2 (port 8080/tcp)" in r.out and "1 of 2 passed" in r.out, r
    w.write("other.yaml", (w / "web.yaml").read_text().replace("goodbye", "hello"))
    assert "2 of 2 passed" in w.ingot("test", "web.oci.tar", "-f", "other.yaml").out
    w.ingot("test", "web.oci.tar", "-f", "none.yaml", status=2)
    os.rename(w / "web.yaml", w / "elsewhere.yaml")
    w.ingot("test", "web.oci.tar", status=2).says("no web.yaml beside the image", "-f RECIPE")


@test
def profile(w):
    """The system calls of the tests become a seccomp profile: those that were made, and nothing that was not"""
    recipe(w, "run: [/served, mkdir, /data/x]", "port: 8080\nrun: [/served, ask, '8080', x]")
    w.build("web.yaml", "--seccomp-profile", "profile.json")
    p = json.loads((w / "profile.json").read_text())
    names = p["syscalls"][0]["names"]
    assert p["defaultAction"] == "SCMP_ACT_ERRNO" and p["architectures"] and names == sorted(set(names)) and p["syscalls"][0]["action"] == "SCMP_ACT_ALLOW", p
    for call in ("mkdir", "bind", "listen", "accept", "connect", "sendto", "recvfrom", "execve"):
        assert call in names, f"{call} was made and is not among {names}"
    for call in ("unlink", "symlink", "ptrace", "mount", "fork", "rename"):
        assert call not in names, f"{call} was not made and is among {names}"
    w.ingot("test", "web.oci.tar", "--seccomp-profile", "again.json")
    assert (w / "again.json").read_text() == (w / "profile.json").read_text()
    w.build("web.yaml", "--no-tests", "--seccomp-profile", "x.json", status=2).says("exclude each other")


@test
def twice(w):
    """A build that is done twice runs its tests once"""
    recipe(w, "run: [/served, cat]")
    assert w.build("web.yaml", "--twice").err.count(": passed") == 1


main()
