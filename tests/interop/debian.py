#!/usr/bin/python3
"""Debian's own image tools accept what ingot writes: the archive and the layout directory, zstd and gzip."""
import pathlib, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "recipes"))
from lib_recipes import *


def archive(w, compression="zstd"):
    w.keys()
    w.write("web.yaml", RECIPE + f"  compression: {compression}\n  env: {{ LANG: C.UTF-8 }}\n  ports: [8080/tcp]\n  labels: {{ org.example.x: y }}\n")
    with mirror(w):
        w.lock()
        w.build("web.yaml", "--key", "key.key")
    return w / "web.oci.tar"


def each(w):
    for c in ("zstd", "gzip"):
        sub = Work(w / c)
        sub.dir.mkdir()
        yield sub, archive(sub, c)


@test
def skopeo_reads(w):
    """skopeo inspects and copies the archive: the digest stays the same."""
    need("skopeo")
    for s, a in each(w):
        j = run(["skopeo", "inspect", f"oci-archive:{a}"]).json()
        assert j["Digest"] == manifest_digest(a), j
        assert j["Env"] == ["PATH=" + j["Env"][0][5:], "LANG=C.UTF-8"] or "LANG=C.UTF-8" in j["Env"], j
        assert run(["skopeo", "inspect", "--raw", f"oci-archive:{a}:1.0"]).out
        run(["skopeo", "copy", f"oci-archive:{a}:1.0", f"dir:{s / 'dir'}"])
        assert "sha256:" + hashlib.sha256((s / "dir" / "manifest.json").read_bytes()).hexdigest() == manifest_digest(a)
        assert run(["skopeo", "inspect", f"docker-archive:{a}"]).json()["Architecture"] == "amd64"


@test
def umoci_unpacks(w):
    """umoci unpacks the layout directory, files and owners as the tree says."""
    need("umoci")
    for s, a in each(w):
        s.ingot("build", "web.yaml", *s.options, "--unsigned", "-o", "dir:layout")
        if s.dir.name == "zstd" and "zstd" not in run(["umoci", "--help"]).out and not _umoci_knows_zstd():
            continue  # umoci 0.4.7 of Debian 12 predates zstd layers: it is tried with gzip
        run(["umoci", "unpack", *([] if os.getuid() == 0 else ["--rootless"]), "--image", f"{s / 'layout'}:1.0", s / "bundle"])
        assert (s / "bundle/rootfs/usr/bin/probe").stat().st_mode & 0o7777 == 0o755


def _umoci_knows_zstd():
    out = run(["umoci", "--version"]).out
    return tuple(int(x) for x in out.split("version")[-1].strip().split("+")[0].split("~")[0].split("-")[0].split(".")[:2]) >= (0, 5)


@test
def podman_runs(w):
    """podman loads the archive under its full name and runs it as its numeric user on a read-only root."""
    for s, a in each(w):
        p, name = podman_load(s, a)
        assert name == "localhost/web:1.0", name
        common = [*p, "run", "--rm", "--read-only", "--network=host", "--cgroups=disabled", *LIMITS]
        assert run([*common, name, "--id"]).out == "10001:10001\n"
        assert run([*common, name, "--write", "/etc/x"]).out == "refused\n"


@test
def tar_reads(w):
    """GNU tar and Python read the archive and its layers alike, without a warning."""
    need("zstd")
    for s, a in each(w):
        r = run(["tar", "-tf", a])
        assert r.err == "" and r.out.splitlines()[:1] == ["oci-layout"], str(r)
        names = []
        for layer in json.loads(blob(a, manifest_digest(a)))["layers"]:
            (s / "layer").write_bytes(blob(a, layer["digest"]))
            r = run(["tar", "-tf", s / "layer", "--zstd" if layer["mediaType"].endswith("zstd") else "-z"])
            assert r.err == "", str(r)
            names += r.out.splitlines()
        assert "usr/bin/probe" in names and "etc/passwd" in names, names


@test
def signature_with_openssl(w):
    """openssl alone can check the signature: no part of ours is needed to trust it."""
    import base64
    a = archive(w)
    found = 0
    with tarfile.open(a) as t:
        for m in t.getmembers():
            data = t.extractfile(m).read() if m.isfile() else b""
            if b"dev.cosignproject.cosign/signature" in data and b'"layers"' in data:
                for layer in json.loads(data)["layers"]:
                    sig = base64.b64decode(layer["annotations"]["dev.cosignproject.cosign/signature"])
                    w.write("payload", blob(a, layer["digest"]))
                    w.write("sig", sig)
                    run(["openssl", "dgst", "-sha256", "-verify", "key.pub", "-signature", "sig", "payload"], cwd=w.dir)
                    assert json.loads((w / "payload").read_text())["critical"]["image"]["docker-manifest-digest"] == manifest_digest(a)
                    found += 1
    assert found == 1, found


main()
