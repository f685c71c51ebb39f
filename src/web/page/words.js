// The words of the page in each of its languages, and how they get into the page.
import { keep, kept } from "./dom.js";

const LANGUAGES = ["en", "de"];
const WORDS = {
  rooms: ["Rooms", "Räume"], people: ["People", "Personen"], places: ["Rooms, whispers", "Räume, Geflüster"],
  whispers: ["Whispers", "Geflüster"], noWhispers: ["Choose a person.", "Wähle eine Person."],
  whisperTo: ["Whisper to {0}", "{0} etwas zuflüstern"], whisperFrom: ["{0} whispers", "{0} flüstert"],
  goTo: ["Go to a room …", "Raum betreten …"], skip: ["Skip to the message field", "Zum Textfeld springen"],
  message: ["Message", "Nachricht"], messages: ["Messages", "Nachrichten"], send: ["Send", "Senden"],
  messageTo: ["Message to {0}", "Nachricht an {0}"], emoji: ["Emoji", "Emoji"],
  files: ["Files", "Dateien"], completions: ["Suggestions", "Vorschläge"], notify: ["Notify me", "Benachrichtigen"],
  language: ["Deutsch", "English"], away: ["away", "abwesend"], unread: ["{0} unread", "{0} ungelesen"],
  unseen: ["New", "Neu"], newer: ["↓ {0} new", "↓ {0} neue"], latest: ["↓ Newest", "↓ Neueste"],
  more: ["and {0} more", "und {0} weitere"],
  welcome: ["Welcome", "Willkommen"], enter: ["Enter the chat", "Chat betreten"],
  nickname: ["Choose a nickname", "Wähle einen Spitznamen"], changeName: ["Change your name", "Namen ändern"],
  rule: ["1 to 20 letters (A–Z), digits, _ or -. It starts with a letter.",
    "1 bis 20 Buchstaben (A–Z), Ziffern, _ oder -. Er beginnt mit einem Buchstaben."],
  password: ["This name is registered. Its password:", "Dieser Name ist registriert. Sein Passwort:"],
  connecting: ["Connecting …", "Verbindung wird hergestellt …"], now: ["Try now", "Jetzt versuchen"],
  retry: ["Connection lost. Next attempt in {0} s.", "Verbindung verloren. Nächster Versuch in {0} s."],
  ended: ["You are not in the chat. {0}", "Du bist nicht im Chat. {0}"],
  arrived: ["{0} has joined the chat", "{0} ist im Chat"], entered: ["{0} is in the room", "{0} ist im Raum"],
  departed: ["{0} has left the chat", "{0} hat den Chat verlassen"],
  left: ["{0} has left the room", "{0} hat den Raum verlassen"],
  renamed: ["{0} is now known as {1}", "{0} heißt jetzt {1}"],
  nick_changed: ["You are now known as {0}", "Du heißt jetzt {0}"],
  topic_set: ["{0} has set the topic: {1}", "{0} hat das Thema gesetzt: {1}"],
  sending: ["Sending", "Wird gesendet"], failed: ["Not sent.", "Nicht gesendet."],
  again: ["Send again", "Erneut senden"], discard: ["Discard", "Verwerfen"],
  sendFile: ["Send a file", "Datei senden"], toWhom: ["Send the file to", "Datei senden an"],
  offer: ["Offer", "Anbieten"], cancel: ["Cancel", "Abbrechen"], accept: ["Accept", "Annehmen"],
  refuse: ["Refuse", "Ablehnen"], close: ["Close", "Schließen"], save: ["Save {0}", "{0} speichern"],
  offered: ["Offered to {2}: {0} ({1})", "{2} angeboten: {0} ({1})"],
  requested: ["{2} offers {0} ({1})", "{2} bietet {0} an ({1})"],
  uploading: ["Sending {0}", "{0} wird gesendet"], downloading: ["Receiving {0}", "{0} wird empfangen"],
  sent: ["{0} has arrived", "{0} ist angekommen"], broken: ["{0} was not transferred.", "{0} wurde nicht übertragen."],
};

let at = Math.max(0, LANGUAGES.indexOf(kept("language") ?? navigator.language.slice(0, 2)));
export const language = () => LANGUAGES[at];

/** The words for something, with values in the places of {0}, {1} and {2}. */
export const say = (key, ...values) => WORDS[key][at].replace(/\{(\d)\}/g, (_, number) => values[number]);

/** Puts the words wherever elements ask for them with `data-say`, `data-label`, `data-title` or `data-hint`. */
export function translate() {
  document.documentElement.lang = language();
  const put = (attribute, act) => document.querySelectorAll(`[data-${attribute}]`)
    .forEach((element) => act(element, say(element.dataset[attribute])));
  put("say", (element, words) => { element.textContent = words; });
  put("label", (element, words) => { element.ariaLabel = words; });
  put("title", (element, words) => { element.title = words; });
  put("hint", (element, words) => { element.placeholder = element.ariaLabel = words; });
}

export function switchLanguage() {
  at = 1 - at;
  keep("language", language());
  translate();
}
