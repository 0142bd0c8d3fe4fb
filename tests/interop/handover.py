#!/usr/bin/python3
"""What ingot inspect --runtime prints is taken by the tools that it is for: podman runs it, the docker program sends the daemon what was meant, kubectl reads the Pod."""
import http.server, pathlib, socketserver, sys, threading
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "recipes"))
from lib_imagetest import *
from lib_recipes import podman, podman_load, LIMITS


def image(w, *tests, cmd="serve, leave=/data/end", ports="8080/tcp", more=()):
    recipe(w, *(tests or ["port: 8080\nexpect: hello"]), cmd=cmd)
    text = (w / "web.yaml").read_text().replace("ports: [8080/tcp]", f"ports: [{ports}]" if ports else "labels: {}")
    w.write("web.yaml", text)
    w.build("web.yaml", *more)
    return w.ingot("inspect", "--runtime", "web.oci.tar", "--format", "json").json()


@test
def says(w):
    """The user, the places, the ports; the text has the same words as the JSON"""
    j = image(w)
    assert j["user"] == j["group"] == 10001 and j["ports"] == ["8080/tcp"] and j["writable"] == [{"path": "/data", "filled": False}], j
    for tool in "podman", "docker":
        for word in "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=10001:10001", "--publish=127.0.0.1:8080:8080/tcp":
            assert word in j[tool], (word, j[tool])
        assert j[tool][:2] == [tool, "run"] and j[tool][-1] == "localhost/web:latest", j[tool]
    text = w.ingot("inspect", "--runtime", "web.oci.tar").out
    commands, pod = text.split("\n---\n")
    assert [c.replace("\\\n", "").split() for c in commands.split("\n\n")] == [j["podman"], j["docker"]] and pod == j["kubernetes"], text
    exactly = w.ingot("inspect", "--runtime", "web.oci.tar", "-f", "web.yaml", "--format", "json").json()
    assert exactly["writable"] == [{"path": "/data", "filled": False}, {"path": "/var/full", "filled": True}] and "--volume=var-full:/var/full" in exactly["docker"], exactly
    j = image(w, "run: [/served, cat]", ports="")
    assert "--network=none" in j["podman"] and "--network=none" in j["docker"], j
    j = image(w, "run: [/served, cat]", ports="80/tcp, 53/udp")
    assert "--sysctl=net.ipv4.ip_unprivileged_port_start=53" in j["docker"] and "--publish=127.0.0.1:8080:80/tcp" in j["docker"] and "--publish=127.0.0.1:8053:53/udp" in j["docker"], j
    w.ingot("inspect", "web.oci.tar", "--seccomp-profile", "x", status=2).says("belong to --runtime")


# --- podman: it runs ---

def run_podman(w, words, *command, status=0):
    """The command as it was printed, with what podman cannot do inside this container replaced (lib_recipes.py)."""
    p = podman(w)
    # As printed it is taken to the last word; what this container cannot do is set up a network for it.
    made = run([*p, "create", "--cgroups=disabled", *LIMITS, *words[2:]], timeout=120, cwd=w.dir).out.strip()
    run([*p, "rm", made], timeout=60)
    words = [x for x in words[2:] if not x.startswith(("--publish", "--sysctl", "--network"))]
    return run([*p, "run", "--network=host", "--cgroups=disabled", *LIMITS, *words, *command], status=status, timeout=120, cwd=w.dir)


@test
def podman_runs(w):
    """podman runs the command, and inside nothing but the writable places can be written to"""
    j = image(w)
    podman_load(w, w / "web.oci.tar")
    said = run_podman(w, j["podman"], "facts").out
    for fact in "id 10001:10001", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "root Read-only file system", "tmp can be written to":
        assert fact in said, (fact, said)
    run_podman(w, j["podman"], "put", "/data/x", "y")
    run_podman(w, j["podman"], "put", "/run/x", "y")
    assert run_podman(w, j["podman"], "read", "/data/x").out == "y", "the volume lost what was in it"
    assert "Read-only" in run_podman(w, j["podman"], "put", "/var/x", "y", status=1).err


@test
def podman_profile(w):
    """Under the profile that the tests gave, podman runs what was tested, and refuses the program a call that no test made"""
    recipe(w, "run: [/served, put, /data/x, y]", "run: [/served, say, out, err, '0']")
    w.build("web.yaml", "--seccomp-profile", "profile.json")
    j = w.ingot("inspect", "--runtime", "web.oci.tar", "--seccomp-profile", "profile.json", "--format", "json").json()
    assert "--security-opt=seccomp=profile.json" in j["podman"], j
    podman_load(w, w / "web.oci.tar")
    assert run_podman(w, j["podman"], "say", "out", "err", "0").out == "out"
    run_podman(w, j["podman"], "put", "/data/x", "y")
    without = [x for x in j["podman"] if "seccomp" not in x]
    run_podman(w, without, "mkdir", "/data/made")
    assert "Function not implemented" in run_podman(w, j["podman"], "mkdir", "/data/other", status=1).err


# --- docker: its program reads the command, and a daemon that is none keeps what it was asked ---

class Daemon(http.server.BaseHTTPRequestHandler):
    asked = []

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Api-Version", "1.43")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_GET(self):
        self.answer(200, {})

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "/containers/create" in self.path:
            Daemon.asked.append(json.loads(body))
        self.answer(500, {"message": "kept"})

    def log_message(self, *words):
        pass

    def address_string(self):
        return "socket"


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def ask_docker(w, words):
    need("docker")
    path = tempfile.mktemp(prefix="id", dir="/tmp")
    with Server(path, Daemon) as s:
        threading.Thread(target=s.serve_forever, daemon=True).start()
        Daemon.asked.clear()
        r = run(words, status=None, timeout=60, cwd=w.dir, env={"DOCKER_HOST": "unix://" + path, "DOCKER_CONFIG": str(w / "docker")})
        s.shutdown()
    os.unlink(path)
    assert "kept" in r.err and len(Daemon.asked) == 1, r
    return Daemon.asked[0]


@test
def docker_reads(w):
    """The docker program understands every word as it was meant"""
    recipe(w, "port: 8080")
    w.build("web.yaml", "--seccomp-profile", "profile.json")
    j = w.ingot("inspect", "--runtime", "web.oci.tar", "--seccomp-profile", "profile.json", "--format", "json").json()
    is_ = ask_docker(w, j["docker"])
    host = is_["HostConfig"]
    assert is_["User"] == "10001:10001" and is_["Image"] == "localhost/web:latest", is_
    assert host["ReadonlyRootfs"] is True and host["CapDrop"] == ["ALL"] and not host["CapAdd"] and host["AutoRemove"] is True, host
    assert host["SecurityOpt"][0] == "no-new-privileges" and json.loads(host["SecurityOpt"][1].split("=", 1)[1]) == json.loads((w / "profile.json").read_text()), host["SecurityOpt"]
    assert set(host["Tmpfs"]) == {"/tmp", "/run"} and host["Binds"] == ["data:/data"], host
    assert host["PortBindings"] == {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}, host
    assert not host["Privileged"], host


# --- Kubernetes ---

def leaves(x, path=()):
    if isinstance(x, dict):
        for k, v in x.items():
            yield from leaves(v, path + (k,))
    elif isinstance(x, list):
        for i, v in enumerate(x):
            yield from leaves(v, path + (i,))
    else:
        yield path, x


@test
def kubernetes_reads(w):
    """kubectl reads the Pod into its own types and loses nothing of it; it asks for what the restricted profile demands"""
    need("kubectl")
    yaml = None
    try:
        import yaml
    except ImportError:
        raise Skip("python3-yaml is not installed")
    for ports, more in ("8080/tcp, 53/udp", ()), ("", ("--seccomp-profile", "profile.json")):
        image(w, "run: [/served, cat]", ports=ports, more=("--seccomp-profile", "profile.json"))
        (w / "pod.yaml").write_text(w.ingot("inspect", "--runtime", "web.oci.tar", *more, "--format", "json").json()["kubernetes"])
        written = yaml.safe_load((w / "pod.yaml").read_text())
        # "annotate --local" asks no cluster; a field that core/v1 does not know is not in what comes back.
        back = json.loads(run(["kubectl", "annotate", "--local", "-f", w / "pod.yaml", "a=b", "-o", "json"], env={"HOME": str(w.dir), "KUBECONFIG": "/dev/null"}).out)
        there = dict(leaves(back))
        for path, value in leaves(written):
            assert there.get(path) == value, f"{path}: {value!r} became {there.get(path)!r}"
        c = written["spec"]["containers"][0]
        s = c["securityContext"]
        assert s["runAsNonRoot"] is True and s["runAsUser"] == s["runAsGroup"] == 10001 and s["readOnlyRootFilesystem"] is True and s["allowPrivilegeEscalation"] is False, s
        assert s["capabilities"] == {"drop": ["ALL"]} and s["seccompProfile"] == ({"type": "Localhost", "localhostProfile": "profile.json"} if more else {"type": "RuntimeDefault"}), s
        mounts = {m["mountPath"]: m["name"] for m in c["volumeMounts"]}
        assert set(mounts) == {"/tmp", "/run", "/data"} and set(mounts.values()) == {v["name"] for v in written["spec"]["volumes"]}, mounts
        assert written["spec"].get("securityContext", {}).get("sysctls", []) == ([{"name": "net.ipv4.ip_unprivileged_port_start", "value": "53"}] if ports else []), written


main()
