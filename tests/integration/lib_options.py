"""What the tests of step options share."""
from lib import *

TOKEN = "s3cr3t/+Tok en=&\"7f$(id)`x`;|'q"
HEX = TOKEN.encode().hex()


def built(w, text, *more, status=0, **kw):
    w.write("web.yaml", text)
    w.write("token", TOKEN + "\n")
    with mirror(w):
        w.lock("web.yaml", "--update")
        return w.build("web.yaml", *more, status=status, **kw)


def content(w, path, archive="web.oci.tar"):
    manifest = json.loads(blob(w / archive, manifest_digest(w / archive)))
    for layer in manifest["layers"]:
        data = blob(w / archive, layer["digest"])
        if layer["mediaType"].endswith("zstd"):
            data = subprocess.run(["zstd", "-dc"], input=data, stdout=subprocess.PIPE, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(data)) as t:
            if path in t.getnames():
                return t.extractfile(path).read().decode()
    raise AssertionError(path)


def everything_below(directory):
    """The bytes of every file, and every name."""
    for d, _, files in os.walk(directory):
        for f in files:
            p = os.path.join(d, f)
            yield p, f.encode()
            if os.path.isfile(p) and not os.path.islink(p):
                yield p, pathlib.Path(p).read_bytes()


SECRET = ("--secret", "id=token,src=token")
USE = "run: |\n  mkdir /out\n  sha256sum /run/secrets/token > /out/sum\nsecrets: [token]"
