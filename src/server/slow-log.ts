/** The slow log: the newest commands that took long, as SLOWLOG GET shows them. */
import type { SlowLogEntry, SlowLogView } from '../commands/measurements.ts';
import type { Arguments } from '../protocol/arguments.ts';
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

/** As many words of `args` as the slow log shows, word 0 included; those with the numbers in `secret` are hidden. */
export function keptWords(args: Arguments, secret: readonly number[] = []): NotedWord[] {
  const words: NotedWord[] = [];
  for (let i = 0; i < notedWords(args.count); i++) {
    if (secret.includes(i)) {
      words.push({ bytes: REDACTED, length: REDACTED.length });
      continue;
    }
    const start = args.starts[i]!;
    const length = args.length(i);
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
