"""What step 12 added: how a signal stops the server. The later steps share this file, too."""

import signal
import socket
import threading
from contextlib import suppress

STOPPING = threading.Event()

SIGNALS = {signal.SIGINT, signal.SIGTERM}


def stop(chat):
    """Tells all clients, and closes their reading sides, so that their threads end."""
    with chat.turn():
        chat.tell("Server shutting down.", lambda client: True)
    with chat.lock:
        for client in chat.clients:
            # After an error, the client has already gone.
            with suppress(OSError):
                client.outlet.shutdown(socket.SHUT_RD)


def stop_at_a_signal(address):
    """From now on, SIGINT and SIGTERM stop the server that listens at `address`."""
    # Threads that start later inherit this: a signal waits until `sigwait` takes it.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    threading.Thread(target=wait_for_a_signal, args=(address,), daemon=True).start()


def wait_for_a_signal(address):
    signal.sigwait(SIGNALS)
    STOPPING.set()
    # This connection wakes the accept loop.
    socket.create_connection(address).close()
