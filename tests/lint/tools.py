"""Checkers of others: clang-tidy, cppcheck, shellcheck. None where a tool is not installed."""
import concurrent.futures, json, os, pathlib, re, shutil, subprocess
import source

TOP = source.TOP


def run(argv, **kw):
    return subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd=TOP, **kw)


def clang_tidy(build):
    """clang-tidy finds nothing."""
    if not shutil.which("clang-tidy"):
        return None
    # A compilation database for clang: gcc's own has options that clang does not know.
    d = build / "clang"
    if not (d / "build.ninja").exists():
        r = run(["meson", "setup", d, TOP, "--werror"], env=os.environ | {"CC": "clang"})
        if r.returncode:
            return r.stdout.splitlines()
    # What is made by the build and included by others.
    run(["ninja", "-C", d, "builder/step/filters.h"])
    files = sorted({e["file"] for e in json.loads((d / "compile_commands.json").read_text()) if "/builder/" in e["file"]})
    files = [str((d / f).resolve()) for f in files]
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        outs = list(pool.map(lambda f: run(["clang-tidy", "--quiet", "-p", d, f]).stdout, files))
    return sorted({re.sub(r"^\S*\.\./|^" + re.escape(str(TOP)) + "/", "", l) for o in outs for l in o.splitlines() if re.search(r": (warning|error): ", l)})


def cppcheck(build):
    """cppcheck finds nothing."""
    if not shutil.which("cppcheck"):
        return None
    r = run(["cppcheck", "--quiet", "--enable=warning,performance,portability", "--inline-suppr", "--std=c11", "-j", len(os.sched_getaffinity(0)), "-D_GNU_SOURCE",
             "-DINGOT_VERSION=\"\"", "-Iinclude", "--suppressions-list=tests/lint/cppcheck", "--template={file}:{line}: {id}: {message}", "--error-exitcode=9", "builder"])
    return [l for l in r.stdout.splitlines() if re.match(r"\S+:\d+: ", l)] or ([r.stdout] if r.returncode else [])


def shellcheck(build):
    """shellcheck finds nothing in the shell scripts."""
    if not shutil.which("shellcheck"):
        return None
    scripts = [n for n in source.tracked() if n.endswith(".sh") or re.match(r"#!\S*(/| )(ba|da)?sh\b", source.text(n)[:40])]
    return [l for l in run(["shellcheck", "-f", "gcc", "-x", "-S", "warning", *scripts]).stdout.splitlines() if l] if scripts else []


CHECKS = [clang_tidy, cppcheck, shellcheck]
