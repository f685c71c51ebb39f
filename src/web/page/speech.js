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
  /** Lines that the server has, and the one that it is answering. */
  #sent = [];
  #answered = null;
  /** Lines that may have been said or not, because the connection broke, and lines that were never sent. */
  #lost = [];
  #waiting = [];

  constructor(chat) { this.#chat = chat; }

  /** Shows a line as not yet said, and sends the object that says it. */
  say(conversation, kind, text, object) {
    const id = ++this.#number;
    const line = { conversation, kind, text, object, id, user: this.#chat.nick, at: Date.now(), own: true };
    conversation.pending.push(line);
    this.#put(line, "pending");
    this.#send(line);
  }

  acknowledged(id) { this.#answered = this.#sent.find((line) => line.id === id); }

  /** An own line was heard. Returns whether it was sent from here. */
  heard() {
    const line = this.#answered;
    this.#answered = null;
    if (line) this.drop(line);
    return Boolean(line);
  }

  /** A mark has come back, so its line was said or refused. */
  marked(id) { this.#sent.filter((line) => line.id === id).forEach((line) => this.#fail(line)); }

  again(line) {
    this.drop(line);
    this.say(line.conversation, line.kind, line.text, line.object);
  }

  drop(line) {
    this.#sent = this.#sent.filter((other) => other !== line);
    line.conversation.pending = line.conversation.pending.filter((other) => other !== line);
    tell(this.#chat, "lines", line.conversation);
  }

  lose() { [this.#sent, this.#lost] = [[], [...this.#lost, ...this.#sent]]; }

  /** After a break, finds which lines were said, among those that were missed. What was never sent goes out now. */
  resolve(missed) {
    const said = missed.filter(({ own }) => own);
    for (const line of this.#lost.splice(0)) {
      const isSaid = ({ kind, text }) => kind === line.kind && bare(text) === bare(line.text);
      const at = line.object.type === "whisper" ? -1 : said.findIndex(isSaid);
      if (at < 0) this.#fail(line);
      else this.drop(line);
      said.splice(0, at + 1);
    }
    this.#waiting.splice(0).forEach((line) => this.#send(line));
  }

  #send(line) {
    const isSent = this.#chat.isIn && this.#chat.send({ ...line.object, id: line.id });
    (isSent ? this.#sent : this.#waiting).push(line);
    if (isSent) this.#chat.send({ type: "command", text: `/mark ${line.id}` });
  }

  #fail(line) {
    this.#sent = this.#sent.filter((other) => other !== line);
    this.#put(line, "failed");
  }

  #put(line, state) {
    line.state = state;
    tell(this.#chat, "lines", line.conversation);
  }
}
