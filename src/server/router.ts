/** From a key to its hash and to the shard that owns it. */
import { slotOf } from '../base/crc16.ts';
import { type HashSeed, hashBytes } from '../base/hash.ts';
import type { Arguments } from '../protocol/arguments.ts';
import type { ShardLink } from './shard-link.ts';

export class Router {
  readonly links: readonly ShardLink[];
  /** Set when there is one shard: then no slot needs to be computed. */
  readonly onlyLink: ShardLink | undefined;
  readonly #slots: Uint16Array;
  readonly #seed: HashSeed;

  /** `slots` is the table from slot to shard of ring/hash-ring.ts. */
  constructor(links: readonly ShardLink[], slots: Uint16Array, seed: HashSeed) {
    this.links = links;
    this.onlyLink = links.length === 1 ? links[0] : undefined;
    this.#slots = slots;
    this.#seed = seed;
  }

  /** The link to the shard of the key that is word `word`. */
  linkOf(args: Arguments, word: number): ShardLink {
    if (this.onlyLink !== undefined) return this.onlyLink;
    return this.links[this.#slots[slotOf(args.bytes, args.starts[word]!, args.ends[word]!)]!]!;
  }

  /** The hash of word `word` in the shards' indexes. */
  hashOf(args: Arguments, word: number): number {
    return hashBytes(args.bytes, args.starts[word]!, args.ends[word]!, this.#seed);
  }
}
