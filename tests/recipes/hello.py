#!/usr/bin/python3
"""recipes/hello.yaml: compiled from locked packages, one static file in the image."""
from lib_recipes import *

_archive = {}


@test
def builds_and_runs(w):
    """hello: builds, holds one file of its own, and runs under ingot and podman."""
    archive = make(w, "hello")
    tree = paths_of(w, archive)
    files = [p for p, e in tree.items() if e["type"] == "f" and not p.startswith("etc/")]
    assert files == ["hello"], files
    assert w.ingot("run", archive).out == "hello, world\n"
    if under_podman in RUNNERS:
        p, name = podman_load(w, archive)
        assert "hello, world" in run([*p, "run", "--rm", "--read-only", "--network=host", "--cgroups=disabled", *LIMITS, name]).out
    # One line of the source changes: the packages stay where they are, only the compiler runs again.
    source = w / "hello" / "hello.c"
    source.write_text(source.read_text().replace("hello, world", "hello, ingot"))
    recipe = w / "hello.yaml"
    recipe.write_text(recipe.read_text().replace("hello, world", "hello, ingot"))
    w.ingot("build", "hello.yaml", "-o", "two.tar", "--unsigned", "--offline")
    assert w.ingot("run", "two.tar").out == "hello, ingot\n"


main()
