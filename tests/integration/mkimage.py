"""An image that nobody here built: an OCI layout directory, made by Python alone."""
import hashlib, io, json, pathlib, platform, tarfile

ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def layer(files):
    """{path: (mode, data)}, (mode, data, uid), ("link", target), ("hard", earlier path) or mode of a directory -> tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as t:
        for path, what in files.items():
            i = tarfile.TarInfo(path)
            i.mtime = 1700000000
            data = b""
            if isinstance(what, int):
                i.type, i.mode = tarfile.DIRTYPE, what
            elif what[0] == "link":
                i.type, i.mode, i.linkname = tarfile.SYMTYPE, 0o777, what[1]
            elif what[0] == "hard":
                i.type, i.mode, i.linkname = tarfile.LNKTYPE, 0o644, what[1]
            elif what[1] is None:
                i.type, i.mode, i.uid, i.gid = tarfile.DIRTYPE, what[0], what[2], what[2]
            else:
                i.mode, data = what[0], what[1].encode() if isinstance(what[1], str) else what[1]
                i.uid = i.gid = what[2] if len(what) > 2 else 0
                i.size = len(data)
            t.addfile(i, io.BytesIO(data))
    return out.getvalue()


def layout(where, layers, config=None, history=None, name="latest"):
    """Writes the layout directory and returns it. layers: tars, lowest first."""
    d = pathlib.Path(where)
    (d / "blobs/sha256").mkdir(parents=True)

    def put(data, kind):
        data = data if isinstance(data, bytes) else json.dumps(data).encode()
        digest = hashlib.sha256(data).hexdigest()
        (d / "blobs/sha256" / digest).write_bytes(data)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    ls = [put(l, "layer.v1.tar") for l in layers]
    c = {"architecture": ARCH, "os": "linux", "config": {"User": "10001:10001", "Entrypoint": ["/web"], **(config or {})},
         "rootfs": {"type": "layers", "diff_ids": [l["digest"] for l in ls]}, "history": history or [{"created_by": f"RUN step {i}"} for i in range(len(ls))]}
    m = put({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": put(c, "config.v1+json"), "layers": ls}, "manifest.v1+json")
    m["annotations"] = {"org.opencontainers.image.ref.name": name}
    (d / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (d / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [m]}))
    return d
