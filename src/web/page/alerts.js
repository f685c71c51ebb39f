// Calls the reader who looks elsewhere: a number in the title and, if wanted, notifications of the system.
import { by, keep, kept, tell } from "./dom.js";
import { say } from "./words.js";

const isWanted = () => kept("notify") === "yes" && globalThis.Notification?.permission === "granted";

export function watch(chat) {
  by("bell").hidden = !("Notification" in globalThis);
  by("bell").ariaPressed = String(isWanted());
  by("bell").onclick = async () => {
    keep("notify", !isWanted() && await Notification.requestPermission() === "granted" ? "yes" : "no");
    by("bell").ariaPressed = String(isWanted());
  };
  chat.addEventListener("spoken", ({ detail: { line, conversation } }) => {
    if (document.hasFocus() || !isWanted()) return;
    const { kind, name } = conversation;
    const title = kind === "room" ? `${line.user} · #${name}` : say("whisperFrom", name);
    new Notification(title, { body: line.text, tag: `${kind} ${name}` }).onclick = () => {
      focus();
      chat.show(conversation);
    };
  });
  chat.addEventListener("lists", () => {
    const unread = [chat.room, ...chat.whispers.values()].reduce((sum, place) => sum + place.unread, 0);
    document.title = `${unread ? `(${unread}) ` : ""}${chat.room.name} – Chat`;
  });
  addEventListener("focus", () => {
    chat.shown.open();
    tell(chat, "lists");
    tell(chat, "lines", chat.shown);
  });
}
