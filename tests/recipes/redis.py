#!/usr/bin/python3
"""recipes/redis.yaml: answers on port 6379."""
import socket
from lib_recipes import *


def ask(*words):
    with socket.create_connection(("127.0.0.1", 6379), timeout=5) as s:
        s.sendall(f"*{len(words)}\r\n".encode() + b"".join(f"${len(x)}\r\n{x}\r\n".encode() for x in words))
        answer = s.recv(200).decode()
    assert answer
    return answer


@test
def builds_and_answers(w):
    """redis: builds, and keeps and returns a value under ingot and under podman."""
    archive = make(w, "redis")
    no_shell(w, archive)
    for start in RUNNERS:
        with start(w, archive, port=6379) as r:
            assert r.wait_for(lambda: ask("PING")) == "+PONG\r\n"
            assert ask("SET", "k", "v") == "+OK\r\n" and ask("GET", "k") == "$1\r\nv\r\n"


main()
