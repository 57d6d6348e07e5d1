/** BITFIELD and BITFIELD_RO: strings as arrays of integers of any number of bits. */
import { parseInteger } from '../base/numbers.ts';
import type { Arguments } from '../protocol/arguments.ts';
import {
  BIT_OFFSET_INVALID,
  BITFIELD_OVERFLOW_INVALID,
  BITFIELD_RO_ONLY_GET,
  BITFIELD_TYPE_INVALID,
  NOT_AN_INTEGER,
  SYNTAX_ERROR,
} from '../protocol/errors.ts';
import { ABSENT } from '../store/keyspace.ts';
import { createRange } from '../store/ranges.ts';
import {
  addToBitfield,
  type BitfieldType,
  fitBitfield,
  type Overflow,
  readBitfield,
  writeBitfield,
} from '../types/bitfield.ts';
import { type ArgumentSpec, defineCommands, type KeyFlag } from './command.ts';
import type { ShardContext } from './context.ts';
import { KEY, oneKey, token } from './declarations.ts';
import { findKey, refusesType } from './key-access.ts';
import { EVENT } from './keyspace-events.ts';

const EMPTY = new Uint8Array(0);
/** The most bytes that a field of 64 bits touches. */
const FIELD_BYTES_MAX = 9;

const ENCODING: ArgumentSpec = { name: 'encoding', type: 'string' };
const OFFSET: ArgumentSpec = { name: 'offset', type: 'integer' };
const GET: ArgumentSpec = { name: 'get-block', type: 'block', token: 'GET', arguments: [ENCODING, OFFSET] };
const WRITE_OPERATION: ArgumentSpec = {
  name: 'write-operation',
  type: 'oneof',
  arguments: [
    {
      name: 'set-block',
      type: 'block',
      token: 'SET',
      arguments: [ENCODING, OFFSET, { name: 'value', type: 'integer' }],
    },
    {
      name: 'incrby-block',
      type: 'block',
      token: 'INCRBY',
      arguments: [ENCODING, OFFSET, { name: 'increment', type: 'integer' }],
    },
  ],
};

export const bitfields = defineCommands([
  {
    name: 'bitfield',
    group: 'bitmap',
    since: '3.2.0',
    summary: 'Reads, sets and increments integers of any number of bits in the string at a key',
    complexity: 'O(1) for each operation',
    arity: -2,
    flags: ['write', 'denyoom'],
    keys: {
      ...oneKey('RW', 'access', 'update', 'variable_flags'),
      notes: 'This command allows both access and modification of the key',
      flagsFor: keyFlags,
    },
    arguments: [
      KEY,
      {
        name: 'operation',
        type: 'oneof',
        multiple: true,
        optional: true,
        arguments: [
          GET,
          {
            name: 'write',
            type: 'block',
            arguments: [
              {
                name: 'overflow-block',
                type: 'oneof',
                token: 'OVERFLOW',
                optional: true,
                arguments: [token('WRAP'), token('SAT'), token('FAIL')],
              },
              WRITE_OPERATION,
            ],
          },
        ],
      },
    ],
    placement: { at: 'key', handler: bitfield },
  },
  {
    name: 'bitfield_ro',
    group: 'bitmap',
    since: '6.0.0',
    summary: 'Reads integers of any number of bits in the string at a key',
    complexity: 'O(1) for each operation',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: oneKey('RO', 'access'),
    arguments: [KEY, { ...GET, optional: true, multiple: true, multipleToken: true }],
    placement: { at: 'key', handler: bitfieldReadOnly },
  },
]);

/** Without SET and INCRBY the key is only read. */
function keyFlags(words: readonly string[]): readonly KeyFlag[] {
  for (let i = 2; i < words.length; i++) {
    const operation = words[i]!.toLowerCase();
    if (operation === 'get' && i + 2 < words.length) i += 2;
    else if (operation === 'overflow' && i + 1 < words.length) i++;
    else return ['RW', 'access', 'update'];
  }
  return ['RO', 'access'];
}

interface Operation {
  readonly kind: 'get' | 'set' | 'incrby';
  readonly type: BitfieldType;
  /** The number of the field's highest bit. */
  readonly offset: number;
  /** What SET stores or INCRBY adds. */
  readonly operand: number | bigint;
  readonly overflow: Overflow;
}

function bitfield(context: ShardContext): void {
  const operations = readOperations(context);
  if (typeof operations === 'string') context.reply.error(operations);
  else if (operations.every(({ kind }) => kind === 'get')) readFields(context, operations);
  else changeFields(context, operations);
}

function bitfieldReadOnly(context: ShardContext): void {
  const operations = readOperations(context);
  if (typeof operations === 'string') context.reply.error(operations);
  else if (operations.every(({ kind }) => kind === 'get')) readFields(context, operations);
  else context.reply.error(BITFIELD_RO_ONLY_GET);
}

/** The operations that the words name, or the text of an error. */
function readOperations({ args, stringBytesMax }: ShardContext): Operation[] | string {
  const operations: Operation[] = [];
  let overflow: Overflow = 'wrap';
  for (let i = 2; i < args.count; ) {
    const left = args.count - i - 1;
    if (args.is(i, 'overflow') && left >= 1) {
      const named = (['wrap', 'sat', 'fail'] as const).find((name) => args.is(i + 1, name));
      if (named === undefined) return BITFIELD_OVERFLOW_INVALID;
      overflow = named;
      i += 2;
      continue;
    }
    const kind = readKind(args, i);
    const words = kind === 'get' ? 2 : 3;
    if (kind === undefined || left < words) return SYNTAX_ERROR;
    const type = readType(args, i + 1);
    if (type === undefined) return BITFIELD_TYPE_INVALID;
    const offset = readOffset(args, i + 2, type.bits);
    if (offset === undefined || Math.floor(offset / 8) >= stringBytesMax) return BIT_OFFSET_INVALID;
    const operand = kind === 'get' ? 0 : args.integer(i + 3);
    if (operand === undefined) return NOT_AN_INTEGER;
    operations.push({ kind, type, offset, operand, overflow });
    i += 1 + words;
  }
  return operations;
}

function readKind(args: Arguments, index: number): Operation['kind'] | undefined {
  return (['get', 'set', 'incrby'] as const).find((kind) => args.is(index, kind));
}

/** `i16`, `u8`: as a C string, so that what follows a NUL is not looked at. */
function readType(args: Arguments, index: number): BitfieldType | undefined {
  const match = /^([iu])([1-9]\d?)(?:\0|$)/.exec(args.text(index));
  if (match === null) return undefined;
  const isSigned = match[1] === 'i';
  const bits = Number(match[2]);
  return bits <= (isSigned ? 64 : 63) ? { isSigned, bits } : undefined;
}

/** The number of a bit, or with `#` of a field of `bits` bits. */
function readOffset(args: Arguments, index: number, bits: number): number | undefined {
  const isField = args.bytes[args.starts[index]!] === 35 && args.length(index) > 0;
  if (!isField) return toOffset(args.integer(index));
  const field = toOffset(parseInteger(args.bytes, args.starts[index]! + 1, args.ends[index]!));
  return field === undefined ? undefined : field * bits;
}

function toOffset(value: number | bigint | undefined): number | undefined {
  return value === undefined || value < 0 ? undefined : Number(value);
}

function readFields(context: ShardContext, operations: readonly Operation[]): void {
  const { keyspace, reply } = context;
  const ref = findKey(context);
  if (refusesType(context, ref)) return;
  reply.array(operations.length);
  for (const { offset, type } of operations) {
    if (ref === ABSENT) reply.integer(0);
    else {
      const start = keyspace.valueStart(ref);
      reply.integer(readPadded(keyspace.bytesOf(ref), start, keyspace.valueLength(ref), offset, type));
    }
  }
}

const padded = new Uint8Array(FIELD_BYTES_MAX);

/** Reads a field as if zeros followed the string. */
function readPadded(
  bytes: Uint8Array,
  start: number,
  length: number,
  offset: number,
  type: BitfieldType,
): number | bigint {
  const first = Math.floor(offset / 8);
  if (first + FIELD_BYTES_MAX <= length) return readBitfield(bytes, start, offset, type);
  for (let i = 0; i < FIELD_BYTES_MAX; i++) padded[i] = first + i < length ? bytes[start + first + i]! : 0;
  return readBitfield(padded, 0, offset % 8, type);
}

/** All operations happen within one change of the entry, so that nobody sees it between two of them. */
function changeFields(context: ShardContext, operations: readonly Operation[]): void {
  const { keyspace, args, reply, db, hash } = context;
  const ref = findKey(context);
  if (refusesType(context, ref)) return;
  const oldLength = ref === ABSENT ? 0 : keyspace.valueLength(ref);
  const length = operations.reduce((most, each) => Math.max(most, bytesNeeded(each)), oldLength);
  const results: (number | bigint | undefined)[] = [];
  const isLonger = ref === ABSENT || length > oldLength;
  let isChanged = false;
  const written = (old: number | bigint, value: number | bigint) => {
    if (isLonger || BigInt(old) !== BigInt(value)) isChanged = true;
  };
  const edit = (bytes: Uint8Array, start: number) => {
    for (const operation of operations) results.push(apply(operation, bytes, start, length, written));
  };
  if (ref === ABSENT) {
    createRange(keyspace, db, args.bytes, args.starts[1]!, args.ends[1]!, hash, length, edit);
  } else {
    keyspace.writeRange(db, ref, hash, length, EMPTY, 0, 0, edit);
  }
  if (isChanged) context.notify(EVENT.string, 'setbit', 1);
  reply.array(results.length);
  for (const result of results) {
    if (result === undefined) reply.null();
    else reply.integer(result);
  }
}

/** How long the string must be; what is only read may be behind its end. */
function bytesNeeded({ kind, offset, type }: Operation): number {
  return kind === 'get' ? 0 : Math.floor((offset + type.bits - 1) / 8) + 1;
}

/** Tells `written` what it has changed, and returns the operation's reply: undefined when the result did not fit and OVERFLOW FAIL was given. */
function apply(
  operation: Operation,
  bytes: Uint8Array,
  start: number,
  length: number,
  written: (old: number | bigint, value: number | bigint) => void,
) {
  const { kind, offset, type, operand, overflow } = operation;
  if (kind === 'get') return readPadded(bytes, start, length, offset, type);
  const old = readBitfield(bytes, start, offset, type);
  const value =
    kind === 'set' ? fitBitfield(operand, type, overflow) : addToBitfield(old, operand, type, overflow);
  if (value === undefined) return undefined;
  writeBitfield(bytes, start, offset, type.bits, value);
  written(old, value);
  return kind === 'set' ? old : value;
}
