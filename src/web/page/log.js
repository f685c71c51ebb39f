// Shows the lines of a conversation: a window of some hundred of them, which moves as one scrolls.

import { by } from "./dom.js";
import { isSameDay, lineElement } from "./line.js";
import { say } from "./words.js";

/** The most lines that are in the page, and by how many the window moves. */
const [MOST, STEP] = [400, 120];
/** How near to an edge of the window one scrolls before it moves, and how near to the end is the end, in pixels. */
const [NEAR, AT_END] = [800, 60];
/** Lines of one person within this time stand under one name. */
const TOGETHER = 5 * 60_000;

/** Shows what the chat wants shown. */
export function showLog(chat) {
  const [scroller, list] = [by("scroll"), by("log")];
  let conversation = chat.shown;
  /** The places of the first line in the window, and of the one behind its last line. */
  let [from, to] = [0, 0];
  /** Whether the window goes along with new lines. */
  let follows = true;
  let made = new WeakMap();
  let isDue = false;

  function jump() {
    [from, to, follows] = [conversation.end - STEP, conversation.end, true];
    conversation.read();
    render();
  }

  /** However many lines come before the next picture, they are shown together. */
  function renderSoon() {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      render();
    });
  }

  function scrolled() {
    const below = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    const { base, end } = conversation;
    follows = below < AT_END && (follows || to === end);
    if (scroller.scrollTop < NEAR && from > base) [from, to] = [from - STEP, Math.min(to, from - STEP + MOST)];
    else if (below < NEAR && to < end) [from, to] = [Math.max(from, to + STEP - MOST), to + STEP];
    else if (scroller.scrollTop < NEAR) chat.askOlder();
    renderSoon();
  }

  function render() {
    const { base, end, lines, pending, unread } = conversation;
    if (follows) [from, to] = [Math.max(from, end - MOST), end];
    from = Math.min(Math.max(from, base), end);
    to = Math.min(Math.max(to, from), end);
    const shown = lines.slice(from - base, to - base).concat(to === end ? pending : []);
    // The first line that can be seen stays where it is, when others come above it.
    const { scrollTop } = scroller;
    const anchor = [...list.children].find((child) => child.offsetTop + child.offsetHeight > scrollTop);
    const offset = anchor?.offsetTop - scrollTop;
    put(shown.map((line, at) => element(line, at ? shown[at - 1] : lines[from - base - 1], from + at)));
    if (follows) scroller.scrollTop = scroller.scrollHeight;
    else if (anchor?.isConnected) scroller.scrollTop = anchor.offsetTop - offset;
    by("newest").hidden = follows;
    by("newest").textContent = unread ? say("newer", unread) : say("latest");
  }

  /** The element of a line, which is made again if what stands before it has changed. */
  function element(line, before, place) {
    const hasDay = before ? !isSameDay(before.at, line.at) : place === conversation.base && !conversation.hasMore;
    const isUnseen = place === conversation.unseen;
    const isTogether = !hasDay && !isUnseen && before?.user === line.user && before?.kind === line.kind
      && line.kind !== "acted" && line.at - before.at < TOGETHER;
    const key = [hasDay, isUnseen, isTogether, line.state].join();
    if (made.get(line)?.key !== key) {
      made.set(line, { key, element: lineElement(line, { hasDay, isUnseen, isTogether }, chat.speech) });
    }
    return made.get(line).element;
  }

  /** Makes these the children of the list. What stays is not touched, so it is not read aloud again. */
  function put(elements) {
    // A screen reader reads what is new, and not what one scrolls to.
    list.ariaLive = follows ? "polite" : "off";
    const wanted = new Set(elements);
    [...list.children].filter((child) => !wanted.has(child)).forEach((child) => child.remove());
    let next = list.firstChild;
    for (const child of elements) {
      if (child === next) next = next.nextSibling;
      else list.insertBefore(child, next);
    }
  }

  scroller.addEventListener("scroll", scrolled, { passive: true });
  new ResizeObserver(renderSoon).observe(scroller);
  by("newest").onclick = jump;
  chat.addEventListener("lines", ({ detail }) => detail === conversation && renderSoon());
  chat.addEventListener("show", ({ detail }) => {
    [conversation, made] = [detail, new WeakMap()];
    jump();
  });
}
