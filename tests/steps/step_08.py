"""Step 8: has rooms, each created by the first client that joins it."""

import re
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
                        refusal = chat.refusal(me, text)
                    with chat.lock:
                        if refusal:
                            chat.answer(me, refusal)
                        else:
                            chat.take(me, text)
        with chat.lock:
            chat.clients.remove(me)


class Client:
    def __init__(self, number, sock):
        self.number = number
        self.nick = f"guest_{number}"
        self.room = "lobby"
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
        self.answer(me, f"Welcome! Your nickname is '{me.nick}'. Use /nick <name> to change it.")
        self.tell_others(me, f"{me.nick} has joined the chat!")
        return me

    def refusal(self, me, line):
        """Why a line is refused, or else `None`."""
        word, new = words(line)
        if word == "/nick":
            if not new:
                return "Usage: /nick <nickname>"
            if not is_name(new, 20):
                return "A nickname has 1 to 20 letters, digits, _ or -, and begins with a letter."
            if re.fullmatch("guest_[0-9]+", new.lower()):
                return f"Nickname '{new}' is reserved."
            if self.find(new) not in (None, me):
                return f"Nickname '{new}' is already taken."
        elif word == "/join":
            if not new:
                return "Usage: /join <room>"
            if not is_name(room_name(new), 32):
                return "A room name is like a nickname, but has up to 32 characters."
            if room_name(new) == me.room:
                return f"You are already in room '{me.room}'."
        elif word == "/leave" and me.room == "lobby":
            return "You are already in the lobby."
        return None

    def take(self, me, line):
        """Carries out a line that is not refused."""
        word, new = words(line)
        if word == "/nick":
            old, me.nick = me.nick, new
            self.answer(me, f"Nickname changed to '{new}'.")
            self.tell_others(me, f"{old} is now known as {new}.")
        elif word == "/join":
            self.go(me, room_name(new), f"You joined room '{room_name(new)}'.")
        elif word == "/leave":
            self.go(me, "lobby", "You returned to the lobby.")
        else:
            self.say(me, line)

    def go(self, me, room, answer):
        self.tell_others(me, f"{me.nick} has left the room.")
        me.room = room
        self.answer(me, answer)
        self.tell_others(me, f"{me.nick} has joined the room.")

    def say(self, me, text):
        line = f"[{me.room}] {me.nick}: {text}"
        self.tell(line, lambda client: client.room == me.room)

    def find(self, nick):
        found = (client for client in self.clients if client.nick.lower() == nick.lower())
        return next(found, None)

    def answer(self, me, line):
        self.tell(line, lambda client: client is me)

    def tell_others(self, me, line):
        self.tell(line, lambda client: client is not me and client.room == me.room)

    def tell(self, line, hears):
        """Sends a line to the clients for which `hears` returns true."""
        for client in filter(hears, self.clients):
            # After an error, the thread that reads from this client notices the loss.
            with suppress(OSError):
                send(client.sock, line)


def room_name(typed):
    """The typed name of a room, in the form in which rooms are compared."""
    return typed.removeprefix("#").lower()


def words(line):
    """Splits a line into the command and the rest."""
    word, _, rest = line.partition(" ")
    return word, rest.strip()


def is_name(name, most):
    return len(name) <= most and re.fullmatch("[A-Za-z][A-Za-z0-9_-]*", name) is not None


if __name__ == "__main__":
    main()
