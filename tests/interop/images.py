#!/usr/bin/python3
"""What podman, skopeo and umoci write, ingot reads: one image in every form of theirs is one tree, the one that podman mounts."""
import pathlib, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "recipes"))
from lib_recipes import *
from lib_images import *



def base(w):
    """What the first layer is made of: links, modes, a directory that will be replaced."""
    d = w / "base"
    for name, text in {"a": "hello\n", "d/b": "two\n", "e/old": "x\n", "gone/deep/file": "y\n", "was-file": "z\n", "was-dir/x": "z\n"}.items():
        w.write(f"base/{name}", text)
    os.symlink("a", d / "l")
    os.symlink("/d", d / "was-link")
    os.link(d / "a", d / "h")
    os.chmod(d / "d/b", 0o4755)
    os.mkfifo(d / "pipe")
    os.mknod(d / "null", 0o20666, os.makedev(1, 3))
    os.setxattr(d / "d", "user.note", b"a=b\n\0c")
    os.chown(d / "d/b", 1000, 50)
    run(["tar", "-C", d, "--numeric-owner", "--xattrs", "--sort=name", "-cf", w / "base.tar", "."])


def change(root):
    """The second layer: removed, replaced by another kind, emptied, changed, new."""
    root = pathlib.Path(root)
    shutil.rmtree(root / "gone")
    (root / "e/old").unlink()
    (root / "e/new").write_text("new\n")
    (root / "was-file").unlink()
    (root / "was-file").mkdir()
    (root / "was-file/in").write_text("in\n")
    shutil.rmtree(root / "was-dir")
    (root / "was-dir").write_text("file now\n")
    (root / "was-link").unlink()
    (root / "was-link").mkdir()
    (root / "was-link/q").write_text("q\n")
    (root / "h").write_text("changed for both\n")
    os.chmod(root / "d", 0o700)


def third(root):
    """A directory that is emptied and filled again: an opaque one, where the layer is made by an overlay."""
    root = pathlib.Path(root)
    shutil.rmtree(root / "e")
    (root / "e").mkdir()
    (root / "e/newest").write_text("newest\n")
    os.chown(root / "e", 7, 8)


def made(w):
    """(podman, what podman mounts): the image localhost/three of three layers in podman's store."""
    p = podman(w)
    base(w)
    run([*p, "import", "-q", "--change", "CMD=/a", "--change", "USER=1:1", w / "base.tar", "localhost/one:1"])
    for source, name, edit in (("one:1", "two:1", change), ("two:1", "three:1", third)):
        c = run([*p, "create", f"localhost/{source}"]).out.strip()
        edit(run([*p, "mount", c]).out.strip())
        run([*p, "unmount", c])
        run([*p, "commit", "-q", c, f"localhost/{name}"])
        run([*p, "rm", c])
    root = run([*p, "image", "mount", "localhost/three:1"]).out.strip().split()[-1]
    return p, on_disk(root)


def on_disk(root):
    """{path: what can be compared}; times of directories depend on who writes."""
    out, first = {}, {}
    for d, dirs, names in sorted(os.walk(root)):
        for n in sorted(dirs + names):
            at = os.path.join(d, n)
            s = os.lstat(at)
            kind = {0o040000: "d", 0o100000: "f", 0o120000: "l", 0o020000: "c", 0o060000: "b", 0o010000: "p"}[s.st_mode & 0o170000]
            out[os.path.relpath(at, root)] = [kind, s.st_mode & 0o7777 if kind != "l" else 0, s.st_uid, s.st_gid, sha(pathlib.Path(at).read_bytes()) if kind == "f" else os.readlink(at) if kind == "l" else "",
                                              first.setdefault(s.st_ino, os.path.relpath(at, root)) if kind == "f" else ""]
    return out


def read(w, where, *options):
    out, group = {}, {}
    for e in map(json.loads, w.ingot("tree", where, "--format", "json", *options).out.splitlines()):
        path = e["path"].lstrip("/")
        if not path:
            continue
        if e["type"] == "h":
            of = out[e["linkname"].lstrip("/")]
            out[path] = list(of)
            continue
        out[path] = [e["type"], e["mode"] if e["type"] != "l" else 0, e["uid"], e["gid"], e.get("sha256") or e.get("linkname") or "", path if e["type"] == "f" else ""]
    return out


def same(a, b, what):
    assert a == b, f"{what}:\n" + "\n".join(f"{k}: {a.get(k)} and {b.get(k)}" for k in sorted(set(a) | set(b)) if a.get(k) != b.get(k))


@test
def podman_saves(w):
    """podman save, in each of its formats, of three layers: the tree that podman mounts."""
    p, want = made(w)
    for format, at in (("docker-archive", "da.tar"), ("oci-archive", "oa.tar"), ("oci-dir", "od")):
        run([*p, "save", "-q", "--format", format, "-o", w / at, "localhost/three:1"])
        same(read(w, at), want, f"podman mounts and ingot reads from {at}")
    run([*p, "save", "-q", "-m", "-o", w / "many.tar", "localhost/one:1", "localhost/three:1"])
    same(read(w, "docker-archive:many.tar:localhost/three:1"), want, "podman save -m")
    w.ingot("tree", "many.tar", status=3).says("2 images")
    run(["gzip", "-k", w / "da.tar"])
    same(read(w, "da.tar.gz"), want, "podman save | gzip")
    note = [json.loads(l) for l in w.ingot("tree", "oa.tar", "--format", "json").out.splitlines() if '"/d"' in l]
    assert base64.b64decode(note[0]["xattrs"]["user.note"]) == b"a=b\n\0c", note
    w.whole()


@test
def skopeo_copies(w):
    """skopeo copy from each form to each: always the same tree."""
    need("skopeo")
    p, want = made(w)
    run([*p, "save", "-q", "--format", "docker-archive", "-o", w / "da.tar", "localhost/three:1"])
    policy = w.write("policy.json", '{"default":[{"type":"insecureAcceptAnything"}]}')
    def copy(a, b, *options):
        run(["skopeo", "--policy", policy, "copy", "-q", *options, a, b], cwd=w.dir)
    copy("docker-archive:da.tar", "oci:gz:t")
    copy("docker-archive:da.tar", "oci:zst:t", "--dest-compress-format", "zstd")
    copy("docker-archive:da.tar", "oci:plain:t", "--dest-oci-accept-uncompressed-layers")
    copy("docker-archive:da.tar", "oci-archive:oa.tar:t")
    copy("oci:gz:t", "docker-archive:again.tar:localhost/again:2")
    copy("oci:gz:t", "oci:gz:second")
    for at in ("oci:gz:t", "oci:gz:second", "gz", "oci:zst:t", "oci:plain:t", "oci-archive:oa.tar:t", "oci-archive:oa.tar", "docker-archive:again.tar:localhost/again:2", "again.tar"):
        same(read(w, at), want, f"podman mounts and ingot reads from {at}")
    digest = run(["skopeo", "inspect", f"oci:{w / 'gz'}:t"]).json()["Digest"]
    assert w.ingot("inspect", f"oci:gz@{digest}", "--format", "json").json()["digest"] == digest


@test
def umoci_repacks(w):
    """An image that umoci has made, and changed twice: the tree of the bundle."""
    need("umoci", "skopeo")
    run(["umoci", "init", "--layout", w / "u"])
    run(["umoci", "new", "--image", f"{w / 'u'}:t"])
    base(w)
    for i, edit in enumerate((lambda root: run(["tar", "-C", root, "--xattrs", "-xpf", w / "base.tar"]), change, third)):
        run(["umoci", "unpack", "--image", f"{w / 'u'}:t", w / f"b{i}"])
        edit(w / f"b{i}/rootfs")
        run(["umoci", "repack", "--image", f"{w / 'u'}:t", w / f"b{i}"])
    run(["umoci", "unpack", "--image", f"{w / 'u'}:t", w / "last"])
    same(read(w, "oci:u:t"), on_disk(w / "last/rootfs"), "umoci unpacks and ingot reads")


@test
def podman_reads_what_is_odd(w):
    """The odd ones of tests/integration that podman loads: the same tree."""
    p = podman(w)
    odd = {"whiteout-first": [tar(directory(b"etc/"), file(b"etc/x", b"1"), file(b"y", b"2")), tar(directory(b"etc/"), file(b"etc/.wh.x"), file(b"etc/x", b"3"))],
           "opaque": [tar(directory(b"etc/"), file(b"etc/x", b"1")), tar(directory(b"etc/"), file(b"etc/n", b"2"), file(b"etc/.wh..wh..opq"))],
           "kinds": [tar(file(b"a", b"1"), directory(b"b/"), file(b"b/c"), header(b"l", type=b"2", link=b"a")), tar(directory(b"a/"), file(b"b", b"x"), directory(b"l/"), file(b"l/x"))],
           "names": [tar(directory(b"./d/"), file(b"./d/a", b"x"), directory(b"/e/"), file(b"/e/b", b"y"), header(b"/e/h", type=b"1", link=b"/e/b"))],
           "no-end": [HELLO[:-1024]], "members": [Layer(HELLO, lambda t: gz(t[:700]) + gz(t[700:]))], "frames": [Layer(HELLO, lambda t: zstd_frame(t[:700]) + skippable() + zstd_frame(t[700:]) + skippable())]}
    for name, layers in odd.items():
        w.write(f"{name}.tar", pack(files(*layers, tag=f"localhost/odd:{name}")))
        run([*p, "load", "-q", "-i", w / f"{name}.tar"])
        root = run([*p, "image", "mount", f"localhost/odd:{name}"]).out.strip().split()[-1]
        same(read(w, f"{name}.tar"), on_disk(root), f"{name}: ingot and podman")


main()
