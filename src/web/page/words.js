// The words of the page, in each of its languages, and the way they get into the page.

import { keep, kept } from "./dom.js";

const WORDS = {
  skip: ["Skip to the message field", "Zum Nachrichtenfeld springen"],
  places: ["Rooms and whispers", "Räume und Flüstern"],
  rooms: ["Rooms", "Räume"],
  whispers: ["Whispers", "Geflüster"],
  noWhispers: ["Choose a person to whisper.", "Zum Flüstern eine Person wählen."],
  people: ["People", "Personen"],
  messages: ["Messages", "Nachrichten"],
  message: ["Message", "Nachricht"],
  messageTo: ["Message to {0}", "Nachricht an {0}"],
  send: ["Send", "Senden"],
  emoji: ["Emoji", "Emoji"],
  search: ["Search", "Suchen"],
  files: ["Files", "Dateien"],
  completions: ["Suggestions", "Vorschläge"],
  goTo: ["Go to a room …", "In einen Raum gehen …"],
  changeName: ["Change your nickname", "Spitznamen ändern"],
  notify: ["Notify me", "Benachrichtigen"],
  language: ["Deutsch", "English"],
  welcome: ["Welcome", "Willkommen"],
  nickname: ["Choose a nickname", "Wähle einen Spitznamen"],
  rule: ["1 to 20 letters (A–Z), digits, _ or -. It starts with a letter.",
    "1 bis 20 Buchstaben (A–Z), Ziffern, _ oder -. Er beginnt mit einem Buchstaben."],
  password: ["This name is registered. Its password:", "Dieser Name ist registriert. Sein Passwort:"],
  enter: ["Enter the chat", "Chat betreten"],
  now: ["Try now", "Jetzt versuchen"],
  connecting: ["Connecting …", "Verbindung wird hergestellt …"],
  retry: ["Connection lost. Next attempt in {0} s.", "Verbindung verloren. Nächster Versuch in {0} s."],
  ended: ["You are not in the chat. {0}", "Du bist nicht im Chat. {0}"],
  arrived: ["{0} has joined the chat", "{0} ist im Chat"],
  departed: ["{0} has left the chat", "{0} hat den Chat verlassen"],
  entered: ["{0} has joined the room", "{0} hat den Raum betreten"],
  left: ["{0} has left the room", "{0} hat den Raum verlassen"],
  renamed: ["{0} is now known as {1}", "{0} heißt jetzt {1}"],
  nick_changed: ["You are now known as {0}", "Du heißt jetzt {0}"],
  topic_set: ["{0} has set the topic: {1}", "{0} hat das Thema gesetzt: {1}"],
  away: ["away", "abwesend"],
  unread: ["{0} unread", "{0} ungelesen"],
  unseen: ["New", "Neu"],
  newer: ["↓ {0} new", "↓ {0} neue"],
  latest: ["↓ Newest", "↓ Neueste"],
  more: ["and {0} more", "und {0} weitere"],
  sending: ["Sending", "Wird gesendet"],
  failed: ["Not sent.", "Nicht gesendet."],
  again: ["Send again", "Erneut senden"],
  discard: ["Discard", "Verwerfen"],
  whisperFrom: ["{0} whispers", "{0} flüstert"],
  whisperTo: ["Whisper to {0}", "{0} etwas zuflüstern"],
  sendFile: ["Send a file", "Datei senden"],
  toWhom: ["Send the file to", "Datei senden an"],
  offer: ["Offer", "Anbieten"],
  cancel: ["Cancel", "Abbrechen"],
  offered: ["Offered to {2}: {0} ({1})", "{2} angeboten: {0} ({1})"],
  requested: ["{2} offers {0} ({1})", "{2} bietet {0} an ({1})"],
  accept: ["Accept", "Annehmen"],
  refuse: ["Refuse", "Ablehnen"],
  uploading: ["Sending {0}", "{0} wird gesendet"],
  downloading: ["Receiving {0}", "{0} wird empfangen"],
  save: ["Save {0}", "{0} speichern"],
  sent: ["{0} has arrived", "{0} ist angekommen"],
  broken: ["{0} was not transferred.", "{0} wurde nicht übertragen."],
  close: ["Close", "Schließen"],
};

const LANGUAGES = ["en", "de"];
let at = Math.max(0, LANGUAGES.indexOf(kept("language") ?? navigator.language.slice(0, 2)));

export const language = () => LANGUAGES[at];

/** The words for something, with values in the places of {0} and {1}. */
export function say(key, ...values) {
  return WORDS[key][at].replace(/\{(\d)\}/g, (_, number) => values[number]);
}

/** Puts the words into the page, wherever its elements ask for them. */
export function translate() {
  document.documentElement.lang = language();
  for (const [attribute, put] of [
    ["say", (element, words) => { element.textContent = words; }],
    ["label", (element, words) => element.setAttribute("aria-label", words)],
    ["title", (element, words) => { element.title = words; }],
    ["hint", (element, words) => { element.placeholder = words; element.setAttribute("aria-label", words); }],
  ]) {
    for (const element of document.querySelectorAll(`[data-${attribute}]`)) {
      put(element, say(element.dataset[attribute]));
    }
  }
}

/** Takes the other language. */
export function switchLanguage() {
  at = 1 - at;
  keep("language", language());
}
