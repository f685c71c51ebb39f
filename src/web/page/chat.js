// What the page knows of the chat: who and where one is, who else is there, and what is said. The server has said it all.

import { Conversation } from "./conversation.js";
import { keep, kept, tell } from "./dom.js";
import { Speech } from "./speech.js";
import { say } from "./words.js";

/** How many lines of the history are asked for at once, and how many when the connection was broken. */
const [SOME, MANY] = [100, 1000];
/** Of how many rooms is kept what one has seen in them. */
const MOST_SEEN = 100;
/** How often the lists are asked for, when the page can be seen and when it cannot. */
const [OFTEN, RARELY] = [5000, 30_000];
/** How often a nickname is asked for again that the own broken connection may still hold. */
const MOST_CLAIMS = 8;

/** Tells "lines" and "show" (a conversation), "spoken", "places", "people", "file", "in", and "refused" (why). */
export class Chat extends EventTarget {
  nick = "";
  isIn = false;
  topic = "";
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
  #wantsTopic = false;
  #seen = JSON.parse(kept("seen") ?? "{}");
  /** What is said before the history comes; `null` when it has come. */
  #early = null;
  /** Whether own lines of before the connection broke may or may not have been said. */
  #isBack = false;

  /** What follows from the events that the server tells. */
  #events = {
    welcome: (told) => this.#welcome(told),
    joined: ({ name }) => name !== this.room.name && this.#goTo(name),
    whisper: ({ from, said }) => this.#whispered(from, said, false),
    whispered: ({ to, said }) => this.#whispered(to, said, true),
    mark: ({ token }) => this.speech.marked(token),
    topic: ({ topic, text }) => this.#setTopic(topic, this.#wantsTopic && text),
    topic_set: ({ topic, by }) => this.#setTopic(topic, say("topic_set", by, topic)),
    nick_changed: ({ nick }) => {
      this.#rename(this.nick, nick);
      this.#named(nick);
      this.note(say("nick_changed", nick));
    },
    arrived: ({ nick }) => this.#come(nick, say("arrived", nick)),
    entered: ({ nick }) => this.#come(nick, say("entered", nick)),
    departed: ({ nick }) => this.#go(nick, say("departed", nick)),
    left: ({ nick }) => this.#go(nick, say("left", nick)),
    renamed: ({ old, new: name }) => {
      this.#rename(old, name);
      this.note(say("renamed", old, name), this.room);
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
    link.addEventListener("wait", () => this.#disconnected());
    link.addEventListener("end", () => this.#disconnected());
    let polled = 0;
    setInterval(() => {
      if (this.isIn && Date.now() - polled >= (document.hidden ? RARELY : OFTEN)) {
        polled = Date.now();
        this.#poll();
      }
    }, 1000);
  }

  /** Comes in under this nickname; with a password, if it is registered. */
  enter(nick, password = "") {
    if (this.isIn) return this.command(password ? `/login ${nick} ${password}` : `/nick ${nick}`);
    this.#wanted = { nick, password };
    this.#claims = this.nick ? MOST_CLAIMS : 0;
    this.#link.connect();
  }

  isSelf(nick) {
    return nick.toLowerCase() === this.nick.toLowerCase();
  }

  send(object) {
    return this.#link.send(object);
  }

  say(text) {
    const { kind, name } = this.shown;
    const object = kind === "room" ? { type: "message", text } : { type: "whisper", to: name, text };
    this.speech.say(this.shown, "said", text, object);
  }

  /** Gives a command, as it was typed. */
  command(text) {
    const [, acted] = /^\/me\s+(.+)/i.exec(text) ?? [];
    this.#wantsTopic = /^\/topic\s*$/i.test(text);
    if (acted) this.speech.say(this.room, "acted", acted, { type: "command", text });
    else if (!this.isIn || !this.send({ type: "command", text })) this.note(say("connecting"));
  }

  goTo(room) {
    if (room.toLowerCase() === this.room.name.toLowerCase()) this.show(this.room);
    else this.command(`/join ${room}`);
  }

  show(conversation) {
    this.shown = conversation;
    conversation.unseen = conversation.unread ? conversation.end - conversation.unread : Infinity;
    conversation.read();
    tell(this, "show", conversation);
    tell(this, "places");
  }

  whispersWith(nick) {
    const key = nick.toLowerCase();
    if (!this.whispers.has(key)) this.whispers.set(key, new Conversation("whisper", nick));
    return this.whispers.get(key);
  }

  /** Asks for the lines before those that are known. */
  askOlder() {
    if (this.isIn && !this.#isAsking && !this.#early && this.shown === this.room) {
      this.#isAsking = this.send({ type: "history", before: this.room.oldest, limit: SOME });
    }
  }

  /** Adds a line that nobody has said. */
  note(text, conversation = this.shown, more = {}) {
    this.#add(conversation, { kind: "notice", text, at: Date.now(), ...more });
  }

  #hear(told) {
    const { type, event, text } = told;
    if (type === "ack") this.speech.acknowledged(told.id);
    else if (type === "message") this.#said(told);
    else if (type === "history") this.#remembered(told);
    else if (type === "overview") this.#overview(told);
    else if (!this.isIn && event !== "welcome") this.#refused(text);
    else if (Object.hasOwn(this.#events, event ?? "")) this.#events[event](told);
    else {
      if (event?.startsWith("file_")) tell(this, "file", told);
      // The server's own sentences are in English.
      const isError = type === "error";
      const isNews = text && !(event?.startsWith("file_") && !/failed|not/.test(event));
      if (isNews) this.note(text, this.shown, { isError, language: "en" });
    }
  }

  #welcome({ nick, room, seq }) {
    this.isIn = true;
    this.#link.settle();
    this.#named(nick);
    if (this.#wanted.password) this.command(`/login ${this.#wanted.nick} ${this.#wanted.password}`);
    const { newest } = this.room;
    if (seq < newest || room !== this.room.name) {
      // A server that has been started anew may number its lines anew.
      if (seq < newest) this.#seen = {};
      this.#goTo(room);
    } else {
      this.#isBack = newest > 0;
      this.#catchUp();
    }
    tell(this, "in");
  }

  /** The nickname is refused. After a break, the own connection may hold it for a while. */
  #refused(why) {
    if (this.#claims-- > 0) return this.#link.later();
    this.#link.end();
    tell(this, "refused", why);
  }

  #disconnected() {
    this.isIn = this.#isAsking = false;
    this.#early = null;
    tell(this, "places");
  }

  #named(nick) {
    this.nick = nick;
    this.#claims = MOST_CLAIMS;
    if (!this.#wanted.password) this.#wanted.nick = nick;
    keep("nick", this.#wanted.nick);
    tell(this, "people");
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
    this.#early = [];
    this.topic = "";
    this.members = new Map([[this.nick.toLowerCase(), { name: this.nick }]]);
    this.send({ type: "history", after: newest, limit: newest ? MANY : SOME });
    this.send({ type: "command", text: "/topic" });
    this.#poll();
    tell(this, "people");
  }

  #remembered({ room, lines, more }) {
    if (room !== this.room.name) return;
    const heard = lines.map((line) => this.#line(line));
    if (this.#early) {
      const missed = this.room.catchUp([...this.#early, ...heard], more);
      this.#early = null;
      if (this.#isBack) this.speech.resolve(missed, [this.room, ...this.whispers.values()]);
      this.#isBack = false;
      this.#noteSeen();
    } else if (this.#isAsking) {
      this.room.prepend(heard, more);
    }
    this.#isAsking = false;
    tell(this, "lines", this.room);
  }

  #said(told) {
    const line = this.#line(told);
    if (line.own) this.speech.heard();
    if (this.#early) return this.#early.push(line);
    this.#add(this.room, line);
    tell(this, "spoken", { line, conversation: this.room });
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
    const line = { user: own ? this.nick : other, text, kind: "said", at: Date.now(), own, isCall: !own };
    this.#add(conversation, line);
    tell(this, "spoken", { line, conversation });
  }

  #add(conversation, line) {
    conversation.add(line);
    if (line.kind !== "notice" && !line.own && !(conversation === this.shown && document.hasFocus())) {
      conversation.unread += 1;
      conversation.isCalled ||= line.isCall;
      tell(this, "places");
    }
    tell(this, "lines", conversation);
  }

  #setTopic(topic, words) {
    this.topic = topic;
    this.#wantsTopic = false;
    if (words) this.note(words, this.room);
    tell(this, "places");
  }

  #come(nick, words) {
    this.members.set(nick.toLowerCase(), { name: nick });
    this.note(words, this.room);
    tell(this, "people");
  }

  #go(nick, words) {
    this.members.delete(nick.toLowerCase());
    this.note(words, this.room);
    tell(this, "people");
  }

  #rename(old, name) {
    this.members.delete(old.toLowerCase());
    this.members.set(name.toLowerCase(), { name });
    const whispers = this.whispers.get(old.toLowerCase());
    if (whispers && !this.whispers.has(name.toLowerCase())) {
      this.whispers.delete(old.toLowerCase());
      this.whispers.set(name.toLowerCase(), Object.assign(whispers, { name }));
    }
    tell(this, "people");
    tell(this, "places");
  }

  #poll() {
    this.send({ type: "overview", seen: this.#seen });
  }

  #overview({ room, users, more_users: moreMembers = 0, rooms }) {
    if (room !== this.room.name) return;
    Object.assign(this, { rooms, moreMembers });
    this.members = new Map(users.map((user) => [user.name.toLowerCase(), user]));
    tell(this, "people");
    tell(this, "places");
  }

  /** Keeps up to where one has seen the room, for the number of unread lines when one is elsewhere. */
  #noteSeen() {
    const { [this.room.name.toLowerCase()]: _, ...others } = this.#seen;
    const seen = [...Object.entries(others), [this.room.name.toLowerCase(), this.room.newest]];
    this.#seen = Object.fromEntries(seen.slice(-MOST_SEEN));
    keep("seen", JSON.stringify(this.#seen));
  }
}
