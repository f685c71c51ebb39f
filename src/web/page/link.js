// The connection to the server: opened when it is wanted, and again when it breaks.
import { tell } from "./dom.js";

/** The shortest and the longest wait before another attempt; and after what silence the connection is dead. */
const [FIRST_WAIT, LONGEST_WAIT, SILENCE] = [1000, 30_000, 15_000];
/** With these codes the server says that it is no accident: a goodbye, or a ban (RFC 6455 §7.4.1). */
const FINAL = [1000, 1008];
/** Tells "open", "object" (what the server says), "wait" (for how many seconds), and "end" (why it is for good). */
export class Link extends EventTarget {
  #socket = null;
  #attempts = 0;
  #timer = 0;
  /** Since when the server owes an answer, as it does for whatever the page sends; 0 if it does not. */
  #unanswered = 0;
  constructor() {
    super();
    setInterval(() => this.#unanswered && Date.now() - this.#unanswered > SILENCE && this.later(), 1000);
    addEventListener("online", () => this.#timer && this.connect());
  }
  connect() {
    this.#drop();
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws`, "chat.json");
    [this.#socket, this.#unanswered] = [socket, Date.now()];
    tell(this, "wait", 0);
    const listen = (event, act) => socket.addEventListener(event, (told) => socket === this.#socket && act(told));
    listen("open", () => tell(this, "open"));
    listen("close", ({ code, reason }) => (FINAL.includes(code) ? this.end(reason) : this.later()));
    listen("message", ({ data }) => {
      this.#unanswered = 0;
      tell(this, "object", JSON.parse(data));
    });
  }
  /** Sends an object; returns whether there is a connection. */
  send(object) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#unanswered ||= Date.now();
    this.#socket.send(JSON.stringify(object));
    return true;
  }
  /** The server has let us in, so the next wait is short again. */
  settle() { this.#attempts = 0; }
  /** Connects later: each time twice as late, and by chance not at the same time as everyone else. */
  later() {
    this.#drop();
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#attempts++);
    const due = Date.now() + longest * (0.5 + Math.random() / 2);
    const tick = () => {
      const left = Math.ceil((due - Date.now()) / 1000);
      if (left <= 0) return this.connect();
      this.#timer = setTimeout(tick, 250);
      tell(this, "wait", left);
    };
    tick();
  }
  /** Disconnects, and does not connect again by itself. */
  end(why = "") {
    this.#drop();
    tell(this, "end", why);
  }
  #drop() {
    clearTimeout(this.#timer);
    this.#timer = this.#unanswered = 0;
    this.#socket?.close();
    this.#socket = null;
  }
}
