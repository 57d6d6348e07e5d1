/** The slow log: the newest commands that took long, as SLOWLOG GET shows them. */
import { copyBytes } from '../base/bytes.ts';
import type { SlowLogEntry, SlowLogView } from '../commands/measurements.ts';
import { NOTED_WORD_BYTES_MAX, NOTED_WORDS_MAX, type NotedWord, notedWords } from '../ring/notes.ts';

const REDACTED = Buffer.from('(redacted)', 'latin1');

export class SlowLog implements SlowLogView {
  readonly #entries: SlowLogEntry[] = [];
  #nextId = 0;
  #lengthMax: number;

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  /** The option `slowlog-max-len`. Entries beyond it go when the next is added, as in Redis. */
  set lengthMax(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  get length(): number {
    return this.#entries.length;
  }

  add(entry: Omit<SlowLogEntry, 'id' | 'unixSeconds'>): void {
    this.#entries.push({ id: this.#nextId++, unixSeconds: Math.floor(Date.now() / 1000), ...entry });
    const excess = this.#entries.length - this.#lengthMax;
    if (excess > 0) this.#entries.splice(0, excess);
  }

  newest(count: number): readonly SlowLogEntry[] {
    return this.#entries.slice(Math.max(0, this.#entries.length - count)).reverse();
  }

  reset(): void {
    this.#entries.length = 0;
  }
}

/** The words of a command as ranges of bytes: what Arguments are. */
interface Words {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** Words up to so many bytes together are copied in one piece. */
const SMALL_BYTES = 4096;
/** Most commands are no longer. */
const INITIAL_BYTES = 1024;

/** The words of a command that is under way, in case that it proves slow. One object serves many commands, one after the other. */
export class RememberedWords {
  #bytes = new Uint8Array(INITIAL_BYTES);
  readonly #starts = new Int32Array(NOTED_WORDS_MAX);
  readonly #ends = new Int32Array(NOTED_WORDS_MAX);
  #base = 0;
  #count = 0;
  /** Of a command with long words. */
  #kept: NotedWord[] | undefined;

  remember(args: Words): void {
    const shown = notedWords(args.count);
    const from = args.starts[0]!;
    const to = args.ends[shown - 1]!;
    this.#kept = undefined;
    if (to - from > SMALL_BYTES) {
      this.#kept = keptWords(args);
      return;
    }
    if (to - from > this.#bytes.length) this.#bytes = new Uint8Array(SMALL_BYTES);
    copyBytes(args.bytes, from, to, this.#bytes, 0);
    for (let i = 0; i < shown; i++) {
      this.#starts[i] = args.starts[i]!;
      this.#ends[i] = args.ends[i]!;
    }
    this.#base = from;
    this.#count = args.count;
  }

  /** As `keptWords` of the command that was remembered last. */
  words(): NotedWord[] {
    if (this.#kept !== undefined) return this.#kept;
    const words = { bytes: this.#bytes, count: this.#count, starts: this.#starts, ends: this.#ends };
    return keptWords(words, [], this.#base);
  }
}

/** As many words of `args` as the slow log shows, word 0 included; those with the numbers in `secret` are hidden. The
 * ranges of `args` count from `base`. */
export function keptWords(args: Words, secret: readonly number[] = [], base = 0): NotedWord[] {
  const words: NotedWord[] = [];
  for (let i = 0; i < notedWords(args.count); i++) {
    if (secret.includes(i)) {
      words.push({ bytes: REDACTED, length: REDACTED.length });
      continue;
    }
    const start = args.starts[i]! - base;
    const length = args.ends[i]! - base - start;
    words.push({ bytes: args.bytes.slice(start, start + Math.min(length, NOTED_WORD_BYTES_MAX)), length });
  }
  return words;
}

/** The words as the slow log shows them. `count` is how many the command has. */
export function shownWords(words: readonly NotedWord[], count: number): Uint8Array[] {
  const shown = words.map(({ bytes, length }) =>
    bytes.length === length
      ? bytes
      : Buffer.concat([bytes, Buffer.from(`... (${length - bytes.length} more bytes)`, 'latin1')]),
  );
  const more = count - words.length;
  if (more > 0) shown.push(Buffer.from(`... (${more} more arguments)`, 'latin1'));
  return shown;
}
