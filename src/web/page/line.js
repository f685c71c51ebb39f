// One line of a conversation as an element of the page.
import { button, linked, make, name } from "./dom.js";
import { language, say } from "./words.js";

const format = (at, options) => new Intl.DateTimeFormat(language(), options).format(at);
export const isSameDay = (one, other) => new Date(one).toDateString() === new Date(other).toDateString();

/** The element of a line: below the name of the day, below a mark for what is new, or together with the line before. */
export function lineElement(line, { hasDay, isUnseen, isTogether }, speech) {
  const { kind, user, text, at, seq, own, isCall, isError, state } = line;
  const is = { own, together: isTogether, call: isCall && seq, error: isError, [kind]: true, [state]: state };
  const className = ["line", ...Object.keys(is).filter((key) => is[key])].join(" ");
  const element = make("li", { className, "data-seq": seq, "data-user": user });
  if (hasDay) element.append(make("h2", { className: "day" }, format(at, { dateStyle: "full" })));
  if (isUnseen) element.append(make("div", { className: "unseen" }, say("unseen")));
  const title = format(at, { dateStyle: "full", timeStyle: "medium" });
  const time = make("time", { dateTime: new Date(at).toISOString(), title }, format(at, { timeStyle: "short" }));
  const body = make("p", { className: "text", dir: "auto" }, ...linked(text));
  if (kind === "said") element.append(make("div", { className: "who" }, name(user), " ", time));
  if (kind === "acted") {
    body.prepend(name(user), " ");
    body.append(" ", time);
  }
  if (kind === "notice") body.lang = line.language ?? language();
  element.append(body);
  if (state === "pending") element.append(make("span", { className: "hidden" }, say("sending")));
  if (state === "failed") {
    element.append(make("p", { className: "fate", role: "alert" }, say("failed"), " ",
      button(say("again"), () => speech.again(line)), button(say("discard"), () => speech.drop(line))));
  }
  return element;
}
