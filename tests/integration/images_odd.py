#!/usr/bin/python3
"""Images that are odd and legal: each is read to the tree that it means, which is written down here, and compared with what umoci unpacks."""
import stat
from lib import *
from lib_images import *

ACL = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in ((1, 6, 0xffffffff), (2, 4, 502), (4, 4, 0xffffffff), (0x10, 4, 0xffffffff), (0x20, 4, 0xffffffff)))
CAP = b"\1\0\0\2\0\4\0\0" + bytes(12)
ETC = [D("/etc")]


def escaped(value):
    return "".join(chr(b) if 0x21 <= b < 0x7f and b != 0x5c else f"\\x{b:02x}" for b in value)


def hello(*more):
    return tar(directory(b"etc/"), file(b"etc/hello", b"hello\n"), *more)


# --- layers: name: (layers, lines of the tree, why umoci differs or "") ---
f = file(b"a", b"x")
LAYERS = {
    # names and headers
    "no-layer-at-all": (None, [], "it wants one"),
    "empty-tar": ([tar()], [], ""),
    "empty-tar-of-10240-zeros": ([bytes(10240)], [], ""),
    "no-bytes-in-gzip": ([Layer(b"")], [], ""),
    "no-bytes-at-all": ([Layer(b"", None)], [], ""),
    "the-same-layer-twice": ([HELLO, HELLO], HELLO_TREE, ""),
    "dot-slash-in-front": ([tar(directory(b"./"), directory(b"./etc/"), file(b"./etc/hello", b"hello\n"))], [D("/"), *HELLO_TREE], ""),
    "slash-in-front": ([tar(directory(b"/etc/"), file(b"/etc/hello", b"hello\n"))], HELLO_TREE, ""),
    "slash-as-the-root": ([tar(directory(b"/"), directory(b"etc/"), file(b"etc/hello", b"hello\n"))], [D("/"), *HELLO_TREE], ""),
    "slash-and-dot-slash-mixed": ([tar(directory(b"/etc/"), file(b"./etc/hello", b"hello\n"), file(b"etc/x"))], [*HELLO_TREE, F("/etc/x")], ""),
    "directory-without-slash": ([tar(directory(b"etc"), file(b"etc/hello", b"hello\n"))], HELLO_TREE, ""),
    "root-of-mode-0700": ([tar(header(b"./", type=b"5", mode=0o700))], [D("/", 0o700)], ""),
    "parents-are-missing": ([tar(file(b"a/b/c", b"x"))], [D("/a", mtime=0), D("/a/b", mtime=0), F("/a/b/c", b"x")], "time of made directories"),
    "parents-come-later": ([tar(file(b"a/b", b"x"), header(b"a/", type=b"5", mode=0o700))], [D("/a", 0o700), F("/a/b", b"x")], ""),
    "parents-are-in-a-lower-layer": ([tar(header(b"a/", type=b"5", mode=0o700)), tar(file(b"a/b", b"x"))], [D("/a", 0o700), F("/a/b", b"x")], "time of the directory"),
    "gnu-headers": ([tar(directory(b"etc/", magic=GNU), file(b"etc/hello", b"hello\n", magic=GNU))], HELLO_TREE, ""),
    "gnu-long-name": ([tar(gnu_long(b"L", b"n" * 200), file(b"n" * 100, b"x", magic=GNU))], [F("/" + "n" * 200, b"x")], ""),
    "gnu-long-link": ([tar(gnu_long(b"K", b"t" * 300), header(b"l", type=b"2", link=b"t" * 100, magic=GNU))], [L("/l", "t" * 300)], ""),
    "gnu-owner-in-base-256": ([tar(file(b"a", b"x", uid=b"\x80\0\0\0\x00\x34\x56\x78", magic=GNU))], [F("/a", b"x", uid=0x345678)], ""),
    "ustar-prefix": ([tar(file(b"c" * 50, b"x", prefix=b"p" * 60))], [D("/" + "p" * 60, mtime=0), F("/" + "p" * 60 + "/" + "c" * 50, b"x")], "time of made directories"),
    "pax-path": ([tar(pax((b"path", b"p" * 250)), file(b"short", b"x"))], [F("/" + "p" * 250, b"x")], ""),
    "pax-linkpath": ([tar(pax((b"linkpath", b"t" * 300)), header(b"l", type=b"2", link=b"t"))], [L("/l", "t" * 300)], ""),
    "pax-size": ([tar(pax((b"size", b"7")), file(b"a", b"content", size=0)[:512] + pad(b"content"))], [F("/a", b"content")], ""),
    "pax-owner-of-32-bits": ([tar(pax((b"uid", b"4000000"), (b"gid", b"4000001")), f)], [F("/a", b"x", uid=4000000, gid=4000001)], ""),
    "pax-time-with-a-fraction": ([tar(pax((b"mtime", b"1700000001.987654321"), (b"atime", b"5"), (b"ctime", b"6.5")), f)], [F("/a", b"x", mtime=1700000001)], ""),
    "pax-names-of-owners": ([tar(pax((b"uname", b"lisa"), (b"gname", "gr\xfcppe".encode())), f)], [F("/a", b"x")], ""),
    "pax-comment": ([tar(pax((b"comment", b"hello")), f)], [F("/a", b"x")], ""),
    "pax-global-comment": ([tar(pax((b"comment", b"0123abcd"), type=b"g"), f)], [F("/a", b"x")], "it refuses global headers"),
    "pax-says-binary": ([tar(pax((b"hdrcharset", b"BINARY")), f)], [F("/a", b"x")], ""),
    "pax-of-bsdtar-about-the-inode": ([tar(pax((b"SCHILY.dev", b"5"), (b"SCHILY.ino", b"77"), (b"SCHILY.nlink", b"1"), (b"LIBARCHIVE.creationtime", b"5")), f)], [F("/a", b"x")], ""),
    "name-in-utf8": ([tar(file("\u00e4\u4e2d".encode(), b"x"))], [F("/\\xc3\\xa4\\xe4\\xb8\\xad", b"x")], ""),
    "name-that-is-no-utf8": ([tar(file(b"caf\xe9", b"x"))], [F("/caf\\xe9", b"x")], ""),
    "name-with-newline-and-blank": ([tar(file(b"a b\nc", b"x"))], [F("/a\\x20b\\x0ac", b"x")], ""),
    "name-of-a-backslash-and-glob": ([tar(file(b"\\*?[", b"x"))], [F("/\\x5c*?[", b"x")], ""),
    "name-that-looks-like-a-whiteout-inside": ([tar(file(b"x.wh.y", b"x"))], [F("/x.wh.y", b"x")], ""),
    "type-of-a-nul": ([tar(file(b"a", b"x", type=b"\0"))], [F("/a", b"x")], ""),
    "mode-with-the-bits-of-a-type": ([tar(file(b"a", b"x", mode=0o100644))], [F("/a", b"x")], ""),
    "mode-4755": ([tar(file(b"a", b"x", mode=0o4755), header(b"t/", type=b"5", mode=0o1777))], [F("/a", b"x", 0o4755), D("/t", 0o1777)], ""),
    "mode-0000": ([tar(file(b"a", b"x", mode=0))], [F("/a", b"x", 0)], ""),
    "owner-1000": ([tar(file(b"a", b"x", uid=1000, gid=50))], [F("/a", b"x", uid=1000, gid=50)], ""),
    "no-end": ([HELLO[:-1024]], HELLO_TREE, ""),
    "one-zero-block": ([HELLO[:-512]], HELLO_TREE, ""),
    "zeros-behind-the-end": ([HELLO + bytes(20480)], HELLO_TREE, ""),
    "a-file-of-a-mebibyte": ([tar(file(b"big", bytes(range(256)) * 4096))], [F("/big", bytes(range(256)) * 4096)], ""),
    # other things than files
    "devices-and-a-pipe": ([tar(header(b"null", type=b"3", major=1, minor=3, mode=0o666), header(b"sda", type=b"4", major=8, minor=0, mode=0o660), header(b"pipe", type=b"6"))],
                           [f"b 0660 0 0 {TIME} /sda 8 0", f"c 0666 0 0 {TIME} /null 1 3", f"p 0644 0 0 {TIME} /pipe"], ""),
    "link-that-dangles": ([tar(header(b"l", type=b"2", link=b"/no/such"))], [L("/l", "/no/such")], ""),
    "link-that-leads-out": ([tar(header(b"l", type=b"2", link=b"../../../../etc/passwd"))], [L("/l", "../../../../etc/passwd")], ""),
    "link-to-itself": ([tar(header(b"l", type=b"2", link=b"l"))], [L("/l", "l")], ""),
    "hard-link": ([tar(file(b"b", b"x"), header(b"a", type=b"1", link=b"b"))], [F("/a", b"x"), "h /b /a"], ""),
    "hard-link-with-a-slash-in-front": ([tar(file(b"b", b"x"), header(b"a", type=b"1", link=b"/b"))], [F("/a", b"x"), "h /b /a"], ""),
    "hard-link-with-dot-slash": ([tar(file(b"./b", b"x"), header(b"./a", type=b"1", link=b"./b"))], [F("/a", b"x"), "h /b /a"], ""),
    "hard-link-to-a-hard-link": ([tar(file(b"a", b"x"), header(b"b", type=b"1", link=b"a"), header(b"c", type=b"1", link=b"b"))], [F("/a", b"x"), "h /b /a", "h /c /a"], ""),
    "hard-link-to-a-link": ([tar(header(b"l", type=b"2", link=b"x"), header(b"m", type=b"1", link=b"l"))], [L("/l", "x"), L("/m", "x")], ""),
    "hard-link-with-the-attributes-again": ([tar(pax((b"SCHILY.xattr.user.x", b"1")), file(b"a", b"x"), pax((b"SCHILY.xattr.user.x", b"1")), header(b"b", type=b"1", link=b"a"))],
                                            [F("/a", b"x"), X("user.x", "1"), "h /b /a"], ""),
    # attributes
    "xattr-of-any-bytes": ([tar(pax((b"SCHILY.xattr.user.x", b"a=\n\0\xff")), f)], [F("/a", b"x"), X("user.x", "a=\\x0a\\x00\\xff")], ""),
    "xattr-of-a-directory": ([tar(pax((b"SCHILY.xattr.user.d", b"")), directory(b"d/"))], [D("/d"), X("user.d", "")], ""),
    "xattr-capability": ([tar(pax((b"SCHILY.xattr.security.capability", CAP)), file(b"a", b"x", mode=0o755))], [F("/a", b"x", 0o755), X("security.capability", escaped(CAP))], ""),
    "xattr-label-of-selinux": ([tar(pax((b"RHT.security.selinux", b"system_u:object_r:usr_t:s0\0")), f)], [F("/a", b"x")], "labels"),
    "xattr-label-as-xattr": ([tar(pax((b"SCHILY.xattr.security.selinux", b"system_u:object_r:usr_t:s0\0")), f)], [F("/a", b"x")], "labels"),
    "acl-as-xattr": ([tar(pax((b"SCHILY.xattr.system.posix_acl_access", ACL)), f)], [F("/a", b"x"), X("system.posix_acl_access", escaped(ACL))], "acls"),
    "acl-as-text": ([tar(pax((b"SCHILY.acl.access", b"user::rw-,user:502:r--,group::r--,mask::r--,other::r--")), f)], [F("/a", b"x"), X("system.posix_acl_access", escaped(ACL))], "acls"),
    "acl-as-text-of-star": ([tar(pax((b"SCHILY.acl.access", b"user::rw-,group::r--,mask::r--,other::r--,user:lisa:r--:502")), f)], [F("/a", b"x"), X("system.posix_acl_access", escaped(ACL))], "acls"),
    "acl-that-says-only-the-mode": ([tar(pax((b"SCHILY.acl.access", b"user::rw-,group::r--,other::r--")), f)], [F("/a", b"x")], ""),
    "acl-default": ([tar(pax((b"SCHILY.acl.default", b"user::rw-,user:502:r--,group::r--,mask::r--,other::r--")), directory(b"d/"))], [D("/d"), X("system.posix_acl_default", escaped(ACL))], "acls"),
    # layers over layers
    "whiteout": ([hello(file(b"etc/x")), tar(file(b"etc/.wh.hello"))], [*ETC, F("/etc/x")], "time of the directory"),
    "whiteout-with-its-directory": ([hello(file(b"etc/x")), tar(directory(b"etc/", mtime=5), file(b"etc/.wh.hello"))], [D("/etc", mtime=5), F("/etc/x")], ""),
    "whiteout-of-a-directory": ([hello(file(b"x")), tar(file(b".wh.etc"))], [F("/x")], ""),
    "whiteout-of-nothing": ([HELLO, tar(file(b".wh.none"))], HELLO_TREE, ""),
    "whiteout-below-nothing": ([tar(file(b"x")), tar(file(b"none/.wh.none"))], [F("/x")], "makes the directory"),
    "whiteout-of-a-link": ([tar(header(b"l", type=b"2", link=b"/etc")), tar(file(b".wh.l"))], [], ""),
    "whiteout-of-one-hard-link": ([tar(file(b"a", b"x"), header(b"b", type=b"1", link=b"a")), tar(file(b".wh.a"))], [F("/b", b"x")], ""),
    "whiteout-then-the-new": ([HELLO, tar(directory(b"etc/"), file(b"etc/.wh.hello"), file(b"etc/hello", b"new"))], [*ETC, F("/etc/hello", b"new")], ""),
    "whiteout-of-a-directory-then-a-file": ([HELLO, tar(file(b".wh.etc"), file(b"etc", b"x"))], [F("/etc", b"x")], ""),
    "whiteout-with-a-slash-in-front": ([hello(file(b"x")), tar(file(b"/.wh.etc"))], [F("/x")], ""),
    "whiteout-of-an-odd-mode": ([hello(file(b"x")), tar(file(b".wh.etc", mode=0, uid=7, mtime=9))], [F("/x")], ""),
    "opaque-before-the-new": ([hello(file(b"etc/x")), tar(directory(b"etc/"), file(b"etc/.wh..wh..opq"), file(b"etc/new"))], [*ETC, F("/etc/new")], ""),
    "opaque-behind-the-new": ([hello(file(b"etc/x")), tar(directory(b"etc/"), file(b"etc/new"), file(b"etc/.wh..wh..opq"))], [*ETC, F("/etc/new")], ""),
    "opaque-root": ([HELLO, tar(directory(b"./"), file(b".wh..wh..opq"), file(b"new"))], [D("/"), F("/new")], "it removes nothing at the root"),
    "opaque-of-a-new-directory": ([HELLO, tar(directory(b"d/"), file(b"d/.wh..wh..opq"))], [*HELLO_TREE, D("/d")], ""),
    "file-becomes-directory": ([tar(file(b"a", b"x")), tar(directory(b"a/"), file(b"a/b"))], [D("/a"), F("/a/b")], ""),
    "directory-becomes-file": ([HELLO, tar(file(b"etc", b"x"))], [F("/etc", b"x")], ""),
    "directory-becomes-link": ([HELLO, tar(header(b"etc", type=b"2", link=b"/x"))], [L("/etc", "/x")], ""),
    "link-becomes-directory": ([tar(directory(b"d/"), file(b"d/x"), header(b"l", type=b"2", link=b"d")), tar(directory(b"l/"), file(b"l/y"))], [D("/d"), F("/d/x"), D("/l"), F("/l/y")], "time of the directory"),
    "link-becomes-file": ([tar(directory(b"d/"), file(b"d/x"), header(b"l", type=b"2", link=b"d/x")), tar(file(b"l", b"new"))], [D("/d"), F("/d/x"), F("/l", b"new")], ""),
    "file-becomes-device": ([tar(f), tar(header(b"a", type=b"3", major=1, minor=3))], [f"c 0644 0 0 {TIME} /a 1 3"], ""),
    "directory-changes-its-mode": ([HELLO, tar(header(b"etc/", type=b"5", mode=0o700, uid=5))], [D("/etc", 0o700, 5), F("/etc/hello", b"hello\n")], ""),
    "one-of-two-hard-links-changes": ([tar(file(b"a", b"x"), header(b"b", type=b"1", link=b"a")), tar(file(b"a", b"new"))], [F("/a", b"new"), F("/b", b"x")], ""),
    "xattrs-are-gone-with-a-new-file": ([tar(pax((b"SCHILY.xattr.user.x", b"1")), f), tar(file(b"a", b"y"))], [F("/a", b"y")], ""),
    "twenty-layers": ([tar(file(b"n", b"%d" % i)) for i in range(20)], [F("/n", b"19")], ""),
}

# --- how a layer is carried ---
half = len(HELLO) // 2
CARRIED = {
    "plain": Layer(HELLO, None),
    "plain-that-is-called-docker": Layer(HELLO, None, DOCKER_LAYER),
    "plain-that-is-called-gzip": Layer(HELLO, None, LAYER + "+gzip"),
    "gzip-that-is-called-plain": Layer(HELLO, gz, LAYER),
    "gzip-that-is-called-docker": Layer(HELLO, gz, DOCKER_LAYER),
    "gzip-of-level-0": Layer(HELLO, lambda t: gz(t, 0)),
    "gzip-of-two-members": Layer(HELLO, lambda t: gz(t[:half]) + gz(t[half:])),
    "gzip-with-empty-members": Layer(HELLO, lambda t: gz(b"") + gz(t[:512]) + gz(b"") + gz(t[512:]) + gz(b"")),
    "gzip-with-a-name-and-time": Layer(HELLO, lambda t: gzip.compress(t, mtime=12345)[:3] + b"\x08" + gzip.compress(t, mtime=12345)[4:10] + b"layer.tar\0" + gzip.compress(t, mtime=12345)[10:]),
    "gzip-of-a-member-per-block": Layer(HELLO, lambda t: b"".join(gz(t[i:i + 512]) for i in range(0, len(t), 512))),
    "zstd": Layer(HELLO, zstd_frame),
    "zstd-that-is-called-gzip": Layer(HELLO, zstd_frame, LAYER + "+gzip"),
    "zstd-of-two-frames": Layer(HELLO, lambda t: zstd_frame(t[:half]) + zstd_frame(t[half:])),
    "zstd-with-skippable-frames": Layer(HELLO, lambda t: skippable(b"head") + zstd_frame(t[:512]) + skippable(b"") + zstd_frame(t[512:]) + skippable(b"toc")),
    "zstd-with-empty-frames": Layer(HELLO, lambda t: zstd_frame(b"") + zstd_frame(t) + zstd_frame(b"")),
    "zstd-chunked-with-a-false-list": Layer(HELLO, lambda t: zstd_frame(t) + skippable(zstd_frame(b'{"version":1,"entries":[{"type":"reg","name":"evil","size":1}]}')) + skippable(bytes(56) + b"GNUlInUx")),
    "zstd-window-of-128-mib": Layer(HELLO, lambda t: zstd_frame(t, window=0x88)),
    "nondistributable-but-there": Layer(HELLO, gz, LAYER.replace("layer.v1", "layer.nondistributable.v1") + "+gzip"),
}


def edit(**kw):
    return lambda d: d.update(kw)


# --- documents; all are HELLO ---
ATTESTATION = {"platform": {"os": "unknown", "architecture": "unknown"}, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}


def beside(entry):
    """Another entry that is no image, in front of the image."""
    return lambda i: i["manifests"].insert(0, {"mediaType": MANIFEST, "digest": "sha256:" + "b" * 64, "size": 5, **entry})


DOCUMENTS = {
    "manifest-without-its-type": files(manifest=lambda m: m.pop("mediaType") and None),
    "manifest-with-more": files(manifest=edit(annotations={"a": "b"}, artifactType="application/x", x=[1, {"y": None}])),
    "manifest-with-a-subject": files(manifest=edit(subject={"mediaType": MANIFEST, "digest": "sha256:" + "a" * 64, "size": 1})),
    "manifest-in-many-lines": files(manifest=lambda m: json.dumps(m, indent=4).encode() + b"\n"),
    "manifest-of-docker": files(type=DOCKER_MANIFEST, config_type=DOCKER_CONFIG),
    "layers-with-annotations": files(manifest=lambda m: m["layers"][0].update(annotations={"x": "y"}, data="aGVsbG8=")),
    "urls-that-are-none": files(manifest=lambda m: m["layers"][0].update(urls=[])),
    "index-without-its-type": files(index=lambda i: i.pop("mediaType") and None),
    "index-of-docker": files(index=edit(mediaType=DOCKER_LIST)),
    "index-with-more": files(index=edit(annotations={"a": "b"}, subject=None)),
    "index-in-many-lines": files(index=lambda i: json.dumps(i, indent="\t").encode() + b"\n\n"),
    "entry-without-a-name": files(entry=lambda e: e.pop("annotations") and None),
    "entry-with-the-platform": files(entry=edit(platform=HERE)),
    "entry-of-another-platform-but-the-only-one": files(platform=THERE, entry=edit(platform=THERE)),
    "entry-with-a-platform-that-the-config-does-not-know": files(config=lambda c: c.pop("architecture") and None, entry=edit(platform=HERE)),
    "entry-twice": files(index=lambda i: i["manifests"].append({**i["manifests"][0], "annotations": {"org.opencontainers.image.ref.name": "other"}})),
    "with-an-attestation": files(entry=edit(platform=HERE), index=beside(ATTESTATION)),
    "with-a-signature-as-cosign-saves-it": files(index=beside({"annotations": {"kind": "dev.cosignproject.cosign/sigs"}})),
    "with-an-sbom-as-artifact": files(index=beside({"artifactType": "application/spdx+json"})),
    "nested-index": nested([(HERE, [HELLO])]),
    "nested-index-of-two-platforms": nested([(THERE, [tar()]), (HERE, [HELLO])]),
    "nested-index-with-attestations": nested([(HERE, [HELLO])], lambda i: beside(ATTESTATION)(i)),
    "nested-index-of-docker": nested([(HERE, [HELLO])], more=None),
    "nested-index-with-two-variants": nested([({"os": "linux", "architecture": HERE["architecture"], "variant": "v3" if HERE["architecture"] == "amd64" else "v9"}, [tar()]), (HERE, [HELLO])]),
    "config-with-more": files(config=edit(author="x", container_config={"Cmd": []}, docker_version="1.2", x={"y": [1, None, True]})),
    "config-without-history": files(config=lambda c: c.pop("history") and None),
    "config-with-history-null": files(config=edit(history=None)),
    "config-with-empty-history-entries": files(config=edit(history=[{"empty_layer": True}, {"created_by": "x"}, {"empty_layer": True}])),
    "config-without-created": files(config=lambda c: c.pop("created") and None),
    "config-created-with-fraction-and-zone": files(config=edit(created="2023-11-14T22:13:20.123456789+01:00")),
    "config-without-config": files(config=lambda c: c.pop("config") and None),
    "config-with-nulls": files(config=edit(config={"Cmd": None, "Env": None, "Labels": None, "ExposedPorts": None})),
    "config-without-a-rootfs-type": files(config=lambda c: c["rootfs"].pop("type") and None),
    "layout-file-in-many-lines": files(more=lambda f: f.update({"oci-layout": b'{\n "imageLayoutVersion": "1.0.0"\n}\n'})),
    "with-blobs-that-nothing-names": files(more=lambda f: put(f, b"something else") and None),
    "with-files-that-mean-nothing": files(more=lambda f: f.update({"README": b"x", "blobs/sha256/README": b"x", "blobs/sha512/x": b"y"})),
    "with-dockers-half": files(more=lambda f: f.update({"manifest.json": dump([{"Config": next(n for n, d in f.items() if b"diff_ids" in d), "RepoTags": ["demo:latest"],
                                                                              "Layers": [next(n for n, d in f.items() if d == gz(HELLO))]}]), "repositories": b"{}"})),
}
DOCKER = {
    "docker-classic": docker(),
    "docker-without-a-tag": docker(tags=None),
    "docker-with-two-tags": docker(tags=["a:1", "b:2"]),
    "docker-with-more": docker(entry=edit(Parent="", LayerSources={}, x=1)),
    "docker-config-of-any-name": docker(entry=edit(Config="config"), more=lambda f: f.update({"config": next(d for n, d in f.items() if b"diff_ids" in d)})),
    "docker-config-as-go-containerregistry-calls-it": docker(entry=lambda e: e.update(Config="sha256:" + e["Config"][:64]), more=lambda f: f.update({"sha256:" + n[:64]: f.pop(n) for n in list(f) if len(n) == 69})),
    "docker-layer-in-gzip": docker(Layer(HELLO, gz)),
    "docker-layer-in-zstd": docker(Layer(HELLO, zstd_frame)),
    "docker-layer-by-link": docker(more=lambda f: f.update({"x.tar": HELLO, **{n: ("link", "../x.tar") for n in f if n.endswith("layer.tar")}})),
    "docker-layer-by-a-chain-of-links": docker(more=lambda f: f.update({"x.tar": HELLO, "y/l": ("link", "./../x.tar"), **{n: ("link", "../y/l") for n in f if n.endswith("layer.tar")}})),
    "docker-layer-by-hard-link": docker(more=lambda f: {"x.tar": HELLO, **{n: ("hard", "x.tar") if n.endswith("layer.tar") else d for n, d in f.items()}}),
    "docker-names-with-dot-slash": docker(entry=lambda e: e.update(Config="./" + e["Config"], Layers=["./" + n for n in e["Layers"]])),
    "docker-layer-twice-under-one-name": docker(HELLO, HELLO, entry=lambda e: e.update(Layers=[e["Layers"][0]] * 2)),
    "docker-of-blobs": docker(more=lambda f: {"manifest.json": dump([{"Config": "blobs/sha256/" + next(n for n in f if len(n) == 69)[:64], "RepoTags": None, "Layers": ["blobs/sha256/" + sha(HELLO)]}]),
                                              **{"blobs/sha256/" + sha(d): d for d in f.values() if b"diff_ids" in d or d == HELLO}}),
}


# --- the archive around it; all are HELLO ---
def upside_down(f):
    return dict(reversed(list(f.items())))


G = files()
ARCHIVES = {
    "archive-in-another-order": pack(upside_down(G)),
    "archive-with-directories": directory(b"blobs/") + directory(b"blobs/sha256/") + pack(G),
    "archive-with-dot-slash": directory(b"./") + pack({"./" + n: d for n, d in G.items()}),
    "archive-padded-to-10240": pack(G) + bytes(-len(pack(G)) % 10240),
    "archive-of-gnu": pack(G, magic=GNU),
    "archive-with-pax-headers": b"".join(pax((b"mtime", b"1700000000.5"), (b"atime", b"1"), (b"uname", b"x")) + member(n, d) for n, d in G.items()) + END,
    "archive-with-a-global-comment": pax((b"comment", b"x"), type=b"g") + pack(G),
    "archive-with-links-that-nothing-names": pack({**G, "l": ("link", "/etc/passwd"), "m": ("hard", "index.json")}),
    "archive-in-gzip": gz(pack(G)),
    "archive-in-two-members-of-gzip": gz(pack(G)[:1000]) + gz(pack(G)[1000:]),
    "archive-in-zstd": zstd_frame(pack(G)),
    "archive-in-xz": xz(pack(G)),
    "archive-of-docker-in-gzip": gz(pack(docker())),
    "archive-with-owners-and-modes": pack(G, uid=1000, gid=1000, mode=0o600, mtime=5),
}


def lines(w, what, *options):
    r = w.ingot("tree", what, *options)
    got = r.out.splitlines()
    assert got[0] == "ingot-tree 1"
    return got[1:]


def expect(w, what, want, *options):
    want = list(want)
    if not any(l.endswith(" /") for l in want):
        want.insert(0, ROOT)
    got = lines(w, what, *options)
    assert sorted(got) == sorted(want), "only in the tree read:\n" + "\n".join(sorted(set(got) - set(want))) + "\nonly in the tree meant:\n" + "\n".join(sorted(set(want) - set(got)))
    return got


def unpacked(where):
    """What lies on the disk, as lines of a tree; times of directories left out, because a later entry changes them."""
    out, inodes = [], {}
    for d, dirs, names in sorted(os.walk(os.fsencode(where))):
        for n in [b""] + sorted(names + [x for x in dirs if os.path.islink(os.path.join(d, x))]):
            p = os.path.join(d, n) if n else d
            s = os.lstat(p)
            path = "/" + escaped(os.path.relpath(p, os.fsencode(where))) if p != os.fsencode(where) else "/"
            type = {stat.S_IFDIR: "d", stat.S_IFREG: "f", stat.S_IFLNK: "l", stat.S_IFCHR: "c", stat.S_IFBLK: "b", stat.S_IFIFO: "p"}[stat.S_IFMT(s.st_mode)]
            line = f"{type} {s.st_mode & 0o7777:04o} {s.st_uid} {s.st_gid} {int(s.st_mtime)} {path}"
            if type == "f":
                data = pathlib.Path(os.fsdecode(p)).read_bytes()
                line = f"h {path}" if s.st_ino in inodes else line + f" {len(data)} {sha(data)}"
                inodes[s.st_ino] = path
            elif type == "l":
                line = f"l {path} {escaped(os.readlink(p))}"
            elif type in "cb":
                line += f" {os.major(s.st_rdev)} {os.minor(s.st_rdev)}"
            elif type == "d":
                line = f"d {s.st_mode & 0o7777:04o} {s.st_uid} {s.st_gid} {path}"
            out.append(line)
    return out


def comparable(tree):
    """Lines of ours in the same form: no attributes, no time of directories, no mode of links."""
    out, groups = [], {}
    for l in tree:
        if l == "" or l.startswith("x "):
            continue
        part = l.split(" ")
        if part[0] == "d":
            del part[4]
        elif part[0] == "l":
            part = ["l", part[5], part[6]]
        elif part[0] == "h":
            part = ["h", part[1]]
        out.append(" ".join(part))
    return out


def with_umoci(w, what, got):
    if os.getuid() != 0 or not shutil.which("umoci"):
        return
    run(["umoci", "unpack", "--image", f"{spread(what, w / 'layout')}:latest", w / "bundle"])
    theirs, ours = unpacked(w / "bundle/rootfs"), comparable(got)
    # umoci gives a root of its own making when no layer has one
    theirs, ours = ([l for l in x if not l.endswith(" /")] for x in (theirs, ours))
    assert sorted(theirs) == sorted(ours), "only umoci:\n" + "\n".join(sorted(set(theirs) - set(ours))) + "\nonly ingot:\n" + "\n".join(sorted(set(ours) - set(theirs)))


def add(name, f):
    f.__name__, f.__doc__ = "".join(c if c.isalnum() else "_" for c in name), name
    test(f)


def layer_case(w, layers, want, differs):
    what = files(*layers) if layers is not None else files(tar(), manifest=lambda m: m.update(layers=[]), config=lambda c: c["rootfs"].update(diff_ids=[]) or c.update(history=[]))
    expect(w, w.write("image.tar", pack(what)), want)
    got = expect(w, spread(what, w / "image"), want)
    if not differs or "time" in differs:
        with_umoci(w, what, got)


for name, (layers, want, differs) in LAYERS.items():
    add("layer: " + name, lambda w, a=(layers, want, differs): layer_case(w, *a))
for name, l in CARRIED.items():
    def carried(w, l=l):
        got = expect(w, w.write("image.tar", pack(files(l))), HELLO_TREE)
        # umoci goes by the type; the one of Debian 12 knows no zstd
        if l.type == (LAYER + "+gzip" if l.blob[:2] == b"\x1f\x8b" else LAYER) and l.blob[:4] not in (b"\x28\xb5\x2f\xfd", skippable()[:4]):
            with_umoci(w, files(l), got)
    add("carried: " + name, carried)
for name, what in DOCUMENTS.items():
    def document(w, what=what):
        expect(w, w.write("image.tar", pack(what)), HELLO_TREE)
        expect(w, spread(what, w / "image"), HELLO_TREE)
        w.ingot("inspect", "image.tar", "--format", "json").json()
    add("document: " + name, document)
for name, what in DOCKER.items():
    def of_docker(w, what=what):
        want = HELLO_TREE
        expect(w, w.write("image.tar", pack(what)), want)
        expect(w, f"docker-archive:{w / 'image.tar'}", want)
        assert w.ingot("inspect", "image.tar", "--format", "json").json()["manifestMade"] is True
    add(name, of_docker)
for name, what in ARCHIVES.items():
    add(name, lambda w, what=what: expect(w, w.write("image.tar", what), HELLO_TREE))


@test
def names_choose(w):
    """By name, by number, by digest and by platform: what each of them means."""
    other = tar(file(b"other", b"x"))
    f = files(tag="one")
    d = add_image(f, [other])
    i = json.loads(f["index.json"])
    i["manifests"].append({**d, "annotations": {"org.opencontainers.image.ref.name": "two", "io.containerd.image.name": "registry.example.com/demo:two"}})
    f["index.json"] = dump(i)
    w.write("o.tar", pack(f))
    spread(f, w / "dir")
    for at in ("oci-archive:o.tar", "oci:dir"):
        expect(w, at + ":one", HELLO_TREE)
        expect(w, at + ":two", [F("/other", b"x")])
        expect(w, at + ":registry.example.com/demo:two", [F("/other", b"x")])
        expect(w, at + ":@0", HELLO_TREE)
        expect(w, at + ":@1", [F("/other", b"x")])
        expect(w, f"{at}@{d['digest']}", [F("/other", b"x")])
    expect(w, f"o.tar@{d['digest']}", [F("/other", b"x")])
    assert "registry.example.com/demo:two" in w.ingot("inspect", "oci-archive:o.tar:two").out


@test
def platforms_choose(w):
    """--platform, the host's by default, and variants as the field reads them."""
    arm = lambda v: {"os": "linux", "architecture": "arm", **({"variant": v} if v else {})}
    named = lambda n: [tar(file(n, b""))]
    f = nested([(HERE, named(b"here")), (THERE, named(b"there")), (arm("v5"), named(b"v5")), (arm(None), named(b"v7")), ({"os": "windows", "architecture": "amd64"}, named(b"w"))])
    w.write("o.tar", pack(f))
    for options, want in (([], "/here"), (["--platform", "linux/" + THERE["architecture"]], "/there"), (["--platform", "linux/arm/v5"], "/v5"), (["--platform", "linux/arm"], "/v7"),
                          (["--platform=linux/arm/v7"], "/v7"), (["--platform", "windows/amd64"], "/w")):
        expect(w, "o.tar", [F(want)], *options)
    inner = json.loads(next(d for n, d in f.items() if n.startswith("blobs/") and b'"manifests"' in d))
    expect(w, f"oci-archive:o.tar@{inner['manifests'][1]['digest']}", [F("/there")])


@test
def docker_names_choose(w):
    """In an archive of docker: by any spelling of a tag, by number, by the image's id."""
    one, two = docker(tags=["demo:latest"]), docker(tar(file(b"other", b"x")), tags=["registry.example.com/team/app:1.0"])
    both = {**one, **two, "manifest.json": dump(json.loads(one["manifest.json"]) + json.loads(two["manifest.json"]))}
    w.write("d.tar", pack(both))
    for name in ("demo:latest", "demo", "docker.io/library/demo", "library/demo:latest", "@0"):
        expect(w, f"docker-archive:d.tar:{name}", HELLO_TREE)
    for name in ("registry.example.com/team/app:1.0", "@1"):
        expect(w, f"docker-archive:d.tar:{name}", [F("/other", b"x")])
    expect(w, "docker-archive:d.tar@sha256:" + next(n for n in two if len(n) == 69)[:64], [F("/other", b"x")])
    w.ingot("tree", "d.tar", status=3).says("2 images")


@test
def runs_of_others(w):
    """ingot run: an image of another builder as the user that its own passwd knows, in the directory that it names, from each form."""
    probe = file(b"bin/probe", static_program(w.dir), mode=0o755)
    passwd = file(b"etc/passwd", b"root:x:0:0::/:/bin/sh\nbroken line\nweb:x:33:34::/srv:/bin/sh\n:::\n"), file(b"etc/group", b"root:x:0:\nstaff:x:50:web\n")
    layer = tar(directory(b"bin/"), probe, directory(b"etc/"), *passwd)
    def image(**config):
        return files(layer, config=lambda c: c.update(config={"Entrypoint": ["/bin/probe"], "Cmd": ["--id"], **config}))
    for user, want in {"": "0:0", "web": "33:34", "web:staff": "33:50", "web:7": "33:7", "33": "33:34", "33:0": "33:0", "4242": "4242:0", "5:staff": "5:50"}.items():
        w.write("i.tar", pack(image(User=user)))
        assert w.ingot("run", "i.tar").out == want + "\n", user
    for user, word in {"nobody": "does not know", "web:none": "does not know", "web:": "not USER:GROUP", "1:2:3": "not USER:GROUP", "4294967295": "no number", "00": "no number", "+1": "does not know", "web ": "does not know"}.items():
        w.write("i.tar", pack(image(User=user)))
        w.ingot("run", "i.tar", status=3).says(word)
    for where in ("/srv/made/for/it", "/etc", "/", ""):
        spread(image(WorkingDir=where), w / f"d{len(where)}")
        assert w.ingot("run", f"oci:d{len(where)}:latest").out == "0:0\n", where
    for where, word in {"etc": "absolute", "/etc/passwd/x": "WorkingDir", "/bin/probe": "/bin/probe"}.items():
        w.write("i.tar", pack(image(WorkingDir=where)))
        w.ingot("run", "i.tar", status=None).says(word)
    w.write("d.tar", pack(docker(layer, config=lambda c: c.update(config={"Cmd": ["probe"], "Env": ["PATH=/bin"]}))))
    assert w.ingot("run", "docker-archive:d.tar:demo").out == "hello from ingot\n"
    w.write("link.tar", pack(files(tar(directory(b"etc/"), header(b"etc/passwd", type=b"2", link=b"/proc/self/environ"), directory(b"bin/"), probe), config=lambda c: c.update(config={"User": "web", "Cmd": ["/bin/probe"]}))))
    w.ingot("run", "link.tar", status=3).says("/etc/passwd does not know") # followed in the image, where there is no /proc


@test
def our_own_is_both(w):
    """What ingot writes is read as either, to the same tree."""
    with locked(w):
        w.build()
    want = lines(w, "web.oci.tar")
    for at in ("oci-archive:web.oci.tar", "oci-archive:web.oci.tar:1.0", "docker-archive:web.oci.tar", "docker-archive:web.oci.tar:localhost/web:1.0"):
        assert lines(w, at) == want, at


@test
def differences(w):
    """ingot diff: each kind of difference has its line and its object, status 1; none is status 0 and silence, whatever carries the image."""
    cap = pax((b"SCHILY.xattr.user.x", b"1"))
    a = tar(directory(b"d/"), file(b"d/gone", b"x"), file(b"content", b"1"), file(b"mode"), file(b"owner"), file(b"time"), header(b"target", type=b"2", link=b"x"), header(b"device", type=b"3", major=1, minor=3),
            file(b"xattr"), file(b"kind"), file(b"one"), header(b"two", type=b"1", link=b"one"), file(b"same", b"s"))
    b = tar(directory(b"d/"), file(b"content", b"22"), file(b"mode", mode=0o4755), file(b"owner", uid=5), file(b"time", mtime=5), header(b"target", type=b"2", link=b"y"), header(b"device", type=b"3", major=1, minor=5),
            cap + file(b"xattr"), directory(b"kind/"), file(b"kind/new\xff"), file(b"one"), file(b"two"), file(b"same", b"s"))
    w.write("a.tar", pack(files(a, config=lambda c: c.update(config={"Cmd": ["/a"], "Labels": {"x": "1", "y": "2"}, "Env": None}))))
    w.write("b.tar", pack(files(b, config=lambda c: c.update(created="2024-01-01T00:00:00Z", config={"Cmd": ["/b"], "Labels": {"y": "2", "x": "1"}, "Env": []}))))
    want = ["~ config /config/Cmd", "- /d/gone file", "~ /content content 1 -> 2 bytes", "~ /mode mode 0644 -> 4755", "~ /owner owner 0:0 -> 5:0", "~ /time time", "~ /target target", "~ /device device", "~ /xattr xattrs",
            "~ /kind file -> directory", "+ /kind/new\\xff file", "~ /two links"]
    r = w.ingot("diff", "a.tar", "b.tar", status=1)
    assert sorted(r.out.splitlines()) == sorted(want) and r.err == "", str(r)
    r = w.ingot("diff", "--ignore-times", "a.tar", "b.tar", status=1)
    assert sorted(r.out.splitlines()) == sorted(l for l in want if "time" not in l), str(r)
    j = [json.loads(l) for l in w.ingot("diff", "--format", "json", "a.tar", "b.tar", status=1).out.splitlines()]
    assert sorted(x["change"] for x in j) == sorted({"~": "changed", "-": "removed", "+": "added"}[l[0]] if "config" not in l else "config" for l in want), j
    assert [x["what"] for x in j if x.get("path") == "/kind"] == [["type"]] and [x for x in j if "path64" in x and x["b"]["type"] == "f"], j
    w.write("c.tar", gz(pack(docker(HELLO, file(b"etc/x") + END, tar(file(b"etc/.wh.x")), config=lambda c: c.pop("history") and None))))
    spread(files(HELLO), w / "d")
    r = w.ingot("diff", "c.tar", "oci:d:latest")
    assert r.out == "" and r.err == "", str(r)
    w.ingot("diff", "a.tar", status=2)
    w.ingot("diff", "a.tar", "none.tar", status=2)
    w.write("bad.tar", pack(files())[:-600])
    w.ingot("diff", "a.tar", "bad.tar", status=3).says("cut short")


@test
def a_second_time_from_the_store(w):
    """A layer that was read is remembered, whatever carries it."""
    w.write("a.tar", pack(files()))
    w.write("b.tar", pack(docker(Layer(HELLO, gz))))
    expect(w, "a.tar", HELLO_TREE)
    before = w.ingot("store", "info", "--format", "json").json()
    expect(w, "b.tar", HELLO_TREE)
    assert w.ingot("store", "info", "--format", "json").json()["packs"] == before["packs"]


main()
