/** HINCRBY and HINCRBYFLOAT: fields whose values are numbers. */

import { RangeList } from '../../base/byte-ranges.ts';
import { latin1 } from '../../base/bytes.ts';
import { HASH_VALUE_NOT_A_FLOAT, HASH_VALUE_NOT_AN_INTEGER } from '../../protocol/collection-errors.ts';
import {
  INCREMENT_NOT_FINITE,
  NAN_OR_INFINITY,
  NOT_A_FLOAT,
  NOT_AN_INTEGER,
  OVERFLOW,
} from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { TYPE_HASH } from '../../store/layout.ts';
import { HASH_SET } from '../../types/hash-changes.ts';
import {
  addLongDoubles,
  formatLongDouble,
  LONG_DOUBLE_TEXT_BYTES_MAX,
  parseLongDouble,
} from '../../types/long-double.ts';
import { addIntegers, INTEGER_BYTES_MAX, writeInteger } from '../../types/string.ts';
import { by, changeOrCreate, REFUSED } from '../collection-access.ts';
import { type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey } from '../declarations.ts';
import { EVENT } from '../keyspace-events.ts';
import { FIELD, findField, findHash, hashOf, value } from './hash-access.ts';

const COUNTER = {
  group: 'hash',
  complexity: 'O(1)',
  arity: 4,
  flags: ['write', 'denyoom', 'fast'],
  keys: oneKey('RW', 'access', 'update'),
} as const satisfies Partial<CommandSpec>;

export const hashCounting = defineCommands([
  {
    ...COUNTER,
    name: 'hincrby',
    since: '2.0.0',
    summary: 'Adds an integer to the value of a field of a hash; a field that does not exist counts as 0',
    arguments: [KEY, FIELD, { name: 'increment', type: 'integer' }],
    placement: { at: 'key', handler: increment },
  },
  {
    ...COUNTER,
    name: 'hincrbyfloat',
    since: '2.6.0',
    summary:
      'Adds a floating-point number to the value of a field of a hash; a field that does not exist counts as 0',
    arguments: [KEY, FIELD, { name: 'increment', type: 'double' }],
    placement: { at: 'key', handler: incrementFloat },
  },
]);

const digits = new Uint8Array(INTEGER_BYTES_MAX);
/** A field and its value. */
const pair = new RangeList();

function increment(context: ShardContext): void {
  const { args, reply } = context;
  const by = args.integer(3);
  if (by === undefined) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const ref = findHash(context);
  if (ref === REFUSED) return;
  let old: number | bigint = 0;
  if (hasValue(context, ref)) {
    if (!value.isInteger) {
      reply.error(HASH_VALUE_NOT_AN_INTEGER);
      return;
    }
    old = value.integer;
  }
  const sum = addIntegers(old, by);
  if (sum === undefined) {
    reply.error(OVERFLOW);
    return;
  }
  setField(context, ref, digits, writeInteger(digits, 0, sum));
  context.notify(EVENT.hash, 'hincrby', 1);
  reply.integer(sum);
}

function incrementFloat(context: ShardContext): void {
  const { args, reply } = context;
  const by = parseLongDouble(args.text(3));
  if (by === undefined || by.isInfinite) {
    reply.error(by === undefined ? NOT_A_FLOAT : INCREMENT_NOT_FINITE);
    return;
  }
  const ref = findHash(context);
  if (ref === REFUSED) return;
  let text = '0';
  if (hasValue(context, ref)) {
    value.asBytes();
    // One byte more than is allowed, so that a long value is refused without being copied whole.
    const end = Math.min(value.end, value.start + LONG_DOUBLE_TEXT_BYTES_MAX + 1);
    text = latin1(value.bytes, value.start, end);
  }
  const old = parseLongDouble(text);
  if (old === undefined) {
    reply.error(HASH_VALUE_NOT_A_FLOAT);
    return;
  }
  const sum = addLongDoubles(old, by);
  if (sum === undefined) {
    reply.error(NAN_OR_INFINITY);
    return;
  }
  const result = Buffer.from(formatLongDouble(sum), 'latin1');
  setField(context, ref, result, result.length);
  context.notify(EVENT.hash, 'hincrbyfloat', 1);
  reply.bulk(result);
}

/** Reads the value of the field in word 2; false when there is none. */
function hasValue(context: ShardContext, ref: number): boolean {
  if (ref === ABSENT) return false;
  const hash = hashOf(context, ref);
  if (!findField(context, hash, 2)) return false;
  hash.readValue(value);
  return true;
}

/** Gives the field in word 2, which goes on to expire if it does, the value `text[0, length)`. */
function setField(context: ShardContext, ref: number, text: Uint8Array, length: number): void {
  const { args } = context;
  const start = args.starts[2]!;
  const fieldBytes = args.length(2);
  const bytes = new Uint8Array(fieldBytes + length);
  bytes.set(args.bytes.subarray(start, start + fieldBytes));
  bytes.set(text.subarray(0, length), fieldBytes);
  pair.bytes = bytes;
  pair.starts[0] = 0;
  pair.ends[0] = fieldBytes;
  pair.starts[1] = fieldBytes;
  pair.ends[1] = bytes.length;
  changeOrCreate(context, 1, ref, TYPE_HASH, by(HASH_SET, 1).with(pair, 0, 2));
}
