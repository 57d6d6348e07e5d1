/** The slow log: the newest commands that took long, as SLOWLOG GET shows them. */
import type { SlowLogEntry, SlowLogView } from '../commands/measurements.ts';
import { NOTED_WORD_BYTES_MAX, type NotedWord, notedWords } from '../ring/notes.ts';

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

/** Remembers the words of a command that is under way, in case that it proves slow. */
export function rememberWords(args: Words): () => NotedWord[] {
  const shown = notedWords(args.count);
  const from = args.starts[0]!;
  const to = args.ends[shown - 1]!;
  if (to - from > SMALL_BYTES) {
    const words = keptWords(args);
    return () => words;
  }
  const copy = {
    bytes: args.bytes.slice(from, to),
    count: args.count,
    starts: args.starts.slice(0, shown),
    ends: args.ends.slice(0, shown),
  };
  return () => keptWords(copy, [], from);
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
