/** Commands that need several strings at one instant: MSETNX and LCS. */
import type { Arguments } from '../protocol/arguments.ts';
import {
  LCS_LEN_AND_IDX,
  LCS_NOT_STRINGS,
  LCS_OUT_OF_MEMORY,
  LCS_TOO_LARGE,
  NOT_AN_INTEGER,
  SYNTAX_ERROR,
  wrongArity,
} from '../protocol/errors.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { NO_EXPIRY } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';
import {
  type CommonSubsequence,
  lcsCells,
  lcsLength,
  longestCommonSubsequence,
  type Match,
} from '../types/lcs.ts';
import { defineCommands } from './command.ts';
import type { ShardContext } from './context.ts';
import { KEY, token, VALUE } from './declarations.ts';
import { EVENT } from './keyspace-events.ts';

/** Redis computes the table of LCS with so many bytes a cell. */
const LCS_CELL_BYTES = 4;

export const stringPairs = defineCommands([
  {
    name: 'msetnx',
    group: 'string',
    since: '1.0.1',
    summary: 'Stores strings at several keys, if none of them exists',
    complexity: 'O(N) where N is the number of keys',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: { first: 1, last: -1, step: 2, flags: ['OW', 'insert'] },
    arguments: [{ name: 'data', type: 'block', multiple: true, arguments: [KEY, VALUE] }],
    check: (args) => (args.count % 2 === 0 ? wrongArity('msetnx') : undefined),
    placement: { at: 'together', handler: setManyIfAbsent },
  },
  {
    name: 'lcs',
    group: 'string',
    since: '7.0.0',
    summary: 'Finds the longest sequence of bytes that two strings have in common, gaps allowed',
    complexity: 'O(N*M) where N and M are the lengths of the strings',
    arity: -3,
    flags: ['readonly'],
    keys: { first: 1, last: 2, step: 1, flags: ['RO', 'access'] },
    arguments: [
      { name: 'key1', type: 'key' },
      { name: 'key2', type: 'key' },
      { ...token('LEN'), optional: true },
      { ...token('IDX'), optional: true },
      { name: 'min-match-len', type: 'integer', token: 'MINMATCHLEN', optional: true },
      { ...token('WITHMATCHLEN'), optional: true },
    ],
    hasLongReply: true,
    placement: { at: 'together', handler: commonSubsequence },
  },
]);

function setManyIfAbsent(context: ShardContext): void {
  const { args, reply, together } = context;
  for (let i = 1; i + 1 < args.count; i += 2) {
    if (together.typeOf(i) === undefined) continue;
    reply.integer(0);
    return;
  }
  let written = 1;
  try {
    for (; written + 1 < args.count; written += 2) {
      const bytes = args.bytes.subarray(args.starts[written + 1]!, args.ends[written + 1]!);
      together.write(written, { type: TYPE_STRING, bytes, expiresAt: NO_EXPIRY, isRaw: false });
      context.notify(EVENT.string, 'set', written);
    }
  } catch (error) {
    // Out of memory: none of the keys existed before, and none exists afterwards.
    for (let i = 1; i < written; i += 2) {
      if (together.remove(i)) context.notify(EVENT.generic, 'del', i);
    }
    throw error;
  }
  reply.integer(1);
}

interface LcsOptions {
  wantsLength: boolean;
  wantsMatches: boolean;
  withLengths: boolean;
  lengthMin: number | bigint;
}

function commonSubsequence({ args, reply, together, stringBytesMax }: ShardContext): void {
  const first = together.read(1);
  const second = together.read(2);
  if ([first, second].some((image) => image !== undefined && image.type !== TYPE_STRING)) {
    reply.error(LCS_NOT_STRINGS);
    return;
  }
  const options = readLcsOptions(args);
  if (typeof options === 'string') {
    reply.error(options);
    return;
  }
  const a = first?.bytes ?? new Uint8Array(0);
  const b = second?.bytes ?? new Uint8Array(0);
  if (lcsCells(a.length, b.length) * LCS_CELL_BYTES > stringBytesMax) {
    reply.error(LCS_TOO_LARGE);
    return;
  }
  if (options.wantsLength) {
    reply.integer(lcsLength(a, b));
    return;
  }
  const found = findOrRunOut(a, b);
  if (found === undefined) reply.error(LCS_OUT_OF_MEMORY);
  else if (options.wantsMatches) writeMatches(reply, found, options);
  else reply.bulk(found.bytes);
}

/** Undefined when there is no memory for the computation. */
function findOrRunOut(a: Uint8Array, b: Uint8Array): CommonSubsequence | undefined {
  try {
    return longestCommonSubsequence(a, b);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The options, or the text of an error. */
function readLcsOptions(args: Arguments): LcsOptions | string {
  const options: LcsOptions = { wantsLength: false, wantsMatches: false, withLengths: false, lengthMin: 0 };
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, 'idx')) {
      options.wantsMatches = true;
    } else if (args.is(i, 'len')) {
      options.wantsLength = true;
    } else if (args.is(i, 'withmatchlen')) {
      options.withLengths = true;
    } else if (args.is(i, 'minmatchlen') && i + 1 < args.count) {
      const lengthMin = args.integer(++i);
      if (lengthMin === undefined) return NOT_AN_INTEGER;
      options.lengthMin = lengthMin;
    } else {
      return SYNTAX_ERROR;
    }
  }
  return options.wantsLength && options.wantsMatches ? LCS_LEN_AND_IDX : options;
}

function writeMatches(reply: ReplyWriter, found: CommonSubsequence, options: LcsOptions): void {
  const lengthOf = (match: Match) => match.aLast - match.aFirst + 1;
  const matches = found.matches.filter((match) => lengthOf(match) >= options.lengthMin);
  reply.map(2);
  reply.bulkText('matches');
  reply.array(matches.length);
  for (const match of matches) {
    reply.array(options.withLengths ? 3 : 2);
    reply.array(2);
    reply.integer(match.aFirst);
    reply.integer(match.aLast);
    reply.array(2);
    reply.integer(match.bFirst);
    reply.integer(match.bLast);
    if (options.withLengths) reply.integer(lengthOf(match));
  }
  reply.bulkText('len');
  reply.integer(found.bytes.length);
}
