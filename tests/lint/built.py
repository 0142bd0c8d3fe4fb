"""Checks on what the compiler and the linker made. Each returns a list of findings."""
import pathlib, re, subprocess

HERE = pathlib.Path(__file__).resolve().parent
# The library neither prints nor ends the process; ingot_panic() writes and calls _exit().
SILENT = set("printf fprintf vprintf vfprintf dprintf puts putchar fputs fputc putc perror psignal err errx warn warnx syslog exit abort stdout stderr "
             "__printf_chk __fprintf_chk __vprintf_chk __vfprintf_chk __dprintf_chk".split())


def output(*argv):
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, errors="replace").stdout


def objects(build, pattern="*.p"):
    return [o for d in (build / "builder").glob(pattern) for o in d.rglob("*.o")]


def short(build, path):
    return str(path.relative_to(build))


def symbols(path):
    """(type, name) of every symbol of an object or archive."""
    return [(m.group(1), m.group(2)) for m in re.finditer(r"^(?:[0-9a-f]+)?\s+([A-Za-z]) (\S+)$", output("nm", path), re.M)]


def writable_data(build):
    """No writable global data outside cli."""
    found = []
    for o in objects(build):
        if o.parent.name == "ingot.p":
            continue
        for m in re.finditer(r"\s(\.(?:data|bss|tdata|tbss)\S*)\s+\S+\s+\S+\s+\S+\s+([0-9a-f]+)", output("readelf", "-SW", o)):
            if int(m.group(2), 16) and not m.group(1).startswith(".data.rel.ro"):
                names = [n for t, n in symbols(o) if t in "dDbB"]
                found.append(f"{short(build, o)}: {int(m.group(2), 16)} bytes in {m.group(1)}: {' '.join(names[:5])}")
    return found


def exported(build):
    """Everything that the library offers is named ingot_; what a room shares inside is hidden and takes no name of another library."""
    foreign = re.compile("(archive|curl|json|fy|solv|pool|repo|cap|seccomp|EVP|SSL|ZSTD|lzma|libdeflate|LZ4)_", re.I)
    found = []
    for o in objects(build, "lib*.a.p"):
        for m in re.finditer(r"^\s*\d+: \S+\s+\d+ (?:FUNC|OBJECT)\s+(?:GLOBAL|WEAK)\s+(\S+)\s+\d+ (\S+)", output("readelf", "-sW", o), re.M):
            if not m.group(2).startswith("ingot_") and (m.group(1) != "HIDDEN" or foreign.match(m.group(2))):
                found.append(f"{short(build, o)}: {m.group(2)}")
    return found


def silent(build):
    """The library does not print and does not exit."""
    return [f"{short(build, o)}: {n}" for o in objects(build, "lib*.a.p") for t, n in symbols(o) if t == "U" and n in SILENT]


def core(build):
    """core uses base, memory and strings, and no system call."""
    allowed = {w for line in (HERE / "core-symbols").read_text().splitlines() if not line.startswith("#") for w in line.split()}
    own = {n for a in ("libingot-base.a", "libingot-core.a") for t, n in symbols(build / "builder" / a) if t not in "U"}
    return [f"{short(build, o)}: {n}" for o in objects(build, "libingot-core.a.p") for t, n in symbols(o) if t == "U" and n not in allowed | own]


def links(build):
    """Each program links what its row of tests/lint/links allows."""
    table = {}
    for line in (HERE / "links").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, *libs = line.split()
            table[name] = set(libs) | {"libc", "ld-linux-x86-64", "ld-linux-aarch64"}
    found = []
    for p in sorted((build / "builder").glob("ingot*")):
        if not p.is_file():
            continue
        if p.name not in table:
            found.append(f"{p.name}: no row in tests/lint/links")
            continue
        for lib in re.findall(r"\(NEEDED\)[^\[]*\[([^\]]+)\]", output("readelf", "-dW", p)):
            if re.sub(r"\.so.*", "", lib) not in table[p.name]:
                found.append(f"{p.name}: {lib}")
    return found


def hardened(build):
    """Programs are position independent, with full RELRO and no executable stack."""
    found = []
    for p in sorted((build / "builder").glob("ingot*")):
        if not p.is_file():
            continue
        text = output("readelf", "-hldW", p)
        for what, pattern in (("PIE", r"Type:\s+DYN"), ("RELRO", r"GNU_RELRO"), ("BIND_NOW", r"FLAGS.*NOW|BIND_NOW"), ("stack", r"GNU_STACK\s.*\sRW\s")):
            if not re.search(pattern, text):
                found.append(f"{p.name}: {what}")
    return found


CHECKS = [writable_data, exported, silent, core, links, hardened]
