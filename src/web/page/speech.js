// What one says, from the field to the server's word that it was said: each line once, or clearly not.
//
// Behind each line goes a mark. The server answers both in order. So when the mark comes back and the line has not come
// before it, the line was refused.

import { tell } from "./dom.js";

/** A text without emoji, which the server makes of their names. */
const bare = (text) => text.replace(/:[\w+-]+:|\p{Extended_Pictographic}|[\u200d\ufe0f]/gu, "").trim();

export class Speech {
  #chat;
  #number = 0;
  /** The lines that the server has been sent, and the one that it is answering. */
  #sent = [];
  #answered = null;

  constructor(chat) {
    this.#chat = chat;
  }

  /** Shows a line as not yet said, and sends the object that says it. */
  say(conversation, kind, text, object) {
    const line = { conversation, kind, text, object, id: ++this.#number, user: this.#chat.nick, at: Date.now(), own: true };
    this.#put(line, "pending");
    conversation.pending.push(line);
    this.#send(line);
  }

  /** The server has understood the line of this number. */
  acknowledged(id) {
    this.#answered = this.#sent.find((line) => line.id === id) ?? null;
  }

  /** An own line was heard. Returns whether it was sent from here. */
  heard(line = this.#answered) {
    if (line) {
      this.#answered = null;
      this.drop(line);
    }
    return Boolean(line);
  }

  /** A mark has come back, so its line was said or refused. */
  marked(id) {
    const line = this.#sent.find((sent) => sent.id === id);
    if (line) this.#fail(line);
  }

  again(line) {
    this.drop(line);
    this.say(line.conversation, line.kind, line.text, line.object);
  }

  drop(line) {
    this.#sent = this.#sent.filter((sent) => sent !== line);
    line.conversation.pending = line.conversation.pending.filter((pending) => pending !== line);
    tell(this.#chat, "lines", line.conversation);
  }

  /** After a break, finds which lines were said, among those that were missed. Those that were never sent go out now. */
  resolve(missed, waiting) {
    const said = missed.filter(({ own }) => own);
    for (const line of this.#sent) {
      const at = said.findIndex(({ kind, text }) => kind === line.kind && bare(text) === bare(line.text));
      if (at < 0 || line.conversation.kind === "whisper") {
        this.#fail(line);
      } else {
        said.splice(0, at + 1);
        this.drop(line);
      }
    }
    waiting.flatMap(({ pending }) => pending).filter(({ state }) => state === "pending").forEach((line) => this.#send(line));
  }

  #send(line) {
    if (this.#chat.isIn && this.#chat.send({ ...line.object, id: line.id })) {
      this.#sent.push(line);
      this.#chat.send({ type: "command", text: `/mark ${line.id}` });
    }
  }

  #fail(line) {
    this.#sent = this.#sent.filter((sent) => sent !== line);
    this.#put(line, "failed");
  }

  #put(line, state) {
    line.state = state;
    tell(this.#chat, "lines", line.conversation);
  }
}
