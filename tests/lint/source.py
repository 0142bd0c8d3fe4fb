"""Checks on the text of the project: they need no build. Each returns a list of findings."""
import functools, pathlib, re, subprocess

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
MAX_FILE, MAX_FUNCTION = 500, 80
# Each of these either cannot be used safely, or reaches a file by a path that someone else could have shaped, or hides a branch.
BANNED = """strcpy strcat strncpy strncat sprintf vsprintf gets strtok strtok_r system popen alloca realpath chdir atoi atol atoll atof strtol strtoul strtoll
strtoull scanf sscanf fscanf tmpnam mktemp tempnam rand srand wordexp goto""".split()
BAD_NAMES = re.compile(r"^(utils?|misc|common|helpers?|stuff|linux|database)\.[ch]$")


@functools.lru_cache
def tracked():
    """Files under version control (and new ones that would be); without git, everything but build output."""
    r = subprocess.run(["git", "-C", TOP, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    if r.returncode == 0:
        names = r.stdout.splitlines()
    else:
        names = [str(p.relative_to(TOP)) for p in TOP.rglob("*") if not re.match(r"build[^/e]*/|\.git/", str(p.relative_to(TOP)))]
    return [n for n in sorted(names) if (TOP / n).is_file() and not (TOP / n).is_symlink()]


@functools.lru_cache
def text(name):
    return (TOP / name).read_text(errors="replace")


@functools.lru_cache
def code(name):
    """The C code of a file: comments and literals blanked out, lines kept."""
    blank = lambda m: re.sub(r"[^\n]", " ", m.group(0)) if m.group(0)[0] == "/" else m.group(0)[0] + re.sub(r"[^\n]", " ", m.group(0)[1:-1]) + m.group(0)[-1]
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text(name), flags=re.S)


def c_files(*below):
    return [n for n in tracked() if n.endswith((".c", ".h")) and n.startswith(below)]


def rooms():
    # A header belongs to the room that has a source file of its name; the table is for the others.
    owner = {pathlib.Path(n).stem: n.split("/")[1] for n in c_files("builder/") if n.endswith(".c") and n.count("/") == 2}
    level, also = {}, {}
    for line in (HERE / "layers").read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        number, room, *headers = line.split()
        level[room] = int(number)
        also[room] = {h[1:] for h in headers if h.startswith("+")}
        owner.update({h: room for h in headers if not h.startswith("+")})
    return level, owner, also


def layers(build):
    """Arrows between rooms go down only.

    A public header counts as a file of the room that owns it; cli includes nothing but public headers.
    """
    level, owner, also = rooms()
    found = []
    for name in c_files("builder/", "include/ingot/"):
        room = owner.get(pathlib.Path(name).stem) if name.startswith("include/") else name.split("/")[1]
        if room not in level:
            found.append(f"{name}: which room owns this? say so in tests/lint/layers")
            continue
        for n, line in enumerate(text(name).splitlines(), 1):
            m = re.match(r'\s*#\s*include\s+(?:<ingot/([a-z_0-9]+)\.(?:h|def)>|"([^"]+)")', line)
            if not m:
                continue
            if m.group(1):
                other = owner.get(m.group(1))
                if other is None:
                    found.append(f"{name}:{n}: which room owns <ingot/{m.group(1)}.h>? say so in tests/lint/layers")
                elif other != room and level[other] >= level[room] and other not in also[room]:
                    found.append(f"{name}:{n}: {room} ({level[room]}) may not use {other} ({level[other]}): <ingot/{m.group(1)}.h>")
            elif "/" in m.group(2):
                parts = (TOP / name).parent.joinpath(m.group(2)).resolve().relative_to(TOP).parts
                if parts[:2] != ("builder", room):
                    found.append(f"{name}:{n}: the private header of another room: {m.group(2)}")
    return found


def banned(build):
    """No banned function and no goto."""
    word = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(|\b(goto)\b")
    return [f"{name}:{n}: {m.group(1) or m.group(2)}" for name in c_files("builder/", "include/")
            for n, line in enumerate(code(name).splitlines(), 1) for m in word.finditer(line)]


def file_names(build):
    """No file whose name says nothing (util, misc, common, helper)."""
    return [n for n in c_files("builder/", "include/") if BAD_NAMES.match(pathlib.Path(n).name) and n != "include/ingot/helper.h"]


def file_length(build):
    """No source file longer than 500 lines."""
    kinds = (".c", ".h", ".py", ".sh", ".build", ".def")
    return [f"{n}: {len(text(n).splitlines())} lines" for n in tracked()
            if (n.endswith(kinds) or n in ("dev", "tests/run")) and len(text(n).splitlines()) > MAX_FILE]


def function_length(build):
    """No function longer than 80 lines."""
    found = []
    for name in c_files("builder/", "include/", "tests/"):
        start, previous = None, ""
        for n, line in enumerate(code(name).splitlines(), 1):
            if line.startswith("{") and previous.rstrip().endswith(")"):
                start, head = n, previous.strip()
            elif line.startswith("}") and start:
                if n - start + 2 > MAX_FUNCTION:
                    found.append(f"{name}:{start - 1}: {n - start + 2} lines: {head}")
                start = None
            if line.strip():
                previous = line
    return found


def indentation(build):
    """C is indented with tabs, without trailing blanks."""
    return [f"{name}:{n}: {'blanks at the end' if line.rstrip() != line else 'indented with spaces'}" for name in c_files("builder/", "include/", "tests/")
            for n, line in enumerate(text(name).splitlines(), 1) if line.rstrip() != line or re.match(r"    +[^ *]", line)]


def hosts(build):
    """No registry or mirror of this machine is named."""
    sources = [p for p in [pathlib.Path("/etc/apt/sources.list"), *pathlib.Path("/etc/apt/sources.list.d").glob("*")] if p.is_file()]
    names = {h for p in sources for h in re.findall(r"https?://([^/\s\]]+)", p.read_text(errors="replace"))}
    return [f"{n}:{i}: {h}" for n in tracked() for i, line in enumerate(text(n).splitlines(), 1) for h in names if h in line]


def private_keys(build):
    """No private key, no program and no object file under version control."""
    found = [f"{n}: a private key" for n in tracked() if re.search(r"^-----BEGIN ([A-Z]+ )*PRIVATE KEY-----$", text(n), re.M)]
    return found + [f"{n}: a binary" for n in tracked() if (TOP / n).open("rb").read(4) in (b"\x7fELF", b"!<ar") and "/corpus/" not in n]


def headers(build):
    """Every header stands alone and says what it is for."""
    found = []
    for name in c_files("include/"):
        if name.endswith(".h") and not re.match(r"/\* [\w.]+\.h - ", text(name)):
            found.append(f"{name}:1: begin with /* {pathlib.Path(name).name} - what it is for")
        if name.endswith(".h") and "#pragma once" not in text(name):
            found.append(f"{name}: no #pragma once")
    return found


CHECKS = [layers, banned, file_names, file_length, function_length, indentation, hosts, private_keys, headers]
