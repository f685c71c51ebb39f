"""What steps 9 and 10 added: questions and whispers. The later steps share this file, too."""

from chat import words


def take(chat, me, line):
    """Answers questions and sends messages. The chat does the rest."""
    word, rest = words(line)
    command = word.lower()
    if command in ("/nick", "/join", "/leave"):
        chat.take(me, line)
    elif command in ANSWERS:
        chat.answer(me, ANSWERS[command](chat, me, rest))
    elif line.startswith("//"):
        chat.say(me, line[1:])
    elif word.startswith("/"):
        chat.answer(me, f"Unknown command: {word}. Type /help for available commands.")
    else:
        chat.say(me, line)


HELP = """Available commands:
/nick <nickname>
/join <room>
/leave
/users
/rooms
/help
/whisper <user> <message>
/quit"""


def users(chat, me, _rest):
    here = [client.nick for client in chat.clients if client.room == me.room]
    return f"Users in {me.room}: {', '.join(sorted(here, key=str.lower))}"


def rooms(chat, _me, _rest):
    # In a set, each room is there only once.
    return f"Active rooms: {', '.join(sorted({client.room for client in chat.clients}))}"


def usages(_chat, _me, _rest):
    return HELP


def whisper(chat, me, rest):
    to, _, text = rest.partition(" ")
    if not text:
        return "Usage: /whisper <user> <message>"
    target = chat.find(to)
    if target is None:
        return f"User '{to}' not found."
    chat.answer(target, f"[Whisper from {me.nick}]: {text.lstrip()}")
    return f"[Whisper to {target.nick}]: {text.lstrip()}"


ANSWERS = {"/users": users, "/rooms": rooms, "/help": usages, "/whisper": whisper}
