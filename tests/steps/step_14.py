"""Step 14: writes in one thread only, so that all clients see the same order."""

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
                # One client can delay all others for two seconds, and no longer. (`settimeout`
                # would disconnect silent clients, because it limits reading, too.)
                two_seconds = struct.pack("ll", 2, 0)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, two_seconds)
                # Only the threads that still run.
                threads = [thread for thread in threads if thread.is_alive()]
                threads.append(start(serve, chat, sock))
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


def serve(chat, sock):
    with sock.makefile("rb") as lines:
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
                # The broadcaster closes the connection, after the last line for this client.
                chat.posts.append(([sock], None))


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


def broadcast(posts):
    """The one thread that writes. While it waits for one client, all others wait, too."""
    for socks, line in iter(posts.get, None):
        for sock in socks:
            if line is None:
                sock.close()
                continue
            try:
                send(sock, line)
            except OSError:
                # The thread that reads from this client notices this, and leaves.
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main()
