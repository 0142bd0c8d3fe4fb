#!/usr/bin/python3
"""Secrets of a step: a file for it alone, masked in output, searched for before anything goes out."""
import base64, gzip, urllib.parse
from lib_options import *


# --- secrets ---

@test
def secret_is_a_file(w):
    """A secret is a file that only the step's user can read, with exactly the given bytes; in no variable, no argument, and not in the next step."""
    built(w, steps("""run: |
  mkdir /out
  ls -ln /run/secrets/token > /out/mode
  ls -a /run/secrets > /out/names
  id -u > /out/uid
  sha256sum < /run/secrets/token > /out/sum
  env > /out/env
  tr '\\0' '\\n' < /proc/self/cmdline > /out/args
  cat /proc/self/mountinfo > /out/mounts
secrets: [token]
""", "run: |\n  ls /run > /out/after\n  ls /run/secrets > /out/gone 2>&1 || true"), *SECRET)
    assert content(w, "srv/sum").split()[0] == hashlib.sha256((TOKEN + "\n").encode()).hexdigest()
    mode = content(w, "srv/mode").split()
    assert mode[0].startswith("-r--------") and mode[2] == content(w, "srv/uid").strip(), mode
    assert content(w, "srv/names").split() == [".", "..", "token"]
    assert TOKEN not in content(w, "srv/env") and TOKEN not in content(w, "srv/args")
    assert "secrets" not in content(w, "srv/after") and "No such file" in content(w, "srv/gone")


@test
def secret_of_a_user(w):
    """With user:, the file belongs to that user."""
    built(w, steps("run: mkdir -m 777 /out /a", "run: |\n  ls -ln /run/secrets/token > /out/mode\n  cat /run/secrets/token > /dev/null\nsecrets: [token]\nuser: 1234", "run: chmod 755 /out"), *SECRET)
    assert content(w, "srv/mode").split()[2] == "1234"


@test
def secret_from_a_variable(w):
    """A secret can come from a variable of the caller, which the step itself does not get."""
    built(w, steps("run: |\n  mkdir /out\n  sha256sum < /run/secrets/token > /out/sum\n  env > /out/env\nsecrets: [token]"), "--secret", "id=token,env=MY_TOKEN", env={"MY_TOKEN": TOKEN})
    assert content(w, "srv/sum").split()[0] == hashlib.sha256(TOKEN.encode()).hexdigest()
    assert "MY_TOKEN" not in content(w, "srv/env")


@test
def secret_is_nowhere(w):
    """After builds that used a secret, printed it and failed with it, it is nowhere in the store, the lock, the archive or what was said."""
    said = built(w, steps("run: |\n  cat /run/secrets/token\n  cat /run/secrets/token >&2\n  base64 /run/secrets/token || true\n  mkdir /out && touch /out/x\nsecrets: [token]"), "-v", "--format", "json", *SECRET)
    failed = built(w, steps("run: |\n  echo before; cat /run/secrets/token; exit 3\nsecrets: [token]"), "-v", *SECRET, status=5)
    for r in said, failed:
        for form in TOKEN, base64.b64encode(TOKEN.encode()).decode()[:20], HEX:
            assert form not in r.out + r.err, f"{form}\n{r}"
        assert "***" in r.err, r
    failed.says("before | ***")
    (w / "token").unlink()
    for path, data in everything_below(w.dir):
        assert TOKEN.encode() not in data, path


@test
def secret_in_pieces(w):
    """A secret that arrives in pieces, or in the middle of a long line, is masked all the same; what only begins like one is shown."""
    r = built(w, steps("""run: |
  mkdir /out; touch /out/x
  head -c 9 /run/secrets/token; sleep 0.3; tail=$(cat /run/secrets/token); printf '%s\\n' "${tail#?????????}"
  i=0; while [ $i -lt 1365 ]; do printf 'abc'; i=$((i+1)); done; cat /run/secrets/token
  head -c 9 /run/secrets/token; echo ; echo the-end
secrets: [token]
"""), *SECRET)
    said = "".join(l.split(" | ", 1)[1] for l in r.err.splitlines() if l.startswith("make 1/1 | "))
    assert TOKEN not in said and TOKEN[9:] not in said, r
    assert said == "***" + "abc" * 1365 + "***" + TOKEN[:9] + "the-end", r


@test
def secret_of_many_lines(w):
    """Of a key of many lines each line is masked, too."""
    w.write("key", "-----BEGIN THING-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nqhkiG9w0BAQEFAASCMIIEvQIBADANBgk\n-----END THING-----\n")
    r = built(w, steps("run: |\n  mkdir /out && touch /out/x\n  cat /run/secrets/key\n  while read line; do echo \"line: $line\"; done < /run/secrets/key\nsecrets: [key]"), "--secret", "id=key,src=key")
    assert "MIIEvQIBAD" not in r.err and "line: ***" in r.err, r


@test
def secret_missing(w):
    """A secret that was not given is an error at the recipe's line, with the option to give it; also when the step's result is there already."""
    for _ in range(2):
        r = built(w, steps(USE), status=2)
        r.says("web.yaml:12:19", '"token"', "--secret id=token,src=FILE", "secrets: [token]\n")
        assert not (w / "web.oci.tar").exists()
        built(w, steps(USE), *SECRET, out="other.tar")


@test
def secret_options(w):
    """Wrong --secret options are usage errors: no id, no origin, two, twice, unreadable, empty, a directory, too large."""
    w.write("web.yaml", steps(USE))
    w.write("empty", "")
    w.write("large", "x" * 300000)
    with mirror(w):
        w.lock()
        for option in "token", "id=token", "src=token", "id=token,src=a,env=b", "id=token,src=", "id=token,file=a", "id=token,src=nothere", "id=token,src=empty", "id=token,src=.", \
                "id=token,src=large", "id=token,env=NOT_SET_AT_ALL", "":
            r = w.build("web.yaml", "--secret", option, status=2)
            r.says("secret")
        w.build("web.yaml", "--secret", "id=token,src=empty", "--secret", "id=token,src=large", status=2).says("twice")


@test
def secret_key(w):
    """The name of a secret is part of the step's key, its value is not; and no file is read that no step asks for."""
    w.write("a", "value-one")
    w.write("b", "value-two")
    w.write("web.yaml", steps("run: mkdir /out && touch /out/x\nsecrets: [token]"))
    with mirror(w):
        w.lock()
        assert w.build("web.yaml", "--format", "json", "--secret", "id=token,src=a").json()["steps_run"] == 1
        assert w.build("web.yaml", "--format", "json", "--secret", "id=token,src=b").json()["steps_run"] == 0
        w.write("web.yaml", steps("run: mkdir /out && touch /out/x\nsecrets: [other]"))
        r = w.build("web.yaml", "--format", "json", "--secret", "id=other,src=a", "--secret", "id=token,src=nothere")
        assert r.json()["steps_run"] == 1
        r.says("no step", "token")


# --- the search ---

def leak(w, how, *more, status=5, image="", **kw):
    return built(w, steps("run: |\n  mkdir /out\n  S=$(cat /run/secrets/token)\n  " + how + "\nsecrets: [token]"), *SECRET, *more, status=status, **kw)


@test
def leak_in_a_file(w):
    """A secret that a step leaves in the image stops the build before anything is written; path, form, name and step are said. Again in the next build."""
    for _ in range(2):
        r = leak(w, "printf %s \"head $S tail\" > /out/config.ini")
        r.says("/srv/config.ini", "token", "as it is", "copy from make", "make 1/1", "nothing was written")
        assert not (w / "web.oci.tar").exists()
    # With another value now, what the last one left behind must not come from the store.
    w.write("token", "another-value")
    w.write("web.yaml", steps("run: |\n  mkdir /out\n  S=$(cat /run/secrets/token)\n  printf %s \"head $S tail\" > /out/config.ini\nsecrets: [token]"))
    with mirror(w):
        w.build("web.yaml", *SECRET, status=5).says("config.ini")


@test
def leak_in_a_stage_only(w):
    """A secret in a stage that does not reach the image is a warning."""
    r = built(w, steps("run: |\n  cat /run/secrets/token > /netrc\n  mkdir /out && touch /out/x\nsecrets: [token]"), *SECRET)
    r.says("warning", "/netrc", "token")
    assert paths_of(w, "web.oci.tar")["srv/x"]


@test
def leak_forms(w):
    """base64 at every position and in both alphabets, hex, URL-encoded, JSON, gzip: each is found, and named; and so are names of files and targets of links."""
    for where, data in {"b64-0": base64.b64encode(TOKEN.encode()), "b64-1": base64.b64encode(b"x" + TOKEN.encode() + b"yz"), "b64-2": base64.urlsafe_b64encode(b"xy" + TOKEN.encode() + b"z"),
                        "hex": HEX.encode(), "hex-up": HEX.upper().encode(), "url": urllib.parse.quote(TOKEN, safe="").encode(), "form": urllib.parse.quote_plus(TOKEN).encode(),
                        "json": json.dumps({"a": TOKEN}).encode(), "gzip": gzip.compress(b"x" * 100000 + TOKEN.encode()), "gzip-within": b"\x1f\x8b\x08\xff" + b"z" * 200000 + gzip.compress(TOKEN.encode()),
                        "gzip-base64": gzip.compress(base64.b64encode(TOKEN.encode())), "edge": b"e" * (131072 - 5) + TOKEN.encode()}.items():
        w.write("leak/file", data)
        text = steps(USE).replace("sources:", "sources:\n  here: { files: leak, include: [file] }").replace("  copy:\n", "  copy:\n    - { from: here, to: /etc/ }\n")
        r = built(w, text, *SECRET, status=5, out="never.tar")
        r.says("/etc/file", "token", {"b": "in base64", "h": "in hex", "u": "url-encoded", "f": "url-encoded", "j": "JSON", "g": "gzip", "e": "as it is"}[where[0]], "copy from here")
        assert not (w / "never.tar").exists(), where
    w.write("leak/file", gzip.compress(b"nothing here") + b"\x1f\x8b\x08\x00 no gzip")
    built(w, text, *SECRET)


@test
def leak_in_a_name(w):
    """A secret as a file's name or a link's target is found."""
    w.write("token", "plain-token-value")
    for how in 'touch "/out/$S"', 'ln -s "$S" /out/link':
        w.write("web.yaml", steps("run: |\n  mkdir /out\n  S=$(cat /run/secrets/token)\n  " + how + "\nsecrets: [token]"))
        with mirror(w):
            w.lock("web.yaml", "--update")
            w.build("web.yaml", *SECRET, status=5).says("holds the secret token", "as it is")


@test
def leak_in_a_cache(w):
    """A cache in which a step left a secret is not kept: it would be there in builds that are not given it. The rest of the step's work stands."""
    step = "run: |\n  mkdir /out\n  touch /out/x\n  ls -a /var/cache/c > /out/was\n  %s\ncache: [/var/cache/c]"
    for how in "cp /run/secrets/token /var/cache/c/netrc", 'touch "/var/cache/c/$(cat /run/secrets/token)"':
        w.write("token", "plain-token-value")
        w.write("web.yaml", steps(step % ("echo 1 > /var/cache/c/good\n  " + how) + "\nsecrets: [token]"))
        with mirror(w):
            w.lock("web.yaml", "--update")
            r = w.build("web.yaml", *SECRET)
            r.says("/var/cache/c", "stays as it was", "holds the secret token")
        built(w, steps(step % how.replace("/run/secrets/token", "/dev/null")))
        assert "good" not in content(w, "srv/was")


@test
def leak_in_attributes(w):
    """A secret as the name or value of an extended attribute is found."""
    w.write("token", "plain-token-value")
    probe = pathlib.Path(os.environ["INGOT"]).parents[1] / "tests" / "unit" / "step_probe"
    if not probe.exists():
        raise Skip("no step_probe beside this program")
    (w / "leak").mkdir()
    shutil.copy(probe, w / "leak" / "p")
    text = steps("run: |\n  mkdir /out\n  touch /out/x\n  S=$(cat /run/secrets/token)\n  /p %s\nsecrets: [token]")
    text = text.replace("sources:", "sources:\n  here: { files: leak, include: [p] }").replace("    steps:\n", "    steps:\n      - copy: { from: here, to: / }\n")
    for how in 'xattr /out/x user.a "$S"', 'xattr /out/x "user.$S" a':
        w.write("web.yaml", text % how)
        with mirror(w):
            w.lock("web.yaml", "--update")
            w.build("web.yaml", *SECRET, status=5).says("holds the secret token")


@test
def leak_in_the_config(w):
    """A secret in a label, a variable or the name of the image is found."""
    w.write("token", "plain-token-value")
    for more in "  labels: { a: bplain-token-valueb }\n", "  env: { A: plain-token-value }\n", "  cmd: [plain-token-value]\n", "  reference: registry.example.org/plain-token-value/web\n":
        w.write("web.yaml", steps(USE) + more)
        with mirror(w):
            w.lock("web.yaml", "--update")
            for _ in range(2):
                w.build("web.yaml", *SECRET, status=2).says("holds the secret token", "nothing was written")
    assert not (w / "web.oci.tar").exists()


main()
