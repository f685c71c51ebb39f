"""Step 11: announces once that a client has left, however it left."""

import socket
import threading
from contextlib import contextmanager, suppress

from chat import Chat
from commands import take
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
        try:
            # A reset is an error, which ends only the conversation.
            with suppress(OSError):
                converse(chat, me, lines)
        finally:
            # This happens exactly once, however the thread ends.
            with chat.turn():
                chat.clients.remove(me)
                chat.tell_others(me, f"{me.nick} has left the chat.")


def converse(chat, me, lines):
    """Carries out the lines of a client until it leaves."""
    for line in lines:
        # At the end of the stream there can be half a line, which is not a line.
        if not line.endswith(b"\n"):
            return
        text = text_of(line)
        if text.strip().lower() == "/quit":
            with chat.turn():
                chat.answer(me, "Goodbye!")
            return
        if text:
            with chat.lock:
                refusal = chat.refusal(me, text)
            with chat.turn():
                if refusal:
                    chat.answer(me, refusal)
                else:
                    take(chat, me, text)


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


if __name__ == "__main__":
    main()
