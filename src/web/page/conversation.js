// The lines of one conversation, as many as are worth keeping.

/** More lines than this are forgotten, the oldest first. The server can be asked for them again. */
const [MOST, AT_ONCE] = [10_000, 1000];
/** A line has a `kind` (said, acted, notice), `user`, `text`, `at` (milliseconds), and from the server a `seq`. */
export class Conversation {
  lines = [];
  /** The place of the first line. It falls when earlier lines are added, so that a line never changes its place. */
  base = 0;
  /** Own lines that the server has not said yet. */
  pending = [];
  unread = 0;
  /** Whether one of the unread lines is for the reader. */
  isCalled = false;
  /** The place of the first line that was unread when the conversation was opened. */
  unseen = Infinity;
  /** Whether the server has earlier lines. */
  hasMore = false;
  constructor(kind, name) { Object.assign(this, { kind, name }); }
  get end() { return this.base + this.lines.length; }
  get newest() { return this.lines.findLast(({ seq }) => seq)?.seq ?? 0; }
  get oldest() { return this.lines.find(({ seq }) => seq)?.seq; }
  add(line, isSeen = true) {
    this.lines.push(line);
    if (this.lines.length > MOST + AT_ONCE) {
      this.lines.splice(0, AT_ONCE);
      this.base += AT_ONCE;
      this.hasMore ||= this.kind === "room";
    }
    if (isSeen || line.own || line.kind === "notice") return;
    this.unread += 1;
    this.isCalled ||= line.isCall;
  }
  prepend(lines, hasMore) {
    this.lines.unshift(...lines);
    this.base -= lines.length;
    this.hasMore = hasMore;
  }
  /** Adds the lines that are not known yet, in the order of their numbers, and returns them. */
  catchUp(lines, hasMore) {
    const { newest } = this;
    // Where there is a gap, what was before it is forgotten and can be asked for again.
    if (hasMore && newest) [this.base, this.lines] = [this.end, []];
    this.hasMore ||= hasMore;
    const missed = new Map(lines.filter(({ seq }) => seq > newest).map((line) => [line.seq, line]));
    const inOrder = [...missed.values()].sort((one, other) => one.seq - other.seq);
    inOrder.forEach((line) => this.add(line));
    return inOrder;
  }
  open() {
    this.unseen = this.unread ? this.end - this.unread : Infinity;
    this.read();
  }
  read() { [this.unread, this.isCalled] = [0, false]; }
}
