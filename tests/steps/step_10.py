"""Step 10: sends a whisper to exactly one client."""

import socket
import threading
from contextlib import contextmanager, suppress

from chat import Chat, words
from net import port, send, text_of


def main():
    chat = SharedChat()
    with socket.create_server(("127.0.0.1", port())) as listener:
        while True:
            # An error with one client must not stop the server for the others.
            with suppress(OSError):
                sock, _ = listener.accept()
                threading.Thread(target=serve, args=(chat, sock), daemon=True).start()


def serve(chat, sock):
    with sock, sock.makefile("rb") as lines:
        with chat.turn():
            me = chat.enter(sock)
        # An error ends only this loop, and so the client is removed in any case.
        with suppress(OSError):
            for line in lines:
                text = text_of(line)
                if text:
                    with chat.lock:
                        refusal = chat.refusal(me, text)
                    with chat.turn():
                        if refusal:
                            chat.answer(me, refusal)
                        else:
                            take(chat, me, text)
        with chat.lock:
            chat.clients.remove(me)


class SharedChat(Chat):
    """The chat, shared by the threads of all clients."""

    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()

    @contextmanager
    def turn(self):
        """Locks the chat for a `with` block, and writes the lines that the block has posted."""
        with self.lock:
            yield  # Here the block runs.
            for socks, line in self.posts:
                for sock in socks:
                    # After an error, the thread that reads from this client notices the loss.
                    with suppress(OSError):
                        send(sock, line)
            self.posts.clear()


def take(chat, me, line):
    """Answers questions and sends messages. The chat does the rest."""
    word, rest = words(line)
    command = word.lower()
    if command in ("/nick", "/join", "/leave"):
        chat.take(me, line)
    elif command in ANSWERS:
        chat.answer(me, ANSWERS[command](chat, me, rest))
    elif line.startswith("//"):
        chat.say(me, line[1:])
    elif word.startswith("/"):
        chat.answer(me, f"Unknown command: {word}. Type /help for available commands.")
    else:
        chat.say(me, line)


HELP = """Available commands:
/nick <nickname>
/join <room>
/leave
/users
/rooms
/help
/whisper <user> <message>"""


def users(chat, me, _rest):
    here = [client.nick for client in chat.clients if client.room == me.room]
    return f"Users in {me.room}: {', '.join(sorted(here, key=str.lower))}"


def rooms(chat, _me, _rest):
    # In a set, each room is there only once.
    return f"Active rooms: {', '.join(sorted({client.room for client in chat.clients}))}"


def usages(_chat, _me, _rest):
    return HELP


def whisper(chat, me, rest):
    to, _, text = rest.partition(" ")
    if not text:
        return "Usage: /whisper <user> <message>"
    target = chat.find(to)
    if target is None:
        return f"User '{to}' not found."
    chat.answer(target, f"[Whisper from {me.nick}]: {text.lstrip()}")
    return f"[Whisper to {target.nick}]: {text.lstrip()}"


ANSWERS = {"/users": users, "/rooms": rooms, "/help": usages, "/whisper": whisper}


if __name__ == "__main__":
    main()
