// Files: offered by dropping them, taken with a button, and carried by HTTP while a bar shows how far they are.

import { button, by, make } from "./dom.js";
import { language, say } from "./words.js";

/** Characters that no file name may have, on some system or other. */
const UNFIT = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069/\\:*?"<>|]/gu;

export class Files {
  #chat;
  /** The offers that the server has not answered yet, in order, and those that it has numbered. */
  #offered = [];
  #open = new Map();

  constructor(chat) {
    this.#chat = chat;
    chat.addEventListener("file", ({ detail }) => this.#hear(detail));
    by("attach").onclick = () => by("file").click();
    by("file").onchange = () => {
      this.#choose([...by("file").files]);
      by("file").value = "";
    };
    const drag = (isOver) => (event) => {
      event.preventDefault();
      document.body.classList.toggle("dropping", isOver);
    };
    document.ondragover = drag(true);
    document.ondragleave = drag(false);
    document.ondrop = (event) => {
      drag(false)(event);
      this.#choose([...event.dataTransfer.files]);
    };
  }

  /** Offers files to the person one whispers with, or asks to whom. */
  #choose(files) {
    const { shown, members, isIn } = this.#chat;
    if (!files.length || !isIn) return;
    if (shown.kind === "whisper") return files.forEach((file) => this.#offer(file, shown.name));
    const others = [...members.values()].filter(({ name }) => !this.#chat.isSelf(name));
    by("receiver-nick").replaceChildren(...others.map(({ name }) => make("option", {}, name)));
    by("receiver-cancel").onclick = () => by("receiver").close();
    by("receiver-form").onsubmit = (event) => {
      event.preventDefault();
      by("receiver").close();
      files.forEach((file) => this.#offer(file, by("receiver-nick").value));
    };
    by("receiver").showModal();
  }

  #offer(file, other) {
    const name = file.name.replace(UNFIT, "_").trim().slice(-40).replace(/^[.~-]|[. ]+$/g, "_") || "unnamed";
    this.#offered.push({ file, name, size: file.size, other });
    this.#command(`/offer ${other} ${file.size} - ${name}`);
  }

  #command(text) {
    this.#chat.send({ type: "command", text });
  }

  #hear({ event, id, path, from, name, size }) {
    const offer = this.#open.get(id) ?? { id, name, size, other: from };
    const refuse = (word) => button(say(word), () => this.#command(`/rejectfile ${id}`));
    if (event === "file_offered") this.#show({ ...this.#offered.shift(), id }, "offered", refuse("cancel"));
    else if (event === "file_not_offered") this.#offered.shift();
    else if (event === "file_requested") {
      this.#show(offer, "requested", button(say("accept"), () => this.#command(`/take ${id}`)), refuse("refuse"));
    } else if (event === "file_send") this.#carry(offer, "uploading", "PUT", path, refuse("cancel"));
    else if (event === "file_receive") this.#carry(offer, "downloading", "GET", path, refuse("cancel"));
    else if (this.#open.has(id) && !offer.url) this.#end(offer, event === "file_arrived" ? "sent" : "broken");
  }

  /** Sends or gets the bytes. What was got is saved with a link. */
  #carry(offer, words, method, path, cancel) {
    const bar = make("progress", { max: Math.max(1, offer.size), value: 0, ariaLabel: say(words, offer.name) });
    this.#show(offer, words, bar, cancel);
    const request = new XMLHttpRequest();
    (method === "PUT" ? request.upload : request).onprogress = ({ loaded }) => { bar.value = loaded; };
    request.onloadend = () => {
      if (request.status < 200 || request.status >= 300) return this.#end(offer, "broken");
      if (method === "PUT") return;
      offer.url = URL.createObjectURL(request.response);
      this.#end(offer, "", make("a", { href: offer.url, download: offer.name }, say("save", offer.name)));
    };
    request.open(method, path);
    request.responseType = "blob";
    request.send(offer.file);
  }

  #end(offer, words, ...controls) {
    this.#show(offer, words, ...controls, button(say("close"), () => {
      offer.item.remove();
      URL.revokeObjectURL(offer.url);
      this.#open.delete(offer.id);
    }));
  }

  /** Shows how an offer stands, and what one can do. */
  #show(offer, words, ...controls) {
    const unit = { style: "unit", unit: "kilobyte", maximumFractionDigits: 1 };
    const size = new Intl.NumberFormat(language(), unit).format(offer.size / 1000);
    const told = words && make("span", { dir: "auto" }, say(words, offer.name, size, offer.other));
    const item = make("li", { "data-offer": offer.id }, told, ...controls);
    if (offer.item) offer.item.replaceWith(item);
    else by("transfers").append(item);
    this.#open.set(offer.id, Object.assign(offer, { item }));
  }
}
