// What one says, until the server says that it was said: each line once, or clearly not. Behind each line goes a mark.
// The server answers both in order. So when the mark comes back and the line has not come before it, it was refused.
import { tell } from "./dom.js";

/** A text without emoji, which the server makes of their names. */
const bare = (text) => text.replace(/:[\w+-]+:|\p{Extended_Pictographic}|[\u200d\ufe0f]/gu, "").trim();
export class Speech {
  #chat;
  #number = 0;
  /** Lines whose fate is open; `visit` says when one was sent, or 0. And the one that the server answers. */
  #open = [];
  #answered;
  constructor(chat) { this.#chat = chat; }
  /** Shows a line as not yet said, and sends the object that says it. */
  say(conversation, kind, text, object) {
    const id = ++this.#number;
    const line = { conversation, kind, text, object, id, user: this.#chat.nick, at: Date.now(), own: true, visit: 0 };
    conversation.pending.push(line);
    this.#open.push(line);
    this.#put(line, "pending");
    this.#send(line);
  }
  acknowledged(id) { this.#answered = this.#open.find((line) => line.id === id); }
  /** An own line was heard. Returns it, if it was sent from here. */
  heard() {
    const line = this.#answered;
    if (line) this.drop(line);
    this.#answered = undefined;
    return line;
  }
  /** A mark has come back, so its line was said or refused. */
  marked(id) { this.#open.filter((line) => line.id === id).forEach((line) => this.#put(line, "failed")); }
  again(line) {
    this.drop(line);
    this.say(line.conversation, line.kind, line.text, line.object);
  }
  drop(line) {
    line.conversation.pending = line.conversation.pending.filter((other) => other !== line);
    this.#put(line, "said");
  }
  /** When the server has told what was missed: finds the lines of earlier visits in it, and sends those that wait. */
  resolve(missed) {
    const said = missed.filter(({ own }) => own);
    for (const line of this.#open.filter(({ visit }) => visit !== this.#chat.visit)) {
      const isSaid = ({ kind, text }) => kind === line.kind && bare(text) === bare(line.text);
      const at = line.object.type === "whisper" ? -1 : said.findIndex(isSaid);
      said.splice(0, at + 1);
      if (!line.visit) this.#send(line);
      else if (at < 0) this.#put(line, "failed");
      else this.drop(line);
    }
  }
  #send(line) {
    if (!this.#chat.isIn || !this.#chat.send({ ...line.object, id: line.id })) return;
    line.visit = this.#chat.visit;
    this.#chat.send({ type: "command", text: `/mark ${line.id}` });
  }
  #put(line, state) {
    line.state = state;
    if (state !== "pending") this.#open = this.#open.filter((other) => other !== line);
    tell(this.#chat, "lines", line.conversation);
  }
}
