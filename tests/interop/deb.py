#!/usr/bin/python3
"""Packages that Debian's dpkg-deb writes are read as dpkg-deb itself reads them: every kind of compression, long names, links, odd modes, odd bytes."""
import pathlib, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
from lib import *

LIST = pathlib.Path(INGOT).resolve().parent.parent / "tests" / "deb_list"


def field(s):
    """The escapes of ingot's text forms (escape.h)."""
    return "".join(chr(b) if 0x21 <= b <= 0x7e and b != 0x5c else f"\\x{b:02x}" for b in s)


def package(w):
    root = w.dir / "root"
    for d in ("DEBIAN", "usr/bin", "usr/share/doc/x", "var/lib/" + "long-directory-name/" * 9, "etc/spaces and \\ backslash"):
        (root / d).mkdir(parents=True)
    (root / "DEBIAN/control").write_text("Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n")
    (root / "DEBIAN/postinst").write_text("#!/bin/sh\nexit 0\n")
    (root / "DEBIAN/postinst").chmod(0o755)
    (root / "DEBIAN/md5sums").write_text("")
    (root / "usr/bin/prog").write_bytes(os.urandom(300000) + bytes(1 << 20))
    (root / "usr/bin/prog").chmod(0o755)
    os.link(root / "usr/bin/prog", root / "usr/bin/prog-by-another-name")
    (root / "usr/bin/link").symlink_to("prog")
    (root / "usr/bin/long-link").symlink_to("/" + "very/long/target/" * 15 + "end")
    (root / "usr/share/doc/x/empty").write_bytes(b"")
    (root / ("usr/share/doc/x/" + "n" * 200)).write_text("a long name")
    (root / ("var/lib/" + "long-directory-name/" * 9 + "f" * 90)).write_text("deep")
    with open(os.fsencode(root) + b"/usr/share/doc/x/latin-\xe9", "wb") as f:
        f.write(b"bytes")
    (root / "usr/share/doc/x/ünïcode").write_text("utf-8")
    (root / "usr/share/doc/x/sticky").mkdir(mode=0o755)
    (root / "usr/share/doc/x/sticky").chmod(0o1777)
    (root / "usr/share/doc/x/suid").write_text("s")
    (root / "usr/share/doc/x/suid").chmod(0o4755)
    return root


def wanted(root):
    """What the tar inside says, by Python's reader of dpkg-deb's own --fsys-tarfile."""
    out = []
    with tarfile.open(fileobj=io.BytesIO(root), errors="surrogateescape", encoding="utf-8") as t:
        for m in t:
            name = os.fsencode(m.name).removeprefix(b"./").removesuffix(b"/") if m.name not in (".", "./") else b""
            target = os.fsencode(m.linkname)
            kind = {"0": "f", "1": "h", "2": "l", "5": "d"}[m.type.decode()]
            if kind == "h":
                target = target.removeprefix(b"./")
                out.append(f"h 0000 0 0 0 0 /{field(name)} {field(target)} {hashlib.sha256(b'').hexdigest()}")
                continue
            content = t.extractfile(m).read() if kind == "f" else b""
            out.append(f"{kind} {m.mode:04o} {m.uid} {m.gid} {int(m.mtime)} {m.size} /{field(name)} {field(target)} {hashlib.sha256(content).hexdigest()}")
    return out


@test
def dpkg_deb_writes(w):
    """xz, gzip, zstd and none: the same entries, modes, owners, times, sizes, targets and contents."""
    need("dpkg-deb")
    root = package(w)
    for z in ("xz", "gzip", "zstd", "none"):
        deb = w.dir / f"{z}.deb"
        r = subprocess.run(["dpkg-deb", f"-Z{z}", "--root-owner-group", "--build", root, deb], capture_output=True, text=True)
        if r.returncode and "unknown compression" in r.stderr:
            continue
        assert r.returncode == 0, r.stderr
        tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], capture_output=True, check=True).stdout
        ours = subprocess.run([LIST, deb], capture_output=True, text=True)
        assert ours.returncode == 0, ours.stderr
        lines = ours.stdout.splitlines()
        members = [l for l in lines if l.startswith("m ")]
        assert sorted(l.split()[1] for l in members) == ["control", "md5sums", "postinst"], members
        got, want = [l for l in lines if not l.startswith("m ")], wanted(tar)
        assert got == want, [x for x in zip(got, want) if x[0] != x[1]][:3]


main()
