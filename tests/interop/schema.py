#!/usr/bin/python3
"""The JSON Schema of recipes, read by another implementation (python3-jsonschema), agrees with the program about recipes."""
import pathlib, re, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
from lib import *

try:
    import jsonschema, yaml
except ImportError:
    jsonschema = None


def core_loader():
    """YAML 1.2's core schema, as editors apply it; PyYAML itself still reads yes, on and 010 as YAML 1.1 did."""

    class Core(yaml.SafeLoader):
        yaml_implicit_resolvers = {}

    for tag, pattern, first in (("null", r"~|null|", ["~", "n", ""]), ("bool", r"true|false", "tf"), ("int", r"[-+]?[0-9]+|0x[0-9a-fA-F]+", "-+0123456789"),
                                ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789")):
        Core.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(f"^(?:{pattern})$"), list(first))
    Core.add_constructor("tag:yaml.org,2002:int", lambda l, n: int(l.construct_scalar(n), 0 if "x" in n.value else 10))
    return Core


def schema():
    if not jsonschema:
        raise Skip("python3-jsonschema and python3-yaml are not installed")
    return json.loads((TOP / "recipes/schema.json").read_text())


def load(path):
    return yaml.load(path.read_text(), core_loader())


def parts(node, path=""):
    """Every schema that describes a mapping, with its path."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield path, node
        for k, v in node.items():
            yield from parts(v, f"{path}/{k}")
    elif isinstance(node, list):
        for i, v in enumerate(node):
            yield from parts(v, f"{path}/{i}")


@test
def is_draft_7(w):
    """It is a valid draft-07 schema; every property has a description, no mapping takes unknown keys, examples and defaults hold."""
    s = schema()
    jsonschema.Draft7Validator.check_schema(s)
    assert s["$schema"] == "http://json-schema.org/draft-07/schema#" and s["title"] and s["$id"]
    count = 0
    for path, part in parts(s):
        assert part["additionalProperties"] is False, path
        for key, p in part["properties"].items():
            assert p.get("description"), f"{path}: {key}"
            for value in p.get("examples", []) + ([p["default"]] if "default" in p else []):
                jsonschema.Draft7Validator({**p, "definitions": s["definitions"]}).validate(value)
                count += 1
    assert count > 50, count


@test
def is_what_the_program_prints(w):
    """`ingot schema` prints recipes/schema.json."""
    assert run([INGOT, "schema"]).out == (TOP / "recipes/schema.json").read_text()


@test
def accepts_what_the_program_accepts(w):
    """Every golden recipe and every recipe of recipes/ is valid."""
    v, n = jsonschema.Draft7Validator(schema()), 0
    for f in sorted([*(TOP / "tests/golden/recipe").glob("*.yaml"), *(TOP / "recipes").glob("*.yaml")]):
        if f.name.endswith(".lock.yaml"):
            continue
        errors = [f"{list(e.absolute_path)}: {e.message}" for e in v.iter_errors(load(f))]
        assert not errors, f"{f.name}: {errors}"
        n += 1
    assert n >= 20, n


@test
def refuses_what_it_can(w):
    """Every must-fail recipe that is marked [schema] is invalid by the schema, too."""
    v, n, passed = jsonschema.Draft7Validator(schema()), 0, []
    for f in sorted((TOP / "tests/mustfail/recipe").glob("*.yaml")):
        first = f.read_bytes().split(b"\n")[0].decode()
        if "[schema]" in first:
            passed += [f.name] if v.is_valid(load(f)) else []
            n += 1
    assert not passed and n >= 60, (n, passed)


main()
