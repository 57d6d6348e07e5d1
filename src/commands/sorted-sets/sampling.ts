/** ZRANDMEMBER and ZSCAN: some members of many. */
import { fromLatin1 } from '../../base/bytes.ts';
import { formatDouble, seventeenDigits } from '../../base/numbers.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { ABSENT } from '../../store/keyspace.ts';
import type { SortedSet } from '../../types/sorted-set.ts';
import { SortedSetCursor } from '../../types/sorted-set-cursor.ts';
import { REFUSED } from '../collection-access.ts';
import { defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { ELEMENT_SCAN, isMatch, scanElements } from '../element-scan.ts';
import { randomSample, readSample, type Sample } from '../random-sample.ts';
import { beginMembers, type PairForm, pairForm, writePair } from './member-replies.ts';
import { findSortedSet, SORTED_SET, sortedSetAt } from './sorted-set-access.ts';

export const sortedSetSampling = defineCommands([
  {
    ...SORTED_SET,
    ...randomSample('WITHSCORES'),
    name: 'zrandmember',
    summary: 'Returns members of a sorted set that are chosen at random',
    complexity: 'O(N*log(M)) where N is the number of members returned and M that of the sorted set',
    placement: { at: 'key', handler: randomMembers },
  },
  {
    ...SORTED_SET,
    ...ELEMENT_SCAN,
    name: 'zscan',
    summary: 'Returns some of the members of a sorted set with their scores, and a cursor to go on from',
    complexity: 'O(1) for a call, O(N) for a whole walk, where N is the number of members',
    placement: { at: 'key', handler: scan },
  },
]);

const cursor = new SortedSetCursor();

function randomRank(length: number): number {
  return Math.floor(Math.random() * length);
}

function randomMembers(context: ShardContext): void {
  const { args, reply } = context;
  if (args.count === 2) {
    randomMember(context);
    return;
  }
  const wanted = readSample(args, 'withscores');
  if (typeof wanted === 'string') reply.error(wanted);
  else sample(context, wanted);
}

function randomMember(context: ShardContext): void {
  const { reply } = context;
  const ref = findSortedSet(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    reply.null();
    return;
  }
  const set = sortedSetAt(context, ref);
  cursor.open(set, randomRank(set.length));
  reply.bulk(cursor.bytes, cursor.start, cursor.end);
}

function sample(context: ShardContext, { count, withPairs }: Sample): void {
  const { reply } = context;
  const ref = findSortedSet(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT || count === 0) {
    reply.array(0);
    return;
  }
  const set = sortedSetAt(context, ref);
  const form = withPairs ? pairForm(reply) : undefined;
  if (count < 0) {
    beginMembers(reply, -count, form);
    for (let left = -count; left > 0; left--) writeRank(reply, set, randomRank(set.length), form);
    return;
  }
  const ranks = differentRanks(set.length, Math.min(count, set.length));
  beginMembers(reply, ranks.length, form);
  for (const rank of ranks) writeRank(reply, set, rank, form);
}

function writeRank(reply: ReplyWriter, set: SortedSet, rank: number, form: PairForm | undefined): void {
  cursor.open(set, rank);
  writePair(reply, form, cursor.score, cursor.bytes, cursor.start, cursor.end);
}

/** `count` different ranks below `length`, any choice of them as likely as any other (Floyd's algorithm). */
function differentRanks(length: number, count: number): readonly number[] {
  if (count === length) return Array.from({ length }, (_, rank) => rank);
  const chosen = new Set<number>();
  for (let last = length - count; last < length; last++) {
    const rank = randomRank(last + 1);
    chosen.add(chosen.has(rank) ? last : rank);
  }
  return [...chosen];
}

function scan(context: ShardContext): void {
  scanElements(context, findSortedSet, (ref, from, options, found) => {
    const set = sortedSetAt(context, ref);
    // In either protocol, and in the forms in which Redis has the two encodings.
    const textOf = set.isPacked ? formatDouble : seventeenDigits;
    return walk(set, from, options.count, (score, bytes, start, end) => {
      if (!isMatch(options, bytes, start, end)) return;
      found.push(bytes.slice(start, end), fromLatin1(textOf(score)));
    });
  });
}

function walk(
  set: SortedSet,
  from: number,
  count: number,
  visit: (score: number, bytes: Uint8Array, start: number, end: number) => void,
): number {
  if (set.tree !== undefined) {
    return set.tree.scan(from % 2 ** 32, count, (leaf, index) =>
      visit(leaf.scoreAt(index), leaf.bytes, leaf.startAt(index), leaf.endAt(index)),
    );
  }
  // A small one is returned whole.
  for (let is = cursor.open(set, 0); is; is = cursor.next()) {
    visit(cursor.score, cursor.bytes, cursor.start, cursor.end);
  }
  return 0;
}
