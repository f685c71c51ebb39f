"""My chat server."""

import os
import socket
import sys


def port():
    """`--port N`, or else `$CHAT_PORT`, or else 5555."""
    if "--port" in sys.argv:
        return int(sys.argv[sys.argv.index("--port") + 1])
    return int(os.environ.get("CHAT_PORT", 5555))


def serve(sock):
    with sock:
        # Step 1: remove the `#` in front of the next line.
        # sock.sendall(b"Welcome!\n")
        pass


with socket.create_server(("127.0.0.1", port())) as listener:
    while True:
        sock, _ = listener.accept()
        serve(sock)
