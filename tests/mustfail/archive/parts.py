"""Tars, packages and compressed streams, byte by byte, so that each can be wrong in exactly one point. For make.py."""
import lzma, struct, zlib

USTAR, GNU = b"ustar\x0000", b"ustar  \x00"
END = bytes(1024)
add = sum


# --- tar, header by header ---
def octal(v, n):
    return v if isinstance(v, bytes) else b"%0*o\0" % (n - 1, v)


def header(name=b"file", type=b"0", size=0, mode=0o644, uid=0, gid=0, mtime=1700000000, link=b"", magic=USTAR, prefix=b"", major=0, minor=0, pad=b"", sum=None):
    h = bytearray(512)
    for at, n, v in ((0, 100, name), (100, 8, octal(mode, 8)), (108, 8, octal(uid, 8)), (116, 8, octal(gid, 8)), (124, 12, octal(size, 12)),
                     (136, 12, octal(mtime, 12)), (156, 1, type), (157, 100, link), (257, 8, magic), (329, 8, octal(major, 8)), (337, 8, octal(minor, 8)),
                     (345, 155, prefix), (500, 12, pad)):
        assert len(v) <= n, (name, v)
        h[at:at + len(v)] = v
    h[148:156] = b" " * 8
    total = 0 if sum else add(h)
    h[148:156] = sum or b"%06o\0 " % total
    return bytes(h)


def pad(data, fill=b"\0"):
    return data + fill * (-len(data) % 512)


def file(name, data=b"", **kw):
    return header(name, size=kw.pop("size", len(data)), **kw) + pad(data)


def directory(name, **kw):
    return header(name, type=b"5", mode=0o755, **kw)


def record(key, value):
    body = b" " + key + b"=" + value + b"\n"
    n = len(body) + 1
    while len(b"%d" % n) + len(body) != n:
        n = len(b"%d" % n) + len(body)
    return b"%d" % n + body


def pax(*records, type=b"x", raw=None, **kw):
    body = b"".join(record(k, v) for k, v in records) if raw is None else raw
    return header(b"PaxHeaders/x", type=type, size=len(body), **kw) + pad(body)


def gnu_long(kind, text, **kw):
    body = text + kw.pop("end", b"\0")
    return header(b"././@LongLink", type=kind, size=len(body), magic=kw.pop("magic", GNU)) + pad(body)


def tar(*parts):
    return b"".join(parts) + END


def zstd_frame(data, window=0x50, kind=0, checksum=False):
    """Raw (kind 0) blocks of at most 64 KiB."""
    out = bytearray(b"\x28\xb5\x2f\xfd\x00" + bytes([window]))
    pieces = [data[i:i + 65536] for i in range(0, len(data), 65536)] or [b""]
    for i, p in enumerate(pieces):
        out += struct.pack("<I", (len(p) << 3) | (kind << 1) | (i == len(pieces) - 1))[:3] + p
    return bytes(out)


def zstd_rle(count, byte=b"\0"):
    """A bomb: each block of 4 bytes stands for 128 KiB."""
    out = bytearray(b"\x28\xb5\x2f\xfd\x00\x58")
    for i in range(count):
        out += struct.pack("<I", (131072 << 3) | (1 << 1) | (i == count - 1))[:3] + byte
    return bytes(out)


def skippable(data=b"skip"):
    return struct.pack("<II", 0x184d2a50, len(data)) + data


def gz(data, level=6):
    c = zlib.compressobj(level, zlib.DEFLATED, 31)
    return c.compress(data) + c.flush()


def xz(data, **kw):
    return lzma.compress(data, format=lzma.FORMAT_XZ, **kw)


# --- ar ---
def ar(*members, magic=b"!<arch>\n"):
    out = bytearray(magic)
    for m in members:
        if isinstance(m, bytes):
            out += m
            continue
        name, data = m
        out += b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name, 1700000000, 0, 0, b"100644", len(data)) + data + (b"\n" if len(data) & 1 else b"")
    return bytes(out)
