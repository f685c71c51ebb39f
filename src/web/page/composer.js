// The field where one types: what is sent, what was sent before, and what the field suggests.

import { button, by, make } from "./dom.js";
import { say } from "./words.js";

const [MOST_SUGGESTED, MOST_PICKED, MOST_REMEMBERED] = [8, 64, 100];

export class Composer {
  #chat;
  #input = by("input");
  /** The server's own tables: of commands, and of emoji with their names. */
  #vocabulary = { verbs: [], emoji: [], favourites: [] };
  #suggested = [];
  #chosen = -1;
  /** What was sent, and how far back in it the arrow keys are. */
  #typed = [];
  #back = 0;

  constructor(chat) {
    this.#chat = chat;
    fetch("/vocabulary.json").then(async (response) => { this.#vocabulary = await response.json(); });
    this.#input.oninput = () => this.#changed();
    this.#input.onkeydown = (event) => this.#key(event) && event.preventDefault();
    this.#input.onblur = () => this.#suggest([]);
    by("composer").onsubmit = (event) => {
      event.preventDefault();
      this.#send();
    };
    by("pick").onclick = () => {
      by("emoji-search").value = "";
      this.#showEmoji();
      by("picker").showModal();
    };
    by("emoji-search").oninput = () => this.#showEmoji();
    by("picker").onclose = () => this.#input.focus();
    by("picker").onclick = ({ target }) => target === by("picker") && by("picker").close();
  }

  #send() {
    const text = this.#input.value.replace(/\s+/g, " ").trim();
    if (!text) return;
    if (/^\/(?!\/)/.test(text)) this.#chat.command(text);
    else this.#chat.say(text.replace(/^\/\//, "/"));
    if (!this.#verb(text)?.secret) this.#typed = [...this.#typed.slice(1 - MOST_REMEMBERED), text];
    this.#back = 0;
    this.#put("");
  }

  #put(text, caret = text.length) {
    this.#input.value = text;
    this.#input.setSelectionRange(caret, caret);
    this.#changed();
  }

  /** The row of the table of commands for what is typed. */
  #verb(text) {
    const word = /^\/(\S+)/.exec(text)?.[1].toLowerCase();
    return this.#vocabulary.verbs.find(({ name, aliases }) => name === word || aliases.includes(word));
  }

  #changed() {
    const verb = this.#verb(this.#input.value);
    this.#input.classList.toggle("secret", Boolean(verb?.secret));
    by("usage").hidden = !verb;
    by("usage").textContent = verb ? `/${verb.name} ${verb.parameters} – ${verb.help} ${verb.details}` : "";
    this.#suggest(this.#candidates(verb));
  }

  /** What the word at the caret could become: what would stand in its place, how it is shown, and what it means. */
  #candidates(verb) {
    const [, before, word] = /^(.*?)(\S*)$/s.exec(this.#input.value.slice(0, this.#input.selectionStart));
    const like = word.toLowerCase();
    const named = (rows, start = like, end = " ") => rows.map(({ name }) => name)
      .filter((name) => name.toLowerCase().startsWith(start)).map((name) => ({ put: name + end, label: name }));
    const members = [...this.#chat.members.values()];
    if (!before && /^\/[^/]*$/.test(word)) {
      const { verbs } = this.#vocabulary;
      return verbs.filter(({ name, aliases }) => [name, ...aliases].some((known) => `/${known}`.startsWith(like)))
        .map(({ name, parameters, help }) => ({ put: `/${name} `, label: `/${name} ${parameters}`, help }));
    }
    if (/^:[^:]{2,}$/.test(word)) {
      return this.#find(like.slice(1)).map(([name, picture]) => ({ put: `${picture} `, label: `${picture} :${name}:` }));
    }
    if (word.startsWith("@")) return named(members, like.slice(1), before ? " " : ": ");
    const parameters = { "<user>": members, "<room>": this.#chat.rooms, "[command]": this.#vocabulary.verbs };
    const place = before.trim().split(/\s+/).length - 1;
    return named(parameters[verb?.parameters.split(" ")[place]] ?? []);
  }

  #suggest(candidates) {
    this.#suggested = candidates.slice(0, MOST_SUGGESTED);
    // The mouse must not take the focus out of the field.
    const onmousedown = (event) => event.preventDefault();
    by("completions").replaceChildren(...this.#suggested.map(({ label, help }, at) => make("li",
      { id: `completion-${at}`, role: "option", onmousedown, onclick: () => this.#accept(at) },
      make("bdi", {}, label), make("span", { className: "muted" }, help ?? ""))));
    by("completions").hidden = !this.#suggested.length;
    this.#input.ariaExpanded = String(this.#suggested.length > 0);
    this.#choose(-1);
  }

  #choose(at) {
    this.#chosen = at;
    [...by("completions").children].forEach((item, index) => { item.ariaSelected = String(index === at); });
    this.#input.setAttribute("aria-activedescendant", at < 0 ? "" : `completion-${at}`);
  }

  #accept(at) {
    const { value, selectionStart: caret } = this.#input;
    const text = value.slice(0, caret).replace(/\S*$/, () => this.#suggested[at].put);
    this.#put(text + value.slice(caret).trimStart(), text.length);
  }

  /** Returns whether the key meant something. */
  #key({ key, shiftKey, isComposing }) {
    const count = this.#suggested.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (isComposing || shiftKey) return key === "Enter" && !isComposing;
    if ((key === "Enter" && this.#chosen >= 0) || (key === "Tab" && count)) this.#accept(Math.max(0, this.#chosen));
    else if (key === "Enter") this.#send();
    else if (key === "Escape" && count) this.#suggest([]);
    else if (step && count) this.#choose((Math.max(this.#chosen, step < 0 ? 0 : -1) + step + count) % count);
    else if (step && (this.#back || !this.#input.value)) {
      this.#back = Math.min(Math.max(this.#back - step, 0), this.#typed.length);
      this.#put(this.#back ? this.#typed.at(-this.#back) : "");
    } else return false;
    return true;
  }

  /** The emoji with this in their name: those that begin with it first, and short names before long ones. */
  #find(wanted) {
    const rank = ([name]) => name.length + (name.startsWith(wanted) ? 0 : 100);
    return this.#vocabulary.emoji.filter(([name]) => name.includes(wanted)).sort((one, other) => rank(one) - rank(other));
  }

  #showEmoji() {
    const wanted = by("emoji-search").value.trim().toLowerCase();
    const found = wanted ? this.#find(wanted) : this.#vocabulary.favourites;
    by("emoji-grid").replaceChildren(...found.slice(0, MOST_PICKED).map(([name, picture]) => button(picture, () => {
      const { value, selectionStart: caret } = this.#input;
      this.#put(value.slice(0, caret) + picture + value.slice(caret), caret + picture.length);
      by("picker").close();
    }, { title: `:${name}:`, ariaLabel: name })));
  }
}
