// Starts the page: makes its parts, connects them, and asks for a nickname.
import { watch } from "./alerts.js";
import { Chat } from "./chat.js";
import { compose } from "./composer.js";
import { by, kept, whenSent } from "./dom.js";
import { exchangeFiles } from "./files.js";
import { Link } from "./link.js";
import { showLog } from "./log.js";
import { showLists } from "./places.js";
import { say, switchLanguage, translate } from "./words.js";
const link = new Link();
const chat = new Chat(link);
compose(chat);
exchangeFiles(chat);
showLog(chat);
watch(chat);
/** Says how the connection is. */
function notice(words, canTry = false) {
  by("notice").hidden = !words;
  by("notice-text").textContent = words;
  by("now").hidden = !canTry;
}
/** Asks for a nickname, and says why the last one was refused. */
function ask(why = "") {
  by("nick").value = (why && by("nick").value) || chat.nick || (kept("nick") ?? "");
  by("why").textContent = why;
  by("password").value = "";
  by("secret").hidden = !why.includes("' is registered. Use /login ");
  if (!by("entry").open) by("entry").showModal();
  by(by("secret").hidden ? "nick" : "password").focus();
}
const FOLDING = ["places", "people"];
/** On a narrow screen, opens one of the lists, or closes both. */
function unfold(opened = "") {
  for (const list of FOLDING) {
    by(list).className = list === opened ? "open" : "";
    by(`show-${list}`).ariaExpanded = String(list === opened);
  }
  if (opened) by(opened).querySelector("button:enabled, input")?.focus();
}

chat.addEventListener("lists", () => showLists(chat));
chat.addEventListener("refused", ({ detail }) => ask(detail));
chat.addEventListener("show", () => unfold());
chat.addEventListener("in", () => {
  by("entry").close();
  notice("");
  by("input").focus();
});
link.addEventListener("wait", ({ detail: seconds }) =>
  notice(seconds ? say("retry", seconds) : say("connecting"), seconds > 0));
link.addEventListener("end", ({ detail: why }) => notice(say("ended", why), true));
by("now").onclick = () => chat.enter();
by("me").onclick = () => ask();
by("nick").oninput = () => { by("secret").hidden = true; };
by("entry").addEventListener("cancel", (event) => chat.isIn || event.preventDefault());
whenSent("entry-form", () => {
  if (chat.isIn) by("entry").close();
  chat.enter(by("nick").value, by("secret").hidden ? "" : by("password").value);
});
whenSent("go", () => {
  const room = by("go-room").value.replace(/^#/, "").trim();
  by("go").reset();
  if (room) chat.goTo(room);
});
by("language").onclick = () => {
  switchLanguage();
  chat.show(chat.shown);
};
for (const list of FOLDING) by(`show-${list}`).onclick = () => unfold(by(list).className === "open" ? "" : list);
by("scroll").onclick = () => unfold();
addEventListener("keydown", ({ key }) => key === "Escape" && unfold());

translate();
chat.show(chat.shown);
if (kept("nick")) chat.enter(kept("nick"), "");
else ask();
