#!/usr/bin/python3
"""The store was damaged between two builds: what is damaged is a miss, and the build gives the same image at once."""
from lib import *

AGAIN = "building again"


def damage(path, how):
    """Change a file as a bad disk, a full one or a careless hand would."""
    data = path.read_bytes()
    path.chmod(0o644)
    if how == "flip":
        path.write_bytes(bytes([*data[: len(data) // 2], data[len(data) // 2] ^ 4, *data[len(data) // 2 + 1 :]]))
    elif how == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif how == "grow":
        path.write_bytes(data + b"\0" * 100)
    elif how == "directory":
        path.unlink()
        path.mkdir()
    else:
        assert how == "gone"
        path.unlink()


def stepped(w):
    """An image with a package, a step and a copy in it, built once; its archive's bytes."""
    w.write("web.yaml", steps("run: mkdir /out && echo made > /out/file"))
    w.lock()
    w.build()
    return (w / "web.oci.tar").read_bytes()


def files(store, *kinds):
    return sorted(p.relative_to(store) for d in kinds for p in (store / d).rglob("*") if p.is_file())


def forget(store, *kinds):
    """The references of a kind: what they stood for is made again from what lies below it."""
    for kind in kinds:
        shutil.rmtree(store / "refs" / kind)


def same_at_once(w, want, what, *more):
    (w / "d.tar").unlink(missing_ok=True)
    r = w.build("web.yaml", *more, out="d.tar", status=None)
    assert r.status == 0, f"{what}: not healed\n{r}"
    assert (w / "d.tar").read_bytes() == want, f"{what}: another image\n{r}"
    assert r.err.count("warning: store") <= 1 and r.err.count(AGAIN) <= 1, f"{what}\n{r}"
    if AGAIN in r.err:
        assert how_named(r), f"{what}: what is damaged is not named\n{r}"
    return r


def how_named(r):
    """Either a warning that says what was set aside, or (it was gone) the reason names the digest."""
    return ("is damaged; it was set aside" in r.err) != ("missing" in r.err) and "sha256:" in r.err


@test
def any_damage_is_a_miss(w):
    """Any object, pack or reference flipped, cut, grown or gone, each layer of the cache in turn: the same image at once, exit 0."""
    again = found = 0
    with mirror(w):
        want = stepped(w)
        good = w.dir / "good"
        w.store.rename(good)
        for forgotten in ((), ("image", "layer"), ("image", "layer", "deb"), ("image", "layer", "step")):
            for i, victim in enumerate(files(good, "objects", "packs") + files(good, "refs")[::3]):
                if victim.parts[0] == "refs" and victim.parts[1] in forgotten:
                    continue
                for how in ("flip", ("cut", "grow", "directory", "gone")[i % 4]):
                    shutil.rmtree(w.store, ignore_errors=True)
                    shutil.copytree(good, w.store, symlinks=True)
                    forget(w.store, *forgotten)
                    if "step" in forgotten:
                        shutil.rmtree(w.store / "checkouts")
                    damage(w.store / victim, how)
                    r = same_at_once(w, want, f"{victim}: {how}, without {' '.join(forgotten) or 'nothing'}")
                    again += AGAIN in r.err
                    found += "is damaged" in r.err
    # Or it has tried nothing: most damage is a miss without more ado, some is met half way.
    assert found >= 40 and again >= 8, (found, again)


@test
def damaged_layer(w):
    """A layer of the last build flipped, cut or gone: named once, made again from the packages, nothing else is."""
    with locked(w):
        layer = w.build("web.yaml", "--format", "json").json()["layers"][0]["digest"].removeprefix("sha256:")
        want = (w / "web.oci.tar").read_bytes()
        for how in ("flip", "cut", "grow"):
            damage(w.store / "objects" / layer[:2] / layer[2:], how)
            r = same_at_once(w, want, how)
            assert AGAIN in r.err and layer[2:] in r.err and "decod" not in r.err, str(r)
            assert AGAIN not in same_at_once(w, want, "after it").err
        w.whole()


@test
def damaged_package_file(w):
    """A .deb of the store that was changed since it was fetched is fetched again by the build that meets it; without a mirror it is named."""
    with mirror(w):
        want = stepped(w)
        deb = max(files(w.store, "objects"), key=lambda p: (w.store / p).stat().st_size if (w.store / p).read_bytes().startswith(b"!<arch>") else 0)
        for how in ("flip", "cut"):
            damage(w.store / deb, how)
            forget(w.store, "image", "layer", "deb")
            assert AGAIN in same_at_once(w, want, how).err
        damage(w.store / deb, "flip")
        forget(w.store, "image", "layer", "deb")
        w.build("web.yaml", "--offline", out="o.tar", status=3).says("is damaged", AGAIN, "offline")
        w.whole()


@test
def damaged_twice(w):
    """Damage that the second attempt meets as well ends the build as a fault, and the next run goes on from there."""
    with mirror(w):
        want = stepped(w)
        manifest = json.loads(blob(w / "web.oci.tar", manifest_digest(w / "web.oci.tar")))
        for l in manifest["layers"]:
            damage(w.store / "objects" / l["digest"][7:9] / l["digest"][9:], "flip")
        for p in files(w.store, "packs"):
            damage(w.store / p, "flip")
        runs = []
        for _ in range(6):
            runs.append(w.build(out="d.tar", status=None))
            if runs[-1].status == 0:
                break
        first, last = runs[0], runs[-1]
        assert first.status == 70 and first.err.count(AGAIN) == 1, str(first)
        first.says("is damaged", "run the command again")
        assert last.status == 0 and (w / "d.tar").read_bytes() == want, str(last)


@test
def damaged_checkout(w):
    """The files laid out for a step are gone, cut short of their marker, or no directory: laid out again."""
    with mirror(w):
        want = stepped(w)
        for name, how in (("complete", "flip"), ("complete", "gone"), ("root", "gone"), ("root", "file"), ("", "file")):
            [checkout] = (w.store / "checkouts").iterdir()
            victim = checkout / name
            if victim.is_dir():
                shutil.rmtree(victim)
            if how == "file":
                victim.write_text("no directory\n")
            elif how == "flip":
                damage(victim, how)
            else:
                victim.unlink(missing_ok=True)
            same_at_once(w, want, f"{name or 'the whole'}: {how}", "--no-cache")
        w.whole()


@test
def through_a_pipe(w):
    """What cannot be done twice is not: half an archive is not followed by a whole one, and a key from a pipe is read once."""
    key, _ = w.keys()
    with locked(w):
        layer = w.build("web.yaml", "--format", "json").json()["layers"][0]["digest"].removeprefix("sha256:")
        want = (w / "web.oci.tar").read_bytes()
        at = w.store / "objects" / layer[:2] / layer[2:]
        build = ("build", "web.yaml", *w.options)
        damage(at, "flip")
        r = w.ingot(*build, "--unsigned", "-o", "-", status=70, binary=True)
        assert AGAIN not in r.err and len(r.out) < len(want) and r.out[:512] == want[:512]
        assert w.ingot(*build, "--unsigned", "-o", "-", binary=True).out == want
        damage(at, "flip")
        p, q = os.pipe()
        os.write(q, key.read_bytes())
        os.close(q)
        r = w.ingot(*build, "--key", f"/dev/fd/{p}", "-o", "k.tar", status=70, pass_fds=(p,), env={"INGOT_PASSPHRASE": ""})
        os.close(p)
        assert AGAIN not in r.err and not (w / "k.tar").exists(), str(r)
        r.says("is damaged", "run the command again")


main()
