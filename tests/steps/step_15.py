"""Step 15: gives each client an outbox, so that a client that does not read delays no other."""

import queue
import socket
import struct
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
        broadcaster = start(broadcast, chat.queue)
        while not STOPPING.is_set():
            # An error with one client must not stop the server for the others.
            with suppress(OSError):
                sock, _ = listener.accept()
                if STOPPING.is_set():
                    break
                outbox = Outbox(sock)
                # This thread also calls `stop`, so no client enters after it.
                with chat.turn():
                    me = chat.enter(outbox)
                # Only the threads that still run.
                threads = [thread for thread in threads if thread.is_alive()]
                threads += [start(outbox.write), start(serve, chat, me)]
    stop(chat)
    for thread in threads:
        thread.join()
    # The broadcaster delivers the remaining lines, and ends.
    chat.queue.put(None)
    broadcaster.join()


def start(work, *args):
    thread = threading.Thread(target=work, args=args)
    thread.start()
    return thread


def serve(chat, me):
    try:
        # A reset is an error, which ends only the conversation.
        with suppress(OSError), me.outlet.sock.makefile("rb") as lines:
            converse(chat, me, lines)
    finally:
        # This happens exactly once, however the thread ends.
        with chat.turn():
            chat.clients.remove(me)
            if not STOPPING.is_set():
                chat.tell_others(me, f"{me.nick} has left the chat.")
            # After its last line, the outbox closes the connection.
            chat.posts.append(([me.outlet], None))


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
        # A very short queue: a client that talks faster than the broadcaster writes must wait.
        self.queue = queue.Queue(maxsize=1)

    @contextmanager
    def turn(self):
        """Locks the chat for a `with` block, and passes its lines to the broadcaster."""
        with self.lock:
            yield  # Here the block runs.
            for post in self.posts:
                # Under the lock, so that the queue has the order of the decisions.
                self.queue.put(post)
            self.posts.clear()


# How many lines may wait for a client. With more, it is disconnected.
OUTBOX = 1000


class Outbox:
    """The lines that wait for a client. Its own thread waits when the client is slow."""

    def __init__(self, sock):
        self.sock = sock
        self.lines = queue.Queue(OUTBOX)

    def put(self, line):
        """Adds a line, or `None` after the last one. It never waits."""
        try:
            self.lines.put_nowait(line)
        except queue.Full:
            # The threads of this client notice this, and it leaves.
            self.shutdown(socket.SHUT_RDWR)

    def shutdown(self, how):
        # After an error, the client has already gone.
        with suppress(OSError):
            self.sock.shutdown(how)

    def write(self):
        """Writes the lines. A client that takes nothing for two seconds counts as gone."""
        with suppress(OSError):
            # `settimeout` would disconnect silent clients, because it limits reading, too.
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 2, 0))
            for line in iter(self.lines.get, None):
                send(self.sock, line)
        # This wakes the thread that reads, if it still waits.
        self.shutdown(socket.SHUT_RDWR)
        self.sock.close()


def broadcast(posts):
    """The one thread that puts lines into outboxes. It never waits."""
    for outboxes, line in iter(posts.get, None):
        for outbox in outboxes:
            outbox.put(line)


if __name__ == "__main__":
    main()
