#!/usr/bin/python3
"""recipes/nginx.yaml: answers on port 8080 as an ordinary user on a read-only root."""
from lib_recipes import *


@test
def builds_and_answers(w):
    """nginx: builds, has no shell, and answers under ingot and under podman."""
    archive = make(w, "nginx")
    tree = no_shell(w, archive)
    assert "var/lib/dpkg/status.d/nginx" in tree and "etc/ssl/certs/ca-certificates.crt" in tree
    for start in RUNNERS:
        with start(w, archive, port=8080) as r:
            assert "It works" in r.wait_for(lambda: get("http://127.0.0.1:8080/"))


main()
