/** HSCAN, SSCAN and ZSCAN: what they have in common with one another, and their options with SCAN. */
import { globMatches } from '../base/glob.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { INVALID_CURSOR, NOT_AN_INTEGER, SYNTAX_ERROR } from '../protocol/errors.ts';
import { ABSENT } from '../store/keyspace.ts';
import { REFUSED } from './collection-access.ts';
import type { ArgumentSpec, CommandSpec } from './command.ts';
import type { ShardContext } from './context.ts';
import { KEY, oneKey } from './declarations.ts';

const STAR = 42;
const DEFAULT_COUNT = 10;

export interface ScanOptions {
  count: number;
  /** Undefined when everything matches. */
  pattern: Uint8Array | undefined;
}

export const MATCH: ArgumentSpec = { name: 'pattern', type: 'pattern', token: 'MATCH', optional: true };
export const COUNT: ArgumentSpec = { name: 'count', type: 'integer', token: 'COUNT', optional: true };

/** What the declarations of HSCAN, SSCAN and ZSCAN share. */
export const ELEMENT_SCAN = {
  since: '2.8.0',
  arity: -3,
  flags: ['readonly'],
  keys: oneKey('RO', 'access'),
  arguments: [KEY, { name: 'cursor', type: 'integer' }, MATCH, COUNT],
  tips: ['nondeterministic_output'],
  hasLongReply: true,
} as const satisfies Partial<CommandSpec>;

/**
 * Word `word` as a cursor; undefined when it is none. Redis reads it with strtoul: a sign, leading zeros and even
 * no digits at all are taken, and what is negative wraps around to a number far behind everything.
 */
export function readCursor(args: Arguments, word: number): number | undefined {
  const text = args.text(word);
  if (text === '') return 0;
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const digits = text.replace(/^[+-]?0*/, '');
  if (digits.length > 20 || (digits.length === 20 && digits > '18446744073709551615')) return undefined;
  const cursor = Number(digits);
  return cursor !== 0 && text.startsWith('-') ? Infinity : cursor;
}

/** Undefined for `*`, which matches everything. */
export function readPattern(args: Arguments, index: number): Uint8Array | undefined {
  const pattern = args.bytes.subarray(args.starts[index]!, args.ends[index]!);
  return pattern.length === 1 && pattern[0] === STAR ? undefined : pattern;
}

/**
 * The options in the words from `from` on, or the text of an error. `readOther` takes in an option of the command's own in word `index`
 * and returns how many words it has, 0 if there is none.
 */
export function readScanOptions(
  args: Arguments,
  from: number,
  readOther: (index: number) => number = () => 0,
): ScanOptions | string {
  const options: ScanOptions = { count: DEFAULT_COUNT, pattern: undefined };
  for (let i = from; i < args.count; ) {
    const hasMore = i + 1 < args.count;
    if (hasMore && args.is(i, 'count')) {
      const count = args.integer(i + 1);
      if (count === undefined) return NOT_AN_INTEGER;
      if (count < 1) return SYNTAX_ERROR;
      options.count = Number(count);
      i += 2;
    } else if (hasMore && args.is(i, 'match')) {
      options.pattern = readPattern(args, i + 1);
      i += 2;
    } else {
      const words = readOther(i);
      if (words === 0) return SYNTAX_ERROR;
      i += words;
    }
  }
  return options;
}

export function isMatch({ pattern }: ScanOptions, bytes: Uint8Array, start: number, end: number): boolean {
  return pattern === undefined || globMatches(pattern, bytes, start, end);
}

/**
 * Answers a step of a walk over the collection at the first key, whose entry `find` finds. `walk` goes on from a cursor, puts what is
 * found into `found`, and returns the next cursor.
 */
export function scanElements(
  context: ShardContext,
  find: (context: ShardContext) => number,
  walk: (ref: number, from: number, options: ScanOptions, found: Uint8Array[]) => number,
  readOther?: (index: number) => number,
): void {
  const { args, reply } = context;
  const from = readCursor(args, 2);
  if (from === undefined) {
    reply.error(INVALID_CURSOR);
    return;
  }
  const ref = find(context);
  if (ref === REFUSED) return;
  const found: Uint8Array[] = [];
  let next = 0;
  // Of a key that is not there Redis does not read the options.
  if (ref !== ABSENT) {
    const options = readScanOptions(args, 3, readOther);
    if (typeof options === 'string') {
      reply.error(options);
      return;
    }
    next = walk(ref, from, options, found);
  }
  reply.array(2);
  reply.bulkInteger(next);
  reply.array(found.length);
  for (const each of found) reply.bulk(each);
}
