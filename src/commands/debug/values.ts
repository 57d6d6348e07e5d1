/** DEBUG subcommands that look at one value. */
import {
  NO_SUCH_KEY,
  NOT_A_HASH_TABLE,
  NOT_A_LISTPACK,
  NOT_A_QUICKLIST,
  NOT_AN_SDS,
} from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { TYPE_STRING } from '../../store/layout.ts';
import type { ShardContext } from '../context.ts';
import { encodingOf, serializedLength } from '../encoding.ts';

/** The entry of the key, or ABSENT after an error reply. */
function entryOf({ keyspace, args, db, hash, reply }: ShardContext): number {
  const ref = keyspace.peek(db, args.bytes, args.starts[2]!, args.ends[2]!, hash);
  if (ref === ABSENT) reply.error(NO_SUCH_KEY);
  return ref;
}

export function object(context: ShardContext): void {
  const { keyspace, reply } = context;
  const ref = entryOf(context);
  if (ref === ABSENT) return;
  const fields = [
    `at:0x${(ref >>> 0).toString(16).padStart(12, '0')}`,
    'refcount:1',
    `encoding:${encodingOf(keyspace, ref)}`,
    `serializedlength:${serializedLength(keyspace, ref)}`,
    `lru:${keyspace.access(ref)}`,
    `lru_seconds_idle:${keyspace.idleSeconds(ref)}`,
  ];
  reply.simple(`Value ${fields.join(' ')}`);
}

/** Key and value stand in one entry of exactly their sizes, so nothing is available behind them. */
export function sdsLength(context: ShardContext): void {
  const { keyspace, reply } = context;
  const ref = entryOf(context);
  if (ref === ABSENT) return;
  if (keyspace.typeOf(ref) !== TYPE_STRING || encodingOf(keyspace, ref) === 'int') {
    reply.error(NOT_AN_SDS);
    return;
  }
  const key = keyspace.keyLength(ref);
  const value = keyspace.valueLength(ref);
  reply.simple(
    `key_sds_len:${key}, key_sds_avail:0, key_zmalloc: ${key}, val_sds_len:${value}, val_sds_avail:0, val_zmalloc: ${value}`,
  );
}

/** Redis prints the structure to its own output, and says so; here is nothing to print. */
function printsIf(encoding: string, otherwise: string, said: string): (context: ShardContext) => void {
  return (context) => {
    const ref = entryOf(context);
    if (ref === ABSENT) return;
    if (encodingOf(context.keyspace, ref) === encoding) context.reply.simple(said);
    else context.reply.error(otherwise);
  };
}

/** No value here is one of Redis's structures that it could print. */
function isNot(what: string): (context: ShardContext) => void {
  return (context) => {
    if (entryOf(context) !== ABSENT) context.reply.error(what);
  };
}

export const listpack: (context: ShardContext) => void = printsIf(
  'listpack',
  NOT_A_LISTPACK,
  'Listpack structure printed on stdout',
);
export const quicklist: (context: ShardContext) => void = printsIf(
  'quicklist',
  NOT_A_QUICKLIST,
  'Quicklist structure printed on stdout',
);
export const hashTableOfKey: (context: ShardContext) => void = isNot(NOT_A_HASH_TABLE);
