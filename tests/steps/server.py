"""A server for every step of Base: one Python file, with only the standard library.

    python3 server.py --port 5555
"""

import os
import re
import signal
import socket
import sys
import threading

HELP = """Available commands:
/nick <nickname>
/join <room>
/leave
/users
/rooms
/whisper <user> <message>
/quit
/help"""


class Client:
    """A connected client."""

    def __init__(self, sock, number):
        self.sock, self.number = sock, number
        self.nick, self.room = f"guest_{number}", "lobby"

    def tell(self, line):
        try:
            self.sock.sendall(f"{line}\n".encode())
        except OSError:
            pass  # The thread that reads from this client notices the loss.


class Chat:
    """Everything that the threads share. Hold the lock while you call a method."""

    def __init__(self):
        self.lock = threading.Lock()
        self.clients = []
        self.stopping = False

    def tell(self, line, hears):
        for client in self.clients:
            if hears(client):
                client.tell(line)

    def tell_others(self, me, line):
        self.tell(line, lambda client: client is not me and client.room == me.room)

    def enter(self, sock):
        taken = {client.number for client in self.clients}
        me = Client(sock, next(n for n in range(1, len(taken) + 2) if n not in taken))
        self.clients.append(me)
        me.tell(f"Welcome! Your nickname is '{me.nick}'. Use /nick <name> to change it.")
        self.tell_others(me, f"{me.nick} has joined the chat!")
        return me

    def leave(self, me):
        self.clients.remove(me)
        if not self.stopping:
            self.tell_others(me, f"{me.nick} has left the chat.")

    def stop(self):
        self.stopping = True
        self.tell("Server shutting down.", lambda client: True)
        for client in self.clients:
            try:
                client.sock.shutdown(socket.SHUT_RD)  # Wakes the thread that reads.
            except OSError:
                pass  # The client has already left.

    def take(self, me, line):
        """Carries out one line. Returns False when the client wants to leave."""
        word, _, rest = line.lstrip().partition(" ")
        command = COMMANDS.get(word.lower())
        if command:
            return command(self, me, rest.strip()) is not False
        if word.startswith("/") and not line.startswith("//"):
            me.tell(f"Unknown command: {word}. Type /help for available commands.")
            return True
        text = line[1:] if line.startswith("//") else line
        self.tell(f"[{me.room}] {me.nick}: {text}", lambda client: client.room == me.room)
        return True

    def find(self, nick):
        return next((client for client in self.clients if client.nick.lower() == nick.lower()), None)

    def rename(self, me, new):
        if not new:
            return me.tell("Usage: /nick <nickname>")
        if not is_name(new, 20) or new.lower().startswith("guest_"):
            return me.tell("A nickname has 1 to 20 letters, digits, '_' or '-', and starts with a letter.")
        if self.find(new) not in (None, me):
            return me.tell(f"Nickname '{new}' is already taken.")
        old, me.nick = me.nick, new
        me.tell(f"Nickname changed to '{new}'.")
        self.tell_others(me, f"{old} is now known as {new}.")

    def join(self, me, room):
        room = room.removeprefix("#").lower()
        if not room:
            return me.tell("Usage: /join <room>")
        if not is_name(room, 32):
            return me.tell("A room name is like a nickname, with up to 32 characters.")
        if room == me.room:
            return me.tell(f"You are already in room '{room}'.")
        self.go(me, room, f"You joined room '{room}'.")

    def go(self, me, room, answer):
        self.tell_others(me, f"{me.nick} has left the room.")
        me.room = room
        me.tell(answer)
        self.tell_others(me, f"{me.nick} has joined the room.")

    def return_to_lobby(self, me, _):
        if me.room == "lobby":
            return me.tell("You are already in the lobby.")
        self.go(me, "lobby", "You returned to the lobby.")

    def users(self, me, _):
        nicks = sorted((client.nick for client in self.clients if client.room == me.room), key=str.lower)
        me.tell(f"Users in {me.room}: {', '.join(nicks)}")

    def rooms(self, me, _):
        me.tell(f"Active rooms: {', '.join(sorted({client.room for client in self.clients}))}")

    def whisper(self, me, rest):
        to, _, text = rest.partition(" ")
        if not text:
            return me.tell("Usage: /whisper <user> <message>")
        target = self.find(to)
        if not target:
            return me.tell(f"User '{to}' not found.")
        target.tell(f"[Whisper from {me.nick}]: {text.lstrip()}")
        me.tell(f"[Whisper to {target.nick}]: {text.lstrip()}")

    def quit(self, me, _):
        me.tell("Goodbye!")
        return False


COMMANDS = {
    "/nick": Chat.rename,
    "/join": Chat.join,
    "/leave": Chat.return_to_lobby,
    "/users": Chat.users,
    "/rooms": Chat.rooms,
    "/whisper": Chat.whisper,
    "/help": lambda _chat, me, _: me.tell(HELP),
    "/quit": Chat.quit,
}


def is_name(name, most):
    return len(name) <= most and re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) is not None


def lines(sock):
    """Yields the lines of a stream, however they arrive. Text without a newline is not a line."""
    buffer = b""
    while True:
        try:
            data = sock.recv(4096)
        except OSError:
            return
        if not data:
            return
        *complete, buffer = (buffer + data).split(b"\n")
        for line in complete:
            # Decode complete lines only: half an emoji is not text.
            yield line.removesuffix(b"\r").decode(errors="replace")


def serve(chat, sock):
    with sock:
        with chat.lock:
            me = chat.enter(sock)
        try:
            for line in lines(sock):
                with chat.lock:
                    if line and not chat.take(me, line):
                        break
        finally:
            with chat.lock:
                chat.leave(me)


def port():
    """`--port N`, or else `$CHAT_PORT`, or else 5555."""
    if "--port" in sys.argv:
        return int(sys.argv[sys.argv.index("--port") + 1])
    return int(os.environ.get("CHAT_PORT", 5555))


def stop(*_):
    raise SystemExit(0)


def main():
    chat = Chat()
    threads = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    # Unlike a plain socket(), create_server sets SO_REUSEADDR: after a stop, the port is free at once.
    with socket.create_server(("127.0.0.1", port()), backlog=128) as listener:
        try:
            while True:
                sock, _ = listener.accept()
                threads.append(threading.Thread(target=serve, args=(chat, sock), daemon=True))
                threads[-1].start()
        finally:
            with chat.lock:
                chat.stop()
            for thread in threads:
                thread.join(1)


if __name__ == "__main__":
    main()
