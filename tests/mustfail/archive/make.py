#!/usr/bin/python3
"""Write the archives that ingot-decode must refuse, and their honest neighbours that it must read, to a directory.

    make.py OUT [--flat]   OUT/KIND/bad/ATTACK and OUT/KIND/good/NAME, KIND being tar, deb, archive or stream; flat: OUT/KIND/NAME, seeds for a
                           fuzzer: those of archive under tar, none larger than 64 KiB

Each file of bad/ is named by its attack and differs from an honest one in that point only. Nothing here is needed beside Python itself.
"""
import bz2, lzma, pathlib, struct, sys, zlib

sys.dont_write_bytecode = True
from parts import *

OUT, FLAT = pathlib.Path(sys.argv[1]), "--flat" in sys.argv[2:]


def put(kind, verdict, name, data):
    if FLAT:
        if len(data) > 65536 or kind == "stream":
            return
        kind, verdict, name = {"archive": "tar"}.get(kind, kind), "", f"{kind}-{verdict}-{name}"
    d = OUT / kind / verdict
    d.mkdir(parents=True, exist_ok=True)
    p = d / name
    assert FLAT or not p.exists(), p
    p.write_bytes(data)


HONEST = tar(directory(b"etc/"), file(b"etc/x", b"hello\n"), header(b"etc/l", type=b"2", link=b"x", mode=0o777), header(b"etc/h", type=b"1", link=b"etc/x"))


def tars():
    def good(name, *parts):
        put("tar", "good", name, tar(*parts))

    def bad(name, *parts):
        put("tar", "bad", name, tar(*parts))

    def raw(name, data):
        put("tar", "bad", name, data)

    f = file(b"a", b"content")
    put("tar", "good", "plain", HONEST)
    put("tar", "good", "gzip", gz(HONEST))
    put("tar", "good", "gzip-members", gz(HONEST[:700]) + gz(b"") + gz(HONEST[700:]))
    put("tar", "good", "zstd", zstd_frame(HONEST))
    put("tar", "good", "zstd-frames-and-skippable", skippable() + zstd_frame(HONEST[:1000]) + skippable(b"") + zstd_frame(HONEST[1000:]) + skippable(b"toc"))
    put("tar", "good", "xz", xz(HONEST))
    put("tar", "good", "empty", END)
    put("tar", "good", "padded-to-10240", HONEST + bytes(-len(HONEST) % 10240))
    good("gnu-long-names", gnu_long(b"L", b"d/" + b"n" * 200), header(b"d/" + b"n" * 98, magic=GNU))
    good("gnu-long-link", gnu_long(b"K", b"t" * 300), header(b"l", type=b"2", link=b"t" * 100, magic=GNU))
    good("ustar-prefix", header(b"c" * 50, prefix=b"p" * 60 + b"/" + b"q" * 60))
    good("pax-path-size-owner-time", pax((b"path", "dïr/f".encode()), (b"size", b"7"), (b"uid", b"4294967294"), (b"mtime", b"1700000000.123456789")), file(b"short", b"content", size=0)[:512] + pad(b"content"))
    good("pax-xattr-with-any-bytes", pax((b"SCHILY.xattr.user.x", b"a=\n\0\xff"), (b"atime", b"1.5"), (b"hdrcharset", b"BINARY")), f)
    good("global-comment", pax((b"comment", b"0123456789abcdef"), type=b"g"), f)
    good("name-not-utf8", file(b"caf\xe9", b"x"))
    good("dot-slash-and-root", directory(b"./"), file(b"./a"), directory(b"./d/"))
    good("devices", header(b"null", type=b"3", major=1, minor=3), header(b"sda", type=b"4", major=8), header(b"pipe", type=b"6"))
    good("nul-typeflag", file(b"a", b"x", type=b"\0"))
    good("whiteouts", directory(b"d/"), file(b"d/.wh..wh..opq"), file(b".wh.gone"), file(b"d/.wh.too"))
    good("mode-with-file-type-bits", file(b"a", mode=0o100644))
    good("blank-padded-numbers", file(b"a", mode=b"   644 \0", uid=b"     0 \0"))
    good("gnu-base256-owner", file(b"a", b"x", uid=b"\x80\0\0\0\x12\x34\x56\x78", magic=GNU))
    good("hard-link-to-symlink", header(b"l", type=b"2", link=b"x"), header(b"h", type=b"1", link=b"l"))

    good("absolute-names", directory(b"/"), directory(b"/etc/"), file(b"/etc/x", b"x"), header(b"/etc/h", type=b"1", link=b"/etc/x"), file(b"/.wh.y"))
    good("hard-link-absolute", f, header(b"h", type=b"1", link=b"/a"))
    good("whiteout-then-file", file(b".wh.a"), f)
    good("hard-link-with-the-same-xattrs", pax((b"SCHILY.xattr.user.x", b"1")), f, pax((b"SCHILY.xattr.user.x", b"1")), header(b"h", type=b"1", link=b"a"))
    good("acl", pax((b"SCHILY.acl.access", b"user::rw-,user:lisa:r--:502,group::r--,mask::r--,other::r--")), f, pax((b"SCHILY.acl.default", b"user::rwx,group::r-x,other::---")), directory(b"d/"))
    good("labels-and-inodes", pax((b"RHT.security.selinux", b"system_u:object_r:usr_t:s0\0"), (b"SCHILY.dev", b"1"), (b"SCHILY.ino", b"2"), (b"SCHILY.nlink", b"2")), f)
    put("tar", "good", "end-missing", HONEST[:-1024])
    put("tar", "good", "end-one-zero-block", HONEST[:-512])
    put("tar", "good", "nothing", b"")
    put("tar", "good", "nothing-in-gzip", gz(b""))
    put("tar", "good", "nothing-but-a-skippable-frame", skippable())

    # what readers disagree about: where the next header is
    bad("global-pax-path", pax((b"path", b"other"), type=b"g"), f)
    bad("global-pax-size", pax((b"size", b"0"), type=b"g"), f)
    bad("pax-size-differs", pax((b"size", b"512")), f)
    bad("pax-size-smaller-hides-header", pax((b"size", b"0")), file(b"a", header(b"hidden") + END))
    bad("pax-size-twice", pax((b"size", b"7"), (b"size", b"7")), f)
    bad("pax-path-twice", pax((b"path", b"x"), (b"path", b"y")), f)
    bad("pax-two-headers", pax((b"path", b"x")), pax((b"path", b"y")), f)
    bad("pax-length-too-long", pax(raw=b"20 path=x\n"), f)
    bad("pax-length-too-short", pax(raw=b"9 path=xy\n"), f)
    bad("pax-length-leading-zero", pax(raw=b"010 path=x\n"[:10]), f)
    bad("pax-length-signed", pax(raw=b"+9 path=x\n"[:9]), f)
    bad("pax-length-huge", pax(raw=b"99999999999999999999 path=x\n"), f)
    bad("pax-length-zero", pax(raw=b"0 path=x\n"), f)
    bad("pax-no-equals", pax(raw=b"7 path\n"), f)
    bad("pax-no-newline", pax(raw=b"9 path=xy"), f)
    bad("pax-empty-key", pax(raw=b"5 =x\n"), f)
    bad("pax-trailing-garbage", pax(raw=b"9 path=x\nGARBAGE"), f)
    bad("pax-empty-body", pax(raw=b""), f)
    bad("pax-path-empty", pax((b"path", b"")), f)
    bad("pax-path-nul", pax((b"path", b"a\0b")), f)
    bad("pax-size-negative", pax((b"size", b"-7")), f)
    bad("pax-size-hex", pax((b"size", b"0x7")), f)
    bad("pax-size-blank", pax((b"size", b" 7")), f)
    bad("pax-size-over-u64", pax((b"size", b"18446744073709551617")), f)
    bad("pax-uid-minus-one", pax((b"uid", b"4294967295")), f)
    bad("pax-mtime-negative", pax((b"mtime", b"-1")), f)
    bad("pax-mtime-exponent", pax((b"mtime", b"1e9")), f)
    bad("pax-gnu-sparse-name", pax((b"path", b"a"), (b"GNU.sparse.name", b"b")), f)
    bad("pax-gnu-sparse-size", pax((b"GNU.sparse.realsize", b"1048576")), f)
    bad("pax-unknown-record", pax((b"VENDOR.path", b"b")), f)
    bad("pax-libarchive-xattr", pax((b"LIBARCHIVE.xattr.user.x", b"YQ==")), f)
    for name, text in {"incomplete": b"user::rw-", "without-mask": b"user::rw-,user:5:r--,group::r--,other::r--", "of-another-mode": b"user::rwx,group::r--,other::r--", "by-name": b"user::rw-,user:lisa:r--,group::r--,mask::r--,other::r--",
                       "twice": b"user::rw-,user:5:r--,user:5:r--,group::r--,mask::r--,other::r--", "other-letters": b"user::rws,group::r--,other::r--", "nfs4": b"owner@:rwxp:allow", "empty": b"",
                       "too-many-fields": b"user::rw-:1:2,group::r--,other::r--", "id-too-large": b"user::rw-,user:4294967295:r--,group::r--,mask::r--,other::r--", "mask-of-somebody": b"user::rw-,group::r--,mask:1:r--,other::r--"}.items():
        bad("pax-acl-" + name, pax((b"SCHILY.acl.access", text)), f)
    bad("pax-acl-record-twice", pax((b"SCHILY.acl.access", b"user::rw-,group::r--,other::r--"), (b"SCHILY.acl.access", b"user::rw-,group::r--,other::r--")), f)
    bad("pax-acl-ace", pax((b"SCHILY.acl.ace", b"owner@:rwxp:allow")), f)
    bad("pax-hdrcharset-unknown", pax((b"hdrcharset", b"UTF-7")), f)
    bad("pax-xattr-twice", pax((b"SCHILY.xattr.user.x", b"1"), (b"SCHILY.xattr.user.x", b"2")), f)
    bad("pax-xattr-nameless", pax((b"SCHILY.xattr.", b"1")), f)
    bad("pax-xattr-name-with-nul", pax((b"SCHILY.xattr.user.a\0b", b"1")), f)
    bad("pax-xattr-too-large", pax((b"SCHILY.xattr.user.a", b"x" * 65537)), f)
    bad("pax-xattrs-too-many", pax(*((b"SCHILY.xattr.user.%d" % i, b"") for i in range(65))), f)
    bad("pax-header-of-2-mib", pax((b"comment", b"x" * (2 << 20))), f)
    bad("pax-linkpath-on-file", pax((b"linkpath", b"/etc/shadow")), f)
    bad("pax-with-gnu-entry", pax((b"path", b"x")), file(b"a", b"content", magic=GNU))
    bad("gnu-long-with-ustar-entry", gnu_long(b"L", b"x" * 120), f)
    bad("gnu-long-with-pax", gnu_long(b"L", b"x" * 120), pax((b"path", b"y")), f)
    bad("gnu-long-twice", gnu_long(b"L", b"x" * 120), gnu_long(b"L", b"y" * 120), file(b"a", magic=GNU))
    bad("gnu-long-without-nul", gnu_long(b"L", b"x" * 120, end=b""), file(b"a", magic=GNU))
    bad("gnu-long-inner-nul", gnu_long(b"L", b"x" * 60 + b"\0" + b"y" * 60), file(b"a", magic=GNU))
    bad("gnu-long-in-ustar", gnu_long(b"L", b"x" * 120, magic=USTAR), f)
    bad("gnu-long-of-8-kib", gnu_long(b"L", b"x/" * 4096), file(b"a", magic=GNU))
    bad("gnu-sparse-entry", file(b"a", b"content", type=b"S", magic=GNU))
    bad("gnu-sparse-map-in-regular", header(b"a", size=7, magic=GNU, prefix=bytes(41) + b"00000000000\x0000000000007\0") + pad(b"content"))
    bad("gnu-times-in-prefix", file(b"a", b"content", magic=GNU, prefix=b"14524770000\0"))
    bad("gnu-multivolume", file(b"a", b"content", type=b"M", magic=GNU))
    bad("gnu-volume-label", header(b"label", type=b"V", magic=GNU), f)
    bad("gnu-dumpdir", file(b"d/", b"Yx\0\0", type=b"D", magic=GNU))
    bad("solaris-extended-header", header(b"x", type=b"X", size=9) + pad(b"9 path=x\n"), f)
    bad("star-magic", file(b"a", b"content", pad=b"\0" * 8 + b"tar\0"))
    bad("v7-no-magic", file(b"a", b"content", magic=bytes(8)))
    bad("magic-of-another-version", file(b"a", b"content", magic=b"ustar\x0001"))
    bad("contiguous-file", file(b"a", b"content", type=b"7"))
    bad("unknown-type", file(b"a", b"content", type=b"Z"))
    bad("symlink-with-size", header(b"l", type=b"2", link=b"x", size=512) + header(b"hidden"))
    bad("hardlink-with-size", f, header(b"h", type=b"1", link=b"a", size=512) + header(b"hidden"))
    bad("directory-with-size", header(b"d/", type=b"5", size=512) + header(b"hidden"))
    bad("device-with-size", header(b"n", type=b"3", size=512) + header(b"hidden"))
    bad("symlink-with-pax-size", pax((b"size", b"512")), header(b"l", type=b"2", link=b"x") + header(b"hidden"))

    # numbers
    bad("checksum-wrong", file(b"a", b"content", sum=b"000001\0 "))
    bad("checksum-blank", file(b"a", b"content", sum=b" " * 8))
    bad("size-negative-base256", header(b"a", size=b"\xff" * 12, magic=GNU))
    bad("size-base256-overflow", header(b"a", size=b"\x80" + b"\xff" * 11, magic=GNU))
    bad("size-base256-in-ustar", file(b"a", b"content", size=b"\x80" + bytes(10) + b"\x07"))
    bad("size-not-octal", file(b"a", b"content", size=b"00000000008\0"))
    bad("size-with-minus", file(b"a", b"content", size=b"-0000000007\0"))
    bad("size-garbage-behind", file(b"a", b"content", size=b"7\0000000000x"))
    bad("size-beyond-the-end", header(b"a", size=1 << 20) + pad(b"content"))
    bad("size-64-gib", header(b"a", size=b"\x80" + bytes(6) + b"\x20" + bytes(4), magic=GNU))
    bad("mode-not-octal", file(b"a", mode=b"rwxr-xr\0"))
    bad("mode-too-large", file(b"a", mode=b"7777777\0"))
    bad("uid-minus-one", file(b"a", uid=b"\x80\0\0\0\xff\xff\xff\xff", magic=GNU))
    bad("uid-beyond-32-bits", file(b"a", uid=b"\x80\0\0\x01\0\0\0\0", magic=GNU))
    bad("mtime-negative", file(b"a", mtime=b"\xff" * 12, magic=GNU))
    bad("device-major-too-large", header(b"n", type=b"3", major=0o10000))

    # names
    for name, path in {"dotdot": b"../x", "dotdot-inside": b"a/../../x", "dotdot-last": b"a/..", "dot-inside": b"a/./b", "double-slash": b"a//b",
                       "dot-dot-slash": b"./../x", "two-slashes": b"//x", "absolute-dotdot": b"/../x", "double-dot-slash-prefix": b"././a", "empty-behind-dot": b".//a"}.items():
        bad("name-" + name, file(path, b"x"))
        bad("directory-" + name, directory(path))
    bad("name-empty", file(b"", b"x"))
    bad("name-root-is-file", file(b".", b"x"))
    bad("name-slash-is-file", file(b"/", b"x"))
    bad("name-root-is-symlink", header(b".", type=b"2", link=b"/etc"))
    bad("name-slash-at-end-of-file", file(b"a/", b"x"))
    bad("name-slash-at-end-of-symlink", header(b"a/", type=b"2", link=b"x"))
    bad("name-component-of-256", pax((b"path", b"n" * 256)), f)
    bad("name-of-5000", pax((b"path", b"d/" * 2500 + b"x")), f)
    bad("name-depth-257", pax((b"path", b"d/" * 257 + b"x")), f)
    bad("name-prefix-slash-at-end", header(b"x", prefix=b"p/"))
    bad("name-by-pax-dotdot", pax((b"path", b"a/../../etc/x")), f)
    bad("name-by-gnu-dotdot", gnu_long(b"L", b"../" + b"x" * 120), file(b"a", magic=GNU))
    bad("reserved-bytes-behind-prefix", file(b"a", pad=b"hidden"))

    # links
    bad("hardlink-before-target", header(b"h", type=b"1", link=b"a"), f)
    bad("hardlink-to-nothing", header(b"h", type=b"1", link=b"/etc/shadow"))
    bad("hardlink-to-lower-layer", header(b"h", type=b"1", link=b"etc/shadow"))
    bad("hardlink-absolute-to-nothing", f, header(b"h", type=b"1", link=b"/b"))
    bad("hardlink-of-another-mode", f, header(b"h", type=b"1", link=b"a", mode=0o755))
    bad("hardlink-of-another-owner", f, header(b"h", type=b"1", link=b"a", uid=1))
    bad("hardlink-of-another-time", f, header(b"h", type=b"1", link=b"a", mtime=1))
    bad("hardlink-of-other-xattrs", pax((b"SCHILY.xattr.user.x", b"2")), f, pax((b"SCHILY.xattr.user.x", b"1")), header(b"h", type=b"1", link=b"a"))
    bad("hardlink-dotdot", f, header(b"h", type=b"1", link=b"../a"))
    bad("hardlink-to-directory", directory(b"d/"), header(b"h", type=b"1", link=b"d"))
    bad("hardlink-to-itself", header(b"h", type=b"1", link=b"h"))
    bad("hardlink-without-target", header(b"h", type=b"1"))
    bad("hardlink-with-xattr", f, pax((b"SCHILY.xattr.user.x", b"1")), header(b"h", type=b"1", link=b"a"))
    bad("symlink-without-target", header(b"l", type=b"2"))
    bad("symlink-target-of-5000", pax((b"linkpath", b"x" * 5000)), header(b"l", type=b"2", link=b"x"))
    bad("file-with-link-target", file(b"a", b"x", link=b"b"))

    # whiteouts
    for name, path in {"alone": b".wh.", "dot": b".wh..", "dotdot": b".wh...", "of-whiteout": b".wh..wh.x", "plnk": b".wh..wh.plnk", "aufs": b".wh..wh.aufs"}.items():
        bad("whiteout-" + name, file(path))
    bad("whiteout-with-content", file(b".wh.x", b"x"))
    bad("whiteout-is-directory", directory(b".wh.x/"))
    bad("whiteout-is-symlink", header(b".wh.x", type=b"2", link=b"y"))
    bad("whiteout-below-dotdot", file(b"../.wh.x"))
    bad("whiteout-absolute-dotdot", file(b"/../.wh.x"))
    bad("whiteout-behind-what-it-names", f, file(b".wh.a"))
    bad("whiteout-behind-a-directory-that-it-names", directory(b"a/"), file(b".wh.a"))
    bad("whiteout-twice", file(b".wh.a"), file(b".wh.a"))
    bad("whiteout-then-directory", file(b".wh.a"), directory(b"a/"))
    bad("whiteout-with-acl", pax((b"SCHILY.acl.access", b"user::rw-,group::r--,other::r--")), file(b".wh.x"))
    bad("whiteout-as-parent", file(b".wh.d/x"))
    bad("whiteout-with-xattr", pax((b"SCHILY.xattr.user.x", b"1")), file(b".wh.x"))
    bad("hardlink-to-whiteout", file(b".wh.x"), header(b"h", type=b"1", link=b".wh.x"))

    # the end, and what lies behind it
    raw("end-in-a-header", HONEST[:-1024 - 100])
    raw("end-in-a-zero-block", HONEST[:-500])
    raw("end-zero-block-then-entry", f + bytes(512) + f + END)
    raw("end-then-entry", HONEST + tar(f))
    raw("end-then-byte", HONEST + b"x")
    raw("end-then-zero-byte", HONEST + b"\0")
    raw("end-then-garbage-block", HONEST + bytes(8192) + b"x" * 512)
    raw("end-inside-extended-header", pax((b"path", b"x")) + END)
    raw("end-behind-long-name", gnu_long(b"L", b"x" * 120) + END)
    raw("padding-not-zero", header(b"a", size=7) + pad(b"content", b"\x01") + END)
    raw("padding-of-pax-not-zero", header(b"x", type=b"x", size=9) + pad(b"9 path=x\n", b"\x01") + f + END)
    raw("not-an-archive", b"This is a text, and not a short one either. " * 50)
    for name, c in {"gzip": gz(HONEST), "zstd": zstd_frame(HONEST), "xz": xz(HONEST)}.items():
        raw(name + "-then-byte", c + b"x")
        raw(name + "-then-zero-byte", c + b"\0")
        raw(name + "-then-four-zero-bytes", c + bytes(4))
        raw(name + "-cut", c[:-1])
        raw(name + "-then-tar", c + HONEST)
        raw(name + "-damaged", c[:len(c) // 2] + bytes([c[len(c) // 2] ^ 0x55]) + c[len(c) // 2 + 1:] if name != "zstd" else c[:4] + b"\xff" + c[5:])
    raw("gzip-then-second-archive", gz(HONEST) + gz(HONEST))
    raw("gzip-then-cut-member", gz(HONEST) + gz(b"")[:10])
    raw("zstd-then-second-archive", zstd_frame(HONEST) + zstd_frame(HONEST))
    raw("zstd-then-cut-skippable", zstd_frame(HONEST) + skippable(b"12345678")[:-1])
    raw("xz-two-streams", xz(HONEST) + xz(b""))
    raw("gzip-inside-gzip", gz(gz(HONEST)))
    raw("zstd-window-of-1-gib", zstd_frame(HONEST, window=0xa0))
    raw("zstd-dictionary", b"\x28\xb5\x2f\xfd\x01\x58\x07" + zstd_frame(HONEST)[6:])
    raw("xz-dictionary-of-1-gib", xz_with_large_dictionary())
    raw("lzma-alone", lzma.compress(HONEST, format=lzma.FORMAT_ALONE))
    raw("bomb-gzip", bomb_gz)
    raw("bomb-zstd", zstd_rle(2000))
    raw("bomb-xz", bomb_xz)
    raw("bomb-of-zeros-behind-the-end", zstd_frame(HONEST) + zstd_rle(2000))


def xz_with_large_dictionary():
    """The block header says: LZMA2 with a dictionary of 1 GiB. Its CRC is made right, so that only the memory limit can refuse it."""
    data = bytearray(xz(HONEST))
    size = (data[12] + 1) * 4
    block = data[12:12 + size - 4]
    at = block.index(b"\x21\x01")  # filter id LZMA2, one byte of properties
    block[at + 2] = 36             # 2 << 29: 1 GiB
    data[12:12 + size] = bytes(block) + struct.pack("<I", zlib.crc32(bytes(block)))
    return bytes(data)


def make_bombs():
    """The header of a huge file and zeros that never seem to end. xz makes 7000 of one byte, gzip 1000 (the tests give it a limit)."""
    zeros = bytes(1 << 20)
    head = header(b"bomb", size=0o77777777777)
    c = zlib.compressobj(9, zlib.DEFLATED, 31)
    g = c.compress(head) + b"".join(c.compress(zeros) for _ in range(32)) + c.flush()
    x = lzma.LZMACompressor(format=lzma.FORMAT_XZ, preset=0)
    z = x.compress(head) + b"".join(x.compress(zeros) for _ in range(128)) + x.flush()
    return g, z


# --- deb ---
VERSION = (b"debian-binary", b"2.0\n")
CONTROL = tar(directory(b"./", magic=GNU), file(b"./control", b"Package: x\nVersion: 1\n", magic=GNU), file(b"./md5sums", b"", magic=GNU))
DATA = tar(directory(b"./", magic=GNU), directory(b"./usr/", magic=GNU), file(b"./usr/x", b"hello", magic=GNU), header(b"./usr/y", type=b"1", link=b"./usr/x", magic=GNU))
C, D = (b"control.tar.xz", xz(CONTROL)), (b"data.tar.xz", xz(DATA))


def debs():
    def good(name, *members):
        put("deb", "good", name, ar(*members))

    def bad(name, *members, **kw):
        put("deb", "bad", name, ar(*members, **kw))

    def control(name, *parts):
        bad("control-" + name, VERSION, (b"control.tar.gz", gz(tar(*parts))), D)

    def data(name, *parts):
        bad("data-" + name, VERSION, C, (b"data.tar.gz", gz(tar(*parts))))

    good("xz", VERSION, C, D)
    good("gz", VERSION, (b"control.tar.gz", gz(CONTROL)), (b"data.tar.gz", gz(DATA)))
    good("zst", VERSION, (b"control.tar.zst", zstd_frame(CONTROL)), (b"data.tar.zst", zstd_frame(DATA)))
    good("plain", VERSION, (b"control.tar", CONTROL), (b"data.tar", DATA))
    good("gnu-ar-slashes", (b"debian-binary/", b"2.0\n"), (b"control.tar.xz/", C[1]), (b"data.tar.xz/", D[1]))
    whole = ar(VERSION, C, D)
    bad("magic-wrong", VERSION, C, D, magic=b"!<thin>\n")
    bad("empty-ar")
    bad("version-missing", C, D)
    bad("version-3", (b"debian-binary", b"3.0\n"), C, D)
    bad("version-2.1", (b"debian-binary", b"2.1\n"), C, D)
    bad("version-with-more-lines", (b"debian-binary", b"2.0\nx\n"), C, D)
    bad("version-without-newline", (b"debian-binary", b"2.0"), C, D)
    bad("order-swapped", VERSION, D, C)
    bad("data-missing", VERSION, C)
    bad("control-missing", VERSION, D)
    bad("control-twice", VERSION, C, C, D)
    bad("data-twice", VERSION, C, D, D)
    bad("member-in-between", VERSION, (b"_gpgorigin", b"sig\n"), C, D)
    bad("member-behind", VERSION, C, D, (b"_gpgorigin", b"sig\n"))
    bad("debian-control-twice", VERSION, C, D, C)
    bad("name-gnu-long", VERSION, (b"/0", C[1]), D)
    bad("name-bsd-long", VERSION, (b"#1/14", b"control.tar.xz" + C[1]), D)
    bad("name-blank-before", VERSION, (b" control.tar.xz", C[1]), D)
    bad("name-two-slashes", VERSION, (b"control.tar.xz//", C[1]), D)
    bad("bzip2", VERSION, C, (b"data.tar.bz2", bz2.compress(DATA)))
    bad("lzma", VERSION, C, (b"data.tar.lzma", lzma.compress(DATA, format=lzma.FORMAT_ALONE)))
    bad("name-says-gz-content-xz", VERSION, C, (b"data.tar.gz", xz(DATA)))
    bad("name-says-plain-content-gz", VERSION, C, (b"data.tar", gz(DATA)))
    bad("name-says-zst-content-plain", VERSION, C, (b"data.tar.zst", DATA))
    put("deb", "bad", "trailing-byte", whole + b"x")
    put("deb", "bad", "trailing-newline", whole + b"\n")
    put("deb", "bad", "leading-byte", b"\n" + whole)
    put("deb", "bad", "cut", whole[:-1])
    put("deb", "bad", "two-packages", whole + whole)
    at = whole.index(b"control.tar.xz")
    def patched(offset, value):
        return whole[:at + offset] + value + whole[at + offset + len(value):]
    put("deb", "bad", "size-beyond-the-end", patched(48, b"4000000000"))
    put("deb", "bad", "size-negative", patched(48, b"-1        "))
    put("deb", "bad", "size-blank", patched(48, b"          "))
    put("deb", "bad", "size-hex", patched(48, b"0x10      "))
    put("deb", "bad", "size-leading-zero", patched(48, b"0000000100"))
    put("deb", "bad", "size-leading-blank", patched(48, b"       100"))
    put("deb", "bad", "header-end-wrong", patched(58, b"`\r"))
    put("deb", "bad", "size-one-less", patched(48, b"%-10d" % (len(C[1]) - 1)))
    put("deb", "bad", "size-one-more", patched(48, b"%-10d" % (len(C[1]) + 1)))
    oddly = ar(VERSION, C, (b"data.tar.gz", odd_member()))
    put("deb", "good", "odd-member", oddly)
    put("deb", "bad", "odd-member-without-padding", oddly[:-1])
    put("deb", "bad", "odd-member-padding-wrong", oddly[:-1] + b"\0")

    control("subdirectory", directory(b"./d/"), file(b"./control", b"Package: x\n"), file(b"./d/x"))
    control("symlink", file(b"./control", b"Package: x\n"), header(b"./postinst", type=b"2", link=b"/bin/sh"))
    control("hardlink", file(b"./control", b"Package: x\n"), header(b"./postinst", type=b"1", link=b"./control"))
    control("file-twice", file(b"./control", b"Package: x\n"), file(b"./control", b"Package: y\n"))
    control("file-twice-in-two-spellings", file(b"./control", b"Package: x\n"), file(b"control", b"Package: y\n"))
    control("absolute", file(b"/control", b"Package: x\n"))
    control("dotdot", file(b"../control", b"Package: x\n"))
    control("device", file(b"./control", b"Package: x\n"), header(b"./postinst", type=b"3"))
    control("many-files", *(file(b"./f%d" % i) for i in range(100)))
    control("huge-script", file(b"./control", b"Package: x\n"), file(b"./postinst", bytes(2 << 20)))
    bad("control-bomb", VERSION, (b"control.tar.gz", gz(file(b"./control", bytes(20 << 20)) + END, 9)), D)
    bad("control-gzip-trailing", VERSION, (b"control.tar.gz", gz(CONTROL) + b"x"), D)
    bad("control-tar-trailing", VERSION, (b"control.tar.gz", gz(CONTROL + b"x" * 512)), D)
    bad("control-empty-member", VERSION, (b"control.tar", b""), D)
    bad("data-xz-trailing", VERSION, C, (b"data.tar.xz", xz(DATA) + bytes(4)))
    bad("data-zst-trailing", VERSION, C, (b"data.tar.zst", zstd_frame(DATA) + b"x"))
    bad("data-tar-trailing", VERSION, C, (b"data.tar.gz", gz(DATA + tar(file(b"./evil", b"x")))))
    bad("data-empty-member", VERSION, C, (b"data.tar", b""))
    bad("data-bomb-gzip", VERSION, C, (b"data.tar.gz", bomb_gz))
    bad("data-bomb-zstd", VERSION, C, (b"data.tar.zst", zstd_rle(2000)))
    bad("data-bomb-xz", VERSION, C, (b"data.tar.xz", bomb_xz))
    data("dotdot", file(b"./../x", b"x"))
    data("absolute", file(b"/etc/x", b"x"))
    data("whiteout", file(b"./usr/.wh.x"))
    data("opaque", file(b"./usr/.wh..wh..opq"))
    data("hardlink-outside", header(b"./x", type=b"1", link=b"/etc/shadow"))


def odd_member():
    """A gzip file of an odd length: a file name in its header makes it so."""
    for name in (b"a", b"ab"):
        c = zlib.compressobj(9, zlib.DEFLATED, -15)
        body = c.compress(DATA) + c.flush()
        g = b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + name + b"\0" + body + struct.pack("<II", zlib.crc32(DATA), len(DATA))
        if len(g) & 1:
            return g


# --- the archive of an image ---
def archives():
    layout = file(b"oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    blob = file(b"blobs/sha256/" + b"a" * 64, b"blob")
    honest = layout + file(b"index.json", b"{}") + blob + END

    def bad(name, data):
        put("archive", "bad", name, data)

    put("archive", "good", "honest", honest)
    put("archive", "good", "with-directories", directory(b"blobs/") + directory(b"blobs/sha256/") + honest)
    put("archive", "good", "zeros-behind-the-end", honest + bytes(512))
    put("archive", "good", "padded-to-10240", honest + bytes(-len(honest) % 10240))
    put("archive", "good", "links", file(b"a/layer.tar", b"x") + header(b"b/layer.tar", type=b"2", link=b"../a/layer.tar") + header(b"c", type=b"1", link=b"a/layer.tar") + END)
    put("archive", "good", "dot-slash", directory(b"./") + file(b"./oci-layout", b"x") + END)
    put("archive", "good", "gnu", gnu_long(b"L", b"x" * 120) + file(b"x", b"x", magic=GNU) + file(b"nul", b"x", type=b"\0") + END)
    put("archive", "good", "pax-records", pax((b"comment", b"x"), type=b"g") + pax((b"mtime", b"5.5"), (b"atime", b"1"), (b"SCHILY.ino", b"1")) + honest)
    put("archive", "good", "pax-size", pax((b"size", b"4")) + header(b"x", size=b"77777777777\0") + pad(b"blob") + END)
    bad("gzip", gz(honest))
    bad("zstd", zstd_frame(honest))
    bad("nothing", b"")
    bad("zeros-behind-the-end-not-a-block", honest + bytes(511))
    bad("one-zero-block", honest[:-512])
    bad("no-end", honest[:-1024])
    bad("cut-in-content", honest[:-1500])
    bad("byte-behind", honest + b"\n")
    bad("entry-behind", honest + blob + END)
    bad("symlink-of-a-name-that-is-there", header(b"index.json", type=b"2", link=b"/etc/passwd") + honest)
    bad("hardlink-absolute", blob + header(b"x", type=b"1", link=b"/blobs/sha256/" + b"a" * 64) + END)
    bad("device", header(b"x", type=b"3") + honest)
    bad("twice", layout + honest)
    bad("twice-in-two-spellings", file(b"./oci-layout", b"x") + honest)
    bad("dotdot", file(b"blobs/../index.json", b"x") + honest)
    bad("absolute", file(b"/index.json", b"x") + honest)
    bad("global-path", pax((b"path", b"x"), type=b"g") + honest)
    bad("sparse", pax((b"GNU.sparse.realsize", b"5")) + honest)
    bad("pax-xattr", pax((b"SCHILY.xattr.user.x", b"5")) + honest)
    bad("padding-not-zero", header(b"x", size=4) + pad(b"blob", b" ") + END)
    bad("name-of-5000", pax((b"path", b"n/" * 2500 + b"x")) + honest)
    bad("many-files", b"".join(header(b"%d" % i) for i in range(65537)) + END)


def streams():
    text = b"Package: x\n\n" * 1000
    put("stream", "good", "gzip", gz(text))
    put("stream", "good", "gzip-members", gz(text) + gz(text))
    put("stream", "good", "xz", xz(text))
    put("stream", "good", "zstd", zstd_frame(text))
    put("stream", "good", "empty-text", gz(b""))
    for name, data in {"plain": text, "nothing": b"", "bzip2": bz2.compress(text), "zlib": zlib.compress(text), "gzip-then-byte": gz(text) + b"x", "xz-then-byte": xz(text) + b"x",
                       "zstd-then-byte": zstd_frame(text) + b"x", "gzip-cut": gz(text)[:-1], "xz-cut": xz(text)[:-1], "zstd-cut": zstd_frame(text)[:-1], "gzip-magic-only": b"\x1f\x8b",
                       "zstd-magic-only": b"\x28\xb5\x2f\xfd", "xz-magic-only": b"\xfd7zXZ\0", "gzip-reserved-flags": b"\x1f\x8b\x08\xe0" + gz(text)[4:], "gzip-crc-wrong": gz(text)[:-8] + bytes(4) + gz(text)[-4:],
                       "gzip-length-wrong": gz(text)[:-4] + bytes(4), "xz-check-unsupported": b"\xfd7zXZ\0\0\x02" + struct.pack("<I", zlib.crc32(b"\0\x02")) + xz(text)[12:], "bomb-gzip": bomb_gz,
                       "bomb-zstd": zstd_rle(2000), "bomb-xz": bomb_xz}.items():
        put("stream", "bad", name, data)


bomb_gz, bomb_xz = make_bombs()
tars()
debs()
archives()
streams()
