/** Cuts a command on several keys by shard: which words go where. */
import type { Command } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import type { Router } from './router.ts';
import type { ShardLink } from './shard-link.ts';

interface Part {
  readonly link: ShardLink;
  readonly words: readonly number[];
}

export interface Cut {
  readonly parts: readonly Part[];
  /** The part of each key, in the command's order. */
  readonly partOfKey: readonly number[];
}

const NO_PARTS: readonly number[] = [];

/** The word of the last key of a command whose keys have fixed places. */
export function lastKeyWord(command: Command, args: Arguments): number {
  const { last } = command.keys!;
  return last < 0 ? args.count + last : last;
}

/** A part that is being made; its array is used again. */
class GrowingPart implements Part {
  readonly link: ShardLink;
  readonly words: number[] = [];
  /** Its place among the parts of the command being cut. */
  place = 0;
  /** How many of `words` are valid: 0 while it has no place. */
  count = 0;

  constructor(link: ShardLink) {
    this.link = link;
  }

  add(word: number): void {
    this.words[this.count++] = word;
  }

  end(): void {
    if (this.words.length > this.count) this.words.length = this.count;
    this.count = 0;
  }
}

export class Cutter {
  readonly #router: Router;
  readonly #byLink: readonly GrowingPart[];
  readonly #parts: GrowingPart[] = [];
  readonly #partOfKey: number[] = [];
  readonly #cut: Cut = { parts: this.#parts, partOfKey: this.#partOfKey };

  constructor(router: Router) {
    this.#router = router;
    this.#byLink = router.links.map((link) => new GrowingPart(link));
  }

  /**
   * The parts of a command placed at `keys`, and for one placed at `every` all words for each shard. What is returned is valid
   * until the next call: nothing is made for a command.
   */
  cut(command: Command, args: Arguments): Cut {
    if (command.placement?.at === 'every') return this.#forEvery(args);
    const router = this.#router;
    const { first, step } = command.keys!;
    const last = lastKeyWord(command, args);
    const parts = this.#parts;
    const partOfKey = this.#partOfKey;
    let partCount = 0;
    let keyCount = 0;
    for (let key = first; key <= last; key += step) {
      const part = this.#byLink[router.linkOf(args, key).index]!;
      if (part.count === 0) {
        part.place = partCount;
        parts[partCount++] = part;
        // The words before the keys, the name of a subcommand, go to all.
        for (let word = 1; word < first; word++) part.add(word);
      }
      for (let word = key; word < key + step; word++) part.add(word);
      partOfKey[keyCount++] = part.place;
    }
    if (parts.length > partCount) parts.length = partCount;
    if (partOfKey.length > keyCount) partOfKey.length = keyCount;
    for (let i = 0; i < partCount; i++) parts[i]!.end();
    return this.#cut;
  }

  #forEvery(args: Arguments): Cut {
    const words = Array.from({ length: args.count - 1 }, (_, i) => i + 1);
    return { parts: this.#router.links.map((link) => ({ link, words })), partOfKey: NO_PARTS };
  }
}
