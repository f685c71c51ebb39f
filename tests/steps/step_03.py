"""Step 3: finds the lines in the stream of bytes, however they arrive."""

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
    with sock, sock.makefile("rb") as lines:
        sock.sendall(b"Welcome!\n")
        for line in lines:
            text = text_of(line)
            if text:
                sock.sendall(f"[lobby] guest_1: {text}\n".encode())


def text_of(line):
    """The text of a whole line. Half a line could end in the middle of a character."""
    return line.removesuffix(b"\n").removesuffix(b"\r").decode(errors="replace")


def port():
    """`--port N`, or else `$CHAT_PORT`, or else 5555."""
    if "--port" in sys.argv:
        return int(sys.argv[sys.argv.index("--port") + 1])
    return int(os.environ.get("CHAT_PORT", 5555))


if __name__ == "__main__":
    main()
