#!/usr/bin/python3
"""Bad recipes: status 2, file:line:column, the line with a caret, what to do; and nothing is broken by it."""
from lib import *


def bad(w, text, *words, status=2, where=None):
    """Neither lock nor check of such a recipe passes; a good recipe works right after."""
    w.write("web.yaml", text)
    r = w.lock(status=status)
    r.says(*words)
    if where:
        assert f"web.yaml:{where}" in r.err, f"no place {where}\n{r}"
    assert not (w / "web.lock.yaml").exists()
    return r


@test
def unknown_key(w):
    """An unknown key is named with its place and the nearest valid word."""
    r = bad(w, RECIPE.replace("  packages: [probe]", "  pakages: [probe]"), "pakages", "packages", where="7:3")
    assert "\n      ^" in r.err or "^" in r.err, str(r)


@test
def wrong_type(w):
    """A value of the wrong type is named with its place and what is expected."""
    bad(w, RECIPE.replace("entrypoint: [/usr/bin/probe]", "entrypoint: { a: b }"), "entrypoint", where="9")


@test
def duplicate_key(w):
    """A key given twice is refused."""
    bad(w, RECIPE + "  user: root\n", "user", where="10")


@test
def alias_bomb(w):
    """An alias bomb is refused quickly and in little memory."""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n" for p, c in zip("abcdefgh", "bcdefghi"))
    r = run([INGOT, "lock", w.write("web.yaml", "ingot: 1\n" + bomb)], status=2, timeout=20)
    r.says("web.yaml:")


@test
def deep_nesting(w):
    """Nesting without end is refused."""
    bad(w, "ingot: 1\nname: " + "[" * 5000 + "]" * 5000 + "\n", "web.yaml")


@test
def huge(w):
    """A recipe beyond the size limit is refused."""
    bad(w, "# " + "x" * (3 << 20) + "\n" + RECIPE, "limit")


@test
def not_yaml(w):
    """Text that is no YAML, is binary or is empty is refused with a place or a reason."""
    bad(w, "ingot: 1\n\t- [\n", "web.yaml")
    bad(w, b"\x00\xff\xfe\x01", "web.yaml")
    bad(w, "", "web.yaml")


@test
def unknown_version(w):
    """A recipe of another format version is refused."""
    bad(w, RECIPE.replace("ingot: 1", "ingot: 2"), "ingot", where="1")


@test
def missing_recipe(w):
    """A recipe that does not exist: its name and the system's reason."""
    w.ingot("lock", "nowhere.yaml", status=2).says("nowhere.yaml", "No such file")
    w.ingot("build", "nowhere.yaml", "--unsigned", "-o", "x", status=2).says("nowhere.yaml", "No such file")


@test
def missing_lock(w):
    """A build without a lock names the command that makes it."""
    w.write("web.yaml", RECIPE)
    with mirror(w):
        w.build(status=2).says("ingot lock")


@test
def stale_lock(w):
    """A build with a lock of another recipe names the command that mends it."""
    with locked(w):
        w.write("web.yaml", RECIPE.replace("[probe]", "[probe, gz]"))
        w.build(status=2).says("ingot lock")


@test
def damaged_lock(w):
    """A lock with a bad digest, a foreign key or a path out of the pool is refused with its place."""
    with locked(w):
        good = (w / "web.lock.yaml").read_text()
        for old, new in (("sha256: ", "sha256: zz"), ("ingot-lock: 1", "ingot-lock: 7"), ("path: pool/", "path: ../../"), ("date: ", "dote: ")):
            assert old in good, good
            w.write("web.lock.yaml", good.replace(old, new, 1))
            w.build(status=2).says("web.lock.yaml")
        w.write("web.lock.yaml", good)
        w.build()
    w.whole()


FILES = RECIPE.replace("sources:\n", "sources:\n  app: { files: %s, include: [%s] }\n").replace("  user: web", "  copy:\n    - { from: app, to: /srv }\n  user: web")


def bad_files(w, root, include, *words):
    w.write("web.yaml", FILES % (root, include))
    with mirror(w):
        r = w.lock(status=None)
        if r.status == 0:
            r = w.build(status=None)
    assert r.status == 2, str(r)
    r.says(*words)
    assert not (w / "web.oci.tar").exists()
    return r


@test
def missing_file(w):
    """A file that is not there is named, with the recipe's line."""
    w.write("app/x", "x")
    bad_files(w, "app", "nothere.html", "nothere.html")


@test
def outside_the_context(w):
    """A files source cannot lie outside the recipe's directory."""
    w.write("secret", "s")
    (w / "sub").mkdir()
    for root in ("..", "/etc", "sub/../.."):
        bad_files(w, root, "'**'", "web.yaml:")
    w.write("app/x", "x")
    bad_files(w, "app", "../secret", "web.yaml:")


@test
def symlink_out_of_the_context(w):
    """A symlink in a path that the recipe names is not followed; the message names it."""
    w.write("secret/key", "s")
    w.write("ctx/real/x", "x")
    (w / "ctx" / "out").symlink_to(w / "secret")
    (w / "ctxlink").symlink_to("secret")
    bad_files(w, "ctx/out", "key", "out")
    bad_files(w, "ctxlink", "key", "ctxlink")
    bad_files(w, "ctx", "out/key", "out")


@test
def special_files(w):
    """A FIFO where a file is named is refused at once instead of being waited for."""
    (w / "app").mkdir()
    os.mkfifo(w / "app" / "pipe")
    bad_files(w, "app", "pipe", "pipe")


@test
def unknown_stage(w):
    """Copying from a stage that does not exist names it and its place."""
    bad(w, RECIPE.replace("  user: web", "  copy:\n    - { from: bulid, path: /x, to: /y }\n  user: web"), "bulid", where="9")


@test
def circular_stages(w):
    """Stages that need each other are refused."""
    stage = "    steps:\n      - copy: { from: %s, path: /x, to: /x }\n"
    bad(w, "ingot: 1\nname: web\nstages:\n  a:\n" + stage % "b" + "  b:\n" + stage % "a" + "image:\n  copy:\n    - { from: a, path: /x, to: /x }\n  user: web\n  entrypoint: [/x]\n", "a", "b")


@test
def root_needs_a_reason(w):
    """Running as root needs its reason in the recipe."""
    bad(w, RECIPE.replace("user: web", "user: root"), "root", "reason")
    bad(w, RECIPE.replace("user: web", "user: { name: web, uid: 0 }"), "uid", "1 to")


@test
def nothing_was_broken(w):
    """After all kinds of bad recipes a good one builds in the same store."""
    for text in ("", "x", RECIPE.replace("image", "imoge")):
        w.write("web.yaml", text)
        w.lock(status=2)
    with locked(w):
        w.build()
    w.whole()


main()
