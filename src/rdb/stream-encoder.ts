/** Streams in the form of RDB files that Redis reads since 7.0: listpacks by the ids of their first entries, then the groups. */
import { type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import { writeIntegerElement } from '../types/listpack-entry.ts';
import type { Stream } from '../types/stream.ts';
import { type Consumer, type Group, NOT_KNOWN } from '../types/stream-groups.ts';
import { FIRST_ID, HALF_MAX, ID_BYTES, type StreamId, writeId } from '../types/stream-id.ts';
import type { StreamNode } from '../types/stream-node.ts';
import { VALUE_STREAM_2 } from './format.ts';
import type { CollectionEncoder, ValueWriter } from './value-writer.ts';

const END = 0xff;
const COUNT_UNKNOWN = 0xffff;
const HEADER_BYTES = 6;
/** A buffer for a longer listpack is not kept. */
const KEPT_BYTES = 1 << 17;
const TIME_BYTES = 8;

let scratch: ViewedBytes = viewedBytes(new ArrayBuffer(8192));
const small: ViewedBytes = viewedBytes(new ArrayBuffer(ID_BYTES + TIME_BYTES));

export class StreamEncoder implements CollectionEncoder {
  readonly valueType = VALUE_STREAM_2;
  readonly #stream: Stream;
  #next: number;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.#next = stream.firstNode;
  }

  step(writer: ValueWriter): boolean {
    const stream = this.#stream;
    if (this.#next === stream.firstNode) writer.length(stream.nodeCount);
    if (this.#next < stream.nodes.length) {
      writeNode(writer, stream.nodes[this.#next]!);
      this.#next++;
      return false;
    }
    writeRest(writer, stream);
    return true;
  }
}

function writeNode(writer: ValueWriter, node: StreamNode): void {
  writer.string(small, 0, writeId(small, 0, node));
  const total = node.listpackBytes;
  const packed = total <= scratch.length ? scratch : viewedBytes(new ArrayBuffer(total));
  if (total <= KEPT_BYTES) scratch = packed;
  packed.view!.setUint32(0, total, true);
  // Its own two numbers as well.
  packed.view!.setUint16(4, Math.min(node.elements + 2, COUNT_UNKNOWN), true);
  let at = writeIntegerElement(packed, HEADER_BYTES, node.count);
  at = writeIntegerElement(packed, at, node.deleted);
  packed.set(node.bytes.subarray(node.start, node.end), at);
  packed[total - 1] = END;
  writer.string(packed, 0, total);
}

/** What stands behind the entries. */
function writeRest(writer: ValueWriter, stream: Stream): void {
  writer.length(stream.length);
  writeIdLengths(writer, stream.lastId);
  writeIdLengths(writer, stream.firstId);
  writeIdLengths(writer, stream.maxDeletedId);
  writer.length(stream.entriesAdded);
  writer.length(stream.groupCount);
  for (const group of stream.groups) writeGroup(writer, group);
}

function writeGroup(writer: ValueWriter, group: Group): void {
  writer.string(group.name, 0, group.name.length);
  writeIdLengths(writer, group.lastId);
  writer.length64(group.entriesRead === NOT_KNOWN ? HALF_MAX : group.entriesRead);
  writer.length(group.pending.size);
  for (const pending of group.pending.from(FIRST_ID)) {
    writeTime(small, writeId(small, 0, pending), pending.deliveredAt);
    writer.plain(small, 0, ID_BYTES + TIME_BYTES);
    writer.length(pending.deliveries);
  }
  writer.length(group.consumerCount);
  for (const consumer of group.consumers) writeConsumer(writer, consumer);
}

function writeConsumer(writer: ValueWriter, { name, seenAt, pending }: Consumer): void {
  writer.string(name, 0, name.length);
  writeTime(small, 0, seenAt);
  writer.plain(small, 0, TIME_BYTES);
  writer.length(pending.size);
  for (const id of pending.from(FIRST_ID)) writer.plain(small, 0, writeId(small, 0, id));
}

function writeIdLengths(writer: ValueWriter, { ms, seq }: StreamId): void {
  writer.length64(ms);
  writer.length64(seq);
}

function writeTime(target: ViewedBytes, at: number, ms: number): void {
  target.view!.setBigInt64(at, BigInt(ms), true);
}
