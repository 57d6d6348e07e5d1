/** SETBIT, GETBIT, BITCOUNT, BITPOS and BITOP: strings as bitmaps. */
import type { Arguments } from '../protocol/arguments.ts';
import {
  BIT_INVALID,
  BIT_OFFSET_INVALID,
  BITOP_NOT_ONE_SOURCE,
  BITPOS_BIT_INVALID,
  NOT_AN_INTEGER,
  SYNTAX_ERROR,
  WRONG_TYPE,
} from '../protocol/errors.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { ABSENT, NO_EXPIRY } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';
import { createRange } from '../store/ranges.ts';
import type { KeyspaceView } from '../store/view.ts';
import { type BitOperation, bitAt, combineBits, countBitRange, countBits, findBit } from '../types/bitmap.ts';
import { type ArgumentSpec, defineCommands } from './command.ts';
import type { ShardContext } from './context.ts';
import { KEY, keyAt, oneKey, token, unlikeKeys } from './declarations.ts';
import { findKey, refusesType } from './key-access.ts';
import { EVENT } from './keyspace-events.ts';
import { Range } from './ranges.ts';

/** No value of `proto-max-bulk-len` forbids a bit below. */
const ALLOWED_BITS_MIN = 8 * 1024 * 1024;

const UNIT: ArgumentSpec = {
  name: 'unit',
  type: 'oneof',
  optional: true,
  since: '7.0.0',
  arguments: [token('BYTE'), token('BIT')],
};
const START: ArgumentSpec = { name: 'start', type: 'integer' };
const END: ArgumentSpec = { name: 'end', type: 'integer' };

export const bitmaps = defineCommands([
  {
    name: 'setbit',
    group: 'bitmap',
    since: '2.2.0',
    summary: 'Sets or clears a bit of the string at a key and returns what it was',
    complexity: 'O(1), more where the string grows',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: oneKey('RW', 'access', 'update'),
    arguments: [KEY, { name: 'offset', type: 'integer' }, { name: 'value', type: 'integer' }],
    placement: { at: 'key', handler: setBit },
  },
  {
    name: 'getbit',
    group: 'bitmap',
    since: '2.2.0',
    summary: 'Returns a bit of the string at a key',
    complexity: 'O(1)',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: oneKey('RO', 'access'),
    arguments: [KEY, { name: 'offset', type: 'integer' }],
    placement: { at: 'key', handler: getBit, direct: getBitDirect, directRoom: getBitRoom },
  },
  {
    name: 'bitcount',
    group: 'bitmap',
    since: '2.6.0',
    summary: 'Counts the set bits of the string at a key, or of a part of it',
    complexity: 'O(N) where N is the number of bytes looked at',
    arity: -2,
    flags: ['readonly'],
    keys: oneKey('RO', 'access'),
    arguments: [KEY, { name: 'range', type: 'block', optional: true, arguments: [START, END, UNIT] }],
    history: [['7.0.0', 'Added the `BYTE|BIT` option.']],
    placement: { at: 'key', handler: bitCount },
  },
  {
    name: 'bitpos',
    group: 'bitmap',
    since: '2.8.7',
    summary: 'Finds the first bit that is set, or clear, in the string at a key or in a part of it',
    complexity: 'O(N) where N is the number of bytes looked at',
    arity: -3,
    flags: ['readonly'],
    keys: oneKey('RO', 'access'),
    arguments: [
      KEY,
      { name: 'bit', type: 'integer' },
      {
        name: 'range',
        type: 'block',
        optional: true,
        arguments: [START, { name: 'end-unit-block', type: 'block', optional: true, arguments: [END, UNIT] }],
      },
    ],
    history: [['7.0.0', 'Added the `BYTE|BIT` option.']],
    placement: { at: 'key', handler: bitPosition },
  },
  {
    name: 'bitop',
    group: 'bitmap',
    since: '2.6.0',
    summary: 'Combines strings bit by bit and stores the result at a key',
    complexity: 'O(N) where N is the number of bytes of all strings',
    arity: -4,
    flags: ['write', 'denyoom'],
    keys: unlikeKeys(2, -1, keyAt(2, 'OW', 'update'), {
      positions: { first: 3, last: -1, step: 1 },
      flags: ['RO', 'access'],
    }),
    arguments: [
      {
        name: 'operation',
        type: 'oneof',
        arguments: [token('AND'), token('OR'), token('XOR'), token('NOT')],
      },
      { name: 'destkey', type: 'key' },
      { name: 'key', type: 'key', keySpecification: 1, multiple: true },
    ],
    placement: { at: 'together', handler: bitOperation },
  },
]);

const oneByte = new Uint8Array(1);
const range = new Range();

/** Word `index` as the number of a bit, or undefined when it is none. */
function readBitOffset(args: Arguments, index: number): number | undefined {
  const offset = args.integer(index);
  // Those above 2^53 need not be exact to be too large.
  return offset === undefined || offset < 0 ? undefined : Number(offset);
}

/** Whether a string may be long enough to have the bit. */
function isAllowed(context: ShardContext, offset: number): boolean {
  return Math.floor(offset / 8) < context.stringBytesMax;
}

function setBit(context: ShardContext): void {
  const { keyspace, args, reply, db, hash } = context;
  const offset = readBitOffset(args, 2);
  if (offset === undefined || !isAllowed(context, offset)) {
    reply.error(BIT_OFFSET_INVALID);
    return;
  }
  const bit = args.integer(3);
  if (bit !== 0 && bit !== 1) {
    reply.error(BIT_INVALID);
    return;
  }
  const ref = findKey(context);
  if (refusesType(context, ref)) return;
  const byte = Math.floor(offset / 8);
  const mask = 128 >> (offset % 8);
  if (ref === ABSENT) {
    createRange(keyspace, db, args.bytes, args.starts[1]!, args.ends[1]!, hash, byte + 1, (bytes, start) => {
      if (bit === 1) bytes[start + byte] = mask;
    });
    context.notify(EVENT.string, 'setbit', 1);
    reply.integer(0);
    return;
  }
  const grows = byte >= keyspace.valueLength(ref);
  const old = !grows ? keyspace.bytesOf(ref)[keyspace.valueStart(ref) + byte]! : 0;
  oneByte[0] = bit === 1 ? old | mask : old & ~mask;
  keyspace.writeRange(db, ref, hash, byte, oneByte, 0, 1);
  if (grows || oneByte[0] !== old) context.notify(EVENT.string, 'setbit', 1);
  reply.integer((old & mask) === 0 ? 0 : 1);
}

function getBit(context: ShardContext): void {
  const { keyspace, args, reply } = context;
  const offset = readBitOffset(args, 2);
  if (offset === undefined || !isAllowed(context, offset)) {
    reply.error(BIT_OFFSET_INVALID);
    return;
  }
  const ref = findKey(context);
  if (refusesType(context, ref)) return;
  const isThere = ref !== ABSENT && offset < keyspace.valueLength(ref) * 8;
  reply.integer(isThere ? bitAt(keyspace.bytesOf(ref), keyspace.valueStart(ref), offset) : 0);
}

/** Whether an offset behind the end is too large is the shard's to know. */
function getBitRoom(view: KeyspaceView, found: boolean, args: Arguments): number {
  const offset = readBitOffset(args, 2);
  if (offset === undefined || offset < ALLOWED_BITS_MIN) return 0;
  return found && view.type === TYPE_STRING && offset < view.valueLength * 8 ? 0 : Number.POSITIVE_INFINITY;
}

function getBitDirect(
  reply: ReplyWriter,
  view: KeyspaceView,
  found: boolean,
  _nowMs: number,
  args: Arguments,
): void {
  const offset = readBitOffset(args, 2);
  if (offset === undefined) reply.error(BIT_OFFSET_INVALID);
  else if (found && view.type !== TYPE_STRING) reply.error(WRONG_TYPE);
  else if (found && offset < view.valueLength * 8) reply.integer(bitAt(view.bytes, view.valueStart, offset));
  else reply.integer(0);
}

/** Whether word `index` says that a range is counted in bits; undefined when it says neither. */
function readIsBits(args: Arguments, index: number): boolean | undefined {
  if (index >= args.count || args.is(index, 'byte')) return false;
  return args.is(index, 'bit') ? true : undefined;
}

/** As Redis, which looks at the key first and at most of the words only when there is one. */
function bitCount(context: ShardContext): void {
  const { keyspace, args, reply } = context;
  const ref = findKey(context);
  if (ref === ABSENT) {
    reply.integer(0);
    return;
  }
  if (refusesType(context, ref)) return;
  const bytes = keyspace.bytesOf(ref);
  const start = keyspace.valueStart(ref);
  const length = keyspace.valueLength(ref);
  if (args.count === 2) {
    reply.integer(countBits(bytes, start, start + length));
    return;
  }
  if (args.count !== 4 && args.count !== 5) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const first = args.integer(2);
  const last = args.integer(3);
  if (first === undefined || last === undefined) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  if (first < 0 && last < 0 && first > last) {
    reply.integer(0);
    return;
  }
  const isBits = readIsBits(args, 4);
  if (isBits === undefined) reply.error(SYNTAX_ERROR);
  else if (!range.cut(first, last, isBits ? length * 8 : length)) reply.integer(0);
  else if (isBits) reply.integer(countBitRange(bytes, start, range.first, range.last));
  else reply.integer(countBits(bytes, start + range.first, start + range.last + 1));
}

function bitPosition(context: ShardContext): void {
  const { keyspace, args, reply } = context;
  const bit = args.integer(2);
  if (bit !== 0 && bit !== 1) {
    reply.error(bit === undefined ? NOT_AN_INTEGER : BITPOS_BIT_INVALID);
    return;
  }
  const ref = findKey(context);
  if (ref === ABSENT) {
    reply.integer(bit === 1 ? -1 : 0);
    return;
  }
  if (refusesType(context, ref)) return;
  const length = keyspace.valueLength(ref);
  const isBits = readPositionRange(context, length);
  if (isBits === undefined) return;
  if (range.first > range.last) {
    reply.integer(-1);
    return;
  }
  const first = isBits ? range.first : range.first * 8;
  const last = isBits ? range.last : range.last * 8 + 7;
  const position = findBit(keyspace.bytesOf(ref), keyspace.valueStart(ref), first, last, bit);
  // Without an end the string counts as if zeros followed.
  if (position === -1 && bit === 0 && args.count < 5) reply.integer(length * 8);
  else reply.integer(position);
}

/** Puts BITPOS's range into `range`; whether it is in bits, or undefined after an error reply. */
function readPositionRange({ args, reply }: ShardContext, length: number): boolean | undefined {
  if (args.count > 6) {
    reply.error(SYNTAX_ERROR);
    return undefined;
  }
  const first = args.count > 3 ? args.integer(3) : 0;
  const isBits = readIsBits(args, 5);
  const last = args.count > 4 ? args.integer(4) : -1;
  if (first === undefined || isBits === undefined || last === undefined) {
    reply.error(first !== undefined && isBits === undefined ? SYNTAX_ERROR : NOT_AN_INTEGER);
    return undefined;
  }
  range.cutEnds(first, last, isBits ? length * 8 : length);
  return isBits;
}

function readOperation(args: Arguments): BitOperation | undefined {
  return (['and', 'or', 'xor', 'not'] as const).find((operation) => args.is(1, operation));
}

function bitOperation(context: ShardContext): void {
  const { args, reply, together } = context;
  const operation = readOperation(args);
  if (operation === undefined) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  if (operation === 'not' && args.count !== 4) {
    reply.error(BITOP_NOT_ONE_SOURCE);
    return;
  }
  const sources: Uint8Array[] = [];
  for (let i = 3; i < args.count; i++) {
    const image = together.read(i);
    if (image === undefined) context.notify(EVENT.keyMiss, 'keymiss', i);
    if (image !== undefined && image.type !== TYPE_STRING) {
      reply.error(WRONG_TYPE);
      return;
    }
    sources.push(image?.bytes ?? new Uint8Array(0));
  }
  const bytes = combineBits(operation, sources);
  if (bytes.length > 0) {
    together.write(2, { type: TYPE_STRING, bytes, expiresAt: NO_EXPIRY, isRaw: true });
    context.notify(EVENT.string, 'set', 2);
  } else if (together.remove(2)) {
    context.notify(EVENT.generic, 'del', 2);
  }
  reply.integer(bytes.length);
}
