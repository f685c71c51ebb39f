// The field where one types, and what it suggests: commands, names and emoji.
import { by, make, whenSent } from "./dom.js";

const [MOST_SUGGESTED, MOST_PICTURES] = [8, 30];
/** Makes the field work. */
export function compose(chat) {
  const input = by("input");
  /** The server's own tables: of commands, and of emoji with their names. */
  let vocabulary = { verbs: [], emoji: [], favourites: [] };
  let [suggested, chosen] = [[], -1];
  function send() {
    const text = input.value.replace(/\s+/g, " ").trim();
    if (!text) return;
    if (/^\/(?!\/)/.test(text)) chat.command(text);
    else chat.say(text.replace(/^\/\//, "/"));
    put("");
  }
  function put(text, caret = text.length) {
    input.value = text;
    input.setSelectionRange(caret, caret);
    changed();
  }
  /** The row of the table of commands for what is typed. */
  function verb(text) {
    const word = /^\/(\S+)/.exec(text)?.[1].toLowerCase();
    return vocabulary.verbs.find(({ name, aliases }) => name === word || aliases.includes(word));
  }
  function changed() {
    const known = verb(input.value);
    input.classList.toggle("secret", Boolean(known?.secret));
    by("usage").hidden = !known;
    by("usage").textContent = known ? `/${known.name} ${known.parameters} – ${known.help} ${known.details}` : "";
    suggest(candidates(known));
  }
  /** What the word at the caret could become: what would stand in its place, how it is shown, and what it means. */
  function candidates(known) {
    const [, before, word] = /^(.*?)(\S*)$/s.exec(input.value.slice(0, input.selectionStart));
    const like = word.toLowerCase();
    const named = (rows, start, end) => rows.filter(({ name }) => name.toLowerCase().startsWith(start))
      .map(({ name }) => ({ put: name + end, label: name }));
    const { verbs } = vocabulary;
    const people = [...chat.members.values()];
    if (!before && /^\/[^/]*$/.test(word)) {
      return verbs.filter(({ name, aliases }) => [name, ...aliases].some((other) => `/${other}`.startsWith(like)))
        .map(({ name, parameters, help }) => ({ put: `/${name} `, label: `/${name} ${parameters}`, help }));
    }
    if (/^:[^:]*$/.test(word)) {
      return find(like.slice(1))
        .map(([name, picture]) => ({ put: `${picture} `, label: `${picture} ${name}`, isPicture: true }));
    }
    if (word.startsWith("@")) return named(people, like.slice(1), before ? " " : ": ");
    const rows = { "<user>": people, "<room>": chat.rooms, "[command]": verbs };
    const parameter = known?.parameters.split(" ")[before.trim().split(/\s+/).length - 1];
    return named(rows[parameter] ?? [], like, " ");
  }
  function suggest(found) {
    const { isPicture = false } = found[0] ?? {};
    suggested = found.slice(0, isPicture ? MOST_PICTURES : MOST_SUGGESTED);
    by("completions").className = isPicture ? "pictures" : "";
    by("completions").replaceChildren(...suggested.map(({ label, help = "" }, at) =>
      make("li", { id: `completion-${at}`, role: "option", onclick: () => accept(at) },
        make("bdi", {}, label), make("span", { className: "muted" }, help))));
    by("completions").hidden = !suggested.length;
    choose(-1);
  }
  function choose(at) {
    chosen = at;
    [...by("completions").children].forEach((item, index) => { item.ariaSelected = String(index === at); });
    input.setAttribute("aria-activedescendant", at < 0 ? "" : `completion-${at}`);
  }
  function accept(at) {
    const { value, selectionStart: caret } = input;
    const text = value.slice(0, caret).replace(/\S*$/, () => suggested[at].put);
    put(text + value.slice(caret).trimStart(), text.length);
  }
  /** Returns whether the key meant something. */
  function press({ key, shiftKey, isComposing }) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    const count = suggested.length;
    if (isComposing || shiftKey) return key === "Enter" && !isComposing;
    if ((key === "Enter" && chosen >= 0) || (key === "Tab" && count)) accept(Math.max(0, chosen));
    else if (key === "Enter") send();
    else if (key === "Escape" && count) suggest([]);
    else if (step && count) choose((Math.max(chosen, step < 0 ? 0 : -1) + step + count) % count);
    else return false;
    return true;
  }
  /** The emoji with this in their name: those that begin with it first, and short names before long ones. */
  function find(wanted) {
    if (!wanted) return vocabulary.favourites;
    const rank = ([name]) => name.length + (name.startsWith(wanted) ? 0 : 100);
    return vocabulary.emoji.filter(([name]) => name.includes(wanted)).sort((one, other) => rank(one) - rank(other));
  }
  fetch("/vocabulary.json").then(async (response) => { vocabulary = await response.json(); });
  input.oninput = changed;
  input.onblur = () => suggest([]);
  input.addEventListener("keydown", (event) => press(event) && event.preventDefault());
  // The mouse must not take the focus out of the field.
  by("completions").onmousedown = (event) => event.preventDefault();
  whenSent("composer", send);
  // Emoji are picked among the suggestions: all of them by going on to type.
  by("pick").onclick = () => {
    input.focus();
    const { value, selectionStart: caret } = input;
    const before = value.slice(0, caret).replace(/(\S)$/, "$1 ");
    put(`${before}:${value.slice(caret)}`, before.length + 1);
  };
}
