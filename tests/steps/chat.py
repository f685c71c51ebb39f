"""The chat of the first eight steps: the clients, their rooms, and who hears which line.

It puts the lines into `posts` and does not write them. It has no threads, no lock and no
sockets: the later steps, which share this file, add those.
"""

import re
from itertools import count


class Client:
    def __init__(self, number, outlet):
        self.number = number
        self.nick = f"guest_{number}"
        self.room = "lobby"
        self.outlet = outlet


class Chat:
    """All connected clients, and the lines that are still to be sent."""

    def __init__(self):
        self.clients = []
        self.posts = []

    def enter(self, outlet):
        taken = [client.number for client in self.clients]
        me = Client(next(number for number in count(1) if number not in taken), outlet)
        self.clients.append(me)
        self.answer(me, f"Welcome! Your nickname is '{me.nick}'. Use /nick <name> to change it.")
        self.tell_others(me, f"{me.nick} has joined the chat!")
        return me

    def refusal(self, me, line):
        """Why a line is refused, or else `None`."""
        word, new = words(line)
        command = word.lower()
        if command == "/nick":
            if not new:
                return "Usage: /nick <nickname>"
            if not is_name(new, 20):
                return "A nickname has 1 to 20 letters, digits, _ or -, and begins with a letter."
            if re.fullmatch("guest_[0-9]+", new.lower()):
                return f"Nickname '{new}' is reserved."
            if self.find(new) not in (None, me):
                return f"Nickname '{new}' is already taken."
        elif command == "/join":
            if not new:
                return "Usage: /join <room>"
            if not is_name(room_name(new), 32):
                return "A room name is like a nickname, but has up to 32 characters."
            if room_name(new) == me.room:
                return f"You are already in room '{me.room}'."
        elif command == "/leave" and me.room == "lobby":
            return "You are already in the lobby."
        return None

    def take(self, me, line):
        """Carries out a line that is not refused."""
        word, new = words(line)
        command = word.lower()
        if command == "/nick":
            old, me.nick = me.nick, new
            self.answer(me, f"Nickname changed to '{new}'.")
            self.tell_others(me, f"{old} is now known as {new}.")
        elif command == "/join":
            self.go(me, room_name(new), f"You joined room '{room_name(new)}'.")
        elif command == "/leave":
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
        """Posts a line to the outlets of the clients for which `hears` returns true."""
        outlets = [client.outlet for client in self.clients if hears(client)]
        self.posts.append((outlets, line))


def room_name(typed):
    """The typed name of a room, in the form in which rooms are compared."""
    return typed.removeprefix("#").lower()


def words(line):
    """Splits a line into the command, which blanks may precede, and the rest."""
    word, _, rest = line.lstrip().partition(" ")
    return word, rest.strip()


def is_name(name, most):
    return len(name) <= most and re.fullmatch("[A-Za-z][A-Za-z0-9_-]*", name) is not None
