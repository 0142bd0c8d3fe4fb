#!/usr/bin/python3
"""verify fails closed: wrong key, tampered, unsigned, truncated, swapped, not an archive at all."""
import random
from lib import *


def signed(w, name="web.oci.tar", key="key"):
    if not (w / f"{key}.key").exists():
        w.keys(key)
    with locked(w):
        w.build("web.yaml", "--key", f"{key}.key", out=name)
    return w / name


def refused(w, archive, *words, key="key.pub", status=1):
    r = w.ingot("verify", archive, "--key", key, status=None)
    assert r.status in ((status,) if isinstance(status, int) else status), f"exit status {r.status}\n{r}"
    r.says(*words)
    return r


@test
def wrong_key(w):
    """Another key does not verify, and the message says so."""
    a = signed(w)
    w.keys("other")
    refused(w, a, "key", key="other.pub")


@test
def unsigned(w):
    """An unsigned archive does not verify."""
    w.keys()
    with locked(w):
        w.build()
    refused(w, w / "web.oci.tar", "sign")


@test
def any_flipped_byte(w):
    """A flipped bit anywhere in the archive is found: 400 places, the first and last bytes among them."""
    a = signed(w)
    data = a.read_bytes()
    rng = random.Random(20)
    places = sorted(set(list(range(0, 16)) + list(range(len(data) - 16, len(data))) + [rng.randrange(len(data)) for _ in range(300)] + list(range(0, min(len(data), 40960), 601))))
    t = w / "t.tar"
    for at in places:
        bad = bytearray(data)
        bad[at] ^= 1 << rng.randrange(8)
        t.write_bytes(bad)
        r = w.ingot("verify", t, "--key", "key.pub", status=None)
        assert r.status != 0, f"byte {at} of {len(data)} was flipped and not noticed"
        assert r.status in (1, 2, 3), f"byte {at}: exit status {r.status}\n{r}"


@test
def truncated(w):
    """An archive that ends early or goes on after its end does not verify."""
    a = signed(w)
    data = a.read_bytes()
    t = w / "t.tar"
    for n in (0, 1, 511, 512, 513, len(data) // 2, len(data) - 1024, len(data) - 1):
        t.write_bytes(data[:n])
        refused(w, t, status=(1, 2, 3))
    for tail in (b"x", b"\0" * 512, data):
        t.write_bytes(data + tail)
        refused(w, t, status=(1, 2, 3))


@test
def swapped_manifest(w):
    """The signatures of one image do not cover another."""
    a = signed(w)
    w.write("web.yaml", RECIPE.replace('version: "1.0"', 'version: "2.0"') + "  env: { A: b }\n")
    with mirror(w):
        w.lock("web.yaml", "--update")
        w.build("web.yaml", out="other.tar")
    def members(path):
        with tarfile.open(path) as t:
            return {m.name: t.extractfile(m).read() for m in t.getmembers() if m.isfile()}
    one, two = members(a), members(w / "other.tar")
    mixed = one | two
    with tarfile.open(w / "mixed.tar", "w", format=tarfile.USTAR_FORMAT) as t:
        for name in ["oci-layout", "index.json", "manifest.json"] + sorted(n for n in mixed if n.startswith("blobs/")):
            info = tarfile.TarInfo(name)
            info.size = len(mixed[name])
            t.addfile(info, io.BytesIO(mixed[name]))
    refused(w, w / "mixed.tar", status=(1, 2, 3))


@test
def not_an_archive(w):
    """What is no archive at all is said to be so: status 1, 2 or 3, never a crash."""
    w.keys()
    for name, content in (("empty", b""), ("text", b"hello\n"), ("zeros", bytes(10240)), ("noise", random.Random(1).randbytes(100000))):
        w.write(name, content)
        refused(w, name, status=(1, 2, 3))
        w.ingot("inspect", name, status=None)
        w.ingot("tree", name, status=None)
        assert w.ingot("run", name, status=None).status in (1, 2, 3)
    w.ingot("verify", "nothere.tar", "--key", "key.pub", status=2).says("nothere.tar")


@test
def bad_keys(w):
    """A key file that is missing, no key, or a private key where a public one belongs: status 2."""
    a = signed(w)
    w.write("nokey", "hello\n")
    w.ingot("verify", a, "--key", "nothere.pub", status=2).says("nothere.pub")
    w.ingot("verify", a, "--key", "nokey", status=2).says("public key 1")
    w.ingot("verify", a, status=2).says("--key")
    w.write("web.yaml", RECIPE)
    with mirror(w):
        w.build("web.yaml", "--key", "nokey", out="x.tar", status=2).says("no private key")
        w.build("web.yaml", "--key", "key.pub", out="x.tar", status=2)
    assert not (w / "x.tar").exists()


@test
def key_is_not_overwritten(w):
    """keygen does not replace a key that exists."""
    w.keys()
    was = (w / "key.key").read_bytes()
    w.ingot("keygen", "key", status=2, env={"INGOT_PASSPHRASE": ""}).says("exists", "key.pub")
    assert (w / "key.key").read_bytes() == was


main()
