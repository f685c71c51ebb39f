"""Code that every step needs and no step changes."""

import os
import sys


def text_of(line):
    """The text of a whole line. Half a line could end in the middle of a character."""
    return line.removesuffix(b"\n").removesuffix(b"\r").decode(errors="replace")


def send(sock, line):
    """Sends a line in one piece."""
    sock.sendall(f"{line}\n".encode())


def port():
    """`--port N`, or else `$CHAT_PORT`, or else 5555."""
    if "--port" in sys.argv:
        return int(sys.argv[sys.argv.index("--port") + 1])
    return int(os.environ.get("CHAT_PORT", 5555))
