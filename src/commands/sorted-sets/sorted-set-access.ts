/** How the handlers of sorted sets reach them, and change them. */
import { RangeList } from '../../base/byte-ranges.ts';
import { copyBytes, type ViewedBytes, viewedBytes } from '../../base/bytes.ts';
import { TYPE_ZSET } from '../../store/layout.ts';
import type { SortedSet } from '../../types/sorted-set.ts';
import { lastAdd, SCORE_BYTES, ZSET_ADD, ZSET_REMOVE_RANKS } from '../../types/sorted-set-changes.ts';
import { by, change, changeOrCreate, findCollection, tellOfRemoval } from '../collection-access.ts';
import type { CommandSpec } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { EVENT } from '../keyspace-events.ts';

/** What all commands of sorted sets have in common. */
export const SORTED_SET = { group: 'sorted-set' } as const satisfies Partial<CommandSpec>;

const BUFFER_BYTES = 1024;
/** A buffer that grew beyond this is not kept. */
const KEPT_BYTES = 1 << 20;

/** The entry of the sorted set at key word `word` or ABSENT; REFUSED, and answered, when something else is there. */
export function findSortedSet(context: ShardContext, word = 1): number {
  return findCollection(context, TYPE_ZSET, word);
}

export function sortedSetAt(context: ShardContext, ref: number): SortedSet {
  return context.keyspace.collectionOf(ref) as SortedSet;
}

/** Members with their scores, as ZSET_ADD takes them. One object serves one command after the other. */
export class ScoredMembers extends RangeList {
  count = 0;
  #buffer: ViewedBytes = viewedBytes(new ArrayBuffer(BUFFER_BYTES));
  #end = 0;

  /** Forgets what there is; there will be up to `count` members, whose bytes are in all not more than `bytes`. */
  begin(count: number, bytes: number): void {
    this.reserve(count);
    const size = bytes + count * SCORE_BYTES;
    if (size > this.#buffer.length) this.#buffer = viewedBytes(new ArrayBuffer(2 * size));
    else if (this.#buffer.length > KEPT_BYTES && size < BUFFER_BYTES) {
      this.#buffer = viewedBytes(new ArrayBuffer(BUFFER_BYTES));
    }
    this.bytes = this.#buffer;
    this.count = 0;
    this.#end = 0;
  }

  add(score: number, bytes: ViewedBytes, start: number, end: number): void {
    const buffer = this.#buffer;
    const at = this.#end;
    buffer.view!.setFloat64(at, score, true);
    this.#end = copyBytes(bytes, start, end, buffer, at + SCORE_BYTES);
    this.starts[this.count] = at;
    this.ends[this.count] = this.#end;
    this.count++;
  }
}

const single = new ScoredMembers();

/**
 * Gives members scores in the sorted set at key word `word`, whose entry is `ref`, or in a new one when that is ABSENT. Returns how many were
 * added or got another score; `lastAdd.added` says how many were added. `ref` may be invalid then.
 */
export function addMembers(context: ShardContext, word: number, ref: number, members: ScoredMembers): number {
  return changeOrCreate(context, word, ref, TYPE_ZSET, by(ZSET_ADD).with(members, 0, members.count));
}

/** The same for one member, `bytes[start, end)`, which must not lie in the keyspace. Returns whether it was added. */
export function addMember(
  context: ShardContext,
  word: number,
  ref: number,
  score: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  single.begin(1, end - start);
  single.add(score, bytes, start, end);
  addMembers(context, word, ref, single);
  return lastAdd.added > 0;
}

/** Removes `count` members, which are there, from a rank on, and tells of it as `event`. */
export function removeRanks(
  context: ShardContext,
  word: number,
  ref: number,
  rank: number,
  count: number,
  event: string,
): void {
  const isAll = sortedSetAt(context, ref).length === count;
  if (isAll) tellOfRemoval(context, word, EVENT.sortedSet, event);
  change(context, word, ref, by(ZSET_REMOVE_RANKS, rank, count));
  if (!isAll) context.notify(EVENT.sortedSet, event, word);
}
