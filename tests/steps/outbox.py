"""What steps 14 and 15 added: the outboxes and the broadcaster. The later steps share it."""

import queue
import socket
import struct
from contextlib import suppress

from net import send

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
