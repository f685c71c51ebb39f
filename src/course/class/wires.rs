//! The kinds of failure of a server that speaks JSON, datagrams or frames.

use super::{Class, classes};

classes! {
    SPEAKS_FIRST "speaks-first"
    "The server spoke before the client. On this wire the client names itself first, and the server waits for it."
    "A program does not read a welcome. It sends its first object and takes what comes back for the answer, so
a greeting in between is a wrong answer, and some programs end without a word. Do not send anything to a
client, and do not tell others of it, before it has joined."

    NOT_JSON "not-json"
    "What arrived is not one JSON object on a line."
    "Everything that the server says on this wire is an object, including the answer to a mistake, the news that
a client has left, and the farewell. Each is on one line: a newline inside a text is written \\n. Do not
put objects together by hand, because a quotation mark in a text then ends the text. Let a library write
them."

    MISSING_KEY "missing-key"
    "A key of the object is missing. Programs look for exactly this key."
    "A person understands 'from' and 'user' equally well. A program reads object[\"user\"] and finds nothing.
Compare the names of the keys with the page, in small letters."

    WRONG_VALUE "wrong-value"
    "A key of the object has a different value than expected."
    "The line below says which key it is. If it is \"type\", the server did something other than what it was asked
to do: \"error\" means that it refused the object. A number is not a text: 3 and \"3\" are different values."

    ESCAPED "escaped"
    "The text still has the escapes of JSON, such as \\\" or \\u00eb, instead of the characters that they stand for."
    "In JSON, \\\" is a quotation mark, \\\\ a backslash, \\u00eb an ë, and \\ud83d\\ude00 is one character in two halves
(a surrogate pair). A program that cuts the text out of the line by hand gets the escapes. Let a library
read the object, and use the text that it returns."

    NOT_NUMBERED "not-numbered"
    "The numbers of the messages are wrong. Each message has a larger seq than the one before, the same for all clients."
    "Count under the lock, when the message is said, and write the number into the one object that all clients
receive. If each client has its own counter, or if the counter is read after unlocking, the same message gets
different numbers."

    NO_DATAGRAMS "no-datagrams"
    "The program listens for connections instead of datagrams."
    "The course starts your program with CHAT_WIRE=json+udp in its environment. Then it must bind a UDP socket
(SOCK_DGRAM) to 127.0.0.1 and its port, instead of listening. There is nothing to accept: recvfrom returns a
datagram and the address of its sender."

    NO_ACK "no-ack"
    "A datagram with an id was not acknowledged."
    "A datagram can be lost, and so can its acknowledgement. The client cannot tell which, so it sends the same
datagram again until the acknowledgement comes. Answer each datagram that has an id with
{\"type\":\"ack\",\"id\":…}, with the same id and to the address it came from: at once, before anything that
follows from it, and also when you have seen this id before. Send it with the socket that received the
datagram, because a client listens to one port only."

    REPEATED "repeated"
    "A datagram that came twice was carried out twice. It is acknowledged each time, and carried out once."
    "When an acknowledgement is lost, the client sends the same datagram again, with the same id. The network can
also duplicate a datagram, or deliver a copy late, after newer ones. Remember the ids of each client, and not
only the last one. Look the id up before you carry the object out, and acknowledge it in any case."

    SAME_ADDRESS "same-address"
    "Two clients on one machine were taken for one. A client is an address and a port."
    "All programs of a machine have the same IP address, and so do all machines of an office behind one router.
The port tells them apart. Use the pair of both, as recvfrom returns it, as the key for everything that you
remember about a client, and send to this pair."

    BAD_FRAME "bad-frame"
    "A frame of the server is not put together as the page says."
    "Numbers are big-endian: the most significant byte comes first. Lengths count bytes, not characters. Each
CRC-32 is over the bytes that are sent, so compute it last, after padding. The HMAC is over the JSON header
and the content, in this order, with nothing between them. Print the 64 bytes of the head as hexadecimal
numbers and compare them with the table."

    REJECTED "rejected"
    "The server refused a correct frame."
    "The sentence in its error frame says why. Compare how you compute a checksum or the signature with the page:
over which bytes, in which order, and with which key? Numbers are big-endian. The JSON header can have
spaces and its keys in any order, so compute the checksum over the bytes that arrived, before you read it.
The content_type can have a part after it, as in text/plain; charset=utf-8."

    FRAME_CUT "frame-cut"
    "One read is not one frame. A frame can arrive in pieces, and two frames can arrive together."
    "Collect what you read. The head is complete with 64 bytes; it says how many bytes follow. Wait until they are
all there, take exactly that many, and keep the rest for the next frame. A read function that fills the
whole buffer (read_exact) does this for you."

    UNCHECKED "unchecked"
    "A frame with a wrong checksum was carried out."
    "Compute the CRC-32 of the JSON header and of the content that arrived, and compare both with the head. If one
differs, the frame was damaged on its way: answer with an error frame, skip the frame, and go on."

    UNSIGNED "unsigned"
    "A frame with a wrong signature was carried out. Its checksums were correct, but a checksum needs no secret."
    "A checksum finds accidents. An attacker who changes the content also changes the checksum. An HMAC needs
the key, so without the key a changed frame cannot be signed again. Compute it over the JSON header and the
content that arrived, and compare it with the head, with the function of your library that takes the same
time for every wrong value."

    LENGTH_BELIEVED "length-believed"
    "The server believed a length: it waits for bytes that never come, or makes room for them."
    "The length in a head is a claim of the client. Compare it with your limit (10 MiB) before you make room for
anything, before you add to it, and before you read on. A length of 2^63 does not fit into a signed number,
and adding 64 to it overflows. Answer with an error frame at once."

    ANNOUNCED_EARLY "announced-early"
    "A client was announced before it had acknowledged its session."
    "Any program can connect. A client is in the chat when it has sent session_ack with the session_id that it was
given. Before that, it has no name, appears in no list and hears nothing."

    FOREIGN_SESSION "foreign-session"
    "A frame with the session_id of another client was accepted."
    "The session_id says to which connection a frame belongs. Compare it in each frame with the one that you sent
in session_init. If it is a different one, answer with an error frame and close the connection."

    NO_PONG "no-pong"
    "The server did not answer a ping with a pong."
    "A frame of the type heartbeat with the content ping is a question: are you still there? Answer it at once, to
this client only, with a frame of the same type and the content pong."

    STILL_HERE "still-here"
    "A client has been silent for too long and still counts as present."
    "A pulled cable sends no farewell, so a read can wait forever. Give each read a time limit: what is left of
this client's time since its last complete frame or datagram. It is not enough to give the whole time to each
read, because then it begins anew with each byte. When nothing is left, the client leaves in the usual way. A
part of a frame is not a sign of life, and neither is what other clients send."

    GONE_EARLY "gone-early"
    "A client that gave signs of life was disconnected."
    "Each client has a deadline of its own, and each complete frame or datagram that it sends moves it. A ping
does, too. Do you note the time for every type of frame? Does each client have its own deadline, or is there
one for all?"
}
