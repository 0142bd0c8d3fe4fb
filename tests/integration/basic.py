#!/usr/bin/python3
"""The main way: a small recipe, locked, built, looked at, verified, run. And the contract of the command line."""
from lib import *


def built(w, *more, text=RECIPE):
    with locked(w, text):
        w.build("web.yaml", *more)
    return w / "web.oci.tar"


@test
def smallest(w):
    """A small recipe becomes an image with its package, its user and its entry point."""
    archive = built(w)
    c = config_of(archive)
    assert c["config"]["User"] == "10001:10001", c
    assert c["config"]["Entrypoint"] == ["/usr/bin/probe"], c
    assert c["os"] == "linux" and c["rootfs"]["type"] == "layers", c
    tree = paths_of(w, archive)
    assert tree["usr/bin/probe"]["uid"] == 0 and tree["usr/bin/probe"]["mode"] & 0o7777 == 0o755, tree["usr/bin/probe"]
    assert "var/lib/dpkg/status.d/probe" in tree
    assert not any(p.startswith("usr/bin/") and p != "usr/bin/probe" for p in tree), sorted(tree)
    w.whole()


@test
def passwd(w):
    """The image's user stands in passwd and group, without a password and without a shell."""
    archive = built(w)
    layer = json.loads(blob(archive, manifest_digest(archive)))["layers"]
    assert layer
    out = w.ingot("run", archive, "--", "/usr/bin/probe", "--id").out
    assert out == "10001:10001\n", out


@test
def second_build_is_equal(w):
    """Nothing changed: the second build gives the same archive, byte for byte, without the mirror."""
    a = built(w)
    first = a.read_bytes()
    w.options = []
    w.build(out="again.oci.tar")
    assert (w / "again.oci.tar").read_bytes() == first


@test
def offline(w):
    """With its packages in the store a build needs no network: --offline works."""
    a = built(w)
    w.options = []
    w.build("web.yaml", "--offline", out="offline.oci.tar")
    assert manifest_digest(w / "offline.oci.tar") == manifest_digest(a)


@test
def signed(w):
    """A signed archive verifies with its key."""
    key, pub = w.keys()
    archive = built(w, "--key", key)
    r = w.ingot("verify", archive, "--key", pub)
    assert manifest_digest(archive) in r.out + r.err, str(r)


@test
def passphrase(w):
    """A key with a passphrase signs when the passphrase is given, and only then."""
    w.ingot("keygen", "locked", env={"INGOT_PASSPHRASE": "correct horse"})
    assert "ENCRYPTED" in (w / "locked.key").read_text()
    assert (w / "locked.key").stat().st_mode & 0o077 == 0
    with locked(w):
        w.build("web.yaml", "--key", "locked.key", env={"INGOT_PASSPHRASE": "correct horse"})
        w.build("web.yaml", "--key", "locked.key", out="x.tar", status=2, env={"INGOT_PASSPHRASE": "wrong"}).says("passphrase")
    w.ingot("verify", "web.oci.tar", "--key", "locked.pub")
    assert not (w / "x.tar").exists()


@test
def passphrase_sources(w):
    """The passphrase comes from --passphrase-file, else from INGOT_PASSPHRASE, else from COSIGN_PASSWORD; a file is one line."""
    right, wrong, other = "correct horse", "battery", "staple"
    w.write("pw", right + "\n")
    w.write("wrong-pw", wrong + "\n")
    w.ingot("keygen", "locked", "--passphrase-file", "pw", env={"INGOT_PASSPHRASE": wrong, "COSIGN_PASSWORD": other})
    assert "ENCRYPTED" in (w / "locked.key").read_text()
    w.write("web.yaml", RECIPE)

    def signs(status, ingot, cosign, *file):
        return w.build("web.yaml", "--key", "locked.key", *file, status=status, env={"INGOT_PASSPHRASE": ingot, "COSIGN_PASSWORD": cosign})

    with mirror(w):
        w.lock()
        signs(0, wrong, other, "--passphrase-file", "pw")
        signs(2, right, right, "--passphrase-file", "wrong-pw").says("passphrase is wrong")
        signs(0, right, wrong)
        signs(2, wrong, right).says("passphrase is wrong")
        signs(0, None, right)
        signs(2, None, None).says("encrypted", "--passphrase-file")
        signs(2, "", right).says("encrypted")
        w.write("pw", right + "\r\n")
        signs(0, None, None, "--passphrase-file", "pw")
        for text, word in ((right + "\n\n", "more than one line"), (right + "\0more", "more than one line"), ("", "is empty"), ("\n", "is empty")):
            w.write("pw", text)
            signs(2, right, right, "--passphrase-file", "pw").says("pw", word)
        signs(2, right, right, "--passphrase-file", "none").says("none", "passphrase")
        w.write("pw", "")
        w.ingot("keygen", "second", "--passphrase-file", "pw", status=2).says("is empty")
    assert not (w / "second.key").exists()


@test
def to_a_pipe(w):
    """-o - writes the archive to a pipe, the same bytes as to a file, and nothing else to stdout."""
    archive = built(w)
    r = w.ingot("build", "web.yaml", *w.options, "--unsigned", "-o", "-", binary=True)
    assert r.out == archive.read_bytes()


@test
def through_a_link(w):
    """A link is written through, never over: what it names gets the archive (/dev/stdout is one)."""
    smallest(w)
    w.ingot("build", "web.yaml", *w.options, "--unsigned", "-o", "first.tar")
    (w / "named.tar").write_bytes(b"x" * 10000000)
    (w / "link.tar").symlink_to("named.tar")
    (w / "out").symlink_to("/proc/self/fd/1")
    w.ingot("build", "web.yaml", *w.options, "--unsigned", "-o", "link.tar")
    assert (w / "link.tar").is_symlink() and (w / "named.tar").read_bytes() == (w / "first.tar").read_bytes()
    with open(w / "stdout.tar", "wb") as f:
        # The result's text shares the file; what counts is that the link is still one.
        subprocess.run([INGOT, "build", str(w / "web.yaml"), *map(str, w.options), "--store", str(w.store), "--unsigned", "-q", "-o", str(w / "out")], stdout=f, check=True)
    assert (w / "out").is_symlink()


@test
def to_a_directory(w):
    """-o dir:PATH writes an OCI layout directory with the same manifest."""
    archive = built(w)
    w.ingot("build", "web.yaml", *w.options, "--unsigned", "-o", "dir:layout")
    index = json.loads((w / "layout" / "index.json").read_text())
    assert index["manifests"][0]["digest"] == manifest_digest(archive)
    for b in (w / "layout" / "blobs" / "sha256").iterdir():
        assert hashlib.sha256(b.read_bytes()).hexdigest() == b.name


@test
def unsigned_must_be_said(w):
    """A build without a key needs --unsigned."""
    with locked(w):
        w.ingot("build", "web.yaml", *w.options, "-o", "x.tar", status=2).says("--unsigned", "--key")


@test
def lock_names_no_host(w):
    """A lock names pool paths and digests and no host."""
    with locked(w):
        pass
    text = (w / "web.lock.yaml").read_text()
    assert "127.0.0.1" not in text and "http" not in text, text
    assert "pool/main/p/probe/probe_1.0_amd64.deb" in text and hashlib.sha256(pathlib.Path(repo().path, "pool/main/p/probe/probe_1.0_amd64.deb").read_bytes()).hexdigest() in text


@test
def size_budget(w):
    """The image's layers as they are unpacked may not be larger than size-budget; how small they are packed does not matter."""
    text = steps("run: mkdir /out && head -c 3000000 /dev/zero > /out/zeros").replace("  user: web\n", "  user: web\n  size-budget: %s\n")
    w.write("web.yaml", text % "64MiB")
    with mirror(w):
        w.lock()
        w.build()
        assert (w / "web.oci.tar").stat().st_size < 3000000, "it packs well"
        w.write("web.yaml", text % "3MB")
        w.build(out="two.tar", status=2).says("web.yaml:", "unpacked", "size-budget")
    assert not (w / "two.tar").exists()


@test
def runs_read_only(w):
    """ingot run: the image's user, a read-only root, its status handed through."""
    archive = built(w)
    assert w.ingot("run", archive).out == "hello from ingot\n"
    assert w.ingot("run", archive, "--", "/usr/bin/probe", "--write", "/etc/x").out == "refused\n"
    r = w.ingot("run", archive, "--", "/usr/bin/probe", "--exit", "3", status=None)
    assert r.status in (3, 5), str(r)


@test
def runs_with_other_environment(w):
    """ingot run -e: takes the place of what the image says, and adds what it does not."""
    image = RECIPE.replace("packages: [probe]", "packages: [sh]").replace("[/usr/bin/probe]", "[/usr/bin/env]") + "  env: { MARK: of-the-image, MARKED: stays }\n"
    archive = built(w, text=image)
    out = w.ingot("run", "-e", "MARK=of-the-caller", "-e", "MORE=1", archive).out.split()
    assert sorted(l for l in out if l.startswith("M")) == ["MARK=of-the-caller", "MARKED=stays", "MORE=1"], out


@test
def runs_with_volumes(w):
    """ingot run --volume, --tmpfs: on places that the image need not have; a link, and what lies in /run, is refused with the way on."""
    archive = built(w, text=RECIPE.replace("packages: [probe]", "packages: [sh]").replace("[/usr/bin/probe]", "[/usr/bin/sh]"))
    (w / "data").mkdir()
    w.write("data/x", "of the host\n")
    sh = lambda script, *options, **kw: w.ingot("run", *options, archive, "--", "/usr/bin/sh", "-c", script, **kw)
    assert sh("cat /srv/deep/data/x; echo back > /srv/deep/data/y; id -u > /memory/z && cat /memory/z", "--volume", f"{w / 'data'}:/srv/deep/data", "--tmpfs", "/memory").out == "of the host\n10001\n"
    assert (w / "data/y").read_text() == "back\n"
    assert sh("echo no > /data/x", "--volume", f"{w / 'data'}:/data:ro", status=None).status != 0 and (w / "data/x").read_text() == "of the host\n"
    assert "srv/deep" not in paths_of(w, archive)
    sh("true", "--volume", f"{w / 'data'}:/bin/x", status=2).says("/bin/x", "/bin is a link", "usr/bin")
    sh("true", "--volume", f"{w / 'data'}:/run/x", status=2).says("/run/x", "memory", "elsewhere")


@test
def runs_with_what_it_may_read(w):
    """ingot run: what in production only root could read cannot be read here either, though the sandbox knows one user only."""
    image = steps("run: |\n  mkdir -p /out/closed/in /out/own\n  for f in open shut closed/in/f own/f; do echo $f > /out/$f; done\n  ln /out/shut /out/twin\n  chmod 600 /out/shut\n  chmod 700 /out/closed\n"
                  "  chown 10001:10001 /out/own/f\n  chmod 400 /out/own/f").replace("packages: [probe]", "packages: [sh]")
    archive = built(w, text=image.replace("  user: web\n", "  user: web\n  writable: [/srv/own]\n"))
    see = lambda p: w.ingot("run", archive, "--", "/usr/bin/cat", p, status=None).out
    assert see("/srv/open") == "open\n" and see("/srv/own/f") == "own/f\n"
    assert see("/srv/shut") == see("/srv/twin") == see("/srv/closed/in/f") == see("/etc/shadow") == ""


@test
def multi_stage(w):
    """What a step made in one stage is copied into the image, and nothing else of that stage."""
    archive = built(w, text=steps("run: mkdir -p /out && echo made > /out/x && chmod 600 /out/x"))
    tree = paths_of(w, archive)
    assert tree["srv/x"]["size"] == 5, tree["srv/x"]
    assert "usr/bin/dash" not in tree and "out" not in tree


@test
def files_of_the_project(w):
    """Files come in by an allow-list, with canonical modes; what it does not name stays out."""
    w.write("app/index.html", "hi\n", 0o640)
    w.write("app/run.sh", "#!/bin/sh\n", 0o700)
    w.write("app/.env", "SECRET=1\n")
    w.write("app/note.txt", "no\n")
    text = RECIPE.replace("sources:\n", "sources:\n  app: { files: app, include: [index.html, run.sh] }\n").replace("  user: web", "  copy:\n    - { from: app, to: /srv }\n  user: web")
    tree = paths_of(w, built(w, text=text))
    assert tree["srv/index.html"]["mode"] & 0o7777 == 0o644 and tree["srv/run.sh"]["mode"] & 0o7777 == 0o755, tree
    assert "srv/.env" not in tree and "srv/note.txt" not in tree


@test
def compressions_of_packages(w):
    """Packages compressed with gzip and zstd are read as well as xz."""
    tree = paths_of(w, built(w, text=RECIPE.replace("[probe]", "[probe, gz, zst]")))
    assert "usr/share/gz" in tree and "usr/share/zst" in tree


@test
def gzip_by_choice(w):
    """compression: gzip gives gzip layers."""
    archive = built(w, text=RECIPE + "  compression: gzip\n")
    layers = json.loads(blob(archive, manifest_digest(archive)))["layers"]
    assert all(l["mediaType"].endswith("tar+gzip") for l in layers) and blob(archive, layers[0]["digest"])[:2] == b"\x1f\x8b"


@test
def helps(w):
    """--help of every verb goes to stdout with status 0; the list names every verb."""
    verbs = "build lock verify keygen inspect tree diff run store doctor schema".split()
    listing = run([INGOT, "--help"]).out
    for v in verbs:
        assert v in listing, listing
        r = run([INGOT, v, "--help"])
        assert v in r.out and r.err == "", str(r)


@test
def usage_errors(w):
    """Wrong usage: status 2, a message on stderr, nothing on stdout."""
    for args in (["frobnicate"], [], ["build"], ["build", "--no-such-option", "x"], ["verify"], ["tree", "a", "b"], ["lock", "--store"], ["store", "frobnicate"]):
        r = run([INGOT, *args], status=2, cwd=w.dir, env={"XDG_CACHE_HOME": str(w / "c")})
        assert r.err and not r.out, str(r)


@test
def quiet(w):
    """-q says nothing on stderr when all is well."""
    w.write("web.yaml", RECIPE)
    with mirror(w):
        assert w.lock("web.yaml", "-q").err == ""
        assert w.build("web.yaml", "-q").err == ""


@test
def no_colour(w):
    """No escape sequence goes to what is no terminal."""
    w.write("web.yaml", "ingot: 1\nnonsense: 2\n")
    assert "\033" not in w.lock(status=2).err


@test
def json_results(w):
    """--format json gives JSON: inspect, doctor, store info; tree one object a line."""
    archive = built(w)
    assert manifest_digest(archive) in json.dumps(w.ingot("inspect", archive, "--format", "json").json())
    assert isinstance(w.ingot("doctor", "--format", "json", status=None).json(), (dict, list))
    assert isinstance(w.ingot("store", "info", "--format", "json").json(), dict)
    for e in map(json.loads, w.ingot("tree", archive, "--format", "json").out.splitlines()):
        assert {"path", "type", "mode", "uid", "gid"} <= set(e) and isinstance(e["mode"], int), e


@test
def json_progress(w):
    """--progress json gives one JSON object a line on stderr."""
    w.write("web.yaml", RECIPE)
    with mirror(w):
        r = w.lock("web.yaml", "--progress", "json")
    assert all(isinstance(json.loads(l), dict) for l in r.err.splitlines()), r.err


@test
def schema(w):
    """ingot schema prints a JSON Schema that forbids unknown keys."""
    s = w.ingot("schema").json()
    assert "$schema" in s and s.get("additionalProperties") is False and "image" in s["properties"], s


@test
def doctor(w):
    """ingot doctor says what this host offers."""
    r = w.ingot("doctor", status=None)
    assert r.status in (0, 4) and "namespace" in r.out.lower(), str(r)


@test
def store_verbs(w):
    """store info counts, gc removes what nothing needs, verify finds a damaged object, and the next build mends it."""
    archive = built(w)
    want = manifest_digest(archive)
    assert w.ingot("store", "info").out
    objects = [p for d in ("objects", "packs") for p in (w.store / d).rglob("*") if p.is_file()]
    victim = max(objects, key=lambda p: p.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.chmod(0o644)
    victim.write_bytes(data)
    w.ingot("store", "verify", status=1)
    with mirror(w):
        w.build(out="b.tar")
    assert manifest_digest(w / "b.tar") == want
    w.whole()
    w.ingot("store", "gc")
    w.whole()


main()
