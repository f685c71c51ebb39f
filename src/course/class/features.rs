//! The kinds of failure of clients, and of servers with files, a log or bots.

use super::{Class, classes};

classes! {
    NOT_KEPT "not-kept"
    "The text being typed was lost or torn apart when a line arrived."
    "The terminal shows the typed text but does not know that it belongs to your prompt. Before you print a line
from the server, go to the start of the row (\\r) and erase it (ESC [ K). Print the line, and then print
the prompt and the typed text again. For that you must know what was typed, so read single keys (raw
mode), or use a line editor that can print above the prompt."

    NOT_SHOWN "not-shown"
    "The client did not show what the server said. It does not read the socket while it waits for the keyboard, or it did not flush its output."
    "Two things can happen at any time: a key and a line from the server. A program that waits for one of them
misses the other. Two threads, one for each, are the simple answer. On a pipe, output often stays in a
buffer until there is a lot of it: flush after each line."

    NOT_SENT "not-sent"
    "The typed text did not reach the server. The client does not read the keyboard while it waits for the server, or it did not flush the line."
    "Two things can happen at any time: a key and a line from the server. A program that waits for one of them
misses the other. Two threads, one for each, are the simple answer."

    NOT_BACK "not-back"
    "The server was running again, and the client did not connect."
    "When the connection ends, wait a moment and connect again. Wait longer after each failure (1, 2, 4 …
seconds), so that a thousand clients do not come back in the same instant. Tell a user who types in the
meantime that the client is not connected."

    NOT_ARRIVED "not-arrived"
    "An accepted file is not in the receiver's folder, or differs from what was sent, or the sender was not told."
    "Save files in the folder that $CHAT_DOWNLOADS names, under the last part of their path, without a leading
dot. Read and write bytes, not text: no decoding, no lines, and no newline at the end. Open both ends in
binary mode, and read until you have the announced number of bytes (it can be zero). Close or flush the
file before you report that it has arrived."

    OVERWRITTEN "overwritten"
    "A received file replaced another file of the same name."
    "A sender can choose a name that you already have. Create the new file in a way that fails if the name exists
(O_EXCL; `create_new` in Rust, mode `x` in Python), and then try `plan (1).pdf`. Checking first and
opening afterwards are two steps, and another file can be created in between."

    NOT_REFUSED "not-refused"
    "Something over a limit was not refused, or the user was not told."
    "Check a limit where it matters, which is the server: only the server knows what it promises to others.
Refuse a file when it is announced, before any other client is told of it."

    NOT_LOGGED "not-logged"
    "Something happened, and no line of the log says so."
    "The course starts the server with $CHAT_LOG_DIR set to a folder. When the server has stopped, the course
reads every file in it that ends with .log. Is the file in that folder, and not in the folder where the
server was started? Is the event logged in the one place that every case passes, or only on some paths:
is leaving logged for /quit, but not for a connection that ends?"

    NOT_FLUSHED "not-flushed"
    "The last thing said is not in the log. It was still in a buffer or in a queue when the program ended."
    "Write what waits for the log before main returns: drop the queue's last sender, join the thread that
writes, and let it flush its buffer when the queue is empty and at its end. A daemon thread ends when
main returns and loses everything it holds."

    SECRET_LOGGED "secret-logged"
    "The log contains a secret: a password, or the text of a whisper."
    "If you log each line as it arrives, you log the passwords, too, even those in a command that is misspelt or
unknown to the server. Log what was understood: of a command its name, and not what follows; of a
whisper the sender and the receiver."

    BOT_FLOODS "bot-floods"
    "A bot answered everything that it was asked, at once. One user who asks a lot makes it flood the room."
    "A bot is a client, and has the rate of a client: a token bucket with five tokens, and five new ones each
second, decides whether it may speak now (step 29 has one). What it may not answer now, it leaves unanswered
or puts into a short queue: an answer that comes a minute late is of no use."

    NOT_PRIVATE "not-private"
    "Other users of the machine can read or change the log."
    "A log says who talks to whom, and when. Create its files so that only their owner can open them (mode 0600):
OpenOptions::mode(0o600) in Rust, os.open(path, flags, 0o600) in Python, os.OpenFile(path, flags, 0600) in
Go, PosixFilePermissions in Java, { mode: 0o600 } in Node. Changing the mode afterwards is too late: in
between, another program can open the file."

    WAITS_FOR_DISK "waits-for-disk"
    "The chat stopped, because the disk did not accept the log. A thread writes to the log while clients wait for it."
    "A disk can be slow for a second, and a network drive for minutes. If the log is written under the lock, or by
the thread that serves a client, all of them wait. Put entries into a bounded queue with a call that never
waits, and write in a thread of its own. When the queue is full, count the lost entries."

    FORGED "forged"
    "A user could forge a line of the log. A character that ends a line, or controls a terminal, was written as it arrived."
    "A line ends with \\n, but for many programs a \\r, a U+0085 or a U+2028 inside it also starts a new line,
and ESC [ 2 K makes a terminal erase the line that it is showing. Escape or remove every control
character in what users type before you write it."
}
