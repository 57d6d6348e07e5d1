/** PFADD, PFCOUNT and PFMERGE: how many different elements there were, from strings that do not keep them. */
import { ABSENT, NO_EXPIRY } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';
import { CORRUPT, RAISED } from '../types/hyperloglog.ts';
import { REGISTERS } from '../types/hyperloglog-estimate.ts';
import {
  COUNT_AT,
  COUNT_BYTES,
  denseRegister,
  HEADER_BYTES,
  isDense,
  readCount,
  writeCount,
} from '../types/hyperloglog-format.ts';
import { INDEX_BITS, placeOf } from '../types/hyperloglog-hash.ts';
import { countElements, countUnion, mergeRegisters } from '../types/hyperloglog-registers.ts';
import { defineCommands } from './command.ts';
import type { ShardContext } from './context.ts';
import { allKeys, KEY, KEYS, keyAt, oneKey, unlikeKeys } from './declarations.ts';
import {
  edited,
  findHyperLogLog,
  loadEdited,
  problemOf,
  refuseCorrupt,
  storeEdited,
  storeNew,
} from './hyperloglog-access.ts';
import { EVENT } from './keyspace-events.ts';

export const hyperloglogs = defineCommands([
  {
    name: 'pfadd',
    group: 'hyperloglog',
    since: '2.8.9',
    summary: 'Adds elements to a HyperLogLog, and makes one where there is none',
    complexity: 'O(1) for each element',
    arity: -2,
    flags: ['write', 'denyoom', 'fast'],
    keys: oneKey('RW', 'insert'),
    arguments: [KEY, { name: 'element', type: 'string', optional: true, multiple: true }],
    placement: { at: 'key', handler: addElements },
  },
  {
    name: 'pfcount',
    group: 'hyperloglog',
    since: '2.8.9',
    summary: 'Returns about how many different elements HyperLogLogs have seen, together',
    complexity:
      'O(1) for one key whose elements were counted since they changed; else O(N) where N is the number of keys, with a large constant',
    arity: -2,
    flags: ['readonly', 'may_replicate'],
    keys: {
      ...allKeys('RW', 'access'),
      notes: 'RW because it may change the internal representation of the key, and propagate to replicas',
    },
    arguments: [KEYS],
    placement: { at: 'together', handler: count },
  },
  {
    name: 'pfmerge',
    group: 'hyperloglog',
    since: '2.8.9',
    summary: 'Merges HyperLogLogs into that at a key',
    complexity: 'O(N) where N is the number of keys, with a large constant',
    arity: -2,
    flags: ['write', 'denyoom'],
    keys: unlikeKeys(1, -1, keyAt(1, 'RW', 'access', 'insert'), {
      positions: { first: 2, last: -1, step: 1 },
      flags: ['RO', 'access'],
    }),
    arguments: [
      { name: 'destkey', type: 'key' },
      { name: 'sourcekey', type: 'key', keySpecification: 1, optional: true, multiple: true },
    ],
    placement: { at: 'together', handler: merge },
  },
]);

const FIRST_ELEMENT = 2;

function addElements(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findHyperLogLog(context, 1);
  if (ref === undefined) return;
  let from = FIRST_ELEMENT;
  if (ref === ABSENT) {
    edited.clear();
    edited.spoilCount();
  } else {
    from = firstThatCounts(context, ref);
    if (from === args.count) {
      reply.integer(0);
      return;
    }
    loadEdited(context, ref);
  }
  const outcome = addFrom(context, from);
  if (ref === ABSENT) storeNew(context, 1);
  else if (edited.changedEnd > 0) storeEdited(context, 1, ref);
  if (outcome === CORRUPT) {
    refuseCorrupt(context);
    return;
  }
  const isChanged = ref === ABSENT || outcome === RAISED;
  if (isChanged) context.notify(EVENT.string, 'pfadd', 1);
  reply.integer(isChanged ? 1 : 0);
}

/** The word of the first element that raises a register, if the HyperLogLog is dense: most elements raise none. */
function firstThatCounts({ keyspace, args }: ShardContext, ref: number): number {
  const bytes = keyspace.bytesOf(ref);
  const start = keyspace.valueStart(ref);
  let word = FIRST_ELEMENT;
  if (!isDense(bytes, start)) return word;
  for (; word < args.count; word++) {
    const place = placeOf(args.bytes, args.starts[word]!, args.ends[word]!);
    const register = denseRegister(bytes, start + HEADER_BYTES, place & (REGISTERS - 1));
    if (place >>> INDEX_BITS > register) break;
  }
  return word;
}

/** Adds the words from `from` on to `edited`: RAISED if any did, up to one that shows that the runs are not right. */
function addFrom({ keyspace, args }: ShardContext, from: number): number {
  const sparseBytesMax = keyspace.objects.limits.hyperloglogSparseBytes;
  let outcome = 0;
  for (let i = from; i < args.count; i++) {
    const of = edited.add(args.bytes, args.starts[i]!, args.ends[i]!, sparseBytesMax);
    if (of === CORRUPT) return CORRUPT;
    if (of === RAISED) outcome = RAISED;
  }
  return outcome;
}

const countBytes = new Uint8Array(COUNT_BYTES);

function count(context: ShardContext): void {
  const { bytes, starts, ends, count: words } = context.args;
  if (words > 2) countTogether(context);
  else if (context.owns(bytes.subarray(starts[1]!, ends[1]!))) countHere(context);
  else countElsewhere(context);
}

/** Keeps what it has counted in the header, as Redis does. */
function countHere(context: ShardContext): void {
  const { keyspace, reply, db, hash } = context;
  const ref = findHyperLogLog(context, 1);
  if (ref === undefined) return;
  if (ref === ABSENT) {
    reply.integer(0);
    return;
  }
  const bytes = keyspace.bytesOf(ref);
  const start = keyspace.valueStart(ref);
  const known = readCount(bytes, start);
  const elements = known ?? countElements(bytes, start, keyspace.valueLength(ref));
  if (elements === undefined) {
    refuseCorrupt(context);
    return;
  }
  if (known === undefined) {
    writeCount(countBytes, 0, elements);
    keyspace.writeRange(db, ref, hash, COUNT_AT, countBytes, 0, COUNT_BYTES);
  }
  reply.integer(elements);
}

/** In a transaction another shard may run the command than that of its key. */
function countElsewhere(context: ShardContext): void {
  const { reply, together } = context;
  const image = together.read(1);
  if (image === undefined) {
    reply.integer(0);
    return;
  }
  const problem = problemOf(image);
  if (problem !== undefined) {
    reply.error(problem);
    return;
  }
  const known = readCount(image.bytes, 0);
  const elements = known ?? countElements(image.bytes, 0, image.bytes.length);
  if (elements === undefined) {
    refuseCorrupt(context);
    return;
  }
  if (known === undefined) {
    writeCount(image.bytes, COUNT_AT, elements);
    together.write(1, { ...image, isRaw: true });
  }
  reply.integer(elements);
}

function countTogether(context: ShardContext): void {
  const union = unite(context);
  if (union !== undefined) context.reply.integer(countUnion(union.registers));
}

interface Union {
  /** A byte each. */
  readonly registers: Uint8Array;
  readonly hasDense: boolean;
}

/** The union of those at all keys; undefined after an error reply. */
function unite(context: ShardContext, missed?: (word: number) => void): Union | undefined {
  const { args, reply, together } = context;
  const registers = new Uint8Array(REGISTERS);
  let hasDense = false;
  for (let word = 1; word < args.count; word++) {
    const image = together.read(word);
    if (image === undefined) {
      missed?.(word);
      continue;
    }
    const problem = problemOf(image);
    if (problem !== undefined) {
      reply.error(problem);
      return undefined;
    }
    const { bytes } = image;
    if (isDense(bytes, 0)) hasDense = true;
    if (!mergeRegisters(registers, bytes, 0, bytes.length)) {
      refuseCorrupt(context);
      return undefined;
    }
  }
  return { registers, hasDense };
}

function merge(context: ShardContext): void {
  const { keyspace, reply, together } = context;
  const union = unite(context, (word) => context.notify(EVENT.keyMiss, 'keymiss', word));
  if (union === undefined) return;
  const target = together.read(1);
  if (target === undefined) edited.clear();
  else edited.load(target.bytes, 0, target.bytes.length);
  if (union.hasDense) edited.toDense();
  const sparseBytesMax = keyspace.objects.limits.hyperloglogSparseBytes;
  for (let i = 0; i < REGISTERS; i++) {
    const value = union.registers[i]!;
    if (value > 0) edited.raise(i, value, sparseBytesMax);
  }
  edited.spoilCount();
  together.write(1, {
    type: TYPE_STRING,
    bytes: edited.bytes.slice(0, edited.length),
    expiresAt: target?.expiresAt ?? NO_EXPIRY,
    isRaw: true,
  });
  context.notify(EVENT.string, 'pfadd', 1);
  reply.ok();
}
