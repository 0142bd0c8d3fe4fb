#!/usr/bin/python3
"""Images that others made badly, each in one way: `ingot check` finds exactly that, and nothing in the image that they all begin with."""
from lib import *
from mkimage import layer, layout

PASSWD = "root:*:0:0:root:/root:/usr/sbin/nologin\nweb:*:10001:10001::/nonexistent:/usr/sbin/nologin\n"
GROUP = "root:x:0:\nshadow:x:42:\nweb:x:10001:\n"
GOOD = {"etc": 0o755, "etc/passwd": (0o644, PASSWD), "etc/group": (0o644, GROUP), "etc/shadow": (0o600, "root:*:::::::\nweb:!*:::::::\n"), "usr": 0o755, "usr/bin": 0o755, "web": (0o755, "program")}
X36 = "abcdefghijklmnopqrstuvwxyz0123456789"
TOKEN = "ghp" + "_" + X36  # put together, so that nobody takes it for one

# name: (files beside the good ones, config, history, {(rule, what it is about)})
IMAGES = {
    # the user
    "root": ({}, {"User": ""}, None, {("user-root", "/config/User")}),
    "uid-0": ({}, {"User": "0:0"}, None, {("user-root", "/config/User")}),
    "user-by-name": ({}, {"User": "web"}, None, {("user-numeric", "/config/User")}),
    "nobody": ({"etc/passwd": (0o644, PASSWD + "nobody:*:65534:65534::/:/usr/sbin/nologin\n"), "etc/group": (0o644, GROUP + "nogroup:x:65534:\n")}, {"User": "65534:65534"}, None, {("user-shared", "/config/User")}),
    "no-account": ({}, {"User": "4711:4711"}, None, {("user-unknown", "/config/User")}),
    "second-root": ({"etc/passwd": (0o644, PASSWD + "toor:*:0:0::/:/usr/sbin/nologin\n")}, {}, None, {("account-id-twice", "toor")}),
    "empty-password": ({"etc/shadow": (0o600, "root::::::::\n")}, {}, None, {("account-no-password", "root")}),
    "password": ({"etc/shadow": (0o600, "root:$6$a$b:::::::\n")}, {}, None, {("account-password", "root")}),
    "owner-is-nobody": ({"data": (0o644, "x", 1000)}, {}, None, {("owner-unknown", "/data")}),
    # modes
    "setuid": ({"usr/bin/x": (0o4755, "x")}, {}, None, {("setuid", "/usr/bin/x")}),
    "setgid": ({"usr/bin/x": (0o2755, "x")}, {}, None, {("setgid", "/usr/bin/x")}),
    "world-writable": ({"usr/data": (0o666, "x")}, {}, None, {("world-writable", "/usr/data")}),
    "open-shadow": ({"etc/shadow": (0o644, "root:*:::::::\n")}, {}, None, {("file-mode", "/etc/shadow")}),
    "open-key-directory": ({"etc/ssl": 0o755, "etc/ssl/private": 0o755}, {}, None, {("file-mode", "/etc/ssl/private")}),
    # tools
    "shell": ({"usr/bin/dash": (0o755, "x"), "usr/bin/sh": ("link", "dash")}, {}, None, {("shell", "/usr/bin/dash")}),
    "package-manager": ({"usr/bin/apt-get": (0o755, "x")}, {}, None, {("package-manager", "/usr/bin/apt-get")}),
    "compiler": ({"usr/bin/x86_64-linux-gnu-gcc-12": (0o755, "x")}, {}, None, {("compiler", "/usr/bin/x86_64-linux-gnu-gcc-12")}),
    "debugger": ({"usr/bin/gdb": (0o755, "x")}, {}, None, {("debug-tool", "/usr/bin/gdb")}),
    "downloader": ({"usr/bin/curl": (0o755, "x")}, {}, None, {("download-tool", "/usr/bin/curl")}),
    "login-server": ({"usr/sbin": 0o755, "usr/sbin/sshd": (0o755, "x")}, {}, None, {("login-server", "/usr/sbin/sshd")}),
    "sudo": ({"usr/bin/sudo": (0o755, "x")}, {}, None, {("privilege-tool", "/usr/bin/sudo")}),
    "supervisor": ({"usr/bin/supervisord": (0o755, "x")}, {}, None, {("supervisor", "/usr/bin/supervisord")}),
    # files
    "settings": ({"app": 0o755, "app/.env": (0o644, "A=b\n")}, {}, None, {("private-file", "/app/.env")}),
    "ssh-key": ({"root": 0o700, "root/.ssh": 0o700, "root/.ssh/id_ed25519": (0o600, "x")}, {}, None, {("private-file", "/root/.ssh/id_ed25519")}),
    "registry-login": ({"root": 0o700, "root/.docker": 0o700, "root/.docker/config.json": (0o600, "{}")}, {}, None, {("private-file", "/root/.docker/config.json")}),
    "repository": ({"app": 0o755, "app/.git": 0o755, "app/.git/HEAD": (0o644, "ref\n"), "app/.git/config": (0o644, "")}, {}, None, {("leftover-file", "/app/.git")}),
    "whole-directory": ({"my-app": 0o755, "my-app/Dockerfile": (0o644, "FROM x\n"), "my-app/main.py": (0o644, "")}, {}, None, {("leftover-file", "/my-app/Dockerfile")}),
    "package-index": ({"var": 0o755, "var/lib": 0o755, "var/lib/apt": 0o755, "var/lib/apt/lists": 0o755, "var/lib/apt/lists/m_dists_x_Packages": (0o644, "x")}, {}, None,
                      {("package-cache", "/var/lib/apt/lists/m_dists_x_Packages")}),
    # what it starts
    "nothing-to-start": ({}, {"Entrypoint": None}, None, {("entrypoint-missing", "/config/Entrypoint")}),
    "shell-form": ({}, {"Entrypoint": ["/bin/sh", "-c", "/app/my-app-entrypoint.sh"]}, None, {("shell-form", "/config/Entrypoint")}),
    "two-services-in-one-list": ({}, {"Entrypoint": None, "Cmd": ["nginx", "-g", "daemon off;", "python app.py"], "StopSignal": "SIGQUIT"}, None, {("several-services", "/config/Cmd/3")}),
    "two-services-in-a-script": ({}, {"Entrypoint": ["sh", "-c", "nginx & python3 app.py"]}, None, {("several-services", "/config/Entrypoint"), ("shell-form", "/config/Entrypoint")}),
    "supervised": ({}, {"Entrypoint": ["/usr/bin/supervisord"]}, None, {("several-services", "/config/Entrypoint")}),
    "stop-signal": ({}, {"Entrypoint": ["/usr/sbin/nginx"]}, None, {("stop-signal-missing", "/config/StopSignal")}),
    "killed": ({}, {"StopSignal": "SIGKILL"}, None, {("stop-signal-kill", "/config/StopSignal")}),
    # ports
    "low-port": ({}, {"ExposedPorts": {"80/tcp": {}}}, None, {("port-privileged", "/config/ExposedPorts/80/tcp")}),
    "docker-api": ({}, {"ExposedPorts": {"2375/tcp": {}}}, None, {("port-admin", "/config/ExposedPorts/2375/tcp")}),
    "undeclared-port": ({}, {"Cmd": ["--port", "8080"]}, None, {("port-undeclared", "/config/Cmd/0")}),
    "port-for-nothing": ({}, {"Entrypoint": ["/usr/bin/redis-server"], "ExposedPorts": {"8080/tcp": {}}}, None, {("port-unused", "/config/ExposedPorts/8080/tcp")}),
    # secrets
    "default-credentials": ({}, {"Env": ["MYSQL_ROOT_PASSWORD=root"]}, None, {("default-credentials", "/config/Env/0")}),
    "no-password-asked": ({}, {"Env": ["MYSQL_ALLOW_EMPTY_PASSWORD=yes"]}, None, {("default-credentials", "/config/Env/0")}),
    "password-in-env": ({}, {"Env": ["DB_PASSWORD=correct-horse-battery"]}, None, {("secret-name", "/config/Env/0")}),
    "token-in-env": ({}, {"Env": ["X=" + TOKEN]}, None, {("secret-env", "/config/Env/0")}),
    "token-in-label": ({}, {"Labels": {"x": TOKEN}}, None, {("secret-label", "/config/Labels/x")}),
    "token-in-args": ({}, {"Cmd": [TOKEN]}, None, {("secret-args", "/config/Cmd/0")}),
    "token-in-history": ({}, {}, [{"created_by": f"|1 NPM_TOKEN={X36} /bin/sh -c npm ci"}], {("secret-history", "/history/0/created_by")}),
    # surroundings
    "relative-path": ({}, {"Env": ["PATH=.:/usr/bin"]}, None, {("path-relative", "/config/Env/0")}),
    "preload": ({}, {"Env": ["LD_PRELOAD=/usr/lib/x.so"]}, None, {("preload", "/config/Env/0")}),
    "relative-library-path": ({}, {"Env": ["LD_LIBRARY_PATH=lib"]}, None, {("search-writable", "/config/Env/0")}),
    "no-certificates": ({}, {"Env": ["NODE_TLS_REJECT_UNAUTHORIZED=0"]}, None, {("tls-off", "/config/Env/0")}),
    "relative-workdir": ({}, {"WorkingDir": "app"}, None, {("workdir-relative", "/config/WorkingDir")}),
    "engine": ({}, {"Env": ["DOCKER_HOST=unix:///var/run/docker.sock"]}, None, {("docker-socket", "/config/Env/0")}),
    "volume": ({}, {"Volumes": {"/data": {}}}, None, {("volume-declared", "/config/Volumes//data")}),
    "system-volume": ({}, {"Volumes": {"/usr/local/bin": {}}}, None, {("volume-system", "/config/Volumes//usr/local/bin")}),
    "on-build": ({}, {"OnBuild": ["RUN make"]}, None, {("on-build", "/config/OnBuild")}),
}

# Code in the hands of the image's user is told by the rules about the finished tree, too.
PROOF = ("writable-code", "writable-path")
OWNED = {
    "copy-chown": ({"app": (0o755, None, 10001), "app/my-app-entrypoint.sh": (0o755, "#!/web\n", 10001)}, {"WorkingDir": "/app"}, {("workdir-code", "/app")}),
    "path-of-the-users": ({"opt": (0o755, None, 10001), "opt/tool": (0o755, "x", 10001)}, {"Env": ["PATH=/usr/bin:/opt"]}, {("path-writable", "/config/Env/0")}),
}


def found(w, where, *more):
    """{(rule, what it is about)} as `ingot check` tells it of an image without a recipe."""
    report = w.ingot("check", where, "--format", "json", *more, status=None).json()
    return {(f["rule"], f.get("path") or f.get("field") or f.get("value")) for f in report["findings"]}


def image(w, name, files, config, history=None):
    """None in the config: without this member, which mkimage fills in by itself."""
    return layout(w / name, [layer(GOOD | files)], config={k: [] if v is None else v for k, v in config.items()}, history=history)


@test
def good(w):
    """The image that the others begin with raises nothing, in strict neither."""
    d = image(w, "good", {}, {})
    assert found(w, d) == set(), found(w, d)
    assert found(w, d, "--profile", "strict") == set()


@test
def each_its_own(w):
    """Each of more than forty bad images raises what it is there for, and nothing else."""
    assert len(IMAGES) >= 40
    wrong = {}
    for name, (files, config, history, want) in IMAGES.items():
        got = found(w, image(w, name, files, config, history))
        if got != want:
            wrong[name] = f"expected {sorted(want)}, found {sorted(got, key=str)}"
    assert not wrong, "\n".join(f"{n}: {t}" for n, t in wrong.items())


@test
def owned_code(w):
    """COPY --chown=app:app: code in the hands of the image's user is an error of the finished tree, whatever the copy was called."""
    for name, (files, config, want) in OWNED.items():
        got = {f for f in found(w, image(w, name, files, config)) if f[0] not in PROOF}
        assert got == want, (name, got)


SEEDS = {
    "ENV MYSQL_ROOT_PASSWORD=root": ("  env: { MYSQL_ROOT_PASSWORD: root }", "  entrypoint: [/web]", {("default-credentials", 10)}),
    "EXPOSE 8080": ("  ports: [8080]", "  entrypoint: [/usr/bin/redis-server]", {("port-unused", 10)}),
    "two services in one CMD": ("  cmd: [-g, daemon off;, python app.py]\n  stop-signal: SIGQUIT", "  entrypoint: [/usr/sbin/nginx]", {("several-services", 10)}),
    "COPY . /my-app": ("", "  entrypoint: [/web]", {("source-whole", 5)}),
    "COPY --chown=app:app": ("  steps:\n    - run: chown -R app:app /app", "  entrypoint: [/web]", {("step-chown", 11)}),
}


@test
def seeds_as_recipes(w):
    """What is wrong in the usual examples is said of a recipe that does the same, at its line, before anything is built."""
    for name, (line, start, want) in SEEDS.items():
        include = '"**"' if name.startswith("COPY .") else "main.py"
        w.write("web.yaml", f'ingot: 1\nname: web\nversion: "1"\nsources:\n  app: {{ files: ., include: [{include}] }}\nimage:\n  user: app\n  copy: [{{ from: app, to: /my-app/ }}]\n{start}\n{line}\n')
        report = w.ingot("check", "web.yaml", "--format", "json", status=None).json()
        got = {(f["rule"], f["line"]) for f in report["findings"]}
        assert got == want, (name, report)


@test
def own_rules(w):
    """--rules FILE: rules of one's own for an image without a recipe; an error fails the check, and every form of the report can say it."""
    w.write("rules.yaml", "ingot-rules: 1\nrules:\n- { id: own-team, severity: error, message: the label team is missing, field: /config/Labels/team, required: true }\n"
                          "- { id: own-no-programs, message: programs belong below /usr, path: \"/*\", type: file, mode: \"0111\", mend: move it }\n")
    d = image(w, "own", {}, {})
    w.ingot("check", d)
    for form in ("text", "json", "sarif", "codequality"):
        out = w.ingot("check", d, "--rules", "rules.yaml", "--format", form, status=1).out
        assert "own-team" in out and "own-no-programs" in out, out
    assert found(w, d, "--rules", "rules.yaml") == {("own-team", "/config/Labels/team"), ("own-no-programs", "/web")}
    d = image(w, "labelled", {}, {"Labels": {"team": "web"}})
    assert found(w, d, "--rules", "rules.yaml") == {("own-no-programs", "/web")}
    w.write("rules.yaml", "ingot-rules: 1\nrules:\n- { id: team, message: x, path: /a }\n")
    w.ingot("check", d, "--rules", "rules.yaml", status=2).says("rules.yaml:3:9: error:", "own-")


main()
