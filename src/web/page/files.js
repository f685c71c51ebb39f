// Files: offered by dropping them, taken with a button, and carried by HTTP while a bar shows how far they are.
import { button, by, make, whenSent } from "./dom.js";
import { language, say } from "./words.js";

/** Characters that no file name may have, on some system or other, and names that are kept for something else. */
const UNFIT = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069/\\:*?"<>|]/gu;
const KEPT = /\.part$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** Lets one offer files, and take them. */
export function exchangeFiles(chat) {
  /** The offers that the server has not answered yet, in order, and those that it has numbered. */
  let [offered, open, chosen] = [[], new Map(), []];
  const command = (text) => chat.send({ type: "command", text });
  function offer(file, other) {
    const fit = file.name.replace(UNFIT, "_").trim().slice(-40).replace(/^[.~-]|[. ]+$/g, "_") || "unnamed";
    const name = KEPT.test(fit) ? `_${fit}_` : fit;
    if (command(`/offer ${other} ${file.size} - ${name}`)) offered.push({ file, name, size: file.size, other });
  }
  /** Offers files to the person one whispers with, or asks to whom. */
  function choose(files) {
    if (!files.length || !chat.isIn) return;
    if (chat.shown.kind === "whisper") return files.forEach((file) => offer(file, chat.shown.name));
    const others = [...chat.members.values()].filter(({ name }) => !chat.isSelf(name));
    by("receiver-nick").replaceChildren(...others.map(({ name }) => make("option", {}, name)));
    chosen = files;
    by("receiver").showModal();
  }
  function hear({ event, id, path, from, name, size, text }) {
    const known = open.get(id) ?? { id, name, size, other: from };
    const refuse = (word) => button(say(word), () => command(`/rejectfile ${id}`));
    if (event === "file_offered") show({ ...offered.shift(), id }, "offered", refuse("cancel"));
    else if (event === "file_not_offered") {
      offered.shift();
      chat.note(text, chat.shown, { isError: true, language: "en" });
    } else if (event === "file_requested") {
      show(known, "requested", button(say("accept"), () => command(`/take ${id}`)), refuse("refuse"));
    } else if (event === "file_send") carry(known, "uploading", "PUT", path, refuse("cancel"));
    else if (event === "file_receive") carry(known, "downloading", "GET", path, refuse("cancel"));
    else if (open.has(id) && !known.url) end(known, event === "file_arrived" ? "sent" : "broken");
  }
  /** Sends or gets the bytes. What was got is saved with a link. */
  function carry(known, words, method, path, cancel) {
    const bar = make("progress", { max: Math.max(1, known.size), value: 0, ariaLabel: say(words, known.name) });
    show(known, words, bar, cancel);
    const request = new XMLHttpRequest();
    (method === "PUT" ? request.upload : request).onprogress = ({ loaded }) => { bar.value = loaded; };
    request.onloadend = () => {
      if (request.status < 200 || request.status >= 300) return end(known, "broken");
      if (method === "PUT") return;
      known.url = URL.createObjectURL(request.response);
      end(known, "", make("a", { href: known.url, download: known.name }, say("save", known.name)));
    };
    request.open(method, path);
    request.responseType = "blob";
    request.send(known.file);
  }
  function end(known, words, ...controls) {
    show(known, words, ...controls, button(say("close"), () => {
      known.item.remove();
      URL.revokeObjectURL(known.url);
      open.delete(known.id);
    }));
  }
  /** Shows how an offer stands, and what one can do. */
  function show(known, words, ...controls) {
    const unit = { style: "unit", unit: "kilobyte", maximumFractionDigits: 1 };
    const size = new Intl.NumberFormat(language(), unit).format(known.size / 1000);
    const told = words && make("span", { dir: "auto" }, say(words, known.name, size, known.other));
    const item = make("li", { "data-offer": known.id }, told, ...controls);
    if (known.item) known.item.replaceWith(item);
    else by("transfers").append(item);
    open.set(known.id, Object.assign(known, { item }));
  }
  chat.addEventListener("file", ({ detail }) => hear(detail));
  chat.addEventListener("in", () => (offered = []));
  whenSent("receiver-form", () => {
    by("receiver").close();
    chosen.forEach((file) => offer(file, by("receiver-nick").value));
  });
  by("receiver-cancel").onclick = () => by("receiver").close();
  by("attach").onclick = () => by("file").click();
  by("file").onchange = () => {
    choose([...by("file").files]);
    by("file").value = "";
  };
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      document.body.classList.toggle("dropping", kind === "dragover");
      if (kind === "drop") choose([...event.dataTransfer.files]);
    });
  }
}
