/**
 * SCAN and KEYS: the keys of a database, a part at a time or all at once.
 *
 * A SCAN walks one shard after another. Its cursor is shard × 2^32 + the keyspace's own cursor, which is
 * below 2^32; the first of a shard is 0, so the end of one shard is written as the beginning of the next.
 */
import type { Arguments } from '../protocol/arguments.ts';
import { INVALID_CURSOR } from '../protocol/errors.ts';
import { NO_EXPIRY } from '../store/keyspace.ts';
import { defineCommands } from './command.ts';
import type { ShardContext } from './context.ts';
import { ON_EVERY_SHARD } from './declarations.ts';
import {
  COUNT,
  isMatch,
  MATCH,
  readCursor,
  readPattern,
  readScanOptions,
  type ScanOptions,
} from './element-scan.ts';
import { TYPE_NAMES } from './keys.ts';

const CURSORS_PER_SHARD = 2 ** 32;
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
      MATCH,
      COUNT,
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
  const cursor = readCursor(args, 1);
  if (cursor === undefined) return INVALID_CURSOR;
  const shard = Math.floor(cursor / CURSORS_PER_SHARD);
  return shard < shards ? shard : 0;
}

/** The options of one SCAN. */
interface KeyScanOptions extends ScanOptions {
  type: number;
}

function scan(context: ShardContext): void {
  const { keyspace, reply, db, shardIndex } = context;
  const options = readOptions(context.args);
  if (typeof options === 'string') {
    reply.error(options);
    return;
  }
  const cursor = readCursor(context.args, 1) ?? 0;
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
function readOptions(args: Arguments): KeyScanOptions | string {
  let type = ANY_TYPE;
  const options = readScanOptions(args, 2, (index) => {
    if (!args.is(index, 'type') || index + 1 === args.count) return 0;
    const found = TYPE_NAMES.findIndex((name) => args.is(index + 1, name));
    type = found < 0 ? NO_TYPE : found;
    return 2;
  });
  return typeof options === 'string' ? options : { ...options, type };
}

/** Expired entries that nothing has removed yet are not shown. */
function isWanted(context: ShardContext, ref: number, options: KeyScanOptions, now: number): boolean {
  const { keyspace } = context;
  const start = keyspace.keyStart(ref);
  if (!isMatch(options, keyspace.bytesOf(ref), start, start + keyspace.keyLength(ref))) return false;
  if (options.type !== ANY_TYPE && options.type !== keyspace.typeOf(ref)) return false;
  const expiresAt = keyspace.expiry(ref);
  return expiresAt === NO_EXPIRY || now <= expiresAt;
}

function listKeys(context: ShardContext): void {
  const options: KeyScanOptions = { count: 0, pattern: readPattern(context.args, 1), type: ANY_TYPE };
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
