"""Step 6: gives each client a name, and announces new clients."""

import socket
import threading
from contextlib import suppress
from itertools import count

from net import port, send, text_of


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
            me = chat.enter(sock)
        # An error ends only this loop, and so the client is removed in any case.
        with suppress(OSError):
            for line in lines:
                text = text_of(line)
                if text:
                    with chat.lock:
                        chat.say(me, text)
        with chat.lock:
            chat.clients.remove(me)


class Client:
    def __init__(self, number, sock):
        self.number = number
        self.nick = f"guest_{number}"
        self.sock = sock


class Chat:
    """What the threads share: all connected clients. Hold the lock while you use it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.clients = []

    def enter(self, sock):
        taken = [client.number for client in self.clients]
        me = Client(next(number for number in count(1) if number not in taken), sock)
        self.clients.append(me)
        welcome = f"Welcome! Your nickname is '{me.nick}'. Use /nick <name> to change it."
        self.tell(welcome, lambda client: client is me)
        self.tell(f"{me.nick} has joined the chat!", lambda client: client is not me)
        return me

    def say(self, me, text):
        self.tell(f"[lobby] {me.nick}: {text}", lambda client: True)

    def tell(self, line, hears):
        """Sends a line to the clients for which `hears` returns true."""
        for client in filter(hears, self.clients):
            # After an error, the thread that reads from this client notices the loss.
            with suppress(OSError):
                send(client.sock, line)


if __name__ == "__main__":
    main()
