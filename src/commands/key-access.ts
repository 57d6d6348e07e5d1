/** How handlers reach the entries of a command's keys. */
import { WRONG_TYPE } from '../protocol/errors.ts';
import { ABSENT } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';
import type { ShardContext } from './context.ts';

/** The seeded hash of key word `index`; the one of the first key came with the command. */
export function hashOfKey(context: ShardContext, index: number): number {
  return index === 1 ? context.hash : context.hashOf(index);
}

/** The entry of key word `index` or ABSENT; counts as a use of the key. */
export function findKey(context: ShardContext, index = 1): number {
  const { args } = context;
  const hash = hashOfKey(context, index);
  return context.keyspace.find(context.db, args.bytes, args.starts[index]!, args.ends[index]!, hash);
}

/** As `findKey`, but does not count as a use. */
export function peekKey(context: ShardContext, index = 1): number {
  const { args } = context;
  const hash = hashOfKey(context, index);
  return context.keyspace.peek(context.db, args.bytes, args.starts[index]!, args.ends[index]!, hash);
}

/** Stores `value[start, end)` at key word `index`, whatever it holds now. */
export function storeString(
  context: ShardContext,
  index: number,
  value: Uint8Array,
  start: number,
  end: number,
  expiresAt: number,
): void {
  const { args } = context;
  const hash = hashOfKey(context, index);
  const keyStart = args.starts[index]!;
  const keyEnd = args.ends[index]!;
  context.keyspace.setString(context.db, args.bytes, keyStart, keyEnd, hash, value, start, end, expiresAt);
}

/** Stores word `valueWord` at key word `index`. */
export function storeWord(context: ShardContext, index: number, valueWord: number, expiresAt: number): void {
  const { args } = context;
  storeString(context, index, args.bytes, args.starts[valueWord]!, args.ends[valueWord]!, expiresAt);
}

/** True when there is an entry and it holds another type. */
export function isOtherType(context: ShardContext, ref: number, type: number): boolean {
  return ref !== ABSENT && context.keyspace.typeOf(ref) !== type;
}

/** True, and answered with an error, when the entry is there and not a string. */
export function refusesType(context: ShardContext, ref: number): boolean {
  if (!isOtherType(context, ref, TYPE_STRING)) return false;
  context.reply.error(WRONG_TYPE);
  return true;
}
