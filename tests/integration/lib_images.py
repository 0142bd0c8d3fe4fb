"""Images of other builders, made byte by byte: OCI layouts and archives of docker, each of which can be wrong (or odd) in exactly one point.

    files(layers..., edits)    {name: bytes or ("link", target)} of an OCI layout; edits change the config, the manifest, the entry or the index
    docker(layers..., edits)   the same of what "docker save" wrote before it wrote layouts
    pack(files)                as a tar; spread(files, directory): as a directory
"""
import base64, gzip, hashlib, json, pathlib, struct, sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "mustfail" / "archive"))
from parts import END, GNU, USTAR, directory, file, gnu_long, gz, header, pad, pax, skippable, tar, xz, zstd_frame, zstd_rle

MANIFEST, INDEX, CONFIG = (f"application/vnd.oci.image.{x}.v1+json" for x in ("manifest", "index", "config"))
LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_MANIFEST, DOCKER_LIST, DOCKER_CONFIG, DOCKER_LAYER = (
    f"application/vnd.docker.{x}" for x in ("distribution.manifest.v2+json", "distribution.manifest.list.v2+json", "container.image.v1+json", "image.rootfs.diff.tar.gzip"))
HERE = {"architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(__import__("platform").machine(), "amd64"), "os": "linux"}
THERE = {"architecture": "arm64" if HERE["architecture"] == "amd64" else "amd64", "os": "linux"}
HELLO = tar(directory(b"etc/"), file(b"etc/hello", b"hello\n"))
TIME = 1700000000


def sha(data):
    return hashlib.sha256(data).hexdigest()


def dump(doc):
    return doc if isinstance(doc, bytes) else json.dumps(doc, separators=(",", ":")).encode()


def put(files, data):
    """A blob; returns its descriptor without a type."""
    files[f"blobs/sha256/{sha(data)}"] = data
    return {"digest": f"sha256:{sha(data)}", "size": len(data)}


class Layer:
    """What a layer is: its tar, and the bytes and type it is carried as."""

    def __init__(self, plain, carry=gz, type=None):
        self.tar = plain
        self.blob = carry(plain) if carry else plain
        self.type = type or LAYER + ("+gzip" if self.blob[:2] == b"\x1f\x8b" else "+zstd" if self.blob[:4] == b"\x28\xb5\x2f\xfd" else "")


def layers_of(layers):
    return [l if isinstance(l, Layer) else Layer(l) for l in layers]


def config_of(layers, platform=None, edit=None):
    c = {"created": "2023-11-14T22:13:20Z", **(platform or HERE), "config": {"Cmd": ["/etc/hello"]}, "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha(l.tar)}" for l in layers]},
         "history": [{"created_by": "a test"} for _ in layers]}
    return (edit and edit(c)) or c


def add_image(out, layers, platform=None, config=None, manifest=None, config_type=CONFIG, type=MANIFEST):
    """Blobs of one image into out; returns its descriptor."""
    layers = layers_of(layers)
    c = put(out, dump(config_of(layers, platform, config)))
    m = {"schemaVersion": 2, "mediaType": type, "config": {"mediaType": config_type, **c}, "layers": [{"mediaType": l.type, **put(out, l.blob)} for l in layers]}
    m = (manifest and manifest(m)) or m
    return {"mediaType": type, **put(out, dump(m))}


def files(*layers, entry=None, index=None, more=None, tag="latest", **kw):
    out = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}
    d = add_image(out, layers or [HELLO], **kw)
    d["annotations"] = {"org.opencontainers.image.ref.name": tag}
    d = (entry and entry(d)) or d
    i = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [d]}
    i = (index and index(i)) or i
    out["index.json"] = dump(i)
    return (more and more(out)) or out


def nested(images, edit=None, more=None):
    """An index with one entry, an index of images [(platform, layers)], each entry with its platform."""
    out = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}
    inner = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [{**add_image(out, layers, platform), "platform": platform} for platform, layers in images]}
    inner = (edit and edit(inner)) or inner
    outer = {"schemaVersion": 2, "manifests": [{"mediaType": INDEX, **put(out, dump(inner)), "annotations": {"org.opencontainers.image.ref.name": "latest"}}]}
    out["index.json"] = dump(outer)
    return (more and more(out)) or out


def docker(*layers, tags=("demo:latest",), config=None, entry=None, docs=None, more=None):
    layers = [l if isinstance(l, Layer) else Layer(l, None) for l in layers or [HELLO]]
    out = {}
    c = dump(config_of(layers, None, config))
    out[sha(c) + ".json"] = c
    names = []
    for l in layers:
        v1 = sha(b"v1" + l.blob)
        out[f"{v1}/VERSION"], out[f"{v1}/json"], out[f"{v1}/layer.tar"] = b"1.0", dump({"id": v1}), l.blob
        names.append(f"{v1}/layer.tar")
    e = {"Config": sha(c) + ".json", "RepoTags": list(tags) if tags is not None else None, "Layers": names}
    e = (entry and entry(e)) or e
    out["manifest.json"] = dump(docs([e]) if docs else [e])
    out["repositories"] = dump({"demo": {"latest": "x"}})
    return (more and more(out)) or out


def member(name, data, **kw):
    name = name.encode()
    if isinstance(data, tuple):
        kind, target = data
        return header(name, type={"link": b"2", "hard": b"1"}[kind], link=target.encode(), mode=0o777, **kw)
    return file(name, data, **kw)


def pack(files, end=END, **kw):
    return b"".join(member(n, d, **kw) for n, d in files.items()) + end


def spread(files, where):
    where = pathlib.Path(where)
    for n, d in files.items():
        p = where / n
        p.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(d, tuple):
            p.symlink_to(d[1])
        else:
            p.write_bytes(d)
    return where


# --- what a tree has to be, as "ingot tree" writes it ---
ROOT = "d 0755 0 0 0 /"


def D(path, mode=0o755, uid=0, gid=0, mtime=TIME):
    return f"d {mode:04o} {uid} {gid} {mtime} {path}"


def F(path, data=b"", mode=0o644, uid=0, gid=0, mtime=TIME):
    return f"f {mode:04o} {uid} {gid} {mtime} {path} {len(data)} {sha(data)}"


def L(path, target, mode=0o644, uid=0, gid=0, mtime=TIME):
    return f"l {mode:04o} {uid} {gid} {mtime} {path} {target}"


def X(name, value):
    return f"x {name} {value}"


HELLO_TREE = [D("/etc"), F("/etc/hello", b"hello\n")]
