#!/usr/bin/python3
"""One digest on every rung: recipes built on hosts that offer less, each a stage that a runner sets (runner.h)."""
import pathlib, re, sys
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
from lib import *

BUILD = pathlib.Path(os.environ.get("INGOT_BUILD") or TOP / "build")
HERE = BUILD / "tests" / "privilege"
ROOT = os.getuid() == 0

STEPS_OF_ALL_KINDS = steps(
    "run: |\n  mkdir -p /out/dir /out/closed && echo one > /out/one && ln /out/one /out/dir/hard && ln -s ../one /out/dir/soft\n  chmod 0751 /out/one && echo x > /tmp/t && echo y > /run/y && chmod 000 /out/closed",
    "run: chown 33:44 /out/one && mv /out/one /out/moved && rm /out/dir/soft && echo two > /out/two && cp /out/two /out/dir/three",
    "run: |\n  id -u > /out/who && touch -d @5 /out/who\n  cat /etc/nothing 2>/dev/null || head -c 300000 /dev/zero > /out/zeros\nuser: 1234",
    "run: mv /out/dir /out/renamed && rm /out/two && echo end > /out/renamed/end")


def runner(name, *words):
    return [str(HERE / f"{name}_runner"), *words, "--"]


def stages(store):
    """name -> (runner, what doctor calls the rung, isolation)"""
    s = {
        "as it is": ([], "full", "full"),
        "openat2 is unknown": (runner("syscall", "openat2=ENOSYS"), "full", "full"),
        "openat2 is refused": (runner("syscall", "openat2=EPERM"), "full", "full"),
        "fake root in a user namespace": (runner("nested"), "full", "full"),
        "a masked /proc": (runner("masked"), "full, with the container's /proc", "full"),
        "no overlay": (runner("no_overlay", store), "full, without overlay", "full"),
        "a masked /proc and no overlay": (runner("masked") + runner("no_overlay", store), "full, without overlay, with the container's /proc", "full"),
    }
    if ROOT:
        s["root of a default container"] = (runner("docker"), "chroot (container root)", "chroot")
        s["root of a default container, no overlay"] = (runner("no_overlay", store) + runner("docker"), "chroot (container root)", "chroot")
    return s


def rung(w):
    w.store.mkdir(exist_ok=True)
    return {f["what"]: f for f in w.ingot("doctor", "--format", "json", status=None).json()}["rung"]


@test
def one_digest(w):
    """The same digest on every rung, and doctor says which one it is."""
    w.write("web.yaml", STEPS_OF_ALL_KINDS)
    digests, store = {}, w.store
    with mirror(w):
        w.lock("web.yaml")
        for name, (under, says, isolation) in stages(store).items():
            w.under = under
            shutil.rmtree(store, ignore_errors=True)
            got = rung(w)
            assert got["ok"] and got["detail"] == says, f"{name}: {got}"
            r = w.build("web.yaml", "--format", "json").json()
            assert r["steps_run"] == 4 and r["isolation"] == isolation, f"{name}: {r}"
            digests[name] = r["manifest"]
    assert len(set(digests.values())) == 1, digests


@test
def as_root_of_nothing(w):
    """Without namespaces and without a container around: status 4, what is missing and its fix; and no chroot, for root either."""
    w.under = runner("syscall", "namespaces=EPERM")
    w.write("web.yaml", STEPS_OF_ALL_KINDS)
    with mirror(w):
        w.lock("web.yaml")
        w.build(status=4).says("user namespaces", "operation not permitted", "seccomp")
        assert rung(w) == {"what": "rung", "ok": False, "needed": True, "detail": "packages only", "fix": rung(w)["fix"]}
        w.ingot("doctor", status=4).says("user namespaces")
        # what has no steps builds there all the same
        w.write("plain.yaml", RECIPE)
        w.lock("plain.yaml")
        with_it = w.build("plain.yaml", "--format", "json").json()["manifest"]
        w.under, w.store = [], w / "another"
        assert w.build("plain.yaml", "--format", "json").json()["manifest"] == with_it


@test
def full_isolation(w):
    """--isolation=full and its line in config.yaml: no step in a chroot, nothing out of one, and what is missing."""
    if not ROOT:
        return
    w.write("web.yaml", STEPS_OF_ALL_KINDS)
    with mirror(w):
        w.lock("web.yaml")
        w.under = runner("docker")
        w.build("web.yaml", "--isolation=full", status=4).says("--isolation=full", "user namespaces", "operation not permitted")
        w.write("config.yaml", "isolation: full\n")
        w.build("web.yaml", "--config", "config.yaml", status=4).says("--isolation=full")
        w.build("web.yaml", "--isolation=most", status=2).says("--isolation")
        weak = w.build("web.yaml", "--format", "json", "--isolation=auto")
        weak.says("chroot under Landlock")
        assert weak.err.count("weaker wall") == 1, weak
        w.under = []
        strong = w.build("web.yaml", "--isolation=full", "--format", "json").json()
        assert strong["steps_run"] == 4 and not strong["reused"] and strong["isolation"] == "full", strong
        assert strong["manifest"] == weak.json()["manifest"]
        w.under = runner("docker")
        again = w.build("web.yaml", "--isolation=full", "--format", "json").json()
        assert again["reused"] and again["isolation"] == "full", again
    w.whole()


@test
def weak_result_again(w):
    """What came out of a chroot is used again where that is permitted, and still called so."""
    if not ROOT:
        return
    w.write("web.yaml", STEPS_OF_ALL_KINDS)
    with mirror(w):
        w.lock("web.yaml")
        w.under = runner("docker")
        w.build("web.yaml")
        w.under = []
        r = w.build("web.yaml", "--format", "json").json()
        assert r["reused"] and r["isolation"] == "chroot", r
        w.write("more.yaml", w.write("x", STEPS_OF_ALL_KINDS).read_text().replace("user: web", "user: other"))
        w.lock("more.yaml")
        r = w.build("more.yaml", "--format", "json").json()
        assert r["steps_reused"] == 4 and r["isolation"] == "chroot", r


# Tests written for the upper rungs, on the others. What differs there by nature, with its reason:
OTHERWISE = {
    ("chroot", "surroundings"): "a host name, /proc and the first process are the container's",
    ("chroot", "tmpfs_is_limited"): "/tmp is a directory, and counts with the rest of the disk",
    ("chroot", "read_only_root"): "needs mounts", ("chroot", "volumes_and_stdio"): "needs mounts", ("chroot", "loopback"): "needs a network of its own",
    ("chroot", "output_handed_out"): "needs mounts", ("chroot", "init_is_out_of_reach"): "there is no pid 1 to signal",
    ("chroot", "inode_numbers_come_again"): "/proc", ("chroot", "other_places_are_not_the_trees"): "/proc", ("chroot", "files_belong_to_their_maker"): "/proc",
    ("chroot", "log_is_limited"): "/dev/stdout leads to /proc", ("chroot", "another_root"): "chroot(2) is refused", ("chroot", "names_in_another_root"): "chroot(2) is refused",
    ("chroot", "doctor"): "its facts are others",
    ("chroot", "host_network"): "needs a network of its own", ("chroot", "poisoned_mount_points"): "needs mounts", ("chroot", "poisoned_working_directory"): "needs mounts",
    ("copied", "layers"): "layers are an overlay's", ("chroot", "layers"): "layers are an overlay's",
    ("chroot", "in_a_read_only_root"): "needs mounts", ("chroot", "where_openat2_is_refused"): "needs mounts", ("chroot", "poisoned_proc_is_not_used"): "needs mounts",
    ("copied", "changes_go_to_scratch"): "the whole root is in scratch", ("chroot", "changes_go_to_scratch"): "the whole root is in scratch",
    ("copied", "every_form_of_chown"): "the whole root is in scratch", ("chroot", "every_form_of_chown"): "the whole root is in scratch",
    ("masked", "doctor"): "its facts are others",
    ("masked", "surroundings"): "pid numbers", ("nested", "surroundings"): "fake root of an ordinary user cannot lay down its groups",
}


def c_tests(w, program, under, rung, flags):
    """Names of what passed and of what failed, without what differs by nature."""
    log = w / "check.tap"
    log.unlink(missing_ok=True)
    # Its output to a file, as tests/run has it: one of the probes looks for that.
    run(["sh", "-c", 'exec "$@" > check.out 2>&1', "sh", *under, BUILD / "tests" / program], status=None, timeout=250, cwd=w.dir,
        env={"INGOT_STEP_FLAGS": str(flags), "CK_TAP_LOG_FILE_NAME": str(log), "CK_VERBOSITY": "silent"})
    passed, failed = set(), {}
    for line in log.read_text(errors="replace").splitlines():
        m = re.match(r"(not )?ok \d+ - \S+?:\w+:(\w+): (.*)", line)
        if m and not m.group(1):
            passed.add(m.group(2))
        elif m and not any((word, m.group(2)) in OTHERWISE for word in rung.split()):
            failed[m.group(2)] = m.group(3)
    return passed, failed


COPIED, CHROOT, UNSCOPED = 32, 32 | 64, 32 | 64 | 128


def everywhere(w, program, least):
    ways = [("copied", [], COPIED), ("masked", runner("masked"), 0), ("masked copied", runner("masked"), COPIED), ("full nested", runner("nested"), 0), ("plain", runner("syscall", "openat2=ENOSYS"), 0)]
    if ROOT:
        ways += [("chroot", runner("docker"), CHROOT), ("chroot", [], CHROOT), ("chroot", runner("docker"), UNSCOPED)]
    for rung, under, flags in ways:
        passed, failed = c_tests(w, program, under, rung, flags)
        assert not failed and len(passed) >= least.get(rung.split()[0], least["full"]), f"{program} on {rung} {under}: {failed}, passed {sorted(passed)}"


@test
def sandbox_on_every_rung(w):
    """The tests of steps hold on every rung: ends, output, signals, nothing survives."""
    everywhere(w, "unit/test_step", {"full": 12, "chroot": 6})


@test
def limits_on_every_rung(w):
    """The tests of limits hold on every rung: time, disk, memory, processes, output."""
    everywhere(w, "unit/test_step_limits", {"full": 7, "chroot": 6})


@test
def ledger_on_every_rung(w):
    """The tests of the ledger hold on every rung."""
    everywhere(w, "unit/test_ledger", {"full": 16, "chroot": 11})


# What is known of the weaker wall (docs/SECURITY.md): its mounts are the container's, its /dev its own to break, and it can ask about the container's processes by their number. What
# the probes of "rights" look for in /proc is not missing there, /proc is.
KNOWN_IN_CHROOT = {"mounts." + n for n in ("suid_honoured", "devices_honoured", "suid_in_tmp", "devices_in_tmp", "suid_in_run", "suid_in_shm", "exec_in_dev", "writable_proc", "writable_dev")} | {
    "devices." + n for n in ("null_chmod", "null_touched", "null_removed", "null_replaced")} | {
    "processes." + n for n in ("host_by_pidfd", "host_group", "host_session", "host_priority", "host_cpus", "host_scheduler", "host_io_class")} | {
    "rights." + n for n in ("target_gains", "target_mounts", "target_unfiltered", "target_chroots", "target_makes_nodes", "target_sets_ids")} | {
    "ipc.memory_listed", "needed.pseudo_terminal", "needed.null_device"}


@test
def escapes_on_every_rung(w):
    """No probe gets out, on any rung."""
    both = {"as_root_of_the_step", "as_a_user"}
    passed, failed = c_tests(w, "escape/test_escape", [], "copied", COPIED)
    assert not failed and both <= passed, f"copied: {failed}, passed {sorted(passed)}"
    if not ROOT:
        return
    passed, failed = c_tests(w, "escape/test_escape", [], "chroot", CHROOT)
    assert set(failed) <= both, failed
    said = (w / "check.tap").read_text(errors="replace")
    found = set(re.findall(r"([a-z]+\.[a-z_]+) (?:worked|does not work) inside", said))
    assert "mounts.suid_honoured" in found and found <= KNOWN_IN_CHROOT and "does not work outside" not in said, f"{found - KNOWN_IN_CHROOT}\n{said[-3000:]}"


main()
