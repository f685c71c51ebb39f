// The lists beside the chat: rooms, whispers and people; and what stands above the messages.

import { button, by, make, name } from "./dom.js";
import { say } from "./words.js";

const byName = (one, other) => one.name.localeCompare(other.name);

export function showPlaces(chat) {
  const { room, shown, whispers } = chat;
  const rooms = new Map(chat.rooms.map((known) => [known.name.toLowerCase(), { ...known }]));
  const own = rooms.get(room.name.toLowerCase()) ?? {};
  rooms.set(room.name.toLowerCase(), { ...own, name: room.name, unread: room.unread, isCalled: room.isCalled });
  const isShown = (known) => shown === room && known.name === room.name;
  by("rooms").replaceChildren(...[...rooms.values()].sort(byName).map((known) =>
    entry(`# ${known.name}`, known, isShown(known), () => chat.goTo(known.name), { "data-room": known.name })));
  by("whispers").replaceChildren(...[...whispers.values()].map((known) =>
    entry(known.name, known, shown === known, () => chat.show(known), { "data-whisper": known.name })));
  by("no-whispers").hidden = whispers.size > 0;
  const unread = [...rooms.values(), ...whispers.values()].reduce((sum, place) => sum + place.unread, 0);
  by("elsewhere").textContent = unread;
  by("elsewhere").hidden = unread === 0;
  by("place").replaceChildren(shown === room ? "# " : "", make("bdi", {}, shown.name));
  by("topic").textContent = shown === room ? chat.topic : say("whisperTo", shown.name);
  by("input").placeholder = say("messageTo", shown === room ? `#${shown.name}` : shown.name);
  by("me").replaceChildren(make("bdi", {}, chat.nick || say("nickname")));
  by("app").classList.toggle("outside", !chat.isIn);
}

/** A place to go to, with the number of its unread lines or, if it has none, of its people. */
function entry(label, { users, unread, isCalled }, isCurrent, onclick, data) {
  const element = button(make("bdi", {}, label), onclick, { ...data, "aria-current": isCurrent && "true" });
  const badge = { role: "img", className: isCalled ? "badge for-you" : "badge", ariaLabel: say("unread", unread) };
  if (unread) element.append(make("b", badge, unread > 999 ? "999+" : unread));
  else if (users) element.append(make("span", { className: "count" }, users));
  return make("li", {}, element);
}

export function showPeople(chat) {
  const members = [...chat.members.values()].sort(byName);
  const items = members.map(({ name: nick, away }) => {
    const properties = { title: say("whisperTo", nick), "data-user": nick, disabled: chat.isSelf(nick) };
    const element = button(name(nick), () => chat.show(chat.whispersWith(nick)), properties);
    element.prepend(make("i", { className: away ? "dot away" : "dot", ariaHidden: "true" }));
    if (away) element.append(make("span", { className: "count" }, say("away")));
    return make("li", {}, element);
  });
  if (chat.moreMembers) items.push(make("li", { className: "muted" }, say("more", chat.moreMembers)));
  by("members").replaceChildren(...items);
  by("count").textContent = members.length + chat.moreMembers;
}
