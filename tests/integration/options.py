#!/usr/bin/python3
"""What else a step may ask for: caches, directories in memory, other stages' files, the network, a shell where it fails; and what it always could."""
import http.server, pty, select, termios, threading, time
from lib_options import *


# --- caches ---

COUNT = "run: |\n  mkdir /out\n  cat /var/cache/count/n > /out/was 2>/dev/null || true\n  echo %s >> /var/cache/count/n\ncache: [/var/cache/count]"


@test
def cache_is_kept(w):
    """What a step leaves in its cache directory is there in the next build, and never in the image."""
    for i in range(3):
        built(w, steps(COUNT % i), "--no-cache")
        assert content(w, "srv/was") == "".join(f"{k}\n" for k in range(i))
    assert not [p for p in paths_of(w, "web.oci.tar") if "count" in p]
    w.whole()


@test
def cache_leaves_no_trace(w):
    """The directories of a cache's place are not in the stage afterwards; ones that were there, or that the step uses, stay."""
    built(w, steps("run: mkdir /out /kept", "run: |\n  echo 1 > /kept/c/f\n  echo 1 > /a/b/c/f\n  echo 1 > /x/y/f\n  echo 1 > /x/other\ncache: [/kept/c, /a/b/c, /x/y]",
                   "run: |\n  ls -d /a /kept /kept/* /x /x/* > /out/list 2>/dev/null || true"))
    assert content(w, "srv/list").split() == ["/kept", "/x", "/x/other"]


@test
def cache_of_a_failed_step(w):
    """A step that fails leaves its cache as it was."""
    built(w, steps(COUNT % "good"))
    built(w, steps("run: |\n  echo bad > /var/cache/count/n\n  exit 1\ncache: [/var/cache/count]"), status=5)
    built(w, steps(COUNT % "later"))
    assert content(w, "srv/was") == "good\n"


@test
def cache_by_place_and_user(w):
    """Another place, another user or another recipe has another cache."""
    built(w, steps(COUNT % "one"))
    built(w, steps((COUNT % "two").replace("/var/cache/count", "/var/cache/other")))
    assert content(w, "srv/was") == ""
    built(w, steps("run: mkdir -m 777 /out", (COUNT % "three").replace("mkdir /out\n", "true\n") + "\nuser: 77", "run: chmod 755 /out"))
    assert content(w, "srv/was") == ""
    built(w, steps(COUNT % "four").replace("name: web\n", "name: web2\n"))
    assert content(w, "srv/was") == ""


@test
def cache_is_no_key(w):
    """What is in a cache does not make a step run again."""
    built(w, steps(COUNT % "one"))
    assert built(w, steps(COUNT % "one"), "--format", "json", "--name", "localhost/x:y").json()["steps_run"] == 0


@test
def caches_do_not_mix(w):
    """Two builds at once: each sees the content of before, neither sees the other's, and the later one to end is kept whole."""
    built(w, steps("run: |\n  mkdir /out\n  echo 0 > /c/a; echo 0 > /c/b\ncache: [/c]"))
    slow = "run: |\n  mkdir /out\n  cat /c/a /c/b > /out/before\n  echo %s > /c/a\n  sleep %s\n  cat /c/a /c/b > /out/after\n  echo %s > /c/b\n  touch /c/%s\ncache: [/c]"
    for name, pause in ("one", 1), ("two", 3):
        w.write(f"{name}.yaml", steps(slow % (name, pause, name, name)))
    with mirror(w):
        for name in "one", "two":
            w.lock(f"{name}.yaml")
        threads = [threading.Thread(target=lambda n=n: w.build(f"{n}.yaml", out=f"{n}.tar", status=None)) for n in ("one", "two")]
        [t.start() for t in threads]
        [t.join() for t in threads]
    for name in "one", "two":
        assert content(w, "srv/before", f"{name}.tar") == "0\n0\n" and content(w, "srv/after", f"{name}.tar") == f"{name}\n0\n"
    built(w, steps("run: |\n  mkdir /out\n  cat /c/a /c/b > /out/x\n  ls /c > /out/names\ncache: [/c]"))
    assert content(w, "srv/x") == "two\ntwo\n" and content(w, "srv/names").split() == ["a", "b", "two"]


@test
def cache_of_strange_files(w):
    """Links, FIFOs, hard links, closed directories and odd names are kept; a link in a cache leads nowhere outside of the step."""
    w.write("canary", "untouched")
    built(w, steps(f"run: |\n  mkdir /out\n  cd /c\n  ln -s {w.dir}/canary evil\n  ln -s / root\n  echo x > a; ln a b\n  mkdir closed; echo y > closed/f; chmod 000 closed\n  printf z > \"$(printf 'odd\\n\\377name')\"\ncache: [/c]"))
    built(w, steps("run: |\n  mkdir /out\n  ls -l /c > /out/list\n  echo more >> /c/a; cat /c/b > /out/b\n  cat /c/closed/f > /out/f\n  echo bad > /c/evil || true\ncache: [/c]"))
    assert content(w, "srv/b") == "x\nmore\n" and content(w, "srv/f") == "y\n"
    assert (w / "canary").read_text() == "untouched"
    w.whole()


@test
def cache_and_owners(w):
    """Owners that a step gives in a cache or a tmpfs stay there; a step that becomes another user begins anew with the cache as it was."""
    built(w, steps("run: |\n  mkdir /out\n  echo x > /c/f; chown 33:44 /c/f; echo y > /m/f; chown 55 /m/f /m\n  echo z > /out/f; chown 66:66 /out/f\n  ls -ln /out/f > /out/list\ncache: [/c]\ntmpfs: [/m]"))
    assert "srv/c" not in paths_of(w, "web.oci.tar")
    r = with_program("setpriv", w, steps("run: |\n  mkdir -m 777 /out; echo once >> /c/n\n  p=set; ${p}priv --reuid 33 --clear-groups true\n  cat /c/n > /out/n; chmod 755 /out\ncache: [/c]"), 0)
    r.says("becomes another user")
    assert content(w, "srv/n") == "once\n"


@test
def cache_is_collected(w):
    """store info counts a cache, gc forgets it when it is out of use, and a damaged one begins empty with a warning."""
    built(w, steps("run: |\n  mkdir /out\n  head -c 3000000 /dev/zero | tr '\\0' 'x' > /c/big\ncache: [/c]"))
    info = json.loads(w.ingot("store", "info", "--format", "json").out)
    assert info["caches"] == 1, info
    for p in list(w.store.glob("packs/*/*")):
        if b"x" * 100000 in p.read_bytes():
            p.chmod(0o600)
            p.write_bytes(p.read_bytes()[:1000000])
    r = built(w, steps("run: |\n  mkdir /out\n  ls /c > /out/names\ncache: [/c]"))
    assert content(w, "srv/names") == "", r
    w.ingot("store", "gc", "--max-age", "0")
    assert json.loads(w.ingot("store", "info", "--format", "json").out)["caches"] == 0
    built(w, steps(COUNT % 1))


# --- what steps always could ---

@test
def fields_are_words(w):
    """Whatever is written in a recipe arrives as it is, byte for byte (CVE-2026-25143): arguments, environment, variables, script, directory."""
    evil = "a 'b' \"c\" `d` $(e) ${HOME} $HOME; f | g & h > i < j \\n \\ * ? [k] ~ # !l \u00fc %s\ttab"
    name, escaped = "/odd " + evil.replace("/", "").replace("\t", ""), evil.replace("${", "$${")
    recipe = {
        "ingot": 1, "name": "web", "vars": {"V": evil},
        "sources": {"debian": {"packages": "debian", "suites": ["bookworm"]}},
        "stages": {"make": {"packages": ["sh"], "steps": [
            {"run": ["/usr/bin/mkdir", "-p", "/out", name]},
            {"run": ["/usr/bin/sh", "-c", "for a in \"$@\"; do printf '%s\\0' \"$a\"; done > /out/argv", "sh", evil, "", "-n"]},
            {"run": "printf '%s' \"$A\" > /out/env; printf '%s' \"$V\" > /out/var; pwd > /out/pwd; printf '%s' '${HOME}' > /out/script",
             "env": {"A": escaped}, "workdir": name.replace("${", "$${")}]}},
        "image": {"packages": ["probe"], "copy": [{"from": "make", "path": "/out", "to": "/srv"}], "user": "web", "entrypoint": ["/usr/bin/probe"]}}
    built(w, json.dumps(recipe, ensure_ascii=False))
    assert content(w, "srv/argv").split("\0")[:-1] == [evil, "", "-n"], content(w, "srv/argv")
    assert content(w, "srv/env") == evil
    assert content(w, "srv/var") == evil
    assert content(w, "srv/pwd") == name + "\n"
    assert content(w, "srv/script") == "${HOME}"


@test
def shell_workdir_user_timeout(w):
    """shell:, workdir:, user: and timeout: of a step, each in a build; a step's failure has its status, last lines and line of the recipe with a caret."""
    built(w, steps("run: mkdir -m 777 /out && ln -s dash /usr/bin/mysh && mkdir -p /usr/share/w", "run: |\n  cat /proc/$$/cmdline | tr '\\0' ' ' > /out/shell\n  pwd > /out/dir\n  id -u > /out/uid\n  touch /out/file\n"
                   "shell: /usr/bin/mysh\nworkdir: /usr/share/w\nuser: 4321", "run: chmod 755 /out"))
    assert content(w, "srv/shell").split() == ["/usr/bin/mysh", "-e", "/run/ingot/script"]
    assert (content(w, "srv/dir"), content(w, "srv/uid")) == ("/usr/share/w\n", "4321\n")
    r = built(w, steps("run: sleep 100\ntimeout: 1"), status=5)
    r.says("did not end within 1 s", "web.yaml:9:9", "timeout:")
    r = built(w, steps("run: |\n  echo first; echo second; echo third; echo fourth >&2\n  false\n  echo never"), status=5)
    r.says("exit status 1", "web.yaml:9:9: error", "- run: |\n", "      ^\n", "third", "fourth")
    assert "never" not in r.err
    built(w, steps("run: true\nworkdir: /nothere"), status=5).says("/nothere")
    built(w, steps("run: true\nshell: /bin/nosuchshell"), status=5).says("/bin/nosuchshell")


# --- places ---

@test
def tmpfs(w):
    """A tmpfs is empty, writable, limited, and leaves nothing behind."""
    r = built(w, steps("""run: |
  mkdir /out
  ls -A /mem /var/big > /out/empty
  echo x > /mem/f
  dd if=/dev/zero of=/var/big/f bs=65536 count=32 2> /out/full || true
  wc -c < /var/big/f > /out/size
tmpfs: [/mem, { path: /var/big, size: 1MiB }]
""", "run: ls -d /mem /var/big > /out/gone 2>&1 || true"))
    assert content(w, "srv/empty").split() == ["/mem:", "/var/big:"]
    assert int(content(w, "srv/size")) == 1 << 20 and "No space" in content(w, "srv/full")
    assert "No such" in content(w, "srv/gone")


BIND = """\
ingot: 1
name: web
sources:
  debian: { packages: debian, suites: [bookworm] }
stages:
  use:
    packages: [sh]
    steps:
      - run: |
          mkdir /out
          cat /in/deep/file > /out/copy
          echo x > /in/deep/file || echo refused > /out/write
          echo x > /in/new || echo refused >> /out/write
        bind: [{ from: tools, path: %s, to: /in }]
  tools:
    packages: [sh]
    steps:
      - run: mkdir -p /opt/t/deep && echo %s > /opt/t/deep/file && ln -s /opt/t /link && echo %s > /elsewhere
image:
  packages: [probe]
  copy:
    - { from: use, path: /out, to: /srv }
  user: web
  entrypoint: [/usr/bin/probe]
"""


@test
def bind(w):
    """Another stage's directory is there for reading, links on its path followed, and not in the stage afterwards; the other stage comes first."""
    for path in "/opt/t", "/link":
        built(w, BIND % (path, "one", "a"))
        assert content(w, "srv/copy") == "one\n" and content(w, "srv/write") == "refused\nrefused\n"
        assert "srv/in" not in paths_of(w, "web.oci.tar")


@test
def bind_key(w):
    """What a bind shows decides whether the step runs again; what it does not show does not."""
    built(w, BIND % ("/opt/t", "one", "a"))
    r = built(w, BIND % ("/opt/t", "one", "b"), "--format", "json").json()
    assert (r["steps_run"], r["steps_reused"]) == (1, 1), r
    built(w, BIND % ("/opt/t", "two", "b"))
    assert content(w, "srv/copy") == "two\n"


@test
def bind_errors(w):
    """A bind of what is not there, or of a file, is an error at its line."""
    built(w, BIND % ("/nothere", "one", "a"), status=2).says("web.yaml:14:", "/nothere", "tools")
    built(w, BIND % ("/elsewhere", "one", "a"), status=2).says("web.yaml:14:", "no directory")


@test
def places_on_links(w):
    """A place that is a link or a file in the stage, or leads over one, is an error at its line, whichever option it is of."""
    w.write("canary/x", "untouched")
    for place, word in ("/link/x", "a link"), ("/link", "a link"), ("/file", "a file"), ("/file/x", "a file"):
        for option in f"cache: [{place}]", f"tmpfs: [{place}]":
            r = built(w, steps(f"run: ln -s {w.dir}/canary /link && echo x > /file", f"run: mkdir -p /out && touch {place}/made\n{option}"), status=2)
            r.says("web.yaml:11:", word, place)
    assert os.listdir(w / "canary") == ["x"]


# --- network ---

@test
def network(w):
    """network: host needs --allow-network; then the step reaches what listens on the host, and the result says that it is not hermetic."""
    text = STEPS % "      - run: mkdir /out\n      - run: [/usr/bin/curl, -s, -o, /out/got, \"%s\"]\n        network: host"
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"fetched")
        def log_message(self, *a):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with_program("curl", w, text % f"http://127.0.0.1:{server.server_port}/", 2).says("web.yaml:11:18", "--allow-network")
        r = with_program("curl", w, text % f"http://127.0.0.1:{server.server_port}/", 0, "--allow-network", "--format", "json")
        assert r.json()["hermetic"] is False and r.json()["steps_network"] == 1
        r.says("not hermetic")
        assert content(w, "srv/got") == "fetched"
        # From the store as well; and never without the permission.
        r = with_program("curl", w, text % f"http://127.0.0.1:{server.server_port}/", 0, "--allow-network", "--format", "json")
        assert r.json()["steps_run"] == 0 and r.json()["hermetic"] is False
        with_program("curl", w, text % f"http://127.0.0.1:{server.server_port}/", 2).says("--allow-network")
        r = with_program("curl", w, text.replace("        network: host", "") % f"http://127.0.0.1:{server.server_port}/", 5, "--allow-network")
    finally:
        server.shutdown()


def with_program(program, w, text, status, *more):
    """Built with a further program of the host in the stage."""
    need(program)
    w.write("web.yaml", text.replace("packages: [sh]", f"packages: [sh, {program}]"))
    if not (w / "repo").exists():
        r = own_repo(w)
        r.debs = r.debs + [mkrepo.Deb(program, files=host_files([program]))]
        publish(r)
        w.repo = r
    with mirror(w, w.repo):
        w.lock("web.yaml", "--update")
        return w.build("web.yaml", *more, status=status)


# --- a shell where a step failed ---

class Terminal:
    """The program on a terminal: what it writes is read, what a person would type is written."""
    def __init__(self, w, *args):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(w.dir)
            os.execv(INGOT, [INGOT, *map(str, args)])
        self.text = ""

    def until(self, word, seconds=60):
        end = time.monotonic() + seconds
        while word not in self.text:
            assert time.monotonic() < end, f"no {word!r} in:\n{self.text}"
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    data = os.read(self.fd, 4096)
                except OSError:
                    data = b""
                assert data, f"ended without {word!r}:\n{self.text}"
                self.text += data.decode("utf-8", "replace")
        before, self.text = self.text.split(word, 1)
        return before

    def type(self, text):
        os.write(self.fd, text.encode())

    def settings(self):
        return termios.tcgetattr(self.fd)

    def end(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.fd, 4096).decode("utf-8", "replace")
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, 9)
        raise AssertionError(f"did not end:\n{self.text}")


FAILS = """run: |
  mkdir /out
  echo left-behind > /out/x
  echo in-the-cache >> /c/n
  exit 3
cache: [/c]
secrets: [token]
tmpfs: [/mem]
user: 1234
workdir: /tmp
env: { MARK: of-the-step }
"""


@test
def shell(w):
    """--on-fail=shell opens a shell where the step died: same files, user, places, secrets, environment and directory; then the build fails as before."""
    w.write("web.yaml", steps("run: mkdir -m 777 /out && chmod 777 /", FAILS.replace("  mkdir /out\n", "")))
    w.write("token", TOKEN)
    with mirror(w):
        w.lock()
        t = Terminal(w, "build", "--store", w.store, "web.yaml", *w.options, "-o", "k.tar", "--unsigned", *SECRET, "--on-fail=shell")
        before = t.settings()
        t.until("$ ", 120)
        assert t.settings() != before
        t.type("echo $MARK:$(id -u):$(pwd):$(cat /out/x):$(cat /c/n):$(ls -d /mem); sha256sum < /run/secrets/token; cat /run/ingot/script; echo done-$((40+2))\n")
        said = t.until("done-42")
        for word in "of-the-step:1234:/tmp:left-behind:in-the-cache:/mem", hashlib.sha256(TOKEN.encode()).hexdigest(), "exit 3":
            assert word in said, (word, said)
        # The same filter and no more rights; and a terminal of its own, with Ctrl-C for what runs in it, not for the build.
        t.type("read x < /dev/tty && echo tty-$x; sleep 1000; echo slept-$?\n")
        time.sleep(0.5)
        t.type("y\n")
        t.until("tty-y")
        time.sleep(0.5)
        t.type("\x03")
        t.until("$ ")
        t.type("echo after-$((1+1)) > /out/x; exit\n")
        assert t.end() == 5
        assert "exit status 3" in t.text and "web.yaml:" in t.text, t.text
    assert not (w / "k.tar").exists()
    # What was typed there is in no cache and no result.
    built(w, steps("run: mkdir -m 777 /out", "run: |\n  ls /c > /out/names\ncache: [/c]\nuser: 1234", "run: chmod 755 /out"))
    assert content(w, "srv/names") == ""
    w.whole()


@test
def shell_settings(w):
    """After the shell the terminal is as it was, even if a program left it raw; and when the builder is killed nothing stays behind."""
    w.write("web.yaml", steps("run: exit 1"))
    with mirror(w):
        w.lock()
        for how in "exit", "kill":
            t = Terminal(w, "build", "--store", w.store, "web.yaml", *w.options, "-o", "k.tar", "--unsigned", "--on-fail=shell")
            before = t.settings()
            t.until("# ", 120)
            t.type("sleep 4321 &\n")
            t.until("# ")
            if how == "kill":
                fd = os.dup(t.fd)
                os.kill(t.pid, 9)
                assert t.end() == -9
                time.sleep(1.5)
            else:
                fd = os.dup(t.fd)
                t.type("exit\n")
                assert t.end() == 5
            assert termios.tcgetattr(fd) == before, how
            os.close(fd)
            left = [p for p in pathlib.Path("/proc").glob("[0-9]*/cmdline") if b"4321" in _bytes(p)]
            assert not left, left


def _bytes(p):
    try:
        return p.read_bytes()
    except OSError:
        return b""


@test
def shell_without_one(w):
    """A stage without a shell says so, and fails as before; a command that is not there, and a step with identities, open one, too."""
    w.write("web.yaml", steps("run: [/usr/bin/nothere]"))
    with mirror(w):
        w.lock()
        t = Terminal(w, "build", "--store", w.store, "web.yaml", *w.options, "-o", "k.tar", "--unsigned", "--on-fail", "shell")
        t.until("# ", 120)
        t.type("exit 0\n")
        assert t.end() == 5 and "nothere" in t.text
        w.write("web.yaml", steps("run: [/usr/bin/probe, --exit, '3']").replace("packages: [sh]", "packages: [probe]"))
        w.lock("web.yaml", "--update")
        t = Terminal(w, "build", "--store", w.store, "web.yaml", *w.options, "-o", "k.tar", "--unsigned", "--on-fail", "shell")
        assert t.end() == 5 and "no shell" in t.text, t.text


@test
def shell_needs_a_terminal(w):
    """Without a terminal --on-fail=shell is a usage error at once; so is another word."""
    w.write("web.yaml", steps("run: mkdir /out && touch /out/x"))
    w.ingot("build", "web.yaml", "--unsigned", "--on-fail=shell", status=2).says("terminal", "stdin")
    w.ingot("build", "web.yaml", "--unsigned", "--on-fail=retry", status=2).says("retry")


main()
