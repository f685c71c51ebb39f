//! The ways in which a chat program fails, and what each usually means.

/// A way to fail.
#[derive(Debug, PartialEq, Eq)]
pub struct Class {
    /// For `chat_course explain NAME`.
    pub name: &'static str,
    /// What it usually means, in a sentence or two.
    pub usually: &'static str,
    /// The same at length.
    pub at_length: &'static str,
}

impl Class {
    /// The class of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        CLASSES.iter().copied().find(|class| class.name == name)
    }
}

/// A class, named like its constant: `NO_NEWLINE` is `no-newline`.
macro_rules! classes {
    ($($constant:ident $name:literal $usually:literal $at_length:literal)*) => {
        $(#[doc = concat!("The class `", $name, "`.")] pub static $constant: Class =
            Class { name: $name, usually: $usually, at_length: $at_length };)*

        /// All classes, from a program that does not start to one that is almost right.
        pub static CLASSES: &[&Class] = &[$(&$constant),*];
    };
}

classes! {
    EXITS_EARLY "exits-early"
    "The program ended before it listened. What it printed last, if anything, says why."
    "We start your program and call the port until somebody answers. Yours ended before that.

Often: it reads the port from somewhere else (it comes as `--port N`, and in $CHAT_PORT); it is a
program that ends when its input ends (it has none here); the build failed; the file is not there,
because the command is run in the folder where you call chat_course."

    NOT_LISTENING "not-listening"
    "The program runs, but nobody answers at its port: it listens on another port or address, or it does something else first."
    "We call 127.0.0.1 at the port that we gave as `--port N` (and in $CHAT_PORT). A program with a fixed
port, say 5555, never notices. So does one that listens on ::1 only, or that asks something on the
terminal before it binds. Print the address you listen on: what you print is shown below a failure."

    PORT_BUSY "port-busy"
    "Started again, the program cannot have its port: the old connections still hold it. Set SO_REUSEADDR before binding."
    "When a server closes a connection first, the kernel keeps the pair of addresses for a minute
(TIME_WAIT), lest a late packet reach the next connection. bind() refuses the port for as long,
unless the socket has SO_REUSEADDR. Rust's TcpListener::bind sets it, as Go's net.Listen does; in
Python say socketserver's allow_reuse_address = True or setsockopt(SOL_SOCKET, SO_REUSEADDR, 1).
Another reason: the old process has not ended yet, though it has closed its connections."

    DIED "died"
    "The program ended in the middle of the conversation. Its last words say why; often one client's error ends everybody's server."
    "One client must never end the server. An unwrap() or an uncaught exception in a client's thread
should end that client only; in the accept loop it ends the listening. If the panic happens while a
lock is held, std's Mutex is poisoned and every later lock().unwrap() panics as well. Let a client's
error end the loop of this client, and clean up in one place that is always passed."

    KILLED "killed"
    "The program was ended by a signal: a crash (SIGSEGV, SIGABRT), a broken pipe (SIGPIPE), or the limits of the grader."
    "SIGPIPE: writing to a socket whose other end is gone kills a process that does not ignore it (C, C++;
use MSG_NOSIGNAL or ignore the signal). SIGABRT: an abort, such as a panic while panicking, or an
assertion. SIGSEGV: memory that is not yours, or a stack that overflowed. SIGKILL: somebody took too
much memory; the grader allows 2 GiB."

    GREEDY "greedy"
    "The program uses far too much memory: something grows as long as somebody sends, or as long as somebody does not read."
    "Whatever a client can make grow needs a limit: the bytes of a line whose newline does not come, the
queue of messages for somebody who does not read, the list of clients. Decide what happens at the
limit (refuse, skip, cut off) and say so to the client."

    REFUSED "refused"
    "The program no longer takes connections, though it runs: the accept loop has ended or is busy with a client."
    "accept() can fail for reasons that pass (a client that has gone again, too many open files). A loop
that ends at the first error, or a thread that serves a client itself and does not come back to
accept(), leaves all later clients outside."

    CLOSED "closed"
    "The server closed the connection where a line was due: the client's thread has ended, by an error or by the end of a loop."
    "The client heard the end of the stream instead of a line. Look for: an error in this client's thread
(its message may be among what the program printed), a loop that runs once instead of for ever, a
socket that is closed because the variable which owned it went out of scope, a client that is thrown
out because it sent an empty line or something unknown."

    RESET "reset"
    "The connection was reset: the server closed it while something that the client had sent was still unread, or it died."
    "A close with unread input is told to the other side as a reset, and destroys what was still on its way
to it. Read until the end of the stream before you close, or shut down only the writing direction
first. A process that dies with open connections resets those with unread input as well."

    SILENT "silent"
    "Nothing came. The line was not sent, or it sits in a buffer (flush it), or the thread waits for something else: for this client to say more, for another client, or for a lock."
    "A thread that should have answered did not. In this order: is the line read at all (print it)? Does the
server wait for more than a newline, such as a full buffer or the end of the stream? Does the answer
sit in a BufWriter or a file object (flush it after each line)? Is the thread waiting for a lock
which another thread holds while it reads from or writes to a client that does nothing? With one
thread, is it reading from another client?"

    NO_NEWLINE "no-newline"
    "The text came without its newline. Every line ends with \\n; without it the client waits for the rest."
    "A line is over when its newline has come, in both directions. Languages differ in what their print adds:
Rust's write! adds nothing, writeln! adds \\n; Python's send() adds nothing."

    GLUED "glued"
    "Two messages came as one line: the newline between them is missing."
    "Each message needs its own \\n. When messages are collected in one buffer and sent together, that is
good, but the newline belongs to the message and not to the send."

    EXTRA_BYTES "extra-bytes"
    "The line is right, but there is more in it: often the \\r of a line end, a blank, or the rest of a buffer (\\0) that was sent whole."
    "Trim the line end of what you read: \\n, and one \\r before it. If there are \\0 bytes or remains of an
earlier message, you send the whole buffer and not just the part that was filled: read() says how
many bytes it got."

    CUT_SHORT "cut-short"
    "Only a part of the text came back. One read is not one message: a line can come in pieces, and only its newline says that it is over."
    "TCP carries a stream of bytes. What was one send can be several reads, and several sends one read.
Collect bytes until there is a newline, take out that line, and keep the rest for the next time."

    MANGLED "mangled"
    "A character was destroyed on its way: it came in pieces, and the pieces were decoded one by one. Decode a line when it is whole."
    "In UTF-8 a character is one to four bytes, and a read can end between them. Decode the bytes of a whole
line, not those of a read; then a character can never be cut, because no byte inside one is \\n."

    TWICE "twice"
    "The same line came twice: it is sent once to everybody and once more to this client, or the client is in a list twice."
    "Two paths lead to the same client. Common pairs: the sender is answered directly and is also one of
everybody; leaving is told by /quit and again by the clean-up at the end of the thread; a client was
added again under its new name while the old entry is still there. What must happen once should
have one place in the program."

    EXTRA_LINE "extra-line"
    "A line came that nobody asked for; what was due came after it."
    "Somebody was told something that is meant for others only (the newcomer its own arrival, the sender the
news about itself), or a line for debugging went to the client instead of the terminal."

    MISSING_LINE "missing-line"
    "A line was left out: the next one came in its place."
    "The one that was due was sent to nobody, to everybody but this client, or was lost when two lines came in
one read and only the first was handled."

    REORDERED "reordered"
    "The right lines came in the wrong order: two threads send to this client, and nothing decides who is first."
    "If each thread writes by itself, the order on the wire is whoever comes first, and it can differ from
client to client. Decide the order in one place: under the lock, or in one thread that sends."

    WRONG_CLIENT "wrong-client"
    "The right text went to the wrong client: the loop sends to everybody, or picks the room or the name by mistake."
    "Compare who should hear it with who is in the loop that sends. Is the room of the *listener* checked, or
that of the sender? Is the sender left out where it should hear itself? Are names compared as they
are stored, or as they were typed?"

    OVERHEARD "overheard"
    "Somebody heard what was not meant for them."
    "Silence is checked too: this client asked something, and before the answer came a line that it should
never have seen. Who is in the loop that sends: everybody, those in the room, those in the room but
the sender, or one client? Is somebody who left a room still in its list?"

    NEARLY "nearly"
    "Almost: only the case, the blanks or the punctuation differ."
    "Compare with the expected line above, at the caret. People can read both, but programs (and the next
steps) read these lines too."

    WRONG_TEXT "wrong-text"
    "Another line came than the one that was due. Compare the two at the caret."
    "The line that came is neither the one that was due nor one that was due before or after. Perhaps the
command was not understood: is the word cut off at the first blank, is the slash removed, is a
command said aloud instead of being done?"

    STILL_OPEN "still-open"
    "The connection should have ended, and has not: somebody still holds the socket."
    "A socket is closed when its last owner has gone. A clone in a list of clients, in another thread or in a
queue keeps it open. Remove it from the list, or shut it down (shutdown() acts on the connection,
whoever owns it)."

    DOES_NOT_STOP "does-not-stop"
    "The signal came, and the program still runs: a thread waits in accept() or read() and nothing wakes it."
    "Blocking calls do not end by themselves when a flag is set. Wake accept() by connecting to your own port;
wake a reader by shutting its socket down; wake a thread at a channel by dropping the last sender.
Then wait for the threads (join), so that everything they owe is done before main returns."

    WRONG_STATUS "wrong-status"
    "The program stopped, but not with status 0: the signal ended it before it could end itself."
    "Without a handler the signal ends the process on the spot: no farewell, no clean-up, and a status that says
so. Handle SIGINT and SIGTERM: note that it is time to stop, wake the threads, let main return. In a
handler itself almost nothing is allowed; a crate such as ctrlc calls you in a thread of its own."

    NO_FAREWELL "no-farewell"
    "The program stopped without telling its clients: main returned, or the sockets were closed, before the farewell was sent."
    "A server that stops owes its clients a word. Tell everybody, wait until it is sent, and only then close
the connections and let main return: when main returns, all other threads are gone, whatever they
were about to send."

    NO_PLACE "no-place"
    "Nobody gets in any more, although somebody has left: whoever leaves is still counted."
    "Counting up when somebody comes is easy; counting down must happen however somebody leaves: by /quit, by
the end of the stream, by a reset, by a panic in the thread. Count what is there (the entries of the
list of clients), or let something count down that always runs: a Drop, a finally, a defer."

    STALLED "stalled"
    "One client stopped reading, and others have to wait for it: somebody writes to it while others need the lock or the thread."
    "When a client does not read, its socket's buffers fill up, and then a write to it waits, for ever if need
be. Whoever waits in that write must not be needed by others: it must not hold the lock, and it must
not be the one thread that serves everybody. Give each client a queue with a bound, and cut off
whoever lets it fill up."

    NOT_CUT "not-cut"
    "A client that reads nothing was kept for ever: what it does not take has to be stored somewhere, without end."
    "Megabytes are waiting for somebody who does not read. There are three choices: wait (then everybody waits),
store (then memory grows), or cut that client off. A bound decides when the third one is taken."

    ORDERS_DIFFER "orders-differ"
    "Two clients heard the same lines in different orders: several threads write to the clients, each in its own time."
    "Between deciding that a line is said and writing it to each client, another thread can do the same. Then
alice hears A before B, and bob B before A, and they will never agree on who said what first. Let one
place decide, under the lock, and one thread write: a channel keeps the order."

    DOUBLE "double"
    "Two clients have the same name: it was made up without looking who has it, or checking that it is free and taking it happen in two steps, and somebody came in between."
    "if !names.contains(x) { names.insert(x) } is right only if nobody else can act between the two. Lock once,
look and insert, unlock; or let the insert itself say whether the name was new. A guest's number that is
made from how many are there comes twice as soon as somebody has left: count those who ever came."

    NOT_KEPT "not-kept"
    "What was being typed was lost or torn apart when a line came."
    "The terminal shows what was typed, but it does not know that it belongs to your prompt. Before you print a
line that came: go to the start of the row (\\r) and erase it (ESC [ K); print the line; then print the
prompt and what had been typed so far again. For that you must know what had been typed, so read
keys yourself (raw mode), or use a line editor that can print above the prompt."

    NOT_SHOWN "not-shown"
    "What the server said was not shown: nobody reads the socket while the program waits for the keyboard, or the output was not flushed."
    "Two things can happen at any time, a key and a line from the server, and a program that waits for one of
them is deaf to the other. Two threads, one for each, is the simple answer. On a pipe, output is
often kept until there is a lot of it: flush after each line."

    NOT_SENT "not-sent"
    "What was typed did not arrive at the server: nobody reads the keyboard while the program waits for the server, or the line was not flushed."
    "Two things can happen at any time, a key and a line from the server, and a program that waits for one of
them is deaf to the other. Two threads, one for each, is the simple answer."

    NOT_BACK "not-back"
    "The server was there again, and the client did not call."
    "When the connection ends, wait a moment and call again; wait longer after each failure (1, 2, 4 … seconds),
so that a thousand clients do not come back in the same instant. Whoever types meanwhile should be
told that nobody is listening."

    NOT_ARRIVED "not-arrived"
    "A file that was accepted is not in the receiver's folder, or is not what was sent, or the sender was not told."
    "Files belong into the folder that $CHAT_DOWNLOADS names, under the last part of their path, without a
dot in front. Read and write bytes, not text: no decoding, no lines, and no newline at the end. Open
both ends in binary mode, go on reading until as many bytes have come as were announced (a file may
have none at all), and close or flush what you wrote before you say that it is there."

    OVERWRITTEN "overwritten"
    "A file that came took the place of another that had the same name."
    "Whoever may choose a name may choose one that you have. Make the new file so that it fails if there is
one already (O_EXCL; `create_new` in Rust, mode `x` in Python), and try `plan (1).pdf` then. Looking
first and opening afterwards are two steps, and somebody can come in between."

    NOT_REFUSED "not-refused"
    "Something over a limit was not refused, or nobody said so to the user."
    "A limit is checked where it matters, which is the server: it alone knows what it promises to others.
What a client announces is refused when it is announced, before anybody else hears of it."

    NOT_LOGGED "not-logged"
    "Something happened, and no line of the log says so."
    "The server is started with $CHAT_LOG_DIR (or, if you like, `--log-dir`) set to a folder; every file in
it that ends with .log is read when the server has stopped. Is the file in that folder, and not where
the server was started? Is the event written where it happens for everybody, or in one of several
paths only: is leaving logged for /quit, and not for a connection that ends?"

    NOT_FLUSHED "not-flushed"
    "What was said last is not in the log: it was still in a buffer, or in a queue, when the program ended."
    "Before main returns, what waits for the log has to be written: drop the queue's last sender, join the
thread that writes, and let it flush its buffer when the queue is empty and at its end. A daemon
thread is simply gone when main returns, with everything that it held."

    SECRET_LOGGED "secret-logged"
    "The log has something in it that nobody may read there: a password, or the text of a whisper."
    "Whoever logs each line as it came logs the passwords too, also those in a command that the server does
not know (yet), or that was misspelt. Log what was understood: of a command its name, and not what
follows; of a whisper who and to whom."

    FORGED "forged"
    "Somebody made up a line of the log: a character that ends a line, or steers a terminal, was written as it came."
    "A line that was said ends with \\n, but a \\r inside of it, a U+0085 or a U+2028 also begins a new line
for many programs, and ESC [ 2 K makes a terminal rub out the one that it is showing. Escape or remove
every control character in what users type before you write it down."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_found_by_its_name_and_explained_at_length() {
        for class in CLASSES {
            assert_eq!(Class::find(class.name), Some(*class));
            assert!(class.at_length.len() > class.usually.len(), "{}", class.name);
            assert!(class.at_length.lines().all(|line| line.len() <= 110), "{}", class.name);
        }
    }
}
