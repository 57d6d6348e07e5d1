/** ZRANDMEMBER and ZSCAN: some members of many. */
import { globMatches } from '../../base/glob.ts';
import { formatDouble, INT64_MAX, seventeenDigits } from '../../base/numbers.ts';
import type { Arguments } from '../../protocol/arguments.ts';
import { SAMPLE_OUT_OF_RANGE } from '../../protocol/collection-errors.ts';
import { INVALID_CURSOR, NOT_AN_INTEGER, outOfRange, SYNTAX_ERROR } from '../../protocol/errors.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { ABSENT } from '../../store/keyspace.ts';
import type { SortedSet } from '../../types/sorted-set.ts';
import { SortedSetCursor } from '../../types/sorted-set-cursor.ts';
import { REFUSED } from '../collection-access.ts';
import { defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey, token } from '../declarations.ts';
import { readCursor, readPattern } from '../scan.ts';
import { beginMembers, type PairForm, pairForm, writePair } from './member-replies.ts';
import { findSortedSet, SORTED_SET, sortedSetAt } from './sorted-set-access.ts';

const COUNT_DEFAULT = 10;

export const sortedSetSampling = defineCommands([
  {
    ...SORTED_SET,
    name: 'zrandmember',
    since: '6.2.0',
    summary: 'Returns members of a sorted set that are chosen at random',
    complexity: 'O(N*log(M)) where N is the number of members returned and M that of the sorted set',
    arity: -2,
    flags: ['readonly'],
    keys: oneKey('RO', 'access'),
    arguments: [
      KEY,
      {
        name: 'options',
        type: 'block',
        optional: true,
        arguments: [
          { name: 'count', type: 'integer' },
          { ...token('WITHSCORES'), optional: true },
        ],
      },
    ],
    tips: ['nondeterministic_output'],
    hasLongReply: true,
    placement: { at: 'key', handler: randomMembers },
  },
  {
    ...SORTED_SET,
    name: 'zscan',
    since: '2.8.0',
    summary: 'Returns some of the members of a sorted set with their scores, and a cursor to go on from',
    complexity: 'O(1) for a call, O(N) for a whole walk, where N is the number of members',
    arity: -3,
    flags: ['readonly'],
    keys: oneKey('RO', 'access'),
    arguments: [
      KEY,
      { name: 'cursor', type: 'integer' },
      { name: 'pattern', type: 'pattern', token: 'MATCH', optional: true },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
    ],
    tips: ['nondeterministic_output'],
    hasLongReply: true,
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
  const count = args.integer(2);
  if (count === undefined) {
    reply.error(NOT_AN_INTEGER);
  } else if (count < -INT64_MAX) {
    reply.error(outOfRange(-INT64_MAX, INT64_MAX));
  } else if (args.count > 4 || (args.count === 4 && !args.is(3, 'withscores'))) {
    reply.error(SYNTAX_ERROR);
  } else if (args.count === 4 && (count < -INT64_MAX / 2n || count > INT64_MAX / 2n)) {
    reply.error(SAMPLE_OUT_OF_RANGE);
  } else {
    sample(context, Number(count), args.count === 4);
  }
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

function sample(context: ShardContext, count: number, withScores: boolean): void {
  const { reply } = context;
  const ref = findSortedSet(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT || count === 0) {
    reply.array(0);
    return;
  }
  const set = sortedSetAt(context, ref);
  const form = withScores ? pairForm(reply) : undefined;
  if (count < 0) {
    // Each is chosen anew, so that the same one may come again.
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

/** The options of ZSCAN; a pattern is undefined when every member matches. */
interface ScanOptions {
  count: number;
  pattern: Uint8Array | undefined;
}

function scan(context: ShardContext): void {
  const { args, reply } = context;
  const from = readCursor(args, 2);
  if (from === undefined) {
    reply.error(INVALID_CURSOR);
    return;
  }
  const ref = findSortedSet(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    reply.array(2);
    reply.bulkInteger(0);
    reply.array(0);
    return;
  }
  const options = readScanOptions(args);
  if (typeof options === 'string') {
    reply.error(options);
    return;
  }
  const set = sortedSetAt(context, ref);
  const found: { member: Uint8Array; score: number }[] = [];
  const visit = (score: number, bytes: Uint8Array, start: number, end: number) => {
    if (options.pattern !== undefined && !globMatches(options.pattern, bytes, start, end)) return;
    found.push({ member: bytes.slice(start, end), score });
  };
  const next = walk(set, from, options.count, visit);
  reply.array(2);
  reply.bulkInteger(next);
  reply.array(2 * found.length);
  for (const { member, score } of found) {
    reply.bulk(member);
    // In either protocol, and in the forms in which Redis has the two encodings.
    reply.bulkText(set.isPacked ? formatDouble(score) : seventeenDigits(score));
  }
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

function readScanOptions(args: Arguments): ScanOptions | string {
  const options: ScanOptions = { count: COUNT_DEFAULT, pattern: undefined };
  for (let i = 3; i < args.count; i += 2) {
    if (i + 1 === args.count) return SYNTAX_ERROR;
    if (args.is(i, 'count')) {
      const count = args.integer(i + 1);
      if (count === undefined) return NOT_AN_INTEGER;
      if (count < 1) return SYNTAX_ERROR;
      options.count = Number(count);
    } else if (args.is(i, 'match')) {
      options.pattern = readPattern(args, i + 1);
    } else {
      return SYNTAX_ERROR;
    }
  }
  return options;
}
