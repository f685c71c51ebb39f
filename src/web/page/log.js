// Shows the lines of a conversation: a window of some hundred of them, which moves as one scrolls.
import { by } from "./dom.js";
import { isSameDay, lineElement } from "./line.js";
import { say } from "./words.js";

/** The most lines that are in the page, and by how many the window moves. */
const [MOST, STEP] = [400, 120];
/** How near to an edge of the window one scrolls before it moves, and how near to the end is the end, in pixels. */
const [NEAR, AT_END] = [800, 60];
/** Lines of one person within so many milliseconds stand under one name. */
const TOGETHER = 300_000;
/** Shows what the chat wants shown. */
export function showLog(chat) {
  const [scroller, list] = [by("scroll"), by("log")];
  let conversation = chat.shown;
  /** The places where the window begins, where it ends, and where the lines end that were seen. */
  let [from, to, seen] = [0, 0, 0];
  /** Whether the window goes along with new lines; and the picture in which it is shown anew, or 0. */
  let [follows, frame] = [true, 0];
  /** The elements of the lines in the window. */
  let made = new Map();
  function jump() {
    [from, to, follows] = [conversation.end - STEP, conversation.end, true];
    conversation.read();
    render();
  }
  /** However many lines come before the next picture, they are shown together. */
  function renderSoon() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      render();
      scrolled();
    });
  }
  function scrolled() {
    const below = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    const { base, end } = conversation;
    const before = String([from, to, follows]);
    follows = below < AT_END && (follows || to === end);
    if (scroller.scrollTop < NEAR && from > base) [from, to] = [from - STEP, Math.min(to, from - STEP + MOST)];
    else if (below < NEAR && to < end) [from, to] = [Math.max(from, to + STEP - MOST), to + STEP];
    else if (scroller.scrollTop < NEAR) chat.askOlder();
    if (before !== String([from, to, follows])) renderSoon();
  }
  function render() {
    const { base, end, lines, pending } = conversation;
    if (follows) [from, to, seen] = [Math.max(from, end - MOST), end, end];
    from = Math.min(Math.max(from, base), end);
    to = Math.min(Math.max(to, from), end);
    const shown = lines.slice(from - base, to - base).concat(to === end ? pending : []);
    // The first line that can be seen stays where it is, when others come above it.
    const { scrollTop } = scroller;
    const anchor = [...list.children].find((child) => child.offsetTop + child.offsetHeight > scrollTop);
    const offset = anchor?.offsetTop - scrollTop;
    const known = made;
    made = new Map();
    put(shown.map((line, at) => element(line, at ? shown[at - 1] : lines[from - base - 1], from + at, known)));
    if (follows) scroller.scrollTop = scroller.scrollHeight;
    else if (anchor?.isConnected) scroller.scrollTop = anchor.offsetTop - offset;
    by("newest").hidden = follows;
    by("newest").textContent = end > seen ? say("newer", end - seen) : say("latest");
  }
  /** The element of a line, which is made again if what stands before it has changed. */
  function element(line, before, place, known) {
    const hasDay = before ? !isSameDay(before.at, line.at) : place === conversation.base && !conversation.hasMore;
    const isUnseen = place === conversation.unseen;
    const isTogether = !hasDay && !isUnseen && before?.user === line.user && before?.kind === line.kind
      && line.kind !== "acted" && line.at - before.at < TOGETHER;
    const key = [hasDay, isUnseen, isTogether, line.state].join();
    const isSame = known.get(line)?.key === key;
    const make = () => ({ key, element: lineElement(line, { hasDay, isUnseen, isTogether }, chat.speech) });
    made.set(line, isSame ? known.get(line) : make());
    return made.get(line).element;
  }
  /** Makes these the children of the list. What stays is not touched, so it is not read aloud again. */
  function put(elements) {
    // A screen reader reads what is new, and not what one scrolls to.
    scroller.ariaLive = follows ? "polite" : "off";
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
    [conversation, made] = [detail, new Map()];
    jump();
  });
}
