/**
 * SCAN and KEYS: the keys of a database, a part at a time or all at once.
 *
 * A SCAN walks one shard after another. Its cursor is shard × 2^32 + the keyspace's own cursor, which is
 * below 2^32; the first of a shard is 0, so the end of one shard is written as the beginning of the next.
 */
import { globMatches } from '../base/glob.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { INVALID_CURSOR, NOT_AN_INTEGER, SYNTAX_ERROR } from '../protocol/errors.ts';
import { NO_EXPIRY } from '../store/keyspace.ts';
import { defineCommands } from './command.ts';
import type { ShardContext } from './context.ts';
import { ON_EVERY_SHARD } from './declarations.ts';
import { TYPE_NAMES } from './keys.ts';

const CURSORS_PER_SHARD = 2 ** 32;
const DEFAULT_COUNT = 10;
const STAR = 42;
const ANY_TYPE = -1;
/** A type that no entry has. */
const NO_TYPE = -2;

export const scanning = defineCommands([
  {
    name: 'scan',
    group: 'generic',
    since: '2.8.0',
    summary: 'Returns some of the keys of the database and a cursor to go on from',
    complexity: 'O(1) for a call, O(N) for a whole walk, where N is the number of keys',
    arity: -2,
    flags: ['readonly', 'touches_arbitrary_keys'],
    arguments: [
      { name: 'cursor', type: 'integer' },
      { name: 'pattern', type: 'pattern', token: 'MATCH', optional: true },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
      { name: 'type', type: 'string', token: 'TYPE', since: '6.0.0', optional: true },
    ],
    history: [['6.0.0', 'Added the `TYPE` subcommand.']],
    tips: ['nondeterministic_output', 'request_policy:special'],
    hasLongReply: true,
    placement: { at: 'chosen', choose: chooseShard, handler: scan },
  },
  {
    name: 'keys',
    group: 'generic',
    since: '1.0.0',
    summary: 'Returns all keys of the database that match a pattern',
    complexity: 'O(N) where N is the number of keys in the database',
    arity: 2,
    flags: ['readonly'],
    categories: ['dangerous'],
    arguments: [{ name: 'pattern', type: 'pattern' }],
    tips: [ON_EVERY_SHARD, 'nondeterministic_output_order'],
    hasLongReply: true,
    placement: { at: 'every', handler: listKeys, merge: 'concatenate' },
  },
]);

/** The shard that the cursor names, or the first one, which sees that the walk is over. */
function chooseShard(args: Arguments, shards: number): number | string {
  const cursor = readCursor(args);
  if (cursor === undefined) return INVALID_CURSOR;
  const shard = Math.floor(cursor / CURSORS_PER_SHARD);
  return shard < shards ? shard : 0;
}

/**
 * Word `word` as a cursor; undefined when it is none. Redis reads it with strtoul: a sign, leading zeros and even
 * no digits at all are taken, and what is negative wraps around to a number far behind every shard.
 */
export function readCursor(args: Arguments, word = 1): number | undefined {
  const text = args.text(word);
  if (text === '') return 0;
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const digits = text.replace(/^[+-]?0*/, '');
  if (digits.length > 20 || (digits.length === 20 && digits > '18446744073709551615')) return undefined;
  const cursor = Number(digits);
  return cursor !== 0 && text.startsWith('-') ? Infinity : cursor;
}

/** The options of one SCAN. */
interface ScanOptions {
  count: number;
  /** Undefined when every key matches. */
  pattern: Uint8Array | undefined;
  type: number;
}

function scan(context: ShardContext): void {
  const { keyspace, reply, db, shardIndex } = context;
  const options = readOptions(context.args);
  if (typeof options === 'string') {
    reply.error(options);
    return;
  }
  const cursor = readCursor(context.args) ?? 0;
  const refs: number[] = [];
  let next = 0;
  if (Math.floor(cursor / CURSORS_PER_SHARD) === shardIndex) {
    const now = context.now();
    const first = cursor - shardIndex * CURSORS_PER_SHARD;
    next = keyspace.scan(db, first, options.count, (ref) => {
      if (isWanted(context, ref, options, now)) refs.push(ref);
    });
    if (next !== 0) next += shardIndex * CURSORS_PER_SHARD;
    else if (shardIndex + 1 < context.shardCount) next = (shardIndex + 1) * CURSORS_PER_SHARD;
  }
  reply.array(2);
  reply.bulkInteger(next);
  writeKeys(context, refs);
}

/** The text of an error when the words behind the cursor are not valid options. */
function readOptions(args: Arguments): ScanOptions | string {
  const options: ScanOptions = { count: DEFAULT_COUNT, pattern: undefined, type: ANY_TYPE };
  for (let i = 2; i < args.count; i += 2) {
    if (i + 1 === args.count) return SYNTAX_ERROR;
    if (args.is(i, 'count')) {
      const count = args.integer(i + 1);
      if (count === undefined) return NOT_AN_INTEGER;
      if (count < 1) return SYNTAX_ERROR;
      options.count = Number(count);
    } else if (args.is(i, 'match')) {
      options.pattern = readPattern(args, i + 1);
    } else if (args.is(i, 'type')) {
      const type = TYPE_NAMES.findIndex((name) => args.is(i + 1, name));
      options.type = type < 0 ? NO_TYPE : type;
    } else {
      return SYNTAX_ERROR;
    }
  }
  return options;
}

/** Undefined for `*`, which matches every key. */
export function readPattern(args: Arguments, index: number): Uint8Array | undefined {
  const pattern = args.bytes.subarray(args.starts[index]!, args.ends[index]!);
  return pattern.length === 1 && pattern[0] === STAR ? undefined : pattern;
}

/** Expired entries that nothing has removed yet are not shown. */
function isWanted(context: ShardContext, ref: number, options: ScanOptions, now: number): boolean {
  const { keyspace } = context;
  if (options.pattern !== undefined) {
    const start = keyspace.keyStart(ref);
    const end = start + keyspace.keyLength(ref);
    if (!globMatches(options.pattern, keyspace.bytesOf(ref), start, end)) return false;
  }
  if (options.type !== ANY_TYPE && options.type !== keyspace.typeOf(ref)) return false;
  const expiresAt = keyspace.expiry(ref);
  return expiresAt === NO_EXPIRY || now <= expiresAt;
}

function listKeys(context: ShardContext): void {
  const options: ScanOptions = { count: 0, pattern: readPattern(context.args, 1), type: ANY_TYPE };
  const now = context.now();
  const refs: number[] = [];
  context.keyspace.forEach(context.db, (ref) => {
    if (isWanted(context, ref, options, now)) refs.push(ref);
  });
  writeKeys(context, refs);
}

/** An array of the entries' keys. */
function writeKeys(context: ShardContext, refs: readonly number[]): void {
  const { keyspace, reply } = context;
  reply.array(refs.length);
  for (const ref of refs) {
    const start = keyspace.keyStart(ref);
    reply.bulk(keyspace.bytesOf(ref), start, start + keyspace.keyLength(ref));
  }
}
