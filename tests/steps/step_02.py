"""Step 2: answers each line, one client after the other."""

import os
import socket
import sys
from contextlib import suppress


def main():
    with socket.create_server(("127.0.0.1", port())) as listener:
        while True:
            # An error with one client must not stop the server for the others.
            with suppress(OSError):
                sock, _ = listener.accept()
                serve(sock)


def serve(sock):
    with sock:
        sock.sendall(b"Welcome!\n")
        # No data means that the client has closed the connection.
        while data := sock.recv(1024):
            text = data.decode(errors="replace").rstrip()
            sock.sendall(f"[lobby] guest_1: {text}\n".encode())


def port():
    """`--port N`, or else `$CHAT_PORT`, or else 5555."""
    if "--port" in sys.argv:
        return int(sys.argv[sys.argv.index("--port") + 1])
    return int(os.environ.get("CHAT_PORT", 5555))


if __name__ == "__main__":
    main()
