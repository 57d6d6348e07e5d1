/**
 * The changes of streams as numbers: what commands make, and what a log tells, so that both do the same. Ids in `ranges` are in
 * their binary form, times are milliseconds since 1970 and numbers are float64, big-endian.
 */
import type { ByteRanges } from '../base/byte-ranges.ts';
import type { Change } from './change.ts';
import type { Stream } from './stream.ts';
import { type Consumer, Group } from './stream-groups.ts';
import { ID_BYTES, isZeroId, readId, type StreamId } from './stream-id.ts';

/**
 * Names and values in turn. The id is in the numbers, if it fits (`fitsNumbers`): the first is the lower half of its ms, the upper
 * half stands in the operation's upper bits, the second is its seq.
 */
export const STREAM_ADD = 0;
/** An id, then names and values. */
export const STREAM_ADD_AT = 1;
/** The first number: how many of the first entries go. */
export const STREAM_DROP = 2;
/** Ids of entries that go. */
export const STREAM_DELETE = 3;
/** `last id, max deleted id (0-0: as it is), entries added (-1: as they are)`. */
export const STREAM_SET_ID = 4;
/** Name of the group, `last id, entries read`. */
export const STREAM_GROUP_CREATE = 5;
export const STREAM_GROUP_SET_ID = 6;
/** Name of the group. */
export const STREAM_GROUP_DESTROY = 7;
/** Names of group and consumer, time. */
export const STREAM_CONSUMER_CREATE = 8;
/** Names of group and consumer. */
export const STREAM_CONSUMER_DELETE = 9;
/**
 * Names of group and consumer, `time, entries read, ids`: of the entries that were delivered, in their order; the last is the
 * group's last id. The first number: 1 when they need not be acknowledged.
 */
export const STREAM_DELIVER = 10;
/** Name of the group, ids. */
export const STREAM_ACKNOWLEDGE = 11;
/**
 * Names of group and consumer, `time, last id of the group, { id, time of delivery, deliveries } …`: who an entry is pending
 * for, absolutely. The time is when the consumer was seen; the first number: 1 when it was active then.
 */
export const STREAM_ASSIGN = 12;

/** The operation is in so many bits, the rest is its own. */
export const OPERATION_BITS = 4;
const OPERATION_MASK = (1 << OPERATION_BITS) - 1;
const WORD = 2 ** 32;
export const ASSIGNMENT_BYTES: number = ID_BYTES + 16;

/** Whether an id can be in the numbers of STREAM_ADD. */
export function fitsNumbers({ ms, seq }: StreamId): boolean {
  return typeof ms === 'number' && typeof seq === 'number' && seq < WORD;
}

/** Makes a change and returns how much was changed: 0 for nothing. What a stream does not have is passed over. */
export function changeStream(stream: Stream, change: Change): number {
  const { operation, first, ranges, from, to } = change;
  switch (operation & OPERATION_MASK) {
    case STREAM_ADD:
      stream.append((operation >>> OPERATION_BITS) * WORD + first, change.second, ranges, from, to);
      return 1;
    case STREAM_ADD_AT: {
      const { ms, seq } = readId(ranges.bytes, ranges.starts[from]!);
      stream.append(ms, seq, ranges, from + 1, to);
      return 1;
    }
    case STREAM_DROP:
      stream.dropFirst(first);
      return first;
    case STREAM_DELETE: {
      let deleted = 0;
      for (const id of idsOf(ranges, from, 0)) if (stream.delete(id)) deleted++;
      return deleted;
    }
    case STREAM_SET_ID:
      setId(stream, ranges, from);
      return 1;
    default:
      return changeGroup(stream, change);
  }
}

function setId(stream: Stream, { bytes, starts }: ByteRanges, from: number): void {
  const at = starts[from]!;
  stream.lastId = readId(bytes, at);
  const maxDeletedId = readId(bytes, at + ID_BYTES);
  if (!isZeroId(maxDeletedId)) stream.maxDeletedId = maxDeletedId;
  const entriesAdded = viewOf(bytes).getFloat64(at + 2 * ID_BYTES);
  if (entriesAdded >= 0) stream.entriesAdded = entriesAdded;
}

function changeGroup(stream: Stream, change: Change): number {
  const { operation, ranges, from } = change;
  const { bytes, starts, ends } = ranges;
  const group = stream.group(bytes, starts[from]!, ends[from]!);
  if (operation === STREAM_GROUP_CREATE) {
    if (group !== undefined) return 0;
    stream.addGroup(newGroup(ranges, from));
    return 1;
  }
  if (group === undefined) return 0;
  if (operation === STREAM_GROUP_DESTROY) {
    stream.removeGroup(group);
    return 1;
  }
  const before = group.memoryBytes;
  const changed = changeInGroup(group, change);
  stream.recount(group, before);
  return changed;
}

function newGroup({ bytes, starts, ends }: ByteRanges, from: number): Group {
  const at = starts[from + 1]!;
  const entriesRead = viewOf(bytes).getFloat64(at + ID_BYTES);
  return new Group(bytes.slice(starts[from]!, ends[from]!), readId(bytes, at), entriesRead);
}

function changeInGroup(group: Group, { operation, first, ranges, from }: Change): number {
  const { bytes, starts, ends } = ranges;
  const at = starts[from + 1]!;
  if (operation === STREAM_GROUP_SET_ID) {
    group.lastId = readId(bytes, at);
    group.entriesRead = viewOf(bytes).getFloat64(at + ID_BYTES);
    return 1;
  }
  if (operation === STREAM_ACKNOWLEDGE) {
    let acknowledged = 0;
    for (const id of idsOf(ranges, from + 1, 0)) if (group.acknowledge(id)) acknowledged++;
    return acknowledged;
  }
  const consumer = group.consumer(bytes, at, ends[from + 1]!);
  if (operation === STREAM_CONSUMER_CREATE) {
    if (consumer !== undefined) return 0;
    group.addConsumer(bytes.slice(at, ends[from + 1]!), viewOf(bytes).getFloat64(starts[from + 2]!));
    return 1;
  }
  if (consumer === undefined) return 0;
  if (operation === STREAM_CONSUMER_DELETE) group.removeConsumer(consumer);
  else if (operation === STREAM_DELIVER) deliver(group, consumer, first === 1, ranges, from + 2);
  else assign(group, consumer, first === 1, ranges, from + 2);
  return 1;
}

function deliver(
  group: Group,
  consumer: Consumer,
  needsNoAcknowledgement: boolean,
  ranges: ByteRanges,
  word: number,
): void {
  const at = ranges.starts[word]!;
  const view = viewOf(ranges.bytes);
  const time = view.getFloat64(at);
  consumer.seenAt = time;
  for (const id of idsOf(ranges, word, 16)) {
    group.lastId = id;
    if (!needsNoAcknowledgement) group.assign(id, consumer, time, 1);
  }
  group.entriesRead = view.getFloat64(at + 8);
  if (!needsNoAcknowledgement) consumer.activeAt = time;
}

function assign(
  group: Group,
  consumer: Consumer,
  isActive: boolean,
  { bytes, starts, ends }: ByteRanges,
  word: number,
): void {
  const view = viewOf(bytes);
  const time = view.getFloat64(starts[word]!);
  let at = starts[word]! + 8;
  group.lastId = readId(bytes, at);
  at += ID_BYTES;
  consumer.seenAt = time;
  if (isActive) consumer.activeAt = time;
  for (; at < ends[word]!; at += ASSIGNMENT_BYTES) {
    const deliveredAt = view.getFloat64(at + ID_BYTES);
    group.assign(readId(bytes, at), consumer, deliveredAt, view.getFloat64(at + ID_BYTES + 8));
  }
}

/** The ids in the range `word`, from its byte `skipped` on. */
function* idsOf({ bytes, starts, ends }: ByteRanges, word: number, skipped: number): Generator<StreamId> {
  for (let at = starts[word]! + skipped; at < ends[word]!; at += ID_BYTES) yield readId(bytes, at);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
