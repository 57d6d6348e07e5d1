/** Streams of what was read from a file. */
import { RangeList } from '../base/byte-ranges.ts';
import { narrow } from '../base/numbers.ts';
import { Stream } from '../types/stream.ts';
import { type Consumer, Group } from '../types/stream-groups.ts';
import type { StreamId } from '../types/stream-id.ts';
import type { StreamLimits } from '../types/stream-limits.ts';
import type { StreamGroup, StreamValue, StreamId as WideId } from './values.ts';

const ranges = new RangeList();

export function buildStream(value: StreamValue, limits: StreamLimits): Stream {
  const stream = new Stream(limits);
  for (const { id, fields } of value.entries) {
    const { ms, seq } = narrowed(id);
    gather(fields);
    stream.append(ms, seq, ranges, 0, fields.length);
  }
  stream.lastId = narrowed(value.lastId);
  stream.maxDeletedId = narrowed(value.maxDeletedId);
  stream.entriesAdded = value.entriesAdded;
  for (const group of value.groups) {
    const lastId = narrowed(group.lastDelivered);
    stream.addGroup(groupOf(group, lastId, group.entriesRead ?? stream.entriesUpTo(lastId)));
  }
  return stream;
}

/** Puts names and values into `ranges`. */
function gather(fields: readonly Uint8Array[]): void {
  ranges.reserve(fields.length);
  const [first] = fields;
  // As they were read, they have one buffer, or small ones of their own.
  if (first !== undefined && fields.every(({ buffer }) => buffer === first.buffer)) {
    ranges.bytes = new Uint8Array(first.buffer);
    fields.forEach(({ byteOffset, length }, i) => {
      ranges.starts[i] = byteOffset;
      ranges.ends[i] = byteOffset + length;
    });
    return;
  }
  ranges.bytes = Buffer.concat(fields);
  let at = 0;
  fields.forEach(({ length }, i) => {
    ranges.starts[i] = at;
    at += length;
    ranges.ends[i] = at;
  });
}

function groupOf(value: StreamGroup, lastId: StreamId, entriesRead: number): Group {
  const group = new Group(value.name, lastId, entriesRead);
  const consumers = new Map<string, Consumer>();
  for (const { name, seenAt, activeAt, pending } of value.consumers) {
    const consumer = group.addConsumer(name, seenAt);
    consumer.activeAt = activeAt;
    for (const id of pending) consumers.set(nameOf(id), consumer);
  }
  for (const { id, deliveredAt, deliveries } of value.pending) {
    const consumer = consumers.get(nameOf(id));
    // Redis never writes one that nobody has.
    if (consumer !== undefined) group.assign(narrowed(id), consumer, deliveredAt, deliveries);
  }
  return group;
}

function nameOf({ ms, sequence }: WideId): string {
  return `${ms}-${sequence}`;
}

function narrowed({ ms, sequence }: WideId): StreamId {
  return { ms: narrow(ms), seq: narrow(sequence) };
}
