#!/usr/bin/env python3
"""Builds a tiny signed Debian repository for tests: .deb files by hand (ar and tar), indexes, and InRelease signed by a key made on the spot.

As a program:  mkrepo.py OUT [--spec FILE.json]
writes OUT/dists, OUT/pool and OUT/key.asc. The spec is {"suites": {NAME: {"packages": [DEB, ...], "date": SECONDS, "valid_for": SECONDS,
"suite": "stable", "by_hash": true}}}; a DEB is an object with the arguments of Deb(). Without a spec: a small default repository.
From Python:

    repo = Repo(path)                     # makes the key
    repo.suite("bookworm", [Deb("hello", "1.0", depends="libc6", files={"usr/bin/hello": b"..."})], date=..., valid_for=...)
    repo.key                              # path of the public key, ASCII-armoured

Everything but the key and its signatures is deterministic.
"""
import argparse, email.utils, gzip, hashlib, io, json, lzma, os, shutil, subprocess, sys, tarfile, tempfile

DATE = 1700000000  # of files in packages, and of a Release that gives none


def tar_bytes(entries, mtime=DATE):
    """entries: {path: value}; a value is bytes (file 0644), or a dict: {"type": "dir|file|link|hardlink|fifo|char|block",
    "data": bytes, "mode": int, "uid", "gid", "target", "major", "minor", "pax": {}}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT if not any(isinstance(v, dict) and v.get("pax") for v in entries.values()) else tarfile.PAX_FORMAT) as t:
        seen = set()

        def parents(path):
            parts = path.strip("/").split("/")[:-1]
            for i in range(1, len(parts) + 1):
                d = "/".join(parts[:i])
                if d not in seen and d not in entries:
                    seen.add(d)
                    add(d, {"type": "dir"})

        def add(path, v):
            if not isinstance(v, dict):
                v = {"data": v.encode() if isinstance(v, str) else v}
            kind = v.get("type", "file")
            info = tarfile.TarInfo("./" + path + ("/" if kind == "dir" and path else ""))
            info.mtime = v.get("mtime", mtime)
            info.uid, info.gid = v.get("uid", 0), v.get("gid", 0)
            info.uname = info.gname = "root"
            info.mode = v.get("mode", {"dir": 0o755, "link": 0o777}.get(kind, 0o644))
            info.type = {"dir": tarfile.DIRTYPE, "file": tarfile.REGTYPE, "link": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE,
                         "fifo": tarfile.FIFOTYPE, "char": tarfile.CHRTYPE, "block": tarfile.BLKTYPE}[kind]
            info.linkname = ("./" if kind == "hardlink" else "") + v.get("target", "")
            info.devmajor, info.devminor = v.get("major", 0), v.get("minor", 0)
            info.pax_headers = v.get("pax", {})
            data = v.get("data", b"")
            data = data.encode() if isinstance(data, str) else data
            if kind == "file":
                info.size = len(data)
                t.addfile(info, io.BytesIO(data))
            else:
                t.addfile(info)

        if "" not in entries:
            add("", {"type": "dir"})
        for path, v in entries.items():
            parents(path)
            add(path, v)
    return out.getvalue()


def compress(data, how):
    if how == "gz":
        return gzip.compress(data, 9, mtime=0)
    if how == "xz":
        return lzma.compress(data, lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, preset=6)
    if how == "zst":
        return subprocess.run(["zstd", "-q", "-3", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def ar_bytes(members, mtime=DATE):
    out = b"!<arch>\n"
    for name, data in members:
        out += b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name.encode(), mtime, 0, 0, b"100644", len(data))
        out += data + (b"\n" if len(data) % 2 else b"")
    return out


class Deb:
    def __init__(self, name, version="1.0", arch="amd64", depends="", pre_depends="", conflicts="", breaks="", provides="", replaces="",
                 recommends="", priority="optional", section="misc", essential=False, source="", files=None, scripts=None, control=None,
                 conffiles=None, compression="xz", md5sums=True, extra=None):
        self.name, self.version, self.arch, self.source = name, version, arch, source
        self.files = files if files is not None else {"usr/share/doc/%s/copyright" % name: "Licence: none\n"}
        self.scripts, self.compression, self.md5sums = scripts or {}, compression, md5sums
        self.conffiles = conffiles or []
        size = sum(len(v if not isinstance(v, dict) else v.get("data", b"")) for v in self.files.values())
        fields = {"Package": name, "Source": source, "Version": version, "Architecture": arch, "Maintainer": "Test <test@mirror.example>",
                  "Installed-Size": str(max(1, size // 1024)), "Essential": "yes" if essential else "", "Pre-Depends": pre_depends, "Depends": depends,
                  "Recommends": recommends, "Conflicts": conflicts, "Breaks": breaks, "Replaces": replaces, "Provides": provides,
                  "Section": section, "Priority": priority, "Description": "test package %s\n made on the spot" % name}
        fields.update(control or {})
        self.control = "".join("%s: %s\n" % (k, v) for k, v in fields.items() if v)
        self.extra = extra or {}  # fields of the index only

    def build(self):
        control = {"control": self.control}
        if self.md5sums:
            sums = ""
            for path, v in self.files.items():
                if not isinstance(v, dict) or v.get("type", "file") == "file":
                    data = v.get("data", b"") if isinstance(v, dict) else v
                    data = data.encode() if isinstance(data, str) else data
                    sums += "%s  %s\n" % (hashlib.md5(data).hexdigest(), path)
            if sums:
                control["md5sums"] = sums
        if self.conffiles:
            control["conffiles"] = "".join(c + "\n" for c in self.conffiles)
        for script, text in self.scripts.items():
            control[script] = {"data": text, "mode": 0o755 if script in ("preinst", "postinst", "prerm", "postrm", "config") else 0o644}
        ext = "." + self.compression if self.compression else ""
        return ar_bytes([("debian-binary", b"2.0\n"), ("control.tar" + ext, compress(tar_bytes(control), self.compression)),
                         ("data.tar" + ext, compress(tar_bytes(self.files), self.compression))])

    @property
    def pool(self):
        source = self.source.split(" ")[0] or self.name
        return "pool/main/%s/%s/%s_%s_%s.deb" % (source[:4] if source.startswith("lib") else source[0], source, self.name, self.version.split(":")[-1], self.arch)

    def stanza(self, deb):
        s = self.control.rstrip("\n") + "\nFilename: %s\nSize: %d\nMD5sum: %s\nSHA256: %s\n" % (
            self.pool, len(deb), hashlib.md5(deb).hexdigest(), hashlib.sha256(deb).hexdigest())
        return s + "".join("%s: %s\n" % kv for kv in self.extra.items())


class Key:
    """A throw-away signing key in a home directory of its own."""

    def __init__(self, name="Test Archive <archive@mirror.example>"):
        self.home = tempfile.mkdtemp(prefix="gk", dir="/tmp")
        os.chmod(self.home, 0o700)
        self.gpg("--quick-generate-key", name, "ed25519", "sign", "never")
        out = self.gpg("--list-keys", "--with-colons").decode()
        self.fingerprint = next(l.split(":")[9] for l in out.splitlines() if l.startswith("fpr:"))

    def gpg(self, *args, data=None):
        return subprocess.run(["gpg", "--homedir", self.home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", *args], input=data,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout

    def clearsign(self, text, *options):
        return self.gpg("--digest-algo", "SHA512", *options, "--clearsign", data=text if isinstance(text, bytes) else text.encode())

    def public(self):
        return self.gpg("--armor", "--export")

    def close(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.home, ignore_errors=True)


class Repo:
    def __init__(self, path, key=None):
        self.path = os.path.abspath(path)
        os.makedirs(self.path, exist_ok=True)
        self.own_key = key is None
        self.signer = key or Key()
        self.key = os.path.join(self.path, "key.asc")
        self.write("key.asc", self.signer.public())

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        if self.own_key:
            self.signer.close()

    def write(self, name, data):
        full = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return full

    def read(self, name):
        with open(os.path.join(self.path, name), "rb") as f:
            return f.read()

    def suite(self, codename, debs, suite=None, date=DATE, valid_for=None, component="main", arch="amd64", by_hash=True, compressions=("xz", "gz"), release_extra="", sign=True):
        """Publish a suite. Returns the text of its Packages."""
        packages = ""
        for deb in debs:
            blob = deb.build()
            self.write(deb.pool, blob)
            packages += deb.stanza(blob) + "\n"
        indexes = {"%s/binary-%s/Packages" % (component, arch): packages.encode()}
        for c in compressions:
            indexes["%s/binary-%s/Packages.%s" % (component, arch, c)] = compress(packages.encode(), c)
        lines = ""
        for name, data in indexes.items():
            digest = hashlib.sha256(data).hexdigest()
            lines += " %s %d %s\n" % (digest, len(data), name)
            if "." in os.path.basename(name) or not compressions:
                self.write("dists/%s/%s" % (codename, name), data)
                if by_hash:
                    self.write("dists/%s/%s/by-hash/SHA256/%s" % (codename, os.path.dirname(name), digest), data)
        text = "Origin: Test\nLabel: Test\nSuite: %s\nCodename: %s\nDate: %s\n" % (suite or codename, codename, email.utils.formatdate(date).replace("-0000", "UTC"))
        if valid_for is not None:
            text += "Valid-Until: %s\n" % email.utils.formatdate(date + valid_for).replace("-0000", "UTC")
        text += "Acquire-By-Hash: %s\nArchitectures: %s\nComponents: %s\n%sSHA256:\n%s" % ("yes" if by_hash else "no", arch, component, release_extra, lines)
        self.write("dists/%s/Release" % codename, text)
        if sign:
            self.write("dists/%s/InRelease" % codename, self.signer.clearsign(text))
        return packages


def default_spec():
    return {"suites": {
        "bookworm": {"suite": "oldstable", "packages": [
            {"name": "libc6", "version": "2.36-9", "files": {"lib/x86_64-linux-gnu/libc.so.6": "libc\n", "lib64/ld-linux-x86-64.so.2": {"type": "link", "target": "/lib/x86_64-linux-gnu/ld.so"}}},
            {"name": "hello", "version": "2.10-3", "depends": "libc6 (>= 2.34)", "files": {"usr/bin/hello": {"data": "#!/bin/sh\necho hello\n", "mode": 0o755}}},
            {"name": "web", "version": "1.0", "depends": "libc6, httpd | httpd-virtual", "arch": "all"},
            {"name": "httpd", "version": "3", "provides": "httpd-virtual", "pre_depends": "libc6"}]},
        "bookworm-security": {"suite": "oldstable-security", "packages": [{"name": "httpd", "version": "3+deb12u1", "provides": "httpd-virtual", "pre_depends": "libc6"}]}}}


def build(out, spec, key=None):
    repo = Repo(out, key)
    try:
        for codename, s in spec["suites"].items():
            options = {k: v for k, v in s.items() if k != "packages"}
            repo.suite(codename, [Deb(**p) for p in s["packages"]], **options)
    finally:
        repo.close()
    return repo


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("out")
    p.add_argument("--spec")
    a = p.parse_args()
    if a.spec:
        with open(a.spec) as f:
            spec = json.load(f)
    else:
        spec = default_spec()
    print(build(a.out, spec).signer.fingerprint)
