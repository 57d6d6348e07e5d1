/** The sets of several keys at once, on whichever shards they are. */
import { WRONG_TYPE } from '../../protocol/errors.ts';
import { collectionOf } from '../../rdb/collections.ts';
import { TYPE_SET } from '../../store/layout.ts';
import { PackedViewers } from '../../store/packed-viewers.ts';
import type { MemberSet } from '../../types/set.ts';
import type { ShardContext } from '../context.ts';
import { peekKey } from '../key-access.ts';

/** Whether the key in a word is on this shard: in a transaction another one may execute the command than that of the first key. */
export function ownsWord(context: ShardContext, word: number): boolean {
  const { bytes, starts, ends } = context.args;
  return context.owns(bytes.subarray(starts[word]!, ends[word]!));
}

/** The types of what is there, all sets; undefined when one is of another type. A look-up may remove an expired key, which is a change: so all come first. */
function typesOf({ together }: ShardContext, from: number, to: number): (number | undefined)[] | undefined {
  const types: (number | undefined)[] = [];
  for (let word = from; word < to; word++) {
    const type = together.typeOf(word);
    types.push(type);
    if (type !== undefined && type !== TYPE_SET) return undefined;
  }
  return types;
}

export class GatheredSets {
  /** One for each word; undefined where there is none. */
  readonly sets: (MemberSet | undefined)[] = [];
  /** Copies of those on other shards. */
  readonly #copies: MemberSet[] = [];

  /** Those at key words [from, to), until something changes. Undefined, and answered, when one is of another type. */
  static of(context: ShardContext, from: number, to: number): GatheredSets | undefined {
    const { keyspace, reply } = context;
    const { countsLookups } = keyspace;
    // These are reads, also where the result is stored.
    keyspace.countsLookups = true;
    const types = typesOf(context, from, to);
    keyspace.countsLookups = countsLookups;
    if (types === undefined) {
      reply.error(WRONG_TYPE);
      return undefined;
    }
    const gathered = new GatheredSets();
    for (let word = from; word < to; word++) {
      if (types[word - from] === undefined) gathered.sets.push(undefined);
      else if (!ownsWord(context, word)) gathered.#copy(context, word);
      else {
        const viewers = new PackedViewers(keyspace.objects.limits);
        gathered.sets.push(keyspace.collectionOf(peekKey(context, word), viewers) as MemberSet);
      }
    }
    return gathered;
  }

  #copy({ together, keyspace }: ShardContext, word: number): void {
    const { bytes } = together.read(word)!;
    const copy = collectionOf(bytes, 0, bytes.length, keyspace.objects.limits) as MemberSet;
    this.sets.push(copy);
    this.#copies.push(copy);
  }

  /** Lets go of the copies. */
  release(): void {
    for (const copy of this.#copies) copy.dispose();
  }
}
