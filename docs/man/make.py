#!/usr/bin/python3
"""make.py INGOT INPUT OUTPUT: fill the manual page with what the program says of itself, so that the two cannot differ."""
import re, subprocess, sys

ingot, source, target = sys.argv[1:]


def says(*args):
    return subprocess.run([ingot, *args], stdout=subprocess.PIPE, check=True, text=True).stdout


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def section(text, head):
    """The lines below "HEAD:" up to the next empty line."""
    m = re.search(rf"^{head}:\n((?:.+\n)+)", text, re.M)
    return m.group(1).splitlines() if m else []


def options(lines):
    """[(how it is written, what it does)] of lines "  -o, --output FILE   what"; a longer description goes on in deeper lines."""
    found = []
    for line in lines:
        m = re.match(r"^ {2,6}(-\S.*?)(?: {2,}|$)(.*)$", line) or re.match(r"^  (-\S+(?:, --\S+)?(?: \S+)?) (.*)$", line)
        if m:
            found.append([m.group(1).strip(), m.group(2).strip()])
        elif found:
            found[-1][1] += " " + line.strip()
    return found


def written(how):
    """-o, --output FILE with the value in italics."""
    m = re.match(r"^((?:-\w, )?--[\w-]+)(?: (.*))?$", how)
    return f"\\fB{roff(m.group(1))}\\fR" + (f" \\fI{roff(m.group(2))}\\fR" if m.group(2) else "")


usage = says("--help")
verbs = re.findall(r"^  ([a-z]+)\b", usage.split("options of every verb")[0], re.M)
common = options(section(usage, "options of every verb"))
body = ""
for v in verbs:
    text = says(v, "--help")
    synopsis, rest = text.split("\n\n", 1)
    description = rest.split("\noptions:", 1)[0].strip()
    body += f'.SS "ingot {roff(synopsis.removeprefix("usage: ingot ").strip())}"\n'
    body += ".PP\n".join(roff(p) + "\n" for p in re.split(r"\n\s*\n", description))
    for how, what in options(section(text, "options")):
        if [how, what] not in common:
            body += f".TP\n{written(how)}\n{roff(what)}\n"
page = open(source).read()
page = page.replace("@VERSION@", says("--version").split()[-1]).replace("@VERBS@\n", body)
page = page.replace("@COMMON@\n", "".join(f".TP\n{written(how)}\n{roff(what)}\n" for how, what in common))
open(target, "w").write(page)
