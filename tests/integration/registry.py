#!/usr/bin/python3
"""Push and pull against a registry that is none of ours, Debian's docker-registry, and beside skopeo and podman."""
from lib_registry import *
import lib_images
sys.path.insert(0, str(HERE.parent / "recipes"))
from lib_recipes import podman as podman_of

POLICY = {"default": [{"type": "insecureAcceptAnything"}]}


def skopeo(w, *args, **kw):
    need("skopeo")
    return run(["skopeo", "--policy", w.write("policy.json", json.dumps(POLICY)), *args], cwd=w.dir, env={"REGISTRY_AUTH_FILE": str(w.write("nobody.json", "{}"))}, **kw)


def counts(r):
    return {k: r.json()[k] for k in ("bytes", "skipped", "blobs", "blobs_skipped", "signatures")}


@test
def there_and_back(w):
    """What was pushed is pulled byte for byte, with its signatures; a second push moves nothing."""
    archive = image(w)
    with Registry(w) as g:
        ref = f"{g.name}/team/app:1"
        first = push(w, ref, "--format", "json")
        n = counts(first)
        assert n["blobs"] >= 2 and n["blobs_skipped"] == 0 and n["bytes"] > 0 and n["skipped"] == 0 and n["signatures"] == 2, first
        assert first.json()["manifest"] == manifest_digest(archive), first
        again = counts(push(w, ref, "--format", "json"))
        assert again["bytes"] == 0 and again["blobs_skipped"] == n["blobs"] and again["skipped"] == n["bytes"], again
        pull(w, ref)
        # Its signature was made over the name localhost/web:1.0, and this is another one.
        w.ingot("verify", "got.oci.tar", "--key", "key.pub", status=1).says("another image or name")
        assert stored_blobs(w / "got.oci.tar") == stored_blobs(archive), (sorted(stored_blobs(w / "got.oci.tar")), sorted(stored_blobs(archive)))
        # by digest, by both, into a directory and to stdout
        digest = manifest_digest(archive)
        for r, out in ((f"{g.name}/team/app@{digest}", "a.tar"), (f"docker://{ref}@{digest}", "b.tar"), (ref, "dir:d")):
            pull(w, r, out=out)
        assert (w / "b.tar").read_bytes() == (w / "got.oci.tar").read_bytes()
        assert (w / "d/blobs" / digest.replace(":", "/")).exists()
        assert manifest_digest(w / "a.tar") == digest
        out = w.ingot("pull", ref, "-o", "-", binary=True).out
        assert out == (w / "got.oci.tar").read_bytes()
        other = "sha256:" + "0" * 64
        pull(w, f"{ref}@{other}", out="none.tar", status=3).says("no such image", other)
        pull(w, f"{g.name}/team/app:none", out="none.tar", status=3).says("no such image")
        pull(w, f"{g.name}/team/none:1", out="none.tar", status=3).says("no such image")
        push(w, f"{ref}@{other}", status=2).says("asks for another digest")
        assert not (w / "none.tar").exists()
    w.whole()


@test
def same_name_same_bytes(w):
    """Pulled under the name that it was built for, an archive is the one that was pushed, byte for byte, and verifies."""
    with Registry(w) as g:
        w.keys()
        text = RECIPE.replace("image:\n", f'image:\n  reference: "{g.name}/team/app:1"\n')
        with locked(w, text):
            w.build("web.yaml", "--key", w / "key.key", out="app.oci.tar")
        push(w, f"{g.name}/team/app:1")
        w.store = w / "other-store"
        pull(w, f"{g.name}/team/app:1")
        assert (w / "got.oci.tar").read_bytes() == (w / "app.oci.tar").read_bytes(), "other bytes"
        w.ingot("verify", "got.oci.tar", "--key", "key.pub")


@test
def tags(w):
    """A tag that names another image is left alone, unless --move-tag says otherwise."""
    archive = image(w)
    lib_images.spread(lib_images.files(), w / "other")
    with Registry(w) as g:
        ref = f"{g.name}/team/app:1"
        skopeo(w, "copy", "-q", "--dest-tls-verify=false", "oci:other:latest", f"docker://{ref}")
        theirs = skopeo(w, "inspect", "--tls-verify=false", f"docker://{ref}").json()["Digest"]
        push(w, ref, status=1).says("names another image already", theirs, "--move-tag")
        assert skopeo(w, "inspect", "--tls-verify=false", f"docker://{ref}").json()["Digest"] == theirs
        push(w, ref, "--move-tag")
        assert skopeo(w, "inspect", "--tls-verify=false", f"docker://{ref}").json()["Digest"] == manifest_digest(archive)
        push(w, ref)


@test
def mounted(w):
    """Blobs of another repository of the registry are not sent again."""
    image(w)
    with Registry(w) as g:
        n = counts(push(w, f"{g.name}/team/app:1", "--format", "json"))
        m = counts(push(w, f"{g.name}/team/other:1", "--mount", "team/app", "--format", "json"))
        assert m["bytes"] == 0 and m["blobs_skipped"] == n["blobs"], (n, m)
        m = counts(push(w, f"{g.name}/team/third:1", "--mount", "team/none", "--format", "json"))
        assert m["bytes"] == n["bytes"], (n, m)
        pull(w, f"{g.name}/team/other:1")
        assert stored_blobs(w / "got.oci.tar") == stored_blobs(w / "app.oci.tar")


def auth_file(w, name, key, user, password):
    entry = {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}
    return w.write(name, json.dumps({"auths": {key: entry}}), mode=0o600)


@test
def credentials(w):
    """TLS and htpasswd: every place for a credential works, a wrong or no credential is told apart."""
    image(w)
    with Registry(w, users={"me": "pass:word"}, tls=True) as g:
        ref, none = f"{g.name}/team/app:1", {"REGISTRY_AUTH_FILE": None, "DOCKER_CONFIG": None, "XDG_RUNTIME_DIR": None, "XDG_CONFIG_HOME": None, "INGOT_REGISTRY_PASSWORD": None}
        ca = ["--ca", g.ca]
        push(w, ref, "--creds", "me:pass:word", status=3, env=none).says("certificate")
        push(w, ref, *ca, status=3, env=none).says("401", "log in")
        push(w, ref, *ca, "--creds", "me:wrong", status=3, env=none).says("401", "password of the command line is wrong")
        push(w, ref, *ca, "--creds", "me", status=2, env=none).says("password is missing", "INGOT_REGISTRY_PASSWORD")
        push(w, ref, *ca, "--creds", "me:pass:word", "--anonymous", status=2, env=none)
        push(w, ref, *ca, "--creds", "me:pass:word", env=none)
        pull(w, ref, *ca, "--creds", "me", env=none | {"INGOT_REGISTRY_PASSWORD": "pass:word"})
        good = auth_file(w, "good.json", g.name, "me", "pass:word")
        bad = auth_file(w, "bad.json", g.name, "me", "other")
        elsewhere = auth_file(w, "elsewhere.json", "registry.example", "me", "pass:word")
        pull(w, ref, *ca, "--auth-file", good, env=none)
        pull(w, ref, *ca, "--auth-file", good, env=none | {"REGISTRY_AUTH_FILE": str(bad)})
        pull(w, ref, *ca, env=none | {"REGISTRY_AUTH_FILE": str(good)})
        pull(w, ref, *ca, "--anonymous", env=none | {"REGISTRY_AUTH_FILE": str(good)}, status=3).says("401")
        pull(w, ref, *ca, env=none | {"REGISTRY_AUTH_FILE": str(bad)}, status=3).says("401", str(bad), "is wrong")
        pull(w, ref, *ca, env=none | {"REGISTRY_AUTH_FILE": str(elsewhere)}, status=3).says("401", "log in")
        pull(w, ref, *ca, env=none | {"REGISTRY_AUTH_FILE": str(w / "none.json")}, status=2).says("none.json")
        for variable, at in (("DOCKER_CONFIG", "docker/config.json"), ("XDG_CONFIG_HOME", "config/containers/auth.json"), ("XDG_RUNTIME_DIR", "run/containers/auth.json")):
            w.write(at, good.read_bytes())
            pull(w, ref, *ca, env=none | {variable: str(w / at.split("/")[0])})
        for form in (f"https://{g.name}/v2/", f"{g.name}/team", f"{g.name}/team/app"):
            pull(w, ref, *ca, "--auth-file", auth_file(w, "form.json", form, "me", "pass:word"), env=none)
        pull(w, ref, *ca, "--auth-file", auth_file(w, "form.json", f"{g.name}/team/ap", "me", "pass:word"), env=none, status=3).says("401")
        # what a podman login writes
        need("podman")
        run(["podman", "login", "--authfile", w / "podman.json", "--tls-verify=false", "-u", "me", "-p", "pass:word", g.name], env={"HOME": str(w.dir), "XDG_RUNTIME_DIR": str(w.dir)})
        pull(w, ref, *ca, env=none | {"REGISTRY_AUTH_FILE": str(w / "podman.json")})
        r = w.write("helper.json", json.dumps({"credHelpers": {g.name: "vault"}}))
        pull(w, ref, *ca, env=none | {"REGISTRY_AUTH_FILE": str(r)}, status=2).says("docker-credential-vault", "--creds")
        w.write("helper.json", json.dumps({"auths": {g.name: {}}, "credsStore": "vault"}))
        pull(w, ref, *ca, env=none | {"REGISTRY_AUTH_FILE": str(r)}, status=2).says("docker-credential-vault", "--creds")
        w.write("helper.json", json.dumps({"auths": {}, "credsStore": "vault"}))
        pull(w, ref, *ca, env=none | {"REGISTRY_AUTH_FILE": str(r)}, status=3).says("401", "docker-credential-vault")
        assert "pass:word" not in (w / "registry/log").read_text(errors="replace")


@test
def skopeo_reads(w):
    """skopeo inspects and copies what was pushed: the same manifest, config and layers."""
    archive = image(w)
    with Registry(w) as g:
        ref = f"docker://{g.name}/team/app:1"
        push(w, ref)
        assert skopeo(w, "inspect", "--tls-verify=false", ref).json()["Digest"] == manifest_digest(archive)
        skopeo(w, "copy", "-q", "--src-tls-verify=false", ref, "oci-archive:copied.tar:app")
        assert manifest_digest(w / "copied.tar") == manifest_digest(archive)
        assert w.ingot("tree", "copied.tar").out == w.ingot("tree", archive).out


@test
def foreign_images(w):
    """What skopeo pushed, in OCI's and in docker's form, is pulled to the same tree, and pushed again with the same digest."""
    d = lib_images
    files = d.files(d.tar(d.directory(b"etc/"), d.file(b"etc/a", b"a\n"), d.file(b"etc/b", b"b\n")), d.tar(d.file(b"etc/.wh.b", b""), d.file(b"c", b"c\n")))
    w.write("theirs.tar", d.pack(files))
    d.spread(files, w / "theirs")  # skopeo gives what it unpacks of an archive its owners, which an ordinary user cannot
    want = w.ingot("tree", "theirs.tar").out
    assert "/etc/a" in want and "/etc/b" not in want and "/c" in want, want
    with Registry(w) as g:
        for form in ("oci", "v2s2"):
            ref = f"{g.name}/team/{form}:1"
            skopeo(w, "copy", "-q", "--format", form, "--dest-tls-verify=false", "oci:theirs:latest", f"docker://{ref}")
            theirs = skopeo(w, "inspect", "--tls-verify=false", f"docker://{ref}").json()["Digest"]
            pull(w, ref, out=f"{form}.tar")
            assert w.ingot("tree", f"{form}.tar").out == want, form
            assert manifest_digest(w / f"{form}.tar") == theirs
            push(w, f"{g.name}/team/again-{form}:1", archive=f"{form}.tar")
            assert skopeo(w, "inspect", "--tls-verify=false", f"docker://{g.name}/team/again-{form}:1").json()["Digest"] == theirs
        push(w, f"{g.name}/team/x:1", archive="theirs.tar", status=2).says("not as ingot writes it", "pull")
    w.whole()


@test
def platforms(w):
    """Of an index the image of this host is pulled, or the one that was asked for."""
    d = lib_images
    there = d.tar(d.file(b"there", b"x\n"))
    d.spread(d.nested([(d.HERE, [d.HELLO]), (d.THERE, [there])]), w / "many")
    with Registry(w) as g:
        ref = f"{g.name}/team/many:1"
        skopeo(w, "copy", "-q", "--all", "--dest-tls-verify=false", "oci:many:latest", f"docker://{ref}")
        pull(w, ref, out="here.tar")
        assert "/etc/hello" in w.ingot("tree", "here.tar").out
        pull(w, ref, "--architecture", d.THERE["architecture"], out="there.tar")
        assert config_of(w / "there.tar")["architecture"] == d.THERE["architecture"]
        pull(w, ref, "--architecture", "s390x", out="none.tar", status=3).says("s390x")
        assert not (w / "none.tar").exists()


def podman_pushes(w):
    """What podman commits and pushes is pulled to the tree that it was made of."""
    podman = podman_of(w)
    w.write("t.tar", lib_images.HELLO + lib_images.END)
    run([*podman, "import", "-q", w / "t.tar", "localhost/one:1"])
    with Registry(w) as g:
        run([*podman, "push", "-q", "--tls-verify=false", "localhost/one:1", f"{g.name}/team/one:1"])
        pull(w, f"{g.name}/team/one:1")
        e = paths_of(w, w / "got.oci.tar")["etc/hello"]
        assert e["sha256"] == hashlib.sha256(b"hello\n").hexdigest(), e


if os.getuid() == 0:  # an ordinary user's turn is about ingot
    test(podman_pushes)
main()
