/** The consumer groups of a stream: who has got which entries. */
import { latin1 } from '../base/bytes.ts';
import type { StreamId } from './stream-id.ts';
import { PENDING_BYTES, type Pending, PendingList } from './stream-pending.ts';

/** `entriesRead` of a group of which that is not known. */
export const NOT_KNOWN = -1;
/** `activeAt` of a consumer that has never got an entry. */
export const NEVER_ACTIVE = -1;

/** What the objects take, without names and entries. Measured on Node 20. */
const GROUP_BYTES = 520;
const CONSUMER_BYTES = 400;

export class Consumer {
  readonly name: Uint8Array;
  /** Milliseconds since 1970: when it last tried to get entries, and when it last got some. */
  seenAt: number;
  activeAt: number = NEVER_ACTIVE;
  readonly pending: PendingList = new PendingList();

  constructor(name: Uint8Array, seenAt: number) {
    this.name = name;
    this.seenAt = seenAt;
  }
}

export class Group {
  readonly name: Uint8Array;
  /** The id of the last entry that was delivered to it. */
  lastId: StreamId;
  /** How many of the entries ever added it has read, or NOT_KNOWN. */
  entriesRead: number;
  readonly pending: PendingList = new PendingList();
  readonly #consumers = new Map<string, Consumer>();
  #consumerBytes = 0;

  constructor(name: Uint8Array, lastId: StreamId, entriesRead: number) {
    this.name = name;
    this.lastId = lastId;
    this.entriesRead = entriesRead;
  }

  get memoryBytes(): number {
    return GROUP_BYTES + this.name.length + this.#consumerBytes + this.pending.size * PENDING_BYTES;
  }

  get consumerCount(): number {
    return this.#consumers.size;
  }

  /** In the order of their names. */
  get consumers(): readonly Consumer[] {
    return byName(this.#consumers);
  }

  /** The consumer with the name `bytes[start, end)`. */
  consumer(bytes: Uint8Array, start: number, end: number): Consumer | undefined {
    return this.#consumers.get(latin1(bytes, start, end));
  }

  /** Adds a consumer of a name that none has. */
  addConsumer(name: Uint8Array, seenAt: number): Consumer {
    const consumer = new Consumer(name, seenAt);
    this.#consumers.set(latin1(name, 0, name.length), consumer);
    this.#consumerBytes += CONSUMER_BYTES + name.length;
    return consumer;
  }

  /** Removes a consumer, with what is pending for it. */
  removeConsumer(consumer: Consumer): void {
    for (const pending of consumer.pending.from(EVERY)) this.pending.remove(pending);
    const { name } = consumer;
    this.#consumers.delete(latin1(name, 0, name.length));
    this.#consumerBytes -= CONSUMER_BYTES + name.length;
  }

  /** Lets an entry be pending for `consumer`, whoever had it. */
  assign(id: StreamId, consumer: Consumer, deliveredAt: number, deliveries: number): void {
    const known = this.pending.find(id);
    if (known === undefined) {
      const pending: Pending = { ms: id.ms, seq: id.seq, deliveredAt, deliveries, consumer };
      this.pending.add(pending);
      consumer.pending.add(pending);
      return;
    }
    known.deliveredAt = deliveredAt;
    known.deliveries = deliveries;
    if (known.consumer === consumer) return;
    known.consumer.pending.remove(id);
    known.consumer = consumer;
    consumer.pending.add(known);
  }

  /** The entry is not pending any more; false: it was not. */
  acknowledge(id: StreamId): boolean {
    const known = this.pending.find(id);
    if (known === undefined) return false;
    this.pending.remove(id);
    known.consumer.pending.remove(id);
    return true;
  }
}

const EVERY: StreamId = { ms: 0, seq: 0 };

/** What a map has, in the order of the bytes of their names. */
export function byName<T>(map: ReadonlyMap<string, T>): readonly T[] {
  return [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
