#!/usr/bin/python3
"""The same recipe and lock give the same bytes: other directory, user, umask, locale, time zone, store, clock, file order."""
from lib import *

TEXT = steps("run: |\n  umask 027; mkdir -p /out/d && date > /dev/null && echo made > /out/x && touch /out/d/b /out/d/a && ln /out/x /out/y && chmod 604 /out/x").replace(
    "sources:\n", "sources:\n  app: { files: app, include: ['**'] }\n").replace("  user: web", "    - { from: app, to: /app }\n  user: web")


def project(w, name, mode, reverse):
    d = w / name
    for f in sorted(["app/b", "app/a", "app/sub/c", "app/z"], reverse=reverse):
        p = d / f
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_text(f)
        p.chmod(mode)
    (d / "web.yaml").write_text(TEXT)
    return d


def build(w, d, out, prefix=(), umask=None, store=None, **env):
    argv = [*prefix, INGOT, "build", "--store", store or d / "store", "web.yaml", *w.options, "--unsigned", "-o", out]
    old = os.umask(umask) if umask is not None else None
    try:
        run(argv, cwd=d, env=env)
    finally:
        if old is not None:
            os.umask(old)
    return hashlib.sha256(pathlib.Path(d, out).read_bytes()).hexdigest(), manifest_digest(pathlib.Path(d, out))


@test
def one_digest(w):
    """Two directories, umasks, locales, time zones, file orders and modes: one archive, byte for byte."""
    one, two = project(w, "one", 0o644, False), project(w, "deeper/two", 0o600, True)
    with mirror(w):
        w.ingot("lock", "web.yaml", *w.options, *w.keyring, cwd=one)
        shutil.copy(one / "web.lock.yaml", two)
        a = build(w, one, "a.tar", umask=0o022, TZ="UTC", LC_ALL="C")
        b = build(w, two, "b.tar", umask=0o077, TZ="Pacific/Chatham", LC_ALL="tr_TR.UTF-8", LANG="tr_TR.UTF-8", HOME="/nonexistent")
    assert a == b, (a, b)


@test
def two_users(w):
    """root and an ordinary user: one archive, byte for byte."""
    if os.getuid() != 0:
        raise Skip("needs root to be both users")
    try:
        user = pwd.getpwnam("ingot-test")
    except KeyError:
        raise Skip("there is no user ingot-test")
    one, two = project(w, "one", 0o644, False), project(w, "two", 0o640, True)
    with tempfile.TemporaryDirectory(prefix="ingot-program.", dir="/var/tmp") as place, mirror(w):
        # The build directory may lie where the other user cannot go.
        os.chmod(place, 0o755)
        for f in pathlib.Path(INGOT).parent.glob("ingot*"):
            if f.is_file():
                shutil.copy(f, place)
        if (TOP / "keys").exists():
            shutil.copytree(TOP / "keys", place + "/keys")
        w.ingot("lock", "web.yaml", *w.options, *w.keyring, cwd=one)
        shutil.copy(one / "web.lock.yaml", two)
        a = build(w, one, "a.tar")
        run(["chown", "-R", "ingot-test:", two])
        for d in [w.dir, *w.dir.parents]:
            if str(d).startswith("/var/tmp/"):
                os.chmod(d, os.stat(d).st_mode | 0o011)
        argv = ["setpriv", "--reuid=ingot-test", "--regid=ingot-test", "--clear-groups", place + "/ingot", "build", "--store", two / "store", "web.yaml", *w.options, "--unsigned",
                "-o", "b.tar"]
        run(argv, cwd=two, env={"HOME": user.pw_dir})
    assert a[0] == hashlib.sha256((two / "b.tar").read_bytes()).hexdigest(), (a, manifest_digest(two / "b.tar"))


@test
def source_date_epoch(w):
    """SOURCE_DATE_EPOCH decides the times; a malformed one is an error."""
    d = project(w, "one", 0o644, False)
    with mirror(w):
        w.ingot("lock", "web.yaml", *w.options, *w.keyring, cwd=d)
        build(w, d, "a.tar", SOURCE_DATE_EPOCH="86400")
        assert config_of(d / "a.tar")["created"] == "1970-01-02T00:00:00Z", config_of(d / "a.tar")
        w.ingot("build", "web.yaml", *w.options, "--unsigned", "-o", "x.tar", cwd=d, status=2, env={"SOURCE_DATE_EPOCH": "yesterday"}).says("SOURCE_DATE_EPOCH")


@test
def cache_is_no_input(w):
    """A build from a warm store equals one from an empty store."""
    d = project(w, "one", 0o644, False)
    with mirror(w):
        w.ingot("lock", "web.yaml", *w.options, *w.keyring, cwd=d)
        a = build(w, d, "a.tar")
        b = build(w, d, "b.tar")
        c = build(w, d, "c.tar", store=d / "other")
    assert a == b == c


@test
def what_changes_changes(w):
    """A changed file, environment or step gives another image: the cache knows every input."""
    d = project(w, "one", 0o644, False)
    seen = {}
    with mirror(w):
        w.ingot("lock", "web.yaml", *w.options, *w.keyring, cwd=d)
        seen[build(w, d, "a.tar")[1]] = "first"
        for what, old, new in (("env", "  entrypoint:", "  env: { A: b }\n  entrypoint:"), ("step", "echo made", "echo Made"), ("user", "user: web", "user: { name: web, uid: 20000 }")):
            (d / "web.yaml").write_text(TEXT.replace(old, new))
            digest = build(w, d, "b.tar")[1]
            assert digest not in seen, f"{what} is not part of the cache key ({seen})"
            seen[digest] = what
        (d / "web.yaml").write_text(TEXT)
        (d / "app/a").write_text("other")
        assert build(w, d, "c.tar")[1] not in seen
        (d / "app/a").write_text("app/a")
        assert seen[build(w, d, "d.tar")[1]] == "first"


main()
