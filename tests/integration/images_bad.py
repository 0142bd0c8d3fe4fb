#!/usr/bin/python3
"""Images that must be refused: each is named by what it tries, and wrong in that point only. Status 3, one clear error with the place, and the store as it was."""
import random
from lib import *
from lib_images import *

GOOD = files()


def drop(*keys):
    def edit(d):
        for k in keys:
            d.pop(k)
    return edit


def put_in(**kw):
    def edit(d):
        d.update(kw)
    return edit


def layer0(**kw):
    return lambda m: m["layers"][0].update(kw)


def conf(**kw):
    return lambda m: m["config"].update(kw)


def replace(text, by):
    """In the raw bytes of a document."""
    def edit(d):
        raw = dump(d)
        assert text in raw, (text, raw)
        return raw.replace(text, by)
    return edit


def rename(a, b):
    def edit(f):
        f[b] = f.pop(a)
    return edit


def content(name, data):
    def edit(f):
        assert name in f, name
        f[name] = data
    return edit


def without(name):
    return lambda f: {n: d for n, d in f.items() if n != name} if name in f else 1 / 0


def blob_named(what):
    """The name of the blob of GOOD that is the manifest, config or layer."""
    manifest = json.loads(GOOD["index.json"])["manifests"][0]["digest"]
    m = json.loads(GOOD["blobs/" + manifest.replace(":", "/")])
    digest = {"manifest": manifest, "config": m["config"]["digest"], "layer": m["layers"][0]["digest"]}[what]
    return "blobs/" + digest.replace(":", "/")


def changed(what, f):
    return files(more=lambda all: all.update({blob_named(what): f(all[blob_named(what)])}))


def two(edit=None, a=HERE, b=HERE, **kw):
    return nested([(a, [HELLO]), (b, [tar(file(b"other", b"x"))])], edit, **kw)


def wrap(f):
    """The index of a layout as a blob, and an index around it."""
    inner = f["index.json"]
    out = dict(f)
    out["index.json"] = dump({"schemaVersion": 2, "manifests": [{"mediaType": INDEX, **put(out, inner)}]})
    return out


flip = lambda b: b[:20] + bytes([b[20] ^ 1]) + b[21:]
FAKE = "sha256:" + "a" * 64

# --- name: (files, words of the message) ---
DOCUMENTS = {
    # the index
    "index-is-no-json": (files(index=lambda i: b"{"), ["index.json", "JSON"]),
    "index-with-garbage-behind": (files(index=lambda i: dump(i) + b"x"), ["index.json", "JSON"]),
    "index-twice-one-behind-the-other": (files(index=lambda i: dump(i) * 2), ["index.json", "JSON"]),
    "index-is-a-list": (files(index=lambda i: [i]), ["schemaVersion"]),
    "index-without-manifests": (files(index=drop("manifests")), ["/manifests"]),
    "index-with-no-manifest": (files(index=put_in(manifests=[])), ["/manifests", "no image"]),
    "index-without-version": (files(index=drop("schemaVersion")), ["/schemaVersion"]),
    "index-version-1": (files(index=put_in(schemaVersion=1)), ["/schemaVersion is 1"]),
    "index-version-is-text": (files(index=put_in(schemaVersion="2")), ["/schemaVersion"]),
    "index-version-is-a-fraction": (files(index=replace(b'"schemaVersion":2', b'"schemaVersion":2.0')), ["no integer"]),
    "index-of-a-manifests-type": (files(index=put_in(mediaType=MANIFEST)), ["/mediaType"]),
    "index-that-is-a-manifest-too": (files(index=put_in(layers=[])), ["/layers", "at once"]),
    "index-with-a-config": (files(index=put_in(config={})), ["/config", "at once"]),
    "index-key-twice": (files(index=replace(b'"schemaVersion":2', b'"schemaVersion":2,"schemaVersion":2')), ["duplicate"]),
    "index-key-in-two-spellings": (files(index=replace(b'"manifests":', b'"Manifests":[],"manifests":')), ["two spellings"]),
    "index-key-in-two-spellings-by-folding": (files(index=replace("\"manifests\":".encode(), "\"manifest\u017f\":[],\"manifests\":".encode())), ["two spellings"]),
    "index-nested-40-deep": (files(index=put_in(x=json.loads("[" * 40 + "]" * 40))), ["deeper"]),
    "index-not-utf8": (files(index=replace(b'"schemaVersion"', b'"x":"\xff","schemaVersion"')), ["JSON"]),
    "index-with-1100-manifests": (files(index=lambda i: i.update(manifests=i["manifests"] * 1100)), ["/manifests"]),
    "index-of-5-mib": (files(index=put_in(annotations={"x": "y" * (5 << 20)})), ["index.json"]),
    "index-within-index-within-index": (wrap(wrap(files())), ["within"]),
    # the entry
    "entry-is-a-number": (files(index=put_in(manifests=[1])), ["/manifests/0"]),
    "entry-without-type": (files(entry=drop("mediaType")), ["/manifests/0/mediaType"]),
    "entry-of-another-type": (files(entry=put_in(mediaType="text/plain")), ["/manifests/0/mediaType", "text/plain"]),
    "entry-of-a-config": (files(entry=put_in(mediaType=CONFIG)), ["/manifests/0/mediaType"]),
    "entry-says-index-of-a-manifest": (files(entry=put_in(mediaType=INDEX)), ["/mediaType"]),
    "entry-says-docker-of-an-oci-manifest": (files(entry=put_in(mediaType=DOCKER_MANIFEST)), ["/mediaType"]),
    "entry-without-digest": (files(entry=drop("digest")), ["/manifests/0/digest"]),
    "entry-digest-upper-case": (files(entry=lambda e: e.update(digest=e["digest"].upper().replace("SHA", "sha"))), ["/manifests/0/digest", "no sha256"]),
    "entry-digest-short": (files(entry=lambda e: e.update(digest=e["digest"][:-1])), ["/manifests/0/digest"]),
    "entry-digest-long": (files(entry=lambda e: e.update(digest=e["digest"] + "0")), ["/manifests/0/digest"]),
    "entry-digest-is-a-path": (files(entry=put_in(digest="sha256:../../../../etc/passwd")), ["/manifests/0/digest"]),
    "entry-digest-with-nul": (files(entry=lambda e: e.update(digest=e["digest"] + "\0")), ["/manifests/0/digest"]),
    "entry-digest-sha512": (files(entry=put_in(digest="sha512:" + "a" * 128)), ["sha512"]),
    "entry-digest-md5": (files(entry=put_in(digest="md5:" + "a" * 32)), ["/manifests/0/digest"]),
    "entry-digest-of-nothing": (files(entry=put_in(digest=FAKE)), ["/manifests/0", "missing"]),
    "entry-size-too-small": (files(entry=lambda e: e.update(size=e["size"] - 1)), ["/manifests/0", "descriptor says"]),
    "entry-size-too-large": (files(entry=lambda e: e.update(size=e["size"] + 1)), ["/manifests/0", "descriptor says"]),
    "entry-size-zero": (files(entry=put_in(size=0)), ["/manifests/0", "descriptor says 0"]),
    "entry-size-negative": (files(entry=put_in(size=-1)), ["/manifests/0/size"]),
    "entry-size-is-text": (files(entry=lambda e: e.update(size=str(e["size"]))), ["/manifests/0/size"]),
    "entry-size-missing": (files(entry=drop("size")), ["/manifests/0/size"]),
    "entry-size-2-to-the-64": (files(entry=put_in(size=1 << 64)), ["JSON"]),
    "entry-size-of-a-tebibyte": (files(entry=put_in(size=1 << 40)), ["/manifests/0/size", "range"]),
    "entry-with-urls": (files(entry=put_in(urls=["https://mirror.example/x"])), ["/manifests/0/urls"]),
    # which one
    "two-images-of-one-platform": (two(), ["several images", "2 of them"]),
    "two-images-of-other-platforms": (two(a=THERE, b={"os": "linux", "architecture": "s390x"}), ["several images", "0 of them", "s390x"]),
    "two-images-without-platforms": (two(lambda i: [m.pop("platform") for m in i["manifests"]] and None), ["several images"]),
    "only-attestations": (files(entry=put_in(platform={"os": "unknown", "architecture": "unknown"})), ["no image"]),
    "only-an-artifact": (files(entry=put_in(artifactType="application/spdx+json")), ["no image"]),
    "platform-that-the-config-denies": (two(lambda i: i["manifests"][0].update(platform=THERE) or i["manifests"][1].update(platform=HERE), a=HERE, b=THERE), ["the config says"]),
    # the manifest
    "manifest-damaged": (changed("manifest", flip), ["/manifests/0", "damaged"]),
    "manifest-cut": (changed("manifest", lambda b: b[:-1]), ["descriptor says"]),
    "manifest-missing": (files(more=without(blob_named("manifest"))), ["/manifests/0", "missing"]),
    "manifest-is-no-json": (files(manifest=lambda m: b"\x1f\x8b\x08\x00" + dump(m)), ["the manifest", "JSON"]),
    "manifest-of-5-mib": (files(manifest=put_in(annotations={"x": "y" * (5 << 20)})), ["/manifests/0/size"]),
    "manifest-version-1": (files(manifest=put_in(schemaVersion=1)), ["the manifest", "/schemaVersion is 1"]),
    "manifest-schema-1-of-docker": (files(manifest=lambda m: {"schemaVersion": 1, "name": "x", "tag": "y", "fsLayers": [], "history": []}), ["/schemaVersion is 1"]),
    "manifest-says-index": (files(manifest=put_in(mediaType=INDEX)), ["the manifest", "/mediaType"]),
    "manifest-that-is-an-index-too": (files(manifest=put_in(manifests=[])), ["/manifests", "at once"]),
    "manifest-key-in-two-spellings": (files(manifest=replace(b'"layers":', b'"Layers":[],"layers":')), ["two spellings"]),
    "manifest-without-config": (files(manifest=drop("config")), ["/config"]),
    "manifest-without-layers": (files(manifest=drop("layers")), ["/layers"]),
    "manifest-layers-is-an-object": (files(manifest=put_in(layers={})), ["/layers"]),
    "manifest-layer-is-text": (files(manifest=put_in(layers=["x"])), ["/layers/0"]),
    "manifest-with-1100-layers": (files(manifest=lambda m: m.update(layers=m["layers"] * 1100)), ["/layers"]),
    # the config
    "config-damaged": (changed("config", flip), ["/config", "damaged"]),
    "config-missing": (files(more=without(blob_named("config"))), ["/config", "missing"]),
    "config-of-an-artifact": (files(config_type="application/vnd.oci.empty.v1+json"), ["/config/mediaType"]),
    "config-of-a-helm-chart": (files(config_type="application/vnd.cncf.helm.config.v1+json"), ["/config/mediaType", "helm"]),
    "config-size-wrong": (files(manifest=conf(size=3)), ["/config", "descriptor says 3"]),
    "config-with-urls": (files(manifest=conf(urls=["https://mirror.example/x"])), ["/config/urls"]),
    "config-is-no-json": (files(config=lambda c: b"hello"), ["the config", "JSON"]),
    "config-is-a-list": (files(config=lambda c: b"[]"), ["the config"]),
    "config-key-twice": (files(config=replace(b'"os":', b'"os":"linux","os":')), ["the config", "duplicate"]),
    "config-created-yesterday": (files(config=put_in(created="yesterday")), ["/created"]),
    "config-created-without-zone": (files(config=put_in(created="2023-11-14T22:13:20")), ["/created"]),
    "config-created-is-a-number": (files(config=put_in(created=5)), ["/created"]),
    "config-rootfs-of-another-type": (files(config=lambda c: c["rootfs"].update(type="vm")), ["/rootfs/type"]),
    "config-without-diff-ids": (files(config=lambda c: c["rootfs"].pop("diff_ids") and None), ["/rootfs/diff_ids", "1 layers", "0 diff_ids"]),
    "config-with-a-diff-id-too-many": (files(config=lambda c: c["rootfs"]["diff_ids"].append(FAKE)), ["/rootfs/diff_ids"]),
    "config-diff-ids-is-text": (files(config=lambda c: c["rootfs"].update(diff_ids="x")), ["/rootfs/diff_ids"]),
    "config-diff-id-is-no-digest": (files(config=lambda c: c["rootfs"].update(diff_ids=["x"])), ["/rootfs/diff_ids/0"]),
    "config-diff-id-of-the-compressed-bytes": (files(config=lambda c: c["rootfs"].update(diff_ids=["sha256:" + sha(gz(HELLO))])), ["/layers/0", "the config says"]),
    "config-diff-ids-in-another-order": (files(HELLO, tar(file(b"x")), config=lambda c: c["rootfs"]["diff_ids"].reverse()), ["/layers/0", "the config says"]),
    "config-with-more-history-than-layers": (files(config=put_in(history=[{}, {}])), ["/history"]),
    "config-history-is-an-object": (files(config=put_in(history={})), ["/history"]),
    # the layers
    "layer-damaged": (changed("layer", flip), ["/layers/0", "damaged"]),
    "layer-missing": (files(more=without(blob_named("layer"))), ["/layers/0", "missing"]),
    "layer-longer-than-its-descriptor": (changed("layer", lambda b: b + b"x"), ["/layers/0", "descriptor says"]),
    "layer-shorter-than-its-descriptor": (changed("layer", lambda b: b[:-1]), ["/layers/0", "descriptor says"]),
    "layer-size-zero": (files(manifest=layer0(size=0)), ["/layers/0", "descriptor says 0"]),
    "layer-without-type": (files(manifest=lambda m: m["layers"][0].pop("mediaType") and None), ["/layers/0/mediaType"]),
    "layer-of-an-unknown-type": (files(manifest=layer0(mediaType="application/octet-stream")), ["/layers/0/mediaType"]),
    "layer-encrypted": (files(manifest=layer0(mediaType=LAYER + "+gzip+encrypted")), ["/layers/0/mediaType", "encrypted"]),
    "layer-of-a-signature": (files(manifest=layer0(mediaType="application/vnd.dev.cosign.simplesigning.v1+json")), ["/layers/0/mediaType"]),
    "layer-with-urls": (files(manifest=layer0(urls=["https://mirror.example/x"])), ["/layers/0/urls"]),
    "layer-elsewhere": (files(manifest=layer0(mediaType=DOCKER_LAYER.replace("rootfs", "rootfs.foreign"), urls=["https://mirror.example/x"]), more=without(blob_named("layer"))), ["/layers/0"]),
    "layer-digest-is-a-path": (files(manifest=layer0(digest="sha256:/etc/passwd")), ["/layers/0/digest"]),
    "second-layer-is-the-damaged-one": (files(HELLO, tar(file(b"x", b"y")), more=lambda f: f.update({n: flip(d) for n, d in f.items() if d == gz(tar(file(b"x", b"y")))})), ["/layers/1", "damaged"]),
    # the layout
    "layout-file-missing": (files(more=without("oci-layout")), ["oci-layout"]),
    "layout-version-2": (files(more=content("oci-layout", b'{"imageLayoutVersion":"2.0.0"}')), ["oci-layout", "2.0.0"]),
    "layout-version-missing": (files(more=content("oci-layout", b"{}")), ["oci-layout", "imageLayoutVersion"]),
    "layout-file-is-no-json": (files(more=content("oci-layout", b"1.0.0 x")), ["oci-layout", "JSON"]),
    "blob-is-a-link": (files(more=lambda f: f.update({blob_named("layer"): ("link", "/etc/passwd")})), ["link", "no file", "Too many levels"]),
    "index-is-a-link": (files(more=lambda f: f.update({"other": f["index.json"], "index.json": ("link", "other")})), ["index.json"]),
    "docker-half-of-another-image": (files(more=lambda f: f.update({k: v for k, v in docker(tar(file(b"evil", b"x"))).items()})), ["manifest.json", "another image"]),
    "docker-half-is-no-list": (files(more=lambda f: f.update({"manifest.json": b"{}"})), ["manifest.json"]),
}


# --- layers: name: (parts of the last layer or raw bytes, the layers before it, words) ---
def hello(*more):
    return tar(directory(b"etc/"), file(b"etc/hello", b"hello\n"), *more)


LAYERS = {
    "through-a-link-of-a-lower-layer": (tar(file(b"l/x", b"x")), [tar(directory(b"d/"), header(b"l", type=b"2", link=b"d"))], ["/layers/1", "through a link"]),
    "through-a-link-to-the-outside": (tar(file(b"l/passwd", b"x")), [tar(header(b"l", type=b"2", link=b"/etc"))], ["/layers/1", "through a link"]),
    "through-a-link-with-dotdot": (tar(file(b"l/x", b"x")), [tar(directory(b"d/"), header(b"l", type=b"2", link=b"d/../../../tmp"))], ["/layers/1"]),
    "through-a-link-of-the-same-layer": (tar(directory(b"d/"), header(b"l", type=b"2", link=b"d"), file(b"l/x", b"x")), [], ["/layers/0", "l"]),
    "through-a-link-that-the-same-layer-puts-over-a-directory": (tar(header(b"etc", type=b"2", link=b"/tmp"), file(b"etc/x", b"x")), [hello()], ["/layers/1", "etc"]),
    "through-a-chain-of-links": (tar(file(b"a/x", b"x")), [tar(header(b"a", type=b"2", link=b"b"), header(b"b", type=b"2", link=b"c"), directory(b"c/"))], ["/layers/1"]),
    "directory-over-a-link-of-a-lower-layer-and-below": (tar(file(b"l/sub/x", b"x")), [tar(directory(b"d/"), header(b"l", type=b"2", link=b"d"))], ["/layers/1"]),
    "below-a-file-of-a-lower-layer": (tar(file(b"etc/hello/x", b"x")), [hello()], ["/layers/1", "hello"]),
    "below-a-file-of-the-same-layer": (tar(file(b"a", b"x"), file(b"a/b", b"y")), [], ["/layers/0"]),
    "path-twice": (tar(file(b"a", b"x"), file(b"a", b"y")), [], ["twice"]),
    "path-twice-in-two-spellings": (tar(file(b"a", b"x"), file(b"./a", b"y")), [], ["twice"]),
    "path-twice-with-a-slash-in-front": (tar(file(b"a", b"x"), file(b"/a", b"y")), [], ["twice"]),
    "path-as-file-and-directory": (tar(file(b"a", b"x"), directory(b"a/")), [], ["twice"]),
    "name-with-dotdot": (tar(file(b"../evil", b"x")), [], ["../evil"]),
    "name-with-dotdot-inside": (tar(file(b"etc/../../evil", b"x")), [], ["evil"]),
    "name-of-dots-behind-a-slash": (tar(file(b"/../evil", b"x")), [], ["evil"]),
    "root-as-a-link": (tar(header(b".", type=b"2", link=b"/tmp")), [], ["root"]),
    "root-as-a-link-by-a-slash": (tar(header(b"/", type=b"2", link=b"/tmp")), [], ["/"]),
    "hard-link-to-a-lower-layer": (tar(header(b"h", type=b"1", link=b"etc/hello")), [hello()], ["/layers/1", "hard link"]),
    "hard-link-to-the-outside": (tar(header(b"h", type=b"1", link=b"/etc/passwd")), [], ["hard link"]),
    "hard-link-with-dotdot": (tar(file(b"a"), header(b"h", type=b"1", link=b"../a")), [], ["hard link"]),
    "hard-link-before-its-target": (tar(header(b"h", type=b"1", link=b"a"), file(b"a")), [], ["hard link"]),
    "hard-link-to-a-directory": (tar(directory(b"d/"), header(b"h", type=b"1", link=b"d")), [], ["hard link"]),
    "hard-link-through-a-link": (tar(directory(b"d/"), file(b"d/a"), header(b"l", type=b"2", link=b"d"), header(b"h", type=b"1", link=b"l/a")), [], ["hard link"]),
    "hard-link-of-another-mode": (tar(file(b"a"), header(b"h", type=b"1", link=b"a", mode=0o4755)), [], ["another owner, mode"]),
    "hard-link-of-another-owner": (tar(file(b"a", uid=5), header(b"h", type=b"1", link=b"a")), [], ["another owner, mode"]),
    "hard-link-with-other-capabilities": (tar(file(b"a"), pax((b"SCHILY.xattr.security.capability", b"\1\0\0\2" + bytes(16))), header(b"h", type=b"1", link=b"a")), [], ["other attributes"]),
    "whiteout-alone": (tar(file(b".wh.")), [], [".wh."]),
    "whiteout-of-dot": (tar(file(b"etc/.wh..")), [hello()], [".wh.."]),
    "whiteout-of-dotdot": (tar(file(b"etc/.wh...")), [hello()], [".wh..."]),
    "whiteout-of-a-whiteout": (tar(file(b".wh..wh.x")), [], [".wh..wh.x"]),
    "whiteout-with-content": (tar(file(b".wh.etc", b"x")), [hello()], ["no empty file"]),
    "whiteout-as-directory": (tar(directory(b".wh.etc/")), [hello()], ["no empty file"]),
    "whiteout-as-link": (tar(header(b".wh.etc", type=b"2", link=b"x")), [hello()], ["no empty file"]),
    "whiteout-behind-the-new": (tar(directory(b"etc/"), file(b"etc/hello", b"new"), file(b"etc/.wh.hello")), [hello()], ["removes what the same layer"]),
    "whiteout-then-directory": (tar(file(b".wh.etc"), directory(b"etc/")), [hello()], ["to some readers"]),
    "whiteout-then-below-it": (tar(file(b".wh.etc"), file(b"etc/x")), [hello()], ["/layers/1", "etc"]),
    "whiteout-through-a-link": (tar(file(b"l/.wh.x")), [tar(directory(b"d/"), file(b"d/x"), header(b"l", type=b"2", link=b"d"))], ["/layers/1", "removed through a link"]),
    "whiteouts-of-aufs": (tar(file(b".wh..wh.aufs")), [], [".wh..wh.aufs"]),
    "opaque-without-its-directory": (tar(file(b"etc/.wh..wh..opq")), [hello()], ["/layers/1", "opaque"]),
    "opaque-with-content": (tar(directory(b"etc/"), file(b"etc/.wh..wh..opq", b"x")), [hello()], ["no empty file"]),
    "xattr-trusted": (tar(pax((b"SCHILY.xattr.trusted.overlay.opaque", b"y")), directory(b"d/")), [], ["trusted.overlay.opaque"]),
    "xattr-of-overlay": (tar(pax((b"SCHILY.xattr.user.overlay.redirect", b"/etc")), directory(b"d/")), [], ["user.overlay.redirect"]),
    "xattr-as-only-libarchive-has-it": (tar(pax((b"LIBARCHIVE.xattr.user.x", b"YQ==")), file(b"a")), [], ["LIBARCHIVE"]),
    "acl-by-name": (tar(pax((b"SCHILY.acl.access", b"user::rw-,user:lisa:rw-,group::r--,mask::rw-,other::r--")), file(b"a")), [], ["access control list", "without a number"]),
    "acl-of-another-mode": (tar(pax((b"SCHILY.acl.access", b"user::rwx,group::rwx,other::rwx")), file(b"a")), [], ["the mode of this entry"]),
    "acl-twice": (tar(pax((b"SCHILY.acl.access", b"user::rw-,user:1:r--,group::r--,mask::r--,other::r--"), (b"SCHILY.xattr.system.posix_acl_access", b"x")), file(b"a")), [], ["posix_acl_access", "twice"]),
    "acl-of-nfs4": (tar(pax((b"SCHILY.acl.ace", b"owner@:rwxp:allow")), file(b"a")), [], ["SCHILY.acl.ace"]),
    "acl-on-a-device": (tar(pax((b"SCHILY.xattr.system.posix_acl_access", b"x")), header(b"null", type=b"3", major=1, minor=3)), [], ["cannot have"]),
    "global-header-with-a-path": (tar(pax((b"path", b"evil"), type=b"g"), file(b"a")), [], ["global"]),
    "pax-size-that-hides-a-header": (tar(pax((b"size", b"0")), file(b"a", header(b"hidden") + END)), [], ["two sizes"]),
    "sparse-file": (tar(pax((b"GNU.sparse.major", b"1"), (b"GNU.sparse.realsize", b"1048576")), file(b"a", b"x")), [], ["GNU.sparse"]),
    "symlink-with-size": (tar(header(b"l", type=b"2", link=b"x", size=512) + header(b"hidden")), [], ["size"]),
    "entry-behind-the-end": (hello() + tar(file(b"evil", b"x")), [], ["bytes follow"]),
    "one-zero-block-then-more": (file(b"a") + bytes(512) + file(b"evil") + END, [], ["zero block"]),
    "checksum-wrong": (tar(file(b"a", sum=b"000001\0 ")), [], ["checksum"]),
    "uid-beyond-32-bits": (tar(pax((b"uid", b"4294967296")), file(b"a")), [], ["uid"]),
    "time-before-1970": (tar(pax((b"mtime", b"-1")), file(b"a")), [], ["mtime"]),
    "not-a-tar": (b"This is no archive, and it is longer than one block of an archive is. " * 20, [], ["not a tar archive"]),
    "tar-in-which-only-the-first-byte-is-wrong": (b"\0" + hello()[1:], [], ["/layers/0"]),
    "path-of-5000-bytes": (tar(pax((b"path", b"d/" * 2500 + b"x")), file(b"a")), [], ["path"]),
    "path-300-deep": (tar(pax((b"path", b"d/" * 300 + b"x")), file(b"a")), [], ["name that a tree can hold"]),
}

# --- how a layer is carried: name: (what its bytes become, words); diff_id is that of the honest tar ---
CARRIED = {
    "gzip-cut": (lambda t: gz(t)[:-1], ["cut short"]),
    "gzip-checksum-wrong": (lambda t: gz(t)[:-8] + bytes(4) + gz(t)[-4:], ["gzip"]),
    "gzip-with-a-byte-behind": (lambda t: gz(t) + b"x", ["gzip", "cut short"]),
    "gzip-with-another-tar-behind": (lambda t: gz(t) + gz(tar(file(b"evil", b"x"))), ["the config says"]),
    "gzip-of-gzip": (lambda t: gz(gz(t)), ["the config says"]),
    "zstd-cut": (lambda t: zstd_frame(t)[:-1], ["cut short"]),
    "zstd-with-bytes-behind": (lambda t: zstd_frame(t) + b"xxxx", ["zstd"]),
    "zstd-window-of-1-gib": (lambda t: zstd_frame(t, window=0xa0), ["zstd"]),
    "zstd-with-a-cut-skippable-frame": (lambda t: zstd_frame(t) + skippable(b"12345678")[:-1], ["cut short"]),
    "zstd-bomb": (lambda t: zstd_frame(t) + zstd_rle(20000), ["the config says", "decompresses to more"]),
    "bzip2": (lambda t: __import__("bz2").compress(t), ["/layers/0"]),
    "other-bytes-in-front": (lambda t: b"\0" * 512 + t, ["the config says"]),
}

# --- archives of docker ---
DOCKER = {
    "docker-list-is-no-json": (docker(docs=lambda l: b"["), ["manifest.json", "JSON"]),
    "docker-list-is-an-object": (docker(docs=lambda l: l[0]), ["no list"]),
    "docker-list-is-empty": (docker(docs=lambda l: []), ["no list"]),
    "docker-list-of-numbers": (docker(docs=lambda l: [1]), ["/0/Config"]),
    "docker-list-of-two-images": (docker(docs=lambda l: l * 2), ["2 images"]),
    "docker-without-config": (docker(entry=drop("Config")), ["/0/Config"]),
    "docker-config-is-missing": (docker(entry=put_in(Config="none.json")), ["/0/Config", "missing"]),
    "docker-config-with-dotdot": (docker(entry=put_in(Config="../config.json")), ["/0/Config"]),
    "docker-config-absolute": (docker(entry=put_in(Config="/etc/passwd")), ["/0/Config"]),
    "docker-config-of-another-digest": (docker(more=lambda f: rename(next(n for n in f if len(n) == 69), "b" * 64 + ".json")(f), entry=put_in(Config="b" * 64 + ".json")), ["hashes to"]),
    "docker-config-is-a-layer": (docker(entry=lambda e: e.update(Config=e["Layers"][0])), ["the config"]),
    "docker-config-key-in-two-spellings": (docker(docs=lambda l: dump(l).replace(b'"Config"', b'"config":"x","Config"')), ["two spellings"]),
    "docker-without-layers": (docker(entry=drop("Layers")), ["/0/Layers"]),
    "docker-layer-is-missing": (docker(entry=put_in(Layers=["none/layer.tar"])), ["/0/Layers/0", "missing"]),
    "docker-layer-is-a-number": (docker(entry=put_in(Layers=[1])), ["/0/Layers/0"]),
    "docker-layer-too-few": (docker(entry=put_in(Layers=[])), ["diff_ids"]),
    "docker-layer-twice": (docker(entry=lambda e: e.update(Layers=e["Layers"] * 2)), ["diff_ids"]),
    "docker-layers-in-another-order": (docker(HELLO, tar(file(b"x")), entry=lambda e: e["Layers"].reverse()), ["/layers/0", "the config says"]),
    "docker-layer-damaged": (docker(more=lambda f: f.update({n: d[:-1200] + b"x" + d[-1199:] for n, d in f.items() if n.endswith("layer.tar")})), ["/layers/0", "the config says"]),
    "docker-layer-link-to-the-outside": (docker(more=lambda f: f.update({n: ("link", "../../../etc/passwd") for n in f if n.endswith("layer.tar")})), ["not in the archive"]),
    "docker-layer-link-absolute": (docker(more=lambda f: f.update({n: ("link", "/etc/passwd") for n in f if n.endswith("layer.tar")})), ["not in the archive"]),
    "docker-layer-link-to-itself": (docker(more=lambda f: f.update({n: ("link", "layer.tar") for n in f if n.endswith("layer.tar")})), ["leads nowhere"]),
    "docker-layer-link-to-a-directory": (docker(more=lambda f: f.update({n: ("link", ".") for n in f if n.endswith("layer.tar")})), ["missing"]),
    "docker-blob-of-another-digest": (docker(more=lambda f: f.update({"blobs/sha256/" + "c" * 64: HELLO}), entry=put_in(Layers=["blobs/sha256/" + "c" * 64])), ["hashes to"]),
    "docker-of-before-1.10": (docker(more=without("manifest.json")), ["manifest.json", "newer docker"]),
}

# --- the archive around it ---
ARCHIVES = {
    "archive-empty": (b"", ["empty"]),
    "archive-of-zeros": (bytes(10240), ["neither index.json nor manifest.json"]),
    "archive-of-noise": (random.Random(7).randbytes(20000), ["not a tar archive"]),
    "archive-cut": (pack(GOOD)[:-1600], ["cut short"]),
    "archive-without-end": (pack(GOOD, end=b""), ["cut short"]),
    "archive-with-another-behind": (pack(GOOD) + pack(docker()), ["bytes follow"]),
    "archive-with-a-byte-behind": (pack(GOOD) + b"x", ["bytes follow"]),
    "archive-with-a-name-twice": (b"".join(member(n, d) for n, d in GOOD.items()) + pack({"index.json": b"{}"}), ["twice"]),
    "archive-with-a-name-twice-by-dot-slash": (pack({**GOOD, "./index.json": b"{}"}), ["twice"]),
    "archive-with-dotdot": (pack({**GOOD, "../x": b"x"}), ["../x"]),
    "archive-with-an-absolute-name": (pack({**GOOD, "/x": b"x"}), ["/x"]),
    "archive-with-a-device": (pack(GOOD, end=header(b"null", type=b"3", major=1, minor=3) + END), ["type"]),
    "archive-with-a-sparse-file": (pax((b"GNU.sparse.realsize", b"9")) + pack(GOOD), ["GNU.sparse"]),
    "archive-with-an-index-by-hard-link": (pack({"a": GOOD["index.json"], **{k: v for k, v in GOOD.items() if k != "index.json"}, "index.json": ("hard", "a")}), ["index.json", "link"]),
    "archive-in-gzip-cut": (gz(pack(GOOD))[:-1], ["cut short"]),
    "archive-in-gzip-in-gzip": (gz(gz(pack(GOOD))), ["not a tar"]),
    "archive-in-gzip-with-garbage": (gz(pack(GOOD)) + b"garbage", ["gzip"]),
    "archive-bomb": (zstd_rle(20000), ["decompresses to more", "tar", "holds neither"]),
    "archive-of-something-else": (pack({"hello": b"x"}), ["neither index.json nor manifest.json"]),
    "archive-with-an-empty-index": (pack({**GOOD, "index.json": b""}), ["index.json", "empty"]),
}


def refused(w, what, words, *options):
    (w / "canary").write_bytes(b"as it was")
    r = w.ingot("tree", what, *options, status=3)
    assert r.out == "", f"something was printed\n{r}"
    assert r.err.count("error: ") == 1 and "helper protocol" not in r.err and "signal" not in r.err, str(r)
    assert any(x in r.err for x in words) if len(words) > 2 and words[0] == "link" else True
    if words[0] != "link" and "decompresses to more" not in words:
        r.says(*words)
    else:
        assert any(x in r.err for x in words), f"none of {words}\n{r}"
    assert (w / "canary").read_bytes() == b"as it was" and not (w / "evil").exists() and not (w.dir.parent / "evil").exists()
    w.whole()
    # A store that met it still takes an honest image.
    (w / "good.tar").write_bytes(pack(GOOD))
    assert F("/etc/hello", b"hello\n") in w.ingot("tree", "good.tar").out


def add(name, f):
    f.__name__, f.__doc__ = "".join(c if c.isalnum() else "_" for c in name), name
    test(f)


for name, (what, words) in DOCUMENTS.items():
    def as_directory(w, what=what, words=words):
        refused(w, spread(what, w / "image"), words)
    add("directory: " + name, as_directory)
    if name not in ("blob-is-a-link", "index-is-a-link"):
        def as_archive(w, what=what, words=words):
            refused(w, w.write("image.tar", pack(what)), words)
        add("archive: " + name, as_archive)
for name, (last, before, words) in LAYERS.items():
    add("layer: " + name, lambda w, last=last, before=before, words=words: refused(w, w.write("image.tar", pack(files(*before, last))), words))
for name, (carry, words) in CARRIED.items():
    add("carried: " + name, lambda w, carry=carry, words=words: refused(w, w.write("image.tar", pack(files(Layer(HELLO, carry, LAYER + "+gzip")))), words))
for name, (what, words) in DOCKER.items():
    add(name, lambda w, what=what, words=words: refused(w, w.write("image.tar", pack(what)), words))
for name, (what, words) in ARCHIVES.items():
    add(name, lambda w, what=what, words=words: refused(w, w.write("image.tar", what), words))


@test
def names_that_are_not_there(w):
    """A name, a number, a digest or a platform that the image does not have."""
    w.write("o.tar", pack(files()))
    w.write("d.tar", pack(docker()))
    w.write("n.tar", pack(two(a=HERE, b=THERE)))
    for where, words in {"oci-archive:o.tar:other": ["none is called 'other'"], "oci-archive:o.tar:@1": ["number 1"], f"o.tar@{FAKE}": ["none has the digest"], "docker-archive:d.tar:other": ["no such image"],
                         "docker-archive:d.tar:@1": ["no such image"], f"docker-archive:d.tar@{FAKE}": ["no such image"], "docker-archive:o.tar": ["no manifest.json"], "oci-archive:d.tar": ["no index.json"]}.items():
        w.ingot("tree", where, status=3).says(*words)
    w.ingot("tree", "o.tar", "--platform", "linux/s390x", status=3).says("the config says")
    w.ingot("tree", "n.tar", "--platform", "windows/amd64", status=3).says("0 of them for windows/amd64")


@test
def words_that_mean_nothing(w):
    """What is no name of an image, or no platform, is the user's mistake: status 2."""
    w.write("o.tar", pack(files()))
    spread(files(), w / "dir")
    for where, words in {"oci:o.tar": ["is a file"], "oci-archive:dir": ["is a directory"], "docker-archive:dir": ["is a directory"], "oci:": ["names no file"], "oci-archive:o.tar:": ["nothing behind"],
                         "oci-archive:o.tar:@x": ["no number"], "o.tar@sha256:abc": ["no digest"], f"oci-archive:o.tar:latest@{FAKE}": ["twice"], "none.tar": ["none.tar"], "/dev/null": ["no file and no directory"]}.items():
        w.ingot("tree", where, status=2).says(*words)
    for p in ("linux", "linux/", "/amd64", "linux/amd64/v1/x", "linux//v7", "Linux/amd64", "linux/amd64/"):
        w.ingot("tree", "o.tar", "--platform", p, status=2).says("platform")


main()
