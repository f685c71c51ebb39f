// Shows the lines of a conversation: a window of some hundred of them, which moves as one scrolls.

import { by } from "./dom.js";
import { isSameDay, lineElement } from "./line.js";
import { say } from "./words.js";

/** The most lines that are in the page, and by how many the window moves. */
const [MOST, STEP] = [400, 120];
/** How near to the edge of the window one scrolls before it moves, and how near to the end one is at the end, in pixels. */
const [NEAR, AT_END] = [800, 60];
/** Lines of one person within this time stand under one name. */
const TOGETHER = 5 * 60_000;

export class Log {
  #chat;
  #conversation;
  #scroller = by("scroll");
  /** The places of the first line in the window, and of the one behind its last line. */
  #from = 0;
  #to = 0;
  /** Whether the window goes along with new lines. */
  #follows = true;
  #made = new WeakMap();
  #isDue = false;

  constructor(chat) {
    this.#chat = chat;
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#due()).observe(this.#scroller);
    by("newest").onclick = () => this.#jump();
    chat.addEventListener("lines", ({ detail }) => detail === this.#conversation && this.#due());
    chat.addEventListener("show", ({ detail }) => {
      this.#conversation = detail;
      this.#made = new WeakMap();
      this.#jump();
    });
  }

  /** Goes to the newest line. */
  #jump() {
    const { end } = this.#conversation;
    [this.#from, this.#to, this.#follows] = [end - STEP, end, true];
    this.#conversation.read();
    this.#render();
  }

  /** However many lines come before the next picture, they are shown together. */
  #due() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#render();
    });
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const { base, end, hasMore } = this.#conversation;
    const below = scrollHeight - scrollTop - clientHeight;
    this.#follows = below < AT_END && (this.#follows || this.#to === end);
    if (scrollTop < NEAR && this.#from > base) {
      this.#from -= STEP;
      this.#to = Math.min(this.#to, this.#from + MOST);
    } else if (below < NEAR && this.#to < end) {
      this.#to += STEP;
      this.#from = Math.max(this.#from, this.#to - MOST);
    } else if (scrollTop < NEAR && hasMore) {
      this.#chat.askOlder();
    }
    this.#due();
  }

  #render() {
    const { base, end, lines, pending, unread } = this.#conversation;
    if (this.#follows) [this.#from, this.#to] = [Math.max(this.#from, end - MOST), end];
    this.#from = Math.min(Math.max(this.#from, base), end);
    this.#to = Math.min(Math.max(this.#to, this.#from), end);
    const shown = lines.slice(this.#from - base, this.#to - base);
    const all = this.#to === end ? [...shown, ...pending] : shown;
    const first = lines[this.#from - base - 1];
    const anchor = this.#anchor();
    this.#put(all.map((line, at) => this.#element(line, at ? all[at - 1] : first, this.#from + at)));
    if (this.#follows) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    else if (anchor?.element.isConnected) this.#scroller.scrollTop = anchor.element.offsetTop - anchor.offset;
    by("newest").hidden = this.#follows;
    by("newest").textContent = unread ? say("newer", unread) : say("latest");
  }

  /** The element of a line, which is made again if what stands before it has changed. */
  #element(line, before, place) {
    const { base, hasMore, unseen } = this.#conversation;
    const hasDay = before ? !isSameDay(before.at, line.at) : place === base && !hasMore;
    const isUnseen = place === unseen;
    const isTogether = !hasDay && !isUnseen && before?.user === line.user && before?.kind === line.kind
      && line.kind !== "acted" && line.at - before.at < TOGETHER;
    const key = [hasDay, isUnseen, isTogether, line.state].join();
    if (this.#made.get(line)?.key !== key) {
      const element = lineElement(line, { hasDay, isUnseen, isTogether }, this.#chat.speech);
      this.#made.set(line, { key, element });
    }
    return this.#made.get(line).element;
  }

  /** Makes these the children of the list. What stays is not touched, so it is not read aloud again. */
  #put(elements) {
    const list = by("log");
    // A screen reader reads what is new, and not what one scrolls to.
    list.ariaLive = this.#follows ? "polite" : "off";
    const wanted = new Set(elements);
    [...list.children].filter((child) => !wanted.has(child)).forEach((child) => child.remove());
    let next = list.firstChild;
    for (const element of elements) {
      if (element === next) next = next.nextSibling;
      else list.insertBefore(element, next);
    }
  }

  /** The first element that can be seen, and where. It stays there when others come above it. */
  #anchor() {
    const { scrollTop } = this.#scroller;
    const element = [...by("log").children].find((child) => child.offsetTop + child.offsetHeight > scrollTop);
    return element && { element, offset: element.offsetTop - scrollTop };
  }
}
