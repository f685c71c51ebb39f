//! The kinds of failure, and what each usually means.

mod features;
mod seals;
mod wires;

pub use features::*;
pub use seals::*;
pub use wires::*;

/// A kind of failure.
#[derive(Debug, PartialEq, Eq)]
pub struct Class {
    /// The name for `chat_course explain NAME`.
    pub name: &'static str,
    /// The usual reason, in a sentence or two, for the verdict.
    pub summary: &'static str,
    /// The usual reasons at length, for `chat_course explain`.
    pub details: &'static str,
}

impl Class {
    /// Finds a class by its name.
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::all().find(|class| class.name == name)
    }

    /// All classes, roughly from a program that does not start to one that is almost right.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        CLASSES.iter().chain(features::CLASSES).chain(wires::CLASSES).chain(seals::CLASSES).copied()
    }
}

/// Defines each class as a constant and in `CLASSES`. `NO_NEWLINE` is named `no-newline`.
macro_rules! classes {
    ($($constant:ident $name:literal $summary:literal $details:literal)*) => {
        $(#[doc = concat!("The class `", $name, "`.")] pub static $constant: Class =
            Class { name: $name, summary: $summary, details: $details };)*

        /// The classes of this file.
        pub(super) static CLASSES: &[&Class] = &[$(&$constant),*];
    };
}
use classes;

classes! {
    EXITS_EARLY "exits-early"
    "The program ended before it listened. Its last output, if there is any, says why."
    "The course starts your program and connects to the port until the program accepts. Yours ended before that.

Common reasons: the program reads the port from somewhere else (the course passes `--port N` and sets
$CHAT_PORT); it ends when its standard input ends (the course gives it none); the build failed; the file
does not exist, because the command runs in the folder where you call chat_course."

    NOT_LISTENING "not-listening"
    "The program runs, but does not accept connections at its port. It listens on another port or address, or does something else first."
    "The course connects to 127.0.0.1 at the port that it passes as `--port N` (and in $CHAT_PORT). A program
with a fixed port, say 5555, ignores that. Other reasons: it listens on ::1 only, or it asks something on
the terminal before it binds. Print the address you listen on: the course shows your output below a failure."

    IN_BACKGROUND "in-background"
    "The command ended, and the server that it started goes on in the background. Start the server in the foreground."
    "The course starts your command, watches it, asks it to stop, and looks at its exit status. It can do none of
that with a server in the background. Service managers and containers want a server in the foreground, too.
Remove the & at the end of the line, or the option that makes the server a daemon. In a script, let the
server be the last command, and write exec before it: exec python3 server.py \"$@\""

    PORT_BUSY "port-busy"
    "The program cannot bind its port after a restart, because old connections still hold it. Set SO_REUSEADDR before you bind."
    "When a server closes a connection first, the kernel keeps the pair of addresses for a minute
(TIME_WAIT), so that a late packet cannot reach the next connection. Until then bind() refuses the port,
unless the socket has SO_REUSEADDR. Rust's TcpListener::bind and Go's net.Listen set it. In Python, set
allow_reuse_address = True in socketserver, or call setsockopt(SOL_SOCKET, SO_REUSEADDR, 1).
Another reason: the old process closed its connections but has not ended yet."

    DIED "died"
    "The program ended in the middle of the conversation. Its last output says why. Often an error with one client ends the whole server."
    "One client must never end the server. An unwrap() or an uncaught exception in a client's thread should
end only that client; in the accept loop it ends the listening. If a thread panics while it holds a
lock, std's Mutex is poisoned, and every later lock().unwrap() panics as well. Let an error with a
client end that client's loop, and clean up in one place that always runs."

    KILLED "killed"
    "A signal ended the program: a crash (SIGSEGV, SIGABRT), a broken pipe (SIGPIPE), or the memory limit of the course."
    "SIGPIPE: the program wrote to a socket whose other end is closed. This kills a process that does not
ignore the signal (C, C++: use MSG_NOSIGNAL or ignore it). SIGABRT: an abort, such as a failed assertion
or a panic during a panic. SIGSEGV: an access to memory that is not yours, or a stack overflow. SIGKILL:
the program used too much memory; the course allows 2 GiB."

    GREEDY "greedy"
    "The program uses far too much memory. Something grows as long as a client sends, or as long as a client does not read."
    "Everything that a client can make grow needs a limit: the bytes of a line without a newline, the queue of
messages for a client that does not read, the list of clients. Decide what happens at the limit (refuse,
skip, disconnect) and tell the client. If your program keeps nothing, and its language has a garbage
collector, limit its heap: the page of step 17 says how."

    REFUSED "refused"
    "The program still runs but no longer accepts connections. The accept loop has ended, or it is busy with a client."
    "accept() can fail for reasons that pass, such as a client that is already gone or too many open files. A
loop that ends at the first error keeps all later clients out. So does a thread that serves a client
itself instead of going back to accept()."

    CLOSED "closed"
    "The server closed the connection instead of sending the expected line. The client's thread has ended, through an error or because its loop ended."
    "The client received the end of the stream instead of a line. Look for an error in this client's thread
(its message may be in the program's output), a loop that runs only once, a socket that closes because
the variable that owns it goes out of scope, or a client that is disconnected because it sent an empty
line or an unknown command."

    RESET "reset"
    "The connection was reset. The server closed it before reading everything the client had sent, or the server died."
    "If a program closes a connection with unread input, the other side sees a reset and loses what was still on
its way. Read until the end of the stream before you close, or shut down only the writing direction
first. A process that dies also resets its connections that have unread input."

    SILENT "silent"
    "Nothing arrived. The line was not sent, or it sits in a buffer (flush it), or the thread waits for something else: more input from this client, another client, or a lock."
    "A thread that should have answered did not. Check in this order. Does the server read the line at all
(print it)? Does it wait for more than a newline, such as a full buffer or the end of the stream? Does
the answer sit in a BufWriter or a file object (flush it after each line)? Does the thread wait for a
lock, which another thread holds while it reads from or writes to an idle client? If there is only one
thread, is it reading from another client?"

    NO_NEWLINE "no-newline"
    "The text arrived without its newline. Every line ends with \\n; without it the client waits for the rest."
    "A line is complete when its newline has arrived, in both directions. Languages differ in what they add:
Rust's write! adds nothing, writeln! adds \\n; Python's send() adds nothing."

    GLUED "glued"
    "Two messages arrived as one line. The newline between them is missing."
    "Each message needs its own \\n. Sending several messages together from one buffer is good, but the newline
belongs to each message and not to the send."

    EXTRA_BYTES "extra-bytes"
    "The line is right but has extra bytes: often the \\r of a line end, a space, or the rest of a buffer (\\0) that was sent as a whole."
    "Trim the line end from what you read: \\n, and one \\r before it. If there are \\0 bytes or remains of an
earlier message, you send the whole buffer and not just the part that was filled. read() returns the
number of bytes that it stored."

    SPLIT "split"
    "Only one word of the text came back. The program reads words instead of lines."
    "Some calls read only up to the next blank: Scanner.next() in Java, cin >> text in C++, scanf(\"%s\") in C,
fmt.Scan in Go. Use the call that reads a line: nextLine(), getline(), fgets(), bufio.Scanner. If you split
the line at blanks yourself, split off only the command, and keep the rest as it is."

    CUT_SHORT "cut-short"
    "Only a part of the text came back. One read is not one message: a line can arrive in pieces, and it is complete only with its newline."
    "TCP carries a stream of bytes. One send can arrive in several reads, and several sends in one read.
Collect bytes until there is a newline, take out that line, and keep the rest for later."

    CUT_OFF "cut-off"
    "The end of the line is missing. A buffer is too small, or the program takes another character for a newline."
    "A line ends at \\n and nowhere else. Does your program read into a buffer of a fixed size and drop the rest, or
limit the length of what it reads? Does it split text with a function that knows other line ends? Python's
splitlines() and Java's Scanner.nextLine() also split at U+0085 and U+2028: use split('\\n') and
BufferedReader.readLine()."

    MANGLED "mangled"
    "Some characters were destroyed. The program does not read or write UTF-8, or it decodes the pieces of a line separately."
    "In UTF-8 a character is one to four bytes. If ???? came back for an emoji, the program reads or writes
another encoding: name UTF-8 wherever you turn bytes into text or text into bytes (in Java: new
InputStreamReader(in, UTF_8)). If it happens only now and then, a read ended between the bytes of a
character: decode the bytes of a whole line, not those of one read. A line end never cuts a character,
because no byte inside one is \\n."

    TWICE "twice"
    "The same line arrived twice. It is sent once to everyone and once more to this client, or the client is in a list twice."
    "Two paths lead to the same client. Common pairs: the sender gets a direct answer and is also part of
everyone; /quit announces the leaving, and the clean-up at the end of the thread announces it again; a
client is added under its new name, and the old entry is still there. What must happen once should have
one place in the program."

    EXTRA_LINE "extra-line"
    "An unexpected line arrived before the expected one."
    "The client was sent something that is only for others (its own arrival, news about itself), or a debugging
message went to the client instead of the terminal."

    MISSING_LINE "missing-line"
    "A line is missing. The next one arrived in its place."
    "The missing line was not sent at all, or was sent to everyone except this client, or was lost because two
lines arrived in one read and only the first was handled."

    REORDERED "reordered"
    "The right lines arrived in the wrong order. Two threads send to this client, and nothing decides which one is first."
    "If each thread writes on its own, the order on the wire depends on which one is faster, and it can differ
from client to client. Decide the order in one place: under the lock, or in one thread that sends."

    MISSED "missed"
    "Other clients received this line, and this client did not. The loop that sends leaves it out, or it is not on the list."
    "If the client had just been welcomed: the server greets a client first and puts it on the list afterwards,
and a line that is sent in between passes it by. Greet and add it under one lock. If it had been there for
some time: another thread changed the list while this line was being sent, so that the loop skipped an
entry or the list lost one. Hold the lock while you add, while you remove, and while you loop."

    WRONG_CLIENT "wrong-client"
    "The right text went to the wrong client. The loop sends to everyone, or picks the wrong room or name."
    "Compare the clients that should receive the line with those in the loop that sends. Do you check the room
of the *receiver* or that of the sender? Do you leave out the sender where it should receive its own
line? Do you compare names as they are stored, or as they were typed?"

    OVERHEARD "overheard"
    "A client received a line that was not meant for it."
    "The course checks silence, too: this client asked something, and before the answer came a line that it
should never have seen. Which clients does the loop send to: all of them, those in the room, those in
the room except the sender, or one? Is a client that left a room still in the list of that room?"

    ACCEPTED "accepted"
    "The server accepted what it should refuse."
    "Does every path check the rule, before anything changes? Compare names in small letters on both sides. For
the form of a name, check all of it: how long it is, its first character, and each of the others. A check
such as `contains` or an expression that is not anchored at both ends accepts too much. When you refuse,
send one line and change nothing."

    STILL_THERE "still-there"
    "A client that has left is still on the list, and so its name is still taken."
    "However a client leaves, the server must forget it: remove it from the list in code that runs whenever the
loop that reads from this client has ended, after an error too (finally, defer, Drop). Is there a second
list of names that nothing is removed from?"

    SPINS "spins"
    "The program keeps a processor busy although no client does anything. A loop goes on after the end of a stream."
    "When a client has closed its connection, read() returns at once with nothing: 0 bytes, an empty text or
null, which is not an error. A loop that reads again gets the same answer again, as fast as the processor can.
Leave the loop at the end of the stream, and at every error."

    NEARLY "nearly"
    "Almost right: only upper and lower case, spaces or punctuation differ."
    "Compare with the expected line above, at the caret. People understand both, but programs (and the next
steps) read these lines, too."

    WRONG_TEXT "wrong-text"
    "The line is not the expected one. Compare the two at the caret."
    "The line is neither the expected one nor one that is expected before or after it. Perhaps the server did
not understand the command. Does it cut the command off at the first space? Does it remove the slash?
Does it send a command to the room as text instead of executing it?"

    STILL_OPEN "still-open"
    "The connection should have ended and has not. Something still holds the socket."
    "A socket closes when its last owner is gone. A clone in a list of clients, in another thread or in a queue
keeps it open. Remove it from the list, or shut it down: shutdown() acts on the connection, no matter
how many owners it has."

    DOES_NOT_STOP "does-not-stop"
    "The program still runs after the signal. It ignores the signal, or a thread waits in accept() or read(), and nothing wakes it."
    "Setting a flag does not end a blocking call. Wake accept() by connecting to your own port; wake a reader by
shutting its socket down; wake a thread at a channel by dropping the last sender. Then wait for the
threads (join), so that they finish their work before main returns."

    NO_HANDLER "no-handler"
    "The signal ended the program before it could stop by itself. The program needs a handler for SIGINT and SIGTERM."
    "Without a handler the signal ends the process at once: no farewell, no clean-up, and a status that shows the
signal. Handle SIGINT and SIGTERM: note that it is time to stop, wake the threads, and let main return.
Almost nothing is allowed inside a handler; a crate such as ctrlc calls you in a separate thread. If a
script starts your program, write exec before the command: then the program takes the place of the script,
and the signal does not end the script instead."

    WRONG_STATUS "wrong-status"
    "The program stopped, but not with status 0. Its last output, if there is any, says why."
    "For a service manager, any other status is a failure. Often an error is the reason: a socket that was closed
to wake accept() or read() makes them fail, and main passes that on; or an exception, such as Python's
KeyboardInterrupt, ends the program. If a script starts your program, the status is that of the script:
write exec before the last command. 130 and 143 are 128 plus the number of SIGINT or SIGTERM. A shell
reports them for a program that the signal ended. Java ends with them even after its shutdown hooks have
run: handle the signal yourself (sun.misc.Signal.handle) and let main
return, or call Runtime.getRuntime().halt(0) at the end of the last hook."

    NO_FAREWELL "no-farewell"
    "The program stopped without telling its clients. main returned, or the sockets were closed, before the farewell was sent."
    "A server that stops tells its clients. Send the farewell to everyone, wait until it is sent, and only then
close the connections and let main return. When main returns, all other threads end, even if they have
something left to send."

    NO_PLACE "no-place"
    "No new client gets in, although one has left. The server still counts the client that left."
    "Counting up when a client connects is easy. Counting down must happen for every way to leave: /quit, the
end of the stream, a reset, a panic in the thread. Count the entries in the list of clients, or count
down in something that always runs: a Drop, a finally, a defer."

    STALLED "stalled"
    "One client stopped reading, and other clients have to wait for it. A thread writes to it while others need the lock or that thread."
    "When a client does not read, its socket's buffers fill up. A write to it then blocks, possibly for ever.
Other clients must not depend on a thread that blocks in that write: it must not hold the lock, and it
must not be the one thread that serves everyone. Give each client a bounded queue, and disconnect a
client whose queue is full."

    NOT_CUT "not-cut"
    "The server never disconnected a client that reads nothing. Everything the client does not take has to be stored, without limit."
    "Megabytes are waiting for a client that does not read. There are three choices: wait (then everyone waits),
store (then memory grows), or disconnect that client. A limit decides when to take the third one."

    CUT_EARLY "cut-early"
    "The server disconnected a client that reads, or that paused only for a moment. Its outbox holds too few lines."
    "Several lines often arrive together, so they wait in the outbox for a moment although the client reads. An
outbox needs room for a few hundred lines; ours has room for 1000. Disconnect a client only when its outbox
is full, or when its socket has accepted nothing for seconds."

    UNBOUNDED "unbounded"
    "The server goes on reading while it cannot write. What it has read waits in a channel that has no limit."
    "A channel without a limit hides that its receiver is slower than its senders, until the memory is full. Give
it one: bounded(n) or sync_channel(n) in Rust, queue.Queue(n) in Python, new ArrayBlockingQueue<>(n) in
Java, make(chan Post, n) in Go. When it is full, the thread that reads from a client waits. Then the
client has to wait, too, because no thread reads what it sends."

    WRONG_LIMIT "wrong-limit"
    "The limit is not where the page says. Count bytes, not characters, and do not count the newline."
    "A limit of 8192 bytes accepts 8192 bytes and refuses 8193. Common mistakes: >= instead of >; the newline is
counted; the limit is checked only when a buffer is full, and the buffer has another size; the text is
counted after it was decoded. A character takes up to four bytes in UTF-8, and memory is counted in bytes."

    ORDERS_DIFFER "orders-differ"
    "Two clients received the same lines in different orders. Several threads write to the clients, each at its own pace."
    "Between deciding that a line is said and writing it to each client, another thread can do the same. Then
alice receives A before B, and bob receives B before A, and they never agree on what was said first. Let
one place decide, under the lock, and let one thread write: a channel keeps the order."

    DOUBLE "double"
    "Two clients have the same name. The server makes up names without checking which are in use, or it checks and takes a name in two steps, and another client gets in between."
    "if !names.contains(x) { names.insert(x) } is right only if no other thread can act between the two. Lock
once, look and insert, unlock; or let the insert itself report whether the name was new. A guest number
that is made from the number of clients repeats as soon as one leaves: use the smallest free number."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_found_by_its_name_and_explained_at_length() {
        for class in Class::all() {
            assert_eq!(Class::find(class.name), Some(class));
            assert!(class.details.len() > class.summary.len(), "{}", class.name);
            assert!(class.details.lines().all(|line| line.len() <= 110), "{}", class.name);
        }
    }
}
