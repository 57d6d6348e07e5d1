/** INCR and its kin: strings that are numbers. */
import { latin1, viewedBytes } from '../base/bytes.ts';
import { parseInteger } from '../base/numbers.ts';
import {
  DECREMENT_OVERFLOW,
  NAN_OR_INFINITY,
  NOT_A_FLOAT,
  NOT_AN_INTEGER,
  OVERFLOW,
  WRONG_TYPE,
} from '../protocol/errors.ts';
import { ABSENT, KEEP_EXPIRY } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';
import {
  addLongDoubles,
  formatLongDouble,
  LONG_DOUBLE_TEXT_BYTES_MAX,
  parseLongDouble,
} from '../types/long-double.ts';
import { addIntegers, INTEGER_BYTES_MAX, negateInteger, writeInteger } from '../types/string.ts';
import { type CommandFlag, type CommandSpec, defineCommands } from './command.ts';
import type { ShardContext } from './context.ts';
import { KEY, oneKey } from './declarations.ts';
import { findKey, storeString } from './key-access.ts';
import { EVENT } from './keyspace-events.ts';

/** What all of them have in common. */
const COUNTER = {
  group: 'string',
  complexity: 'O(1)',
  flags: ['write', 'denyoom', 'fast'] as readonly CommandFlag[],
  keys: oneKey('RW', 'access', 'update'),
} as const satisfies Partial<CommandSpec>;

export const counters = defineCommands([
  {
    ...COUNTER,
    name: 'incr',
    since: '1.0.0',
    summary: 'Adds one to the integer at a key; a key that does not exist counts as 0',
    arity: 2,
    arguments: [KEY],
    placement: { at: 'key', handler: (context) => increment(context, 1) },
  },
  {
    ...COUNTER,
    name: 'decr',
    since: '1.0.0',
    summary: 'Takes one from the integer at a key; a key that does not exist counts as 0',
    arity: 2,
    arguments: [KEY],
    placement: { at: 'key', handler: (context) => increment(context, -1) },
  },
  {
    ...COUNTER,
    name: 'incrby',
    since: '1.0.0',
    summary: 'Adds an integer to the one at a key; a key that does not exist counts as 0',
    arity: 3,
    arguments: [KEY, { name: 'increment', type: 'integer' }],
    placement: { at: 'key', handler: incrementBy },
  },
  {
    ...COUNTER,
    name: 'decrby',
    since: '1.0.0',
    summary: 'Takes an integer from the one at a key; a key that does not exist counts as 0',
    arity: 3,
    arguments: [KEY, { name: 'decrement', type: 'integer' }],
    placement: { at: 'key', handler: decrementBy },
  },
  {
    ...COUNTER,
    name: 'incrbyfloat',
    since: '2.6.0',
    summary: 'Adds a floating-point number to the one at a key; a key that does not exist counts as 0',
    arity: 3,
    arguments: [KEY, { name: 'increment', type: 'double' }],
    placement: { at: 'key', handler: incrementByFloat },
  },
]);

const digits = viewedBytes(new ArrayBuffer(INTEGER_BYTES_MAX));

function increment(context: ShardContext, by: number | bigint): void {
  const { keyspace, reply } = context;
  const ref = findKey(context);
  let value: number | bigint | undefined = 0;
  if (ref !== ABSENT) {
    if (keyspace.typeOf(ref) !== TYPE_STRING) {
      reply.error(WRONG_TYPE);
      return;
    }
    const start = keyspace.valueStart(ref);
    value = parseInteger(keyspace.bytesOf(ref), start, start + keyspace.valueLength(ref));
    if (value === undefined) {
      reply.error(NOT_AN_INTEGER);
      return;
    }
  }
  const sum = addIntegers(value, by);
  if (sum === undefined) {
    reply.error(OVERFLOW);
    return;
  }
  const length = writeInteger(digits, 0, sum);
  if (
    ref === ABSENT ||
    !keyspace.writeInPlace(context.db, ref, context.hash, digits, 0, length, KEEP_EXPIRY)
  ) {
    storeString(context, 1, digits, 0, length, KEEP_EXPIRY);
  }
  context.notify(EVENT.string, 'incrby', 1);
  reply.integer(sum);
}

function incrementBy(context: ShardContext): void {
  const by = context.args.integer(2);
  if (by === undefined) context.reply.error(NOT_AN_INTEGER);
  else increment(context, by);
}

function decrementBy(context: ShardContext): void {
  const by = context.args.integer(2);
  if (by === undefined) {
    context.reply.error(NOT_AN_INTEGER);
    return;
  }
  const negative = negateInteger(by);
  if (negative === undefined) context.reply.error(DECREMENT_OVERFLOW);
  else increment(context, negative);
}

function incrementByFloat(context: ShardContext): void {
  const { keyspace, reply } = context;
  const ref = findKey(context);
  let text = '0';
  if (ref !== ABSENT) {
    if (keyspace.typeOf(ref) !== TYPE_STRING) {
      reply.error(WRONG_TYPE);
      return;
    }
    const start = keyspace.valueStart(ref);
    // One byte more than is allowed, so that a long value is refused without being copied whole.
    const length = Math.min(keyspace.valueLength(ref), LONG_DOUBLE_TEXT_BYTES_MAX + 1);
    text = latin1(keyspace.bytesOf(ref), start, start + length);
  }
  const value = parseLongDouble(text);
  const by = parseLongDouble(context.args.text(2));
  if (value === undefined || by === undefined) {
    reply.error(NOT_A_FLOAT);
    return;
  }
  const sum = addLongDoubles(value, by);
  if (sum === undefined) {
    reply.error(NAN_OR_INFINITY);
    return;
  }
  const result = Buffer.from(formatLongDouble(sum), 'latin1');
  storeString(context, 1, result, 0, result.length, KEEP_EXPIRY);
  context.notify(EVENT.string, 'incrbyfloat', 1);
  reply.bulk(result);
}
