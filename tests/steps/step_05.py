"""Step 5: sends each message to all clients."""

import os
import socket
import sys
import threading
from contextlib import suppress


def main():
    chat = Chat()
    with socket.create_server(("127.0.0.1", port())) as listener:
        while True:
            # An error with one client must not stop the server for the others.
            with suppress(OSError):
                sock, _ = listener.accept()
                threading.Thread(target=serve, args=(chat, sock), daemon=True).start()


def serve(chat, sock):
    with sock, sock.makefile("rb") as lines:
        with chat.lock:
            chat.enter(sock)
        # An error ends only this loop, and so the client is removed in any case.
        with suppress(OSError):
            for line in lines:
                text = text_of(line)
                if text:
                    with chat.lock:
                        chat.say(text)
        with chat.lock:
            chat.clients.remove(sock)


class Chat:
    """What the threads share: all connected clients. Hold the lock while you use it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.clients = []

    def enter(self, sock):
        self.clients.append(sock)
        with suppress(OSError):
            send(sock, "Welcome!")

    def say(self, text):
        for sock in self.clients:
            # After an error, the thread that reads from this client notices the loss.
            with suppress(OSError):
                send(sock, f"[lobby] guest_1: {text}")


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


if __name__ == "__main__":
    main()
