// What the page knows of the chat: who and where one is, who else is there, and what is said.
import { Conversation } from "./conversation.js";
import { keep, kept, tell } from "./dom.js";
import { Speech } from "./speech.js";
import { say } from "./words.js";

/** How many lines are asked for at once, how many after a break, and of how many rooms is kept what one has seen. */
const [SOME, MANY, MOST_SEEN] = [100, 1000, 100];
/** After how many milliseconds the lists are asked for again, and how often a nickname that may be free soon. */
const [OFTEN, MOST_CLAIMS] = [5000, 8];

const lower = (name) => name.toLowerCase();
/** Tells "lines", "show" and "spoken" (of a conversation), "lists", "file", "in", and "refused" (why). */
export class Chat extends EventTarget {
  nick = "";
  topic = "";
  isIn = false;
  /** How often one has come in. */
  visit = 0;
  rooms = [];
  members = new Map();
  moreMembers = 0;
  room = new Conversation("room", kept("room") ?? "lobby");
  whispers = new Map();
  shown = this.room;
  speech = new Speech(this);
  #link;
  #wanted = {};
  #claims = 0;
  #isAsking = false;
  /** Up to which line one has seen the rooms. */
  #seen = JSON.parse(kept("seen") ?? "{}");
  /** What is said before the history comes; `null` when it has come. */
  #early = null;
  #toldInNextRoom = [];
  /** What follows from the events that the server tells. */
  #events = {
    welcome: (told) => this.#welcome(told),
    joined: ({ name }) => name !== this.room.name && this.#goTo(name),
    whisper: ({ from, said }) => this.#whispered(from, said, false),
    whispered: ({ to, said }) => this.#whispered(to, said, true),
    expelled: ({ text }) => this.#toldInNextRoom.push(text),
    mark: ({ token }) => this.speech.marked(token),
    topic: ({ topic }) => this.#change({ topic }),
    topic_set: ({ topic, by }) => this.#change({ topic }, say("topic_set", by, topic)),
    arrived: ({ event, nick }) => this.#moved(nick, say(event, nick), true),
    entered: ({ event, nick }) => this.#moved(nick, say(event, nick), true),
    departed: ({ event, nick }) => this.#moved(nick, say(event, nick), false),
    left: ({ event, nick }) => this.#moved(nick, say(event, nick), false),
    renamed: ({ old, new: name }) => this.#renamed(old, name, say("renamed", old, name)),
    nick_changed: ({ nick }) => {
      this.#renamed(this.nick, nick, say("nick_changed", nick));
      this.#named(nick);
    },
  };
  constructor(link) {
    super();
    this.#link = link;
    link.addEventListener("open", () => {
      const { nick, password } = this.#wanted;
      // A registered nickname can only be taken inside.
      const user = password ? `visitor-${Math.random().toString(36).slice(2, 10)}` : nick;
      this.send({ type: "join", room: this.room.name, user });
    });
    link.addEventListener("object", ({ detail }) => this.#hear(detail));
    for (const event of ["wait", "end"]) link.addEventListener(event, () => this.#disconnected());
    setInterval(() => this.isIn && this.#poll(), OFTEN);
  }
  /** Comes in under this nickname, or the one before; with a password, if it is registered. */
  enter(nick = this.#wanted.nick, password = this.#wanted.password) {
    if (this.isIn) return this.command(password ? `/login ${nick} ${password}` : `/nick ${nick}`);
    this.#wanted = { nick, password };
    this.#claims = this.nick ? MOST_CLAIMS : 0;
    this.#link.connect();
  }
  isSelf(nick) { return lower(nick) === lower(this.nick); }
  send(object) { return this.#link.send(object); }
  say(text) {
    const { kind, name } = this.shown;
    const object = kind === "room" ? { type: "message", text } : { type: "whisper", to: name, text };
    this.speech.say(this.shown, "said", text, object);
  }
  /** Gives a command, as it was typed. */
  command(text) {
    const [, acted] = /^\/me\s+(.+)/i.exec(text) ?? [];
    if (acted) this.speech.say(this.room, "acted", acted, { type: "command", text });
    else if (!this.isIn || !this.send({ type: "command", text })) this.note(say("connecting"));
  }
  goTo(room) { return lower(room) === lower(this.room.name) ? this.show(this.room) : this.command(`/join ${room}`); }
  show(conversation) {
    this.shown = conversation;
    conversation.open();
    tell(this, "show", conversation);
    tell(this, "lists");
  }
  whispersWith(nick) {
    if (!this.whispers.has(lower(nick))) this.whispers.set(lower(nick), new Conversation("whisper", nick));
    return this.whispers.get(lower(nick));
  }
  /** Asks for the lines before those that are known. */
  askOlder() {
    if (this.#isAsking || this.#early || this.shown !== this.room || !this.room.hasMore) return;
    this.#isAsking = this.isIn && this.send({ type: "history", before: this.room.oldest, limit: SOME });
  }
  /** Adds a line that nobody has said. */
  note(text, conversation = this.shown, more = {}) {
    this.#add(conversation, { kind: "notice", text, at: Date.now(), ...more });
  }
  #hear(told) {
    const { type, event, text } = told;
    const isFile = event?.startsWith("file_");
    if (type === "ack") this.speech.acknowledged(told.id);
    else if (type === "message") this.#said(told);
    else if (type === "history") this.#remembered(told);
    else if (type === "overview") this.#overview(told);
    else if (!this.isIn && event !== "welcome") this.#refused(text);
    else if (Object.hasOwn(this.#events, event ?? "")) this.#events[event](told);
    // The server's own sentences are in English.
    else if (text && !isFile) this.note(text, this.shown, { isError: type === "error", language: "en" });
    if (isFile) tell(this, "file", told);
  }
  #welcome({ nick, room, seq }) {
    [this.isIn, this.visit] = [true, this.visit + 1];
    this.#link.settle();
    this.#named(nick);
    if (this.#wanted.password) this.command(`/login ${this.#wanted.nick} ${this.#wanted.password}`);
    const { newest, name } = this.room;
    // A server that was started anew may number its lines anew.
    if (seq < newest) this.#seen = {};
    if (seq < newest || room !== name) this.#goTo(room);
    else this.#catchUp();
    tell(this, "in");
  }
  /** The nickname is refused. After a break, one's own connection may hold it for a while. */
  #refused(why) {
    if (why.endsWith("' is already taken.") && this.#claims-- > 0) return this.#link.later();
    this.#link.end();
    tell(this, "refused", why);
  }
  #disconnected() {
    [this.isIn, this.#isAsking, this.#early] = [false, false, null];
    tell(this, "lists");
  }
  #named(nick) {
    this.nick = nick;
    this.#claims = MOST_CLAIMS;
    if (!this.#wanted.password) this.#wanted.nick = nick;
    keep("nick", this.#wanted.nick);
    tell(this, "lists");
  }
  #goTo(room) {
    const isShown = this.shown === this.room;
    this.room = new Conversation("room", room);
    keep("room", room);
    if (isShown) this.show(this.room);
    this.#catchUp();
  }
  /** Asks for what was said or missed. What is said meanwhile gets into its place when the answer comes. */
  #catchUp() {
    const { newest } = this.room;
    [this.#early, this.topic, this.members] = [[], "", new Map([[lower(this.nick), { name: this.nick }]])];
    this.send({ type: "history", after: newest, limit: newest ? MANY : SOME });
    this.send({ type: "command", text: "/topic" });
    this.#poll();
    tell(this, "lists");
  }
  #remembered({ room, lines, more }) {
    if (room !== this.room.name) return;
    const heard = lines.map((line) => this.#line(line));
    if (this.#early) {
      this.speech.resolve(this.room.catchUp([...this.#early, ...heard], more));
      this.#early = null;
      this.#toldInNextRoom.splice(0).forEach((text) => this.note(text, this.room, { isError: true, language: "en" }));
      this.#noteSeen();
    } else if (this.#isAsking) this.room.prepend(heard, more);
    this.#isAsking = false;
    tell(this, "lines", this.room);
  }
  #said(told) {
    const line = this.#line(told);
    if (line.own) this.speech.heard();
    if (this.#early) return this.#early.push(line);
    this.#add(this.room, line);
    this.#noteSeen();
  }
  #line({ user, text, event, seq, at }) {
    const own = this.isSelf(user);
    const isCall = !own && new RegExp(`(?<![\\w-])${this.nick}(?![\\w-])`, "i").test(text);
    return { user, text, kind: event ?? "said", seq, at: at ? at * 1000 : Date.now(), own, isCall };
  }
  #whispered(other, text, own) {
    const conversation = this.whispersWith(other);
    if (own && !this.speech.heard() && this.shown !== conversation) this.show(conversation);
    this.#add(conversation, { user: own ? this.nick : other, text, kind: "said", at: Date.now(), own, isCall: !own });
  }
  #add(conversation, line) {
    conversation.add(line, conversation === this.shown && document.hasFocus());
    if (line.isCall) tell(this, "spoken", { line, conversation });
    tell(this, "lines", conversation);
    if (conversation.unread) tell(this, "lists");
  }
  #moved(nick, words, isHere) {
    if (isHere) this.members.set(lower(nick), { name: nick });
    else this.members.delete(lower(nick));
    this.#change({}, words);
  }
  #renamed(old, name, words) {
    for (const known of [this.members, this.whispers]) {
      const person = known.get(lower(old));
      if (!person || (known.has(lower(name)) && lower(name) !== lower(old))) continue;
      known.delete(lower(old));
      known.set(lower(name), Object.assign(person, { name }));
    }
    this.#change({}, words);
  }
  /** Something about the room is different, and the room is told in these words. */
  #change(facts, words) {
    Object.assign(this, facts);
    if (words) this.note(words, this.room);
    tell(this, "lists");
  }
  #poll() { this.send({ type: "overview", seen: this.#seen }); }
  #overview({ room, users, more_users: moreMembers = 0, rooms }) {
    if (room !== this.room.name) return;
    this.#change({ rooms, moreMembers, members: new Map(users.map((user) => [lower(user.name), user])) });
  }
  /** Keeps up to where one has seen the room, for the number of unread lines when one is elsewhere. */
  #noteSeen() {
    delete this.#seen[lower(this.room.name)];
    const seen = [...Object.entries(this.#seen), [lower(this.room.name), this.room.newest]];
    this.#seen = Object.fromEntries(seen.slice(-MOST_SEEN));
    keep("seen", JSON.stringify(this.#seen));
  }
}
