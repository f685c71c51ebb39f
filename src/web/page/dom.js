// Making elements. What people wrote gets into the page only here, and only as text. And what the browser keeps for us.
export const by = (id) => document.getElementById(id);
export const button = (content, onclick, more) => make("button", { type: "button", onclick, ...more }, content);
/** Tells those who listen to `target`. */
export const tell = (target, event, detail) => target.dispatchEvent(new CustomEvent(event, { detail }));
/** Acts when a form is sent, in place of the browser. */
export const whenSent = (form, act) => by(form).addEventListener("submit", (event) => act(event.preventDefault()));
/** An element with these properties or attributes, and children. Handlers are properties like `onclick`. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else if (value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}
/** A name in its own colour, isolated so that it does not change the direction of what is beside it. */
export function name(nick) {
  const element = make("bdi", { className: "name" }, nick);
  const hue = [...nick.toLowerCase()].reduce((hash, letter) => (hash * 31 + letter.codePointAt(0)) % 360, 7);
  element.style.setProperty("--hue", hue);
  return element;
}
const LINK = /https?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?()[\]{}*_]/g;
/** A text whose links open in a new tab, which is not told where they stood. */
export function linked(text) {
  const link = (href) => make("a", { href, target: "_blank", rel: "noopener noreferrer" }, href);
  const links = text.match(LINK) ?? [];
  return text.split(LINK).flatMap((piece, at) => (links[at] ? [piece, link(links[at])] : [piece]));
}
/** Keeps a value in the browser, if the browser keeps anything. */
export function keep(key, value) {
  try { localStorage.setItem(`chat.${key}`, value); } catch { /* The page works without. */ }
}
export function kept(key) {
  try { return localStorage.getItem(`chat.${key}`); } catch { return null; }
}
