/**
 * The hashes of all keys of a command, computed before it runs, when the memory that each key will need is touched as well.
 * Looked up one after the other every key costs the wait for its own cache misses; touched together they are waited for at once.
 */
import { hashBytes } from '../base/hash.ts';
import type { KeyPositions } from '../commands/command.ts';
import type { Arguments } from '../protocol/arguments.ts';
import type { Keyspace } from '../store/keyspace.ts';

/** Words up to this number have a place; touching more at a time would push the first out of the cache again. */
const WORDS_MAX = 512;

export class KeyHashes {
  /** Nothing but the result of loads whose only purpose is to be made. */
  touched = 0;
  readonly #keyspace: Keyspace;
  readonly #hashes = new Int32Array(WORDS_MAX);
  /** Words from here on have no hash. */
  #end = 0;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  /** Computes the hashes of the keys of `args`, which are every `step`th word from `first` on. */
  compute(args: Arguments, db: number, { first, step }: KeyPositions): void {
    const keyspace = this.#keyspace;
    const end = Math.min(args.count, WORDS_MAX);
    let touched = 0;
    for (let word = first; word < end; word += step) {
      const hash = hashBytes(args.bytes, args.starts[word]!, args.ends[word]!, keyspace.seed);
      this.#hashes[word] = hash;
      touched ^= keyspace.warm(db, hash);
    }
    this.#end = end;
    this.touched = touched;
  }

  /** Another command begins. */
  clear(): void {
    this.#end = 0;
  }

  /** Whether the hash of word `word`, which is a key, has been computed. */
  has(word: number): boolean {
    return word < this.#end;
  }

  of(word: number): number {
    return this.#hashes[word]!;
  }

  /** The hash of one word, whose memory is touched. */
  warm(args: Arguments, word: number, db: number): number {
    const hash = hashBytes(args.bytes, args.starts[word]!, args.ends[word]!, this.#keyspace.seed);
    this.touched ^= this.#keyspace.warm(db, hash);
    return hash;
  }
}
