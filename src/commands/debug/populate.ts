/** DEBUG POPULATE: many keys at once. Every shard makes those that are its own. */

import type { Arguments } from '../../protocol/arguments.ts';
import { NOT_POSITIVE } from '../../protocol/errors.ts';
import { ABSENT, NO_EXPIRY } from '../../store/keyspace.ts';
import type { ShardContext } from '../context.ts';

export function populate(context: ShardContext): void {
  const { keyspace, args, db, reply } = context;
  const count = positive(args, 2);
  const size = args.count > 4 ? positive(args, 4) : 0;
  const problem = [count, size].find((number) => typeof number === 'string');
  if (typeof problem === 'string') {
    reply.error(problem);
    return;
  }
  const prefix = args.count > 3 ? args.text(3) : 'key';
  for (let i = 0; i < Number(count); i++) {
    const key = Buffer.from(`${prefix}:${i}`, 'latin1');
    if (!context.owns(key)) continue;
    const hash = keyspace.hash(key, 0, key.length);
    if (keyspace.peek(db, key, 0, key.length, hash) !== ABSENT) continue;
    const value = numberedValue(i, Number(size));
    keyspace.setString(db, key, 0, key.length, hash, value, 0, value.length, NO_EXPIRY);
  }
  reply.ok();
}

/** `value:<i>`; of a given size it is cut, or filled up with zero bytes. */
function numberedValue(i: number, size: number): Buffer {
  const text = Buffer.from(`value:${i}`, 'latin1');
  if (size === 0) return text;
  const value = Buffer.alloc(size);
  text.copy(value);
  return value;
}

/** A word as a number that is not negative, or the text of an error. */
function positive(args: Arguments, index: number): number | string {
  const value = args.integer(index);
  return value === undefined || value < 0 ? NOT_POSITIVE : Number(value);
}
