/** What consumers of groups get: entries that are new to the group, or those that are pending for them already. */
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { Stream } from '../../types/stream.ts';
import { STREAM_ASSIGN, STREAM_CONSUMER_CREATE, STREAM_DELIVER } from '../../types/stream-changes.ts';
import { StreamCursor } from '../../types/stream-cursor.ts';
import { type Consumer, type Group, NOT_KNOWN } from '../../types/stream-groups.ts';
import { idAfter, LAST_ID, type StreamId } from '../../types/stream-id.ts';
import type { Pending } from '../../types/stream-pending.ts';
import type { ShardContext } from '../context.ts';
import { EVENT } from '../keyspace-events.ts';
import { writeEntry, writeEntryAt, writeId } from './entries.ts';
import { changeByParts, parts } from './stream-access.ts';

const cursor = new StreamCursor();

/** A consumer's read of a stream: the entry of the key at `word` is `ref`. */
export interface ConsumerRead {
  readonly word: number;
  readonly ref: number;
  readonly stream: Stream;
  readonly group: Group;
  /** At most so many entries; 0: any number. */
  readonly most: number;
  readonly noAck: boolean;
}

/** The consumer with the name in word `nameWord`, which is made if there is none; it has been seen now. */
export function seenConsumer(
  context: ShardContext,
  word: number,
  ref: number,
  group: Group,
  nameWord: number,
): Consumer {
  const { args } = context;
  const start = args.starts[nameWord]!;
  const end = args.ends[nameWord]!;
  const known = group.consumer(args.bytes, start, end);
  if (known !== undefined) {
    // Like the use of a key, this is no change: whoever asks again and again writes nothing to the log.
    known.seenAt = context.now();
    return known;
  }
  parts.begin().bytes(group.name).part().bytes(args.bytes, start, end).part().number(context.now()).part();
  changeByParts(context, word, ref, STREAM_CONSUMER_CREATE);
  context.notify(EVENT.stream, 'xgroup-createconsumer', word);
  return group.consumer(args.bytes, start, end)!;
}

/** Answers with the entries that the group has not read yet, of which there are some, and delivers them to the consumer. */
export function deliverNew(context: ShardContext, read: ConsumerRead, consumer: Consumer): void {
  const { stream, group, most, noAck } = read;
  const { reply } = context;
  const start = idAfter(group.lastId)!;
  const count = stream.countBetween(start, LAST_ID, most === 0 ? Infinity : most);
  reply.array(count);
  cursor.open(stream, start, LAST_ID);
  parts.begin().bytes(group.name).part().bytes(consumer.name).part();
  let { entriesRead } = group;
  const ids: StreamId[] = [];
  for (let left = count; left > 0 && cursor.next(); left--) {
    const id = { ms: cursor.ms, seq: cursor.seq };
    if (entriesRead !== NOT_KNOWN && !stream.hasGapsFrom(id)) entriesRead++;
    else if (stream.entriesAdded > 0) entriesRead = stream.entriesUpTo(id);
    if (!noAck || left === 1) ids.push(id);
    writeEntry(reply, cursor);
  }
  parts.number(context.now()).number(entriesRead);
  for (const id of ids) parts.id(id);
  parts.part();
  changeByParts(context, read.word, read.ref, STREAM_DELIVER, noAck ? 1 : 0);
}

/** Answers with entries that are pending for the consumer, those behind `last`: they are delivered once more. */
export function deliverAgain(
  context: ShardContext,
  read: ConsumerRead,
  consumer: Consumer,
  last: StreamId,
): void {
  const { stream, group, most } = read;
  const { reply } = context;
  const start = idAfter(last);
  const pending: Pending[] = [];
  if (start !== undefined) {
    for (const each of consumer.pending.from(start)) {
      if (most !== 0 && pending.length === most) break;
      pending.push(each);
    }
  }
  reply.array(pending.length);
  const again = pending.filter((each) => writePending(reply, stream, each));
  if (again.length === 0) return;
  beginAssigning(group, consumer, context.now());
  for (const each of again) assigned(each, context.now(), each.deliveries + 1);
  parts.part();
  changeByParts(context, read.word, read.ref, STREAM_ASSIGN);
}

/** False: the entry has been deleted. */
function writePending(reply: ReplyWriter, stream: Stream, id: StreamId): boolean {
  if (writeEntryAt(reply, stream, id)) return true;
  reply.array(2);
  writeId(reply, id);
  reply.nullArray();
  return false;
}

/** Puts what a STREAM_ASSIGN begins with into `parts`; `assigned` goes on, and the caller ends it. */
export function beginAssigning(group: Group, consumer: Consumer, seenAt: number): void {
  parts.begin().bytes(group.name).part().bytes(consumer.name).part().number(seenAt).id(group.lastId);
}

export function assigned(id: StreamId, deliveredAt: number, deliveries: number): void {
  parts.id(id).number(deliveredAt).number(deliveries);
}
