#!/usr/bin/python3
"""Owners that a program asks for before it makes a file anew."""
from lib import *

FIRST = "run: mkdir /out && echo a > /out/f && chmod 640 /out/f && chown 33:44 /out/f"


def after(w, command):
    """The owner and mode of the file after that command, and whether the step ran twice."""
    w.write("web.yaml", steps(FIRST, f"run: {command}"))
    w.lock()
    r = w.build()
    e = paths_of(w, "web.oci.tar")["srv/f"]
    return (e["uid"], e["gid"], e["mode"]), r.err.count("make 2/2: becomes another user, or keeps owners") == 1


@test
def seen(w):
    """Owners that the recipe made are seen by what copies them: cp -p, mv, ln, and go where the file goes; no step runs twice for it."""
    with mirror(w):
        assert after(w, "cp -p /out/f /out/g && mv /out/g /out/f") == ((33, 44, 0o640), False)
        assert after(w, "cat /out/f > /out/g && chmod 640 /out/g && mv /out/g /out/f") == ((0, 0, 0o640), False)
        assert after(w, "cp /out/f /out/g && chown 33:45 /out/g && mv /out/g /out/f && chmod 600 /out/f") == ((33, 45, 0o600), False)
        assert after(w, "echo more >> /out/f") == ((33, 44, 0o640), False)
        assert after(w, "chown 0:0 /out/f") == ((0, 0, 0o640), False)
        assert after(w, "mv /out/f /out/g && ln /out/g /out/h && mv /out/g /out/f") == ((33, 44, 0o640), False)
        assert after(w, "cp -a /out /out2 && rm -r /out && cp -a /out2 /out") == ((33, 44, 0o640), False)


@test
def hidden(w):
    """A step that turns out to become another user runs once more, and only once."""
    with mirror(w):
        w.write("web.yaml", steps("run: mkdir /out /out/d && echo a > /out/f && chmod 640 /out/f", "run: c=cho; ${c}wn 33:44 /out/f; ${c}wn 0:0 /out/d"))
        w.lock()
        r = w.build()
        e = paths_of(w, "web.oci.tar")["srv/f"]
        assert (e["uid"], e["gid"]) == (33, 44) and r.err.count("once more") == 1, r.err
        assert "once more" not in w.build("web.yaml", "--no-cache").err


main()
