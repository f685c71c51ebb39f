"""Step 13: does nothing slow while it holds the lock."""

import socket
import threading
from contextlib import contextmanager, suppress

from chat import Chat
from commands import take
from net import port, send, text_of
from stopping import STOPPING, stop, stop_at_a_signal


def main():
    chat = SharedChat()
    threads = []
    with socket.create_server(("127.0.0.1", port())) as listener:
        stop_at_a_signal(listener.getsockname())
        while not STOPPING.is_set():
            # An error with one client must not stop the server for the others.
            with suppress(OSError):
                sock, _ = listener.accept()
                # Only the threads that still run.
                threads = [thread for thread in threads if thread.is_alive()]
                threads.append(start(serve, chat, sock))
    stop(chat)
    for thread in threads:
        thread.join()


def start(work, *args):
    thread = threading.Thread(target=work, args=args)
    thread.start()
    return thread


def serve(chat, sock):
    with sock, sock.makefile("rb") as lines:
        with chat.turn():
            # Under the lock: either a client enters before `stop`, which tells it, or not at all.
            if STOPPING.is_set():
                return
            me = chat.enter(sock)
        try:
            # A reset is an error, which ends only the conversation.
            with suppress(OSError):
                converse(chat, me, lines)
        finally:
            # This happens exactly once, however the thread ends.
            with chat.turn():
                chat.clients.remove(me)
                if not STOPPING.is_set():
                    chat.tell_others(me, f"{me.nick} has left the chat.")


def converse(chat, me, lines):
    """Carries out the lines of a client until it leaves."""
    for line in lines:
        # At the end of the stream there can be half a line, which is not a line.
        if STOPPING.is_set() or not line.endswith(b"\n"):
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
                if STOPPING.is_set():
                    return
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
        """Locks the chat for a `with` block, and then writes the lines that it has posted."""
        with self.lock:
            yield  # Here the block runs.
            posts, self.posts = self.posts, []
        # Writing waits for a client that does not read. The other threads must not wait, too.
        for socks, line in posts:
            for sock in socks:
                # After an error, the thread that reads from this client notices the loss.
                with suppress(OSError):
                    send(sock, line)


if __name__ == "__main__":
    main()
