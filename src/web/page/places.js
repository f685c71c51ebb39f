// The lists beside the chat: rooms, whispers and people; and what stands above the messages.
import { button, by, make, name } from "./dom.js";
import { say } from "./words.js";

const byName = (one, other) => one.name.localeCompare(other.name);

export function showLists(chat) {
  const { room, shown, whispers, moreMembers } = chat;
  const key = room.name.toLowerCase();
  const rooms = new Map(chat.rooms.map((known) => [known.name.toLowerCase(), known]));
  rooms.set(key, { ...rooms.get(key), name: room.name, unread: room.unread, isCalled: room.isCalled });
  fill("rooms", [...rooms.values()].sort(byName).map((known) => place(`# ${known.name}`, known,
    shown === room && known.name === room.name, () => chat.goTo(known.name), { "data-room": known.name })));
  fill("whispers", [...whispers.values()].map((known) => place(known.name, known,
    shown === known, () => chat.show(known), { "data-whisper": known.name })));
  by("no-whispers").hidden = whispers.size > 0;
  const people = [...chat.members.values()].sort(byName);
  fill("members", [...people.map((member) => person(member, chat)),
    ...moreMembers ? [make("li", { className: "muted" }, say("more", moreMembers))] : []]);
  by("count").textContent = people.length + moreMembers;
  const unread = [...rooms.values(), ...whispers.values()].reduce((sum, known) => sum + known.unread, 0);
  by("elsewhere").textContent = unread;
  by("elsewhere").hidden = !unread;
  by("place").replaceChildren(shown === room ? "# " : "", make("bdi", {}, shown.name));
  by("topic").textContent = shown === room ? chat.topic : say("whisperTo", shown.name);
  by("input").placeholder = say("messageTo", shown === room ? `#${shown.name}` : shown.name);
  by("me").textContent = chat.nick || say("nickname");
  by("app").classList.toggle("outside", !chat.isIn);
}

/** A place to go to, with the number of its unread lines or, if it has none, of its people. */
function place(label, { users, unread, isCalled }, isCurrent, onclick, data) {
  const element = button(make("bdi", {}, label), onclick, { ...data, "aria-current": isCurrent && "true" });
  const badge = { role: "img", className: isCalled ? "badge for-you" : "badge", ariaLabel: say("unread", unread) };
  if (unread) element.append(make("b", badge, unread > 999 ? "999+" : unread));
  else if (users) element.append(make("span", { className: "count" }, users));
  return make("li", {}, element);
}

function person({ name: nick, away }, chat) {
  const properties = { title: say("whisperTo", nick), "data-user": nick, disabled: chat.isSelf(nick) };
  const element = button(name(nick), () => chat.show(chat.whispersWith(nick)), properties);
  element.prepend(make("i", { className: away ? "dot away" : "dot" }));
  if (away) element.append(make("span", { className: "count" }, say("away")));
  return make("li", {}, element);
}

/** Fills a list, if something has changed. Who is in it with the keyboard stays there. */
function fill(id, items) {
  const before = [...by(id).children];
  if (before.length === items.length && items.every((item, at) => item.isEqualNode(before[at]))) return;
  const focused = before.findIndex((item) => item.contains(document.activeElement));
  by(id).replaceChildren(...items);
  items[focused]?.firstChild.focus();
}
