#!/usr/bin/python3
"""recipes/python.yaml: a small web application."""
from lib_recipes import *


@test
def builds_and_answers(w):
    """python: builds, and the application answers with its numeric user under ingot and under podman."""
    archive = make(w, "python")
    no_shell(w, archive)
    for start in RUNNERS:
        with start(w, archive, port=8000) as r:
            assert json.loads(r.wait_for(lambda: get("http://127.0.0.1:8000/")))["uid"] == 10001


main()
