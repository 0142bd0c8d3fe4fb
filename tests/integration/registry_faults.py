#!/usr/bin/python3
"""Push and pull against a registry that misbehaves: success, or one clear error in time; nothing half done; no credential where it does not belong."""
import concurrent.futures
from lib_registry import *

SECRET, NONE = "hunter2-secret", {"REGISTRY_AUTH_FILE": None, "DOCKER_CONFIG": None, "XDG_RUNTIME_DIR": None, "XDG_CONFIG_HOME": None}
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ME = ["--creds", "me:" + SECRET]


def fill(g, w, repository="team/app"):
    """What a push leaves in the registry. Returns {what: path of requests}: layer, config, manifest."""
    archive = image(w)
    digest, blobs = manifest_digest(archive), stored_blobs(archive)
    manifest = json.loads(blobs[digest])
    for d in [manifest["config"]] + manifest["layers"]:
        g.blobs[repository, d["digest"]] = blobs[d["digest"]]
    g.manifests[repository, "1"] = g.manifests[repository, digest] = (MANIFEST, blobs[digest])
    return {"layer": "/blobs/" + manifest["layers"][0]["digest"], "config": "/blobs/" + manifest["config"]["digest"], "manifest": "/manifests/1$"}


def fresh(w, n):
    """A workspace of its own for a run beside others."""
    d = w / f"run{n}"
    d.mkdir()
    return Work(d)


def within(verb, v, g, name, status, words, most):
    """A push or pull of team/app:1 that ends with this status, says these words, and takes no longer than that."""
    began = time.monotonic()
    r = verb(v, f"{g.name}/team/app:1", status=None, env=NONE)
    took = time.monotonic() - began
    assert r.status == status, f"{name}: exit status {r.status}, not {status}\n{r}"
    r.says(*words)
    assert took < most, f"{name}: {took:.0f} s\n{r}"
    assert r.err.count("error:") == (1 if status else 0), f"{name}: not one error\n{r}"


def one_pull(w, n, case):
    name, what, fault, status, words, most = case
    v = fresh(w, n)
    with FakeRegistry() as g:
        where = fill(g, v)
        g.faults.append({"path": where[what], **fault})
        within(pull, v, g, name, status, words, most)
        got = v / "got.oci.tar"
        if status:
            left = [p.name for p in v.dir.iterdir() if p.name not in ("app.oci.tar", "key.key", "key.pub", "store")]
            assert not left, f"{name}: a partial pull leaves {left}"
        else:
            assert manifest_digest(got) == manifest_digest(v / "app.oci.tar"), name
        v.whole()


def together(f, w, cases):
    """Waiting is most of it: many at once. Every failure is told."""
    bad = []
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for c, job in [(c, pool.submit(f, w, i, c)) for i, c in enumerate(cases)]:
            try:
                job.result()
            except Exception as e:
                bad.append(f"{c[0]}: {e}")
    assert not bad, "\n\n".join(bad)


# what is asked for, the fault, exit status, what the error says, seconds
PULLS = [
    ("flipped layer", "layer", {"fault": "flip"}, 3, ["layer 0", "sha256:"], 30),
    ("flipped config", "config", {"fault": "flip"}, 3, ["sha256:"], 30),
    ("longer layer", "layer", {"fault": "longer", "arg": 1}, 3, ["more than"], 30),
    ("far longer config", "config", {"fault": "longer", "arg": 1000000}, 3, ["more than"], 30),
    ("short layer", "layer", {"fault": "short", "arg": 10}, 3, ["layer 0", "30 of its"], 60),
    ("empty layer", "layer", {"fault": "short", "arg": 0}, 3, ["0 of its"], 60),
    ("endless layer", "layer", {"fault": "endless"}, 3, ["more than"], 30),
    ("endless manifest", "manifest", {"fault": "endless"}, 3, ["more than"], 30),
    ("endless refusal", "layer", {"fault": "refuse"}, 3, ["status 500"], 60),
    ("endless headers", "layer", {"fault": "headers"}, 3, ["headers are longer"], 30),
    ("no HTTP", "layer", {"fault": "nonsense"}, 3, ["layer 0"], 60),
    ("HTML for a layer", "layer", {"fault": "html"}, 3, ["layer 0"], 60),
    ("HTML for a manifest", "manifest", {"fault": "html"}, 3, ["text/html"], 30),
    ("HTML for everything", "layer", {"fault": "html", "path": ""}, 3, ["text/html"], 30),
    ("a header that lies", "manifest", {"fault": "lie"}, 0, [], 30),
    ("a header that lies about a blob", "layer", {"fault": "lie"}, 0, [], 30),
    ("a reset", "layer", {"fault": "reset", "arg": 100, "times": 1}, 0, [], 30),
    ("resets", "layer", {"fault": "reset", "arg": 0}, 3, ["layer 0"], 60),
    ("a reset at once", "manifest", {"fault": "reset", "arg": 0, "times": 1}, 0, [], 30),
    ("resets of the manifest", "manifest", {"fault": "reset", "arg": 3}, 3, ["reading the manifest 1"], 60),
    ("three cuts", "layer", {"fault": "truncate", "arg": 50, "times": 3}, 0, [], 60),
    ("a cut, and no Range", "layer", {"fault": "norange", "skip": 1}, 0, [], 60),
    ("silence once", "layer", {"fault": "silent", "times": 1}, 0, [], 60),
    ("silence", "manifest", {"fault": "silent"}, 3, ["reading the manifest 1"], 90),
    ("slow", "layer", {"fault": "slow", "arg": 20, "times": 1}, 0, [], 60),
    ("500 twice", "layer", {"fault": "status", "arg": 500, "times": 2}, 0, [], 30),
    ("503 for ever", "layer", {"fault": "status", "arg": 503}, 3, ["503", "as the test says"], 60),
    ("429, Retry-After", "manifest", {"fault": "status", "arg": 429, "times": 1, "retry_after": 2}, 0, [], 30),
    ("403", "layer", {"fault": "status", "arg": 403}, 3, ["403", "SCRIPTED"], 30),
    ("404", "layer", {"fault": "status", "arg": 404}, 3, ["404"], 30),
    ("400 of the first answer", "manifest", {"fault": "status", "arg": 400, "times": 1}, 0, [], 30),
    ("400", "manifest", {"fault": "status", "arg": 400}, 3, ["400"], 30),
    ("206 that was not asked for", "layer", {"fault": "status", "arg": 206}, 3, ["layer 0"], 60),
    ("204", "layer", {"fault": "status", "arg": 204}, 3, ["layer 0"], 60),
    ("a redirect to nowhere", "layer", {"fault": "redirect", "arg": "http://127.0.0.1:1/x"}, 3, ["layer 0"], 60),
    ("a redirect to a file", "layer", {"fault": "redirect", "arg": "file:///etc/passwd"}, 3, ["only http and https"], 30),
    ("redirects without end", "layer", {"fault": "redirect", "arg": "{path}?again"}, 3, ["redirects"], 30),
    ("a redirect with an endless body", "layer", {"fault": "redirect", "arg": "{path}?again", "endless": True}, 3, ["redirects"], 60),
]


@test
def pulls(w):
    """Every fault of an answer, on manifest, config and layer: success or one error, and nothing published from a part."""
    together(one_pull, w, PULLS)


@test
def truncated_anywhere(w):
    """A small blob that is cut short at every 7th byte is gone on with where it was, and whole in the end."""
    with FakeRegistry() as g:
        where = fill(g, w)
        size = len(g.blobs["team/app", where["config"].split("/")[-1]])
        cases = [(f"cut at {n}", n) for n in range(0, size, 7)]
    assert len(cases) > 30, size

    def cut(w, i, case):
        v = fresh(w, i)
        with FakeRegistry() as g:
            where = fill(g, v)
            g.faults.append({"path": where["config"], "fault": "truncate", "arg": case[1], "times": 1})
            pull(v, f"{g.name}/team/app:1", env=NONE)
            assert manifest_digest(v / "got.oci.tar") == manifest_digest(v / "app.oci.tar")
            asked = g.asked("GET", where["config"])
            assert len(asked) == 2 and asked[1]["headers"].get("range") == (f"bytes={case[1]}-" if case[1] else None), asked
    together(cut, w, cases)


@test
def continued_wrongly(w):
    """What goes on with other bytes than it began with is seen."""
    with FakeRegistry() as g:
        where = fill(g, w)
        g.faults += [{"path": where["layer"], "fault": "truncate", "arg": 100, "times": 1}, {"path": where["layer"], "fault": "range"}]
        pull(w, f"{g.name}/team/app:1", status=3, env=NONE).says("layer 0", "sha256:")
        assert not (w / "got.oci.tar").exists()
        g.faults.clear()
        pull(w, f"{g.name}/team/app:1", env=NONE)


def one_push(w, n, case):
    name, faults, status, words, most = case
    v = fresh(w, n)
    with FakeRegistry(faults=faults) as g:
        archive = image(v)
        within(push, v, g, name, status, words, most)
        tagged = g.manifests.get(("team/app", "1"))
        if status == 0:
            assert tagged and sha(tagged[1]) == manifest_digest(archive), name
            return
        assert not tagged or name.startswith("after"), f"{name}: the tag names something"
        g.faults.clear()
        push(v, f"{g.name}/team/app:1", "--move-tag", env=NONE)
        assert sha(g.manifests["team/app", "1"][1]) == manifest_digest(archive), name


U = r"/blobs/uploads/[0-9a-f]"  # the place to which a blob is sent
PUSHES = [
    ("reset in a blob", [{"method": "PUT", "path": U, "fault": "reset", "arg": 100, "times": 1}], 0, [], 30),
    ("resets in blobs", [{"method": "PUT", "path": U, "fault": "reset", "arg": 100}], 3, ["writing the blob"], 90),
    ("reset of a manifest", [{"method": "PUT", "path": "/manifests/", "fault": "reset", "arg": 10, "times": 1}], 0, [], 30),
    ("the session is forgotten", [{"method": "PUT", "path": U, "fault": "status", "arg": 404, "times": 1}], 0, [], 30),
    ("every session is forgotten", [{"method": "PUT", "path": U, "fault": "status", "arg": 404}], 3, ["404", "writing the blob"], 90),
    ("refused before it is read", [{"method": "PUT", "path": U, "fault": "early", "arg": 503, "times": 1}], 0, [], 30),
    ("denied before it is read", [{"method": "PUT", "path": U, "fault": "early", "arg": 403}], 3, ["403"], 30),
    ("no uploads", [{"method": "POST", "fault": "status", "arg": 405}], 3, ["405"], 30),
    ("429 on the upload", [{"method": "POST", "fault": "status", "arg": 429, "times": 1, "retry_after": 1}], 0, [], 30),
    ("503 on the blob", [{"method": "PUT", "path": U, "fault": "status", "arg": 503, "times": 2}], 0, [], 30),
    ("silence on the blob", [{"method": "PUT", "path": U, "fault": "silent", "times": 1}], 0, [], 60),
    ("endless headers on the blob", [{"method": "PUT", "path": U, "fault": "headers"}], 3, ["headers are longer"], 30),
    ("endless answer to the blob", [{"method": "PUT", "path": U, "fault": "endless"}], 3, ["more than"], 30),
    ("HTML for everything", [{"fault": "html"}], 3, [], 30),
    ("HTML for uploads", [{"method": "POST|PUT", "fault": "html"}], 3, ["200"], 30),
    ("HTML on HEAD", [{"method": "HEAD", "fault": "html"}], 0, [], 30),
    ("no place", [{"method": "POST", "fault": "location", "arg": ""}], 3, ["no place of its own"], 30),
    ("a place elsewhere", [{"method": "POST", "fault": "location", "arg": "http://127.0.0.2:9/x"}], 3, ["no place of its own"], 30),
    ("a place with a user", [{"method": "POST", "fault": "location", "arg": "http://a:b@127.0.0.1:9/x"}], 3, ["no place of its own"], 30),
    ("a place in a file", [{"method": "POST", "fault": "location", "arg": "file:///etc/passwd"}], 3, ["no place of its own"], 30),
    ("a redirect of an upload", [{"method": "PUT", "path": U, "fault": "redirect", "arg": "http://127.0.0.2:9{path}"}], 3, ["307", "elsewhere"], 30),
    ("said and not kept", [{"method": "PUT", "path": "/manifests/sha256", "fault": "drop"}], 3, ["does not have it"], 30),
    ("blobs not kept", [{"method": "PUT", "path": U, "fault": "drop"}], 3, ["MANIFEST_BLOB_UNKNOWN"], 30),
    ("after us another one", [{"method": "PUT", "path": "/manifests/1$", "fault": "race", "after": True, "arg": "{}"}], 3, ["somebody else"], 30),
    ("another is read back", [{"method": "GET", "path": "/manifests/sha256", "fault": "flip"}], 3, ["other bytes"], 30),
]


@test
def pushes(w):
    """Every fault of an answer to a push: success, or one error and no tag; the same push again, without the fault, finishes."""
    together(one_push, w, PUSHES)


def clean(*registries):
    """No byte of a credential, in whatever form, reached one of these. base64 has three alignments."""
    forms = [SECRET] + [base64.b64encode(f"{'x' * n}me:{SECRET}".encode()).decode()[4:-4] for n in range(3)] + ["identity-" + SECRET]
    for g in registries:
        for r in g.requests:
            text = json.dumps([r["path"], r["headers"], r["body"].decode("latin-1")])
            assert not any(f in text for f in forms) and "authorization" not in r["headers"] and "cookie" not in r["headers"], f"a credential went to {g.name}: {text}"


@test
def redirected_elsewhere(w):
    """A blob may come from another origin, to which no credential goes; an upload may not go there."""
    for auth in ("basic", "bearer"):
        v = fresh(w, auth)
        with FakeRegistry(auth=auth, users={"me": SECRET}) as g, FakeRegistry("127.0.0.2") as other, FakeRegistry("127.0.0.1") as port:
            for foreign in (other, port):
                where = fill(g, v)
                foreign.blobs = g.blobs
                g.faults[:] = [{"path": "/blobs/", "method": "GET|HEAD", "fault": "redirect", "arg": foreign.url + "{path}"}]
                v.store = v / ("store-" + foreign.name)
                pull(v, f"{g.name}/team/app:1", *ME, env=NONE)
                assert foreign.asked("GET", where["layer"]), "nothing came from there"
            g.blobs, g.manifests = {}, {}
            g.faults[:] = [{"method": "POST|PUT", "fault": "redirect", "arg": other.url + "{path}"}]
            push(v, f"{g.name}/team/app:1", *ME, env=NONE, status=3).says("307", "elsewhere")
            g.faults[:] = [{"method": "POST", "fault": "location", "arg": other.url + "{location}"}]
            push(v, f"{g.name}/team/app:1", *ME, env=NONE, status=3).says("no place of its own")
            assert not other.asked("POST|PUT") and not port.asked("POST|PUT")
            clean(other, port)
            assert g.asked(path="") and any("authorization" in r["headers"] for r in g.requests)


@test
def hijacked_realm(w):
    """A registry that wants tokens of another origin gets nowhere, and that origin nothing; --realm names one that belongs to it."""
    for host in ("127.0.0.1", "127.0.0.2"):
        v = fresh(w, host)
        with FakeRegistry(host, foreign=True) as evil, FakeRegistry(auth="bearer", users={"me": SECRET}, realm=evil.url + "/token") as g:
            fill(g, v)
            pull(v, f"{g.name}/team/app:1", *ME, env=NONE, status=3).says(evil.url, "nothing was sent", "--realm")
            push(v, f"{g.name}/team/app:1", *ME, env=NONE, status=3).says(evil.url, "nothing was sent")
            pull(v, f"{g.name}/team/app:1", env=NONE, status=3).says(evil.url, "nothing was sent")
            identity = v.write("id.json", json.dumps({"auths": {g.name: {"identitytoken": "identity-" + SECRET}}}))
            pull(v, f"{g.name}/team/app:1", "--auth-file", identity, env=NONE, status=3).says(evil.url, "nothing was sent")
            assert not evil.requests, evil.requests
    v = fresh(w, "named")
    with FakeRegistry(auth="bearer", users={"me": SECRET}) as g, FakeRegistry(users={"me": SECRET}, tokens_for=g) as realm:
        fill(g, v)
        g.realm = realm.url + "/token"
        pull(v, f"{g.name}/team/app:1", *ME, "--realm", realm.url, env=NONE)
        assert realm.asked("GET", "/token") and not g.asked("", "/token")
    # In the clear beyond this machine: not even where it was named.
    for realm in ("http://registry.example", "ftp://127.0.0.1/", "//127.0.0.1/token", "http://a@127.0.0.1/token", "", "http://127.0.0.1.registry.example/token"):
        with FakeRegistry(auth="bearer", users={"me": SECRET}) as g:
            fill(g, v)
            g.realm = realm or " "
            v.store = v / "again"
            r = pull(v, f"{g.name}/team/app:1", *ME, "--realm", realm or "x", env=NONE, status=3)
            assert not any("authorization" in q["headers"] for q in g.requests), r


@test
def bearer(w):
    """Tokens: by name and password, anonymous, by an identity token; asked for what is needed, and anew when they run out in the middle of a push."""
    image(w)
    with FakeRegistry(auth="bearer", users={"me": SECRET}) as g:
        push(w, f"{g.name}/team/app:1", *ME, env=NONE)
        asked = g.asked("GET", "/token")
        assert len(asked) == 1 and "repository%3Ateam%2Fapp%3Apull%2Cpush" in asked[0]["path"] and "service=test%20registry" in asked[0]["path"], asked
        assert not any(r["headers"].get("authorization", "").startswith("Basic") for r in g.requests if not r["path"].startswith("/token")), "the password went where a token belongs"
        pull(w, f"{g.name}/team/app:1", *ME, env=NONE)
        assert "repository%3Ateam%2Fapp%3Apull&" in g.asked("GET", "/token")[-1]["path"] + "&"
        pull(w, f"{g.name}/team/app:1", "--creds", "me:wrong", env=NONE, status=3).says("no token (status 401)", "password of the command line may be wrong")
        pull(w, f"{g.name}/team/app:1", env=NONE, out="anonymous.tar")
        g.requests.clear()
        g.blobs = {("team/base", d): b for (r, d), b in g.blobs.items()}
        g.manifests = {}
        r = push(w, f"{g.name}/team/app:1", "--mount", "team/base", *ME, "--format", "json", env=NONE)
        assert r.json()["bytes"] == 0, r
        assert "repository%3Ateam%2Fbase%3Apull" in g.asked("GET", "/token")[-1]["path"]
    identity = w.write("id.json", json.dumps({"auths": {"127.0.0.1": {}, g.name: {"auth": base64.b64encode(b"00000000:").decode(), "identitytoken": "identity-" + SECRET}}}))
    with FakeRegistry(auth="bearer", users={"me": SECRET}, identities=["identity-" + SECRET]) as g:
        identity.write_text(identity.read_text().replace(list(json.loads(identity.read_text())["auths"])[1], g.name))
        push(w, f"{g.name}/team/app:1", "--auth-file", identity, env=NONE)
        assert g.asked("POST", "/token") and not g.asked("GET", "/token")
        assert not [r for r in g.requests if SECRET in json.dumps([r["path"], r["headers"]])], "a token in a URL or a header"
    for uses in (2, 3, 5):
        with FakeRegistry(auth="bearer", users={"me": SECRET}, uses=uses) as g:
            push(w, f"{g.name}/team/app:1", *ME, env=NONE)
            assert len(g.asked("GET", "/token")) > 1
            assert sha(g.manifests["team/app", "1"][1]) == manifest_digest(w / "app.oci.tar")
    for uses in (0, 1): # never enough for a blob and the request before it
        with FakeRegistry(auth="bearer", users={"me": SECRET}, uses=uses) as g:
            push(w, f"{g.name}/team/app:1", *ME, env=NONE, status=3).says("401")
            assert len(g.asked("GET", "/token")) < 20
    for body in ("endless", "html", "status", "silent"):
        with FakeRegistry(auth="bearer", users={"me": SECRET}, faults=[{"path": "/token", "fault": body, "arg": 503}]) as g:
            push(w, f"{g.name}/team/app:1", *ME, env=NONE, status=3).says("token")


@test
def referrers(w):
    """What refers to an image: kept by the registry, or in the tag that stands for it, where entries of others are not lost."""
    archive = image(w)
    digest = manifest_digest(archive)
    tag = digest.replace(":", "-")
    signature = [d for d, b in stored_blobs(archive).items() if b[:1] == b"{" and b'"subject"' in b]
    assert len(signature) == 1, signature
    listed = lambda g: [e["digest"] for e in json.loads(g.manifests["team/app", tag][1])["manifests"]]
    with FakeRegistry() as g:
        push(w, f"{g.name}/team/app:1", env=NONE)
        assert ("team/app", tag) not in g.manifests and [e["digest"] for e in g.subjects["team/app", digest]] == signature
        pull(w, f"{g.name}/team/app:1", out="kept.tar", env=NONE)
        assert stored_blobs(w / "kept.tar") == stored_blobs(archive)
        other = {"mediaType": MANIFEST, "digest": "sha256:" + "1" * 64, "size": 5, "artifactType": "application/x"}
        g.subjects["team/app", digest][:0] = [other, other]
        g.pages = 1
        pull(w, f"{g.name}/team/app:1", out="pages.tar", env=NONE)
        assert stored_blobs(w / "pages.tar") == stored_blobs(archive)
        g.pages = "endless"
        g.subjects["team/app", digest] = [other]
        pull(w, f"{g.name}/team/app:1", out="endless.tar", env=NONE, status=3).says("its signatures", "pages")
        assert not (w / "endless.tar").exists()
    other = {"mediaType": MANIFEST, "digest": "sha256:" + "1" * 64, "size": 5, "annotations": {"a": "b", "n": "\u00e9"}, "x": [1, True, None, {"y": "z"}]}
    third = dict(other, digest="sha256:" + "3" * 64)
    theirs, raced = (json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": l}) for l in ([other], [other, third]))
    for etags in (False, True):
        with FakeRegistry(referrers=False, etags=etags) as g:
            push(w, f"{g.name}/team/app:1", env=NONE)
            assert listed(g) == signature
            before = g.manifests["team/app", tag]
            push(w, f"{g.name}/team/app:1", env=NONE)
            assert g.manifests["team/app", tag] == before
            pull(w, f"{g.name}/team/app:1", out="by-tag.tar", env=NONE)
            assert stored_blobs(w / "by-tag.tar") == stored_blobs(archive)
        with FakeRegistry(referrers=False, etags=etags) as g:
            g.manifests["team/app", tag] = ("application/vnd.oci.image.index.v1+json", theirs.encode())
            push(w, f"{g.name}/team/app:1", env=NONE)
            assert listed(g) == [other["digest"]] + signature
            assert json.loads(g.manifests["team/app", tag][1])["manifests"][0] == other, g.manifests["team/app", tag]
    # Somebody else writes between our reading and our writing: with ETags that is refused and done again; without, it is seen when read back.
    for etags, after in ((True, False), (False, True)):
        with FakeRegistry(referrers=False, etags=etags, faults=[{"method": "PUT", "path": f"/manifests/{tag}$", "fault": "race", "after": after, "arg": raced, "times": 1}]) as g:
            g.manifests["team/app", tag] = ("application/vnd.oci.image.index.v1+json", theirs.encode())
            push(w, f"{g.name}/team/app:1", env=NONE)
            assert listed(g) == [other["digest"], third["digest"]] + signature, (etags, listed(g))


@test
def only_tls_beyond(w):
    """A registry beyond this machine is not spoken to in the clear, and the error says so."""
    with FakeRegistry("127.0.0.2") as g:
        fill(g, w)
        pull(w, f"{g.name}/team/app:1", *ME, env=NONE, status=3).says("https://127.0.0.2", "TLS")
        push(w, f"{g.name}/team/app:1", *ME, env=NONE, status=3).says("https://127.0.0.2", "TLS")
        assert not g.requests
        clean(g)


@test
def from_https_to_http(w):
    """A registry that speaks TLS cannot lead us to one that does not."""
    cert = certificate(w.dir)
    with FakeRegistry(tls=(cert, w / "tls.pem")) as g, FakeRegistry() as plain:
        where = fill(g, w)
        plain.blobs = g.blobs
        pull(w, f"{g.name}/team/app:1", "--ca", cert, env=NONE, out="good.tar")
        w.store = w / "other"
        g.faults.append({"path": where["layer"], "fault": "redirect", "arg": plain.url + "{path}"})
        pull(w, f"{g.name}/team/app:1", "--ca", cert, env=NONE, status=3).says("from https to http")
        assert not plain.requests


main()
