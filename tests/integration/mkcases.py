#!/usr/bin/env python3
"""Signed documents and repositories, good and bad, for test_release and test_locking:  mkcases.py OUT

OUT/good.asc, other.asc: public keys. OUT/docs/NAME: clear-signed documents. OUT/repos/NAME: repositories (see mkrepo.py).
Prints the fingerprint of the good key."""
import os, shutil, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mkrepo import DATE, Deb, Key, Repo, compress  # noqa: E402

DAY = 86400
TEXT = "Suite: x\n- dashes\n-----no header\nFrom me\ntrailing blanks  \nend\n"


def documents(out, good, other):
    def put(name, data):
        os.makedirs(out, exist_ok=True)
        with open(os.path.join(out, name), "wb") as f:
            f.write(data)

    ok = good.clearsign(TEXT)
    body, signature = ok.split(b"-----BEGIN PGP SIGNATURE-----")
    put("ok", ok)
    put("text", TEXT.encode())
    put("other-key", other.clearsign(TEXT))
    put("tampered", ok.replace(b"Suite: x", b"Suite: y"))
    put("tampered-blank", ok.replace(b"end\n", b"end\n\n"))
    put("signature-of-another", good.clearsign("Suite: z\n").split(b"-----BEGIN PGP SIGNATURE-----")[0] + b"-----BEGIN PGP SIGNATURE-----" + signature)
    put("text-before", b"Suite: evil\n" + ok)
    put("text-after", ok + b"Suite: evil\n")
    put("twice", ok + ok)
    put("two-signatures", ok + b"-----BEGIN PGP SIGNATURE-----" + signature)
    put("unsigned", TEXT.encode())
    put("no-signature", body)
    put("cut", ok[:-60])
    put("crlf", ok.replace(b"\n", b"\r\n"))
    put("nul", ok.replace(b"Suite", b"Sui\0te"))
    put("header", ok.replace(b"Hash: SHA512\n", b"Hash: SHA512\nComment: x\n"))
    put("header-smuggle", ok.replace(b"Hash: SHA512\n\n", b"Hash: SHA512\nSuite: evil\n\n"))
    put("unescaped-dash", ok.replace(b"- - dashes", b"- dashes\n-evil"))
    put("sha1", good.clearsign(TEXT, "--digest-algo", "SHA1", "--allow-weak-digest-algos"))
    put("empty", b"")
    put("binary", bytes(range(256)) * 4)
    expired = Key("Expired <e@mirror.example>")
    fpr = expired.fingerprint
    put("expired-key", expired.clearsign(TEXT))
    expired.gpg("--faked-system-time", "20200101T000000!", "--quick-generate-key", "Old <o@mirror.example>", "ed25519", "sign", "20200201T000000")
    out_keys = expired.gpg("--list-keys", "--with-colons").decode()
    old = [l.split(":")[9] for l in out_keys.splitlines() if l.startswith("fpr:") and l.split(":")[9] != fpr][0]
    put("expired-key", expired.gpg("--faked-system-time", "20200115T000000!", "-u", old, "--digest-algo", "SHA512", "--clearsign", data=TEXT.encode()))
    with open(os.path.join(out, "..", "expired.asc"), "wb") as f:
        f.write(expired.gpg("--armor", "--export", old))
    expired.close()


def debs(suffix=""):
    return [Deb("libc6", "2.36-9"), Deb("hello", "2.10-3" + suffix, depends="libc6 (>= 2.34)"), Deb("httpd", "3", provides="httpd-virtual", pre_depends="libc6"),
            Deb("web", "1.0", arch="all", depends="libc6, httpd | httpd-virtual")]


def repositories(out, good, other):
    def make(name, key=good):
        r = Repo(os.path.join(out, name), key)
        return r

    r = make("good")
    r.suite("bookworm", debs(), suite="oldstable", date=DATE, valid_for=7 * DAY)
    r.suite("bookworm-security", [Deb("httpd", "3+deb12u1", provides="httpd-virtual", pre_depends="libc6")], suite="oldstable-security", date=DATE + DAY)
    r.suite("bookworm-updates", [], suite="oldstable-updates", date=DATE)
    make("older").suite("bookworm", debs(), date=DATE - DAY)
    make("newer").suite("bookworm", debs("+deb12u1"), date=DATE + DAY)
    r = make("other-key", other)
    r.suite("bookworm", debs(), date=DATE)
    # another suite's Release under the name that is asked for
    r = make("swapped")
    r.suite("bullseye", debs(), date=DATE)
    shutil.move(os.path.join(r.path, "dists/bullseye"), os.path.join(r.path, "dists/bookworm"))
    # the index is not what the Release says
    r = make("bad-index")
    text = r.suite("bookworm", debs(), date=DATE, by_hash=False)
    r.write("dists/bookworm/main/binary-amd64/Packages.xz", compress(text.replace("2.10-3", "6.66-6").encode(), "xz"))
    # right bytes packed, but not what the Release says about them unpacked
    r = make("bad-unpacked")
    text = r.suite("bookworm", debs(), date=DATE, by_hash=False)
    import hashlib
    plain = hashlib.sha256(text.encode()).hexdigest()
    release = r.read("dists/bookworm/Release").decode().replace(plain, plain[:-1] + ("0" if plain[-1] != "0" else "1"))
    r.write("dists/bookworm/InRelease", good.clearsign(release))
    # the same size, other bytes, and nothing said about the unpacked form
    r = make("bad-packed")
    packed = compress(text.encode(), "xz")
    digest = hashlib.sha256(packed).hexdigest()
    release = "Suite: bookworm\nCodename: bookworm\nDate: Tue, 14 Nov 2023 22:13:20 UTC\nSHA256:\n %s%s %d main/binary-amd64/Packages.xz\n" % (digest[:-1], "0" if digest[-1] != "0" else "1", len(packed))
    r.write("dists/bookworm/InRelease", good.clearsign(release))
    r.write("dists/bookworm/main/binary-amd64/Packages.xz", packed)
    # by-hash announced and not there
    r = make("no-by-hash")
    r.suite("bookworm", debs(), date=DATE)
    shutil.rmtree(os.path.join(r.path, "dists/bookworm/main/binary-amd64/by-hash"))
    make("gz-only").suite("bookworm", debs(), date=DATE, compressions=("gz",))
    make("plain-only").suite("bookworm", debs(), date=DATE, compressions=())
    # nothing but garbage where packages should be described
    r = make("nonsense")
    r.suite("bookworm", [], date=DATE, by_hash=False)
    junk = b"this is\nno index\n" * 20
    packed = compress(junk, "xz")
    release = "Suite: bookworm\nCodename: bookworm\nDate: Tue, 14 Nov 2023 22:13:20 UTC\nSHA256:\n %s %d main/binary-amd64/Packages.xz\n" % (hashlib.sha256(packed).hexdigest(), len(packed))
    r.write("dists/bookworm/InRelease", good.clearsign(release))
    r.write("dists/bookworm/main/binary-amd64/Packages.xz", packed)
    # a package in the pool that was exchanged after signing
    r = make("bad-pool")
    r.suite("bookworm", debs(), date=DATE)
    hello = "pool/main/h/hello/hello_2.10-3_amd64.deb"
    data = bytearray(r.read(hello))
    data[len(data) // 2] ^= 1
    r.write(hello, bytes(data))


def main():
    out = os.path.abspath(sys.argv[1])
    os.makedirs(out, exist_ok=True)
    good, other = Key("Good <good@mirror.example>"), Key("Other <other@mirror.example>")
    try:
        for name, key in (("good", good), ("other", other)):
            with open(os.path.join(out, name + ".asc"), "wb") as f:
                f.write(key.public())
            with open(os.path.join(out, name + ".gpg"), "wb") as f:
                f.write(key.gpg("--export"))
        documents(os.path.join(out, "docs"), good, other)
        if len(sys.argv) < 3:
            repositories(os.path.join(out, "repos"), good, other)
        with open(os.path.join(out, "fingerprint"), "w") as f:
            f.write(good.fingerprint)
    finally:
        good.close()
        other.close()


if __name__ == "__main__":
    main()
