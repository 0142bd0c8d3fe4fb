"""Checks on the manual page as it was built."""
import re, shutil, subprocess


def manual(build):
    """The manual page names every verb and option of the program, and man finds no fault with it."""
    page, ingot = build / "docs/man/ingot.1", build / "builder/ingot"
    if not page.exists():
        return ["there is no manual page"]
    text = page.read_text().replace("\\-", "-")
    usage = subprocess.run([ingot, "--help"], capture_output=True, text=True).stdout
    verbs = re.findall(r"^  ([a-z]+)\b", usage.split("options of every verb")[0], re.M)
    found = [] if verbs else ["ingot --help lists no verbs"]
    for v in verbs:
        said = subprocess.run([ingot, v, "--help"], capture_output=True, text=True).stdout
        part = re.search(rf'^\.SS "ingot {v}\b.*?(?=^\.S[SH] )', text, re.M | re.S)
        for option in re.findall(r"^ +(?:-\w, )?(--[\w-]+)", said, re.M):
            if not part or option not in part.group(0) + text.split(".SH VERBS")[1].split("OPTIONS OF EVERY VERB")[1]:
                found.append(f"ingot {v} {option} is not in the manual page")
    if shutil.which("man"):
        r = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "MANROFFSEQ": ""})
        found += r.stderr.splitlines()
    return found


CHECKS = [manual]
