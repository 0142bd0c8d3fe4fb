#!/usr/bin/python3
"""SARIF reports are valid by the schema that others publish for it; ./dev test fetches that into build/schemas."""
import copy, pathlib, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
from lib import *
from mkimage import layer, layout

try:
    import jsonschema
except ImportError:
    jsonschema = None

SCHEMA = pathlib.Path(INGOT).resolve().parent.parent / "schemas" / "sarif-2.1.0.json"
FILES = {"web": (0o755, "x"), "a b%\u00fc": (0o4755, "x"), "usr": 0o755, "usr/suid": (0o6755, "x"), "odd\udcff": (0o4755, "x")}
RECIPE_OF = RECIPE.replace("user: web", "user: { root: because it must }") + """\
policy:
  allow:
    - { rule: setuid, path: /usr/suid, reason: "\u00e4 \\"reason\\"" }
    - { rule: setgid, path: /no/such, reason: none }
"""


def validator():
    if not jsonschema or not SCHEMA.exists():
        raise Skip("python3-jsonschema or build/schemas is missing: ./dev test installs both")
    schema = json.loads(SCHEMA.read_text())
    assert schema["title"].startswith("Static Analysis Results Format (SARIF) Version 2.1.0") and schema["additionalProperties"] is False
    jsonschema.Draft4Validator.check_schema(schema)
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())


def errors(v, log):
    return [f"{list(e.absolute_path)}: {e.message[:300]}" for e in v.iter_errors(log)]


@test
def sarif(w):
    """What check says of a recipe, of an image, of both together and of nothing at all is valid SARIF 2.1.0."""
    v = validator()
    w.write("web.yaml", RECIPE_OF)
    image, fine = layout(w / "image", [layer(FILES)], config={"User": ""}), layout(w / "fine", [layer({"web": (0o755, "x")})])
    results = 0
    for args in (["web.yaml"], [image], [image, "-f", "web.yaml"], [image, "-f", "web.yaml", "--profile", "release"], [fine]):
        log = w.ingot("check", *args, "--format", "sarif", status=None).json()
        assert not errors(v, log), (args, errors(v, log))
        results += len(log["runs"][0]["results"])
    assert results > 10, results


@test
def would_be_seen(w):
    """The validator sees a report that is none: every member of a result that is taken away, renamed or of another kind."""
    v = validator()
    w.write("web.yaml", RECIPE_OF)
    log = w.ingot("check", layout(w / "image", [layer(FILES)]), "-f", "web.yaml", "--format", "sarif", status=1).json()
    result = log["runs"][0]["results"][0]
    for key in [k for k in result if k != "properties"]:
        bad = copy.deepcopy(log)
        bad["runs"][0]["results"][0][key] = None
        assert errors(v, bad), key
        bad["runs"][0]["results"][0][key.upper()] = bad["runs"][0]["results"][0].pop(key)
        assert errors(v, bad), key
    for broken in ({"message": {}}, {"level": "fatal"}, {"ruleIndex": -2}, {"suppressions": [{"justification": "x"}]}):
        bad = copy.deepcopy(log)
        bad["runs"][0]["results"][0].update(broken)
        assert errors(v, bad), broken
    del log["runs"][0]["tool"]
    assert errors(v, log)


main()
