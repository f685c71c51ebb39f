"""Step 9: answers questions, and reports commands that it does not know."""

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
    """The chat of the first eight steps, now in its own file. The threads share it."""

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
    word, _ = words(line)
    command = word.lower()
    if command in ("/nick", "/join", "/leave"):
        chat.take(me, line)
    elif command in ANSWERS:
        chat.answer(me, ANSWERS[command](chat, me))
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
/help"""


def users(chat, me):
    here = [client.nick for client in chat.clients if client.room == me.room]
    return f"Users in {me.room}: {', '.join(sorted(here, key=str.lower))}"


def rooms(chat, _me):
    # In a set, each room is there only once.
    return f"Active rooms: {', '.join(sorted({client.room for client in chat.clients}))}"


def usages(_chat, _me):
    return HELP


ANSWERS = {"/users": users, "/rooms": rooms, "/help": usages}


if __name__ == "__main__":
    main()
