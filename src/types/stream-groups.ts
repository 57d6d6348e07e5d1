/** The consumer groups of a stream: who has got which entries. */
import { latin1 } from '../base/bytes.ts';
import { BOXED_NUMBER_BYTES, MapBytes, stringBytes, typedArrayBytes } from '../base/engine-bytes.ts';
import type { StreamId } from './stream-id.ts';
import { PENDING_BYTES, type Pending, PendingList } from './stream-pending.ts';

/** `entriesRead` of a group of which that is not known. */
export const NOT_KNOWN = -1;
/** `activeAt` of a consumer that has never got an entry. */
export const NEVER_ACTIVE = -1;

/** What the id of a group, or of a stream, takes. */
export const ID_BYTES = 40 + BOXED_NUMBER_BYTES;
/**
 * What the objects take, without names, maps and lists. Set by what `npm run bench -- accounting` measured of whole groups, not by
 * adding up fields: a consumer's empty list and its map's places take less than is counted for them elsewhere.
 */
const GROUP_BYTES = 104 + ID_BYTES;
const CONSUMER_BYTES = 16 + BOXED_NUMBER_BYTES;

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
  readonly #consumerMap = new MapBytes();
  /** What the consumers take without what is pending for them, and those lists of theirs. */
  #consumerBytes = 0;
  #pendingBytes = 0;

  constructor(name: Uint8Array, lastId: StreamId, entriesRead: number) {
    this.name = name;
    this.lastId = lastId;
    this.entriesRead = entriesRead;
  }

  get memoryBytes(): number {
    const own = GROUP_BYTES + typedArrayBytes(this.name.length) + this.#consumerMap.bytes;
    const pending = this.pending.size * PENDING_BYTES + this.pending.memoryBytes + this.#pendingBytes;
    return own + this.#consumerBytes + pending;
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
    this.#consumerMap.added();
    this.#consumerBytes += consumerBytes(name);
    this.#pendingBytes += consumer.pending.memoryBytes;
    return consumer;
  }

  /** Removes a consumer, with what is pending for it. */
  removeConsumer(consumer: Consumer): void {
    for (const pending of consumer.pending.from(EVERY)) this.pending.remove(pending);
    const { name } = consumer;
    this.#consumers.delete(latin1(name, 0, name.length));
    this.#consumerMap.removed();
    this.#consumerBytes -= consumerBytes(name);
    this.#pendingBytes -= consumer.pending.memoryBytes;
  }

  /** Lets an entry be pending for `consumer`, whoever had it. */
  assign(id: StreamId, consumer: Consumer, deliveredAt: number, deliveries: number): void {
    const known = this.pending.find(id);
    if (known === undefined) {
      const pending: Pending = { ms: id.ms, seq: id.seq, deliveredAt, deliveries, consumer };
      this.pending.add(pending);
      this.#give(consumer, pending);
      return;
    }
    known.deliveredAt = deliveredAt;
    known.deliveries = deliveries;
    if (known.consumer === consumer) return;
    this.#take(known.consumer, id);
    known.consumer = consumer;
    this.#give(consumer, known);
  }

  /** The entry is not pending any more; false: it was not. */
  acknowledge(id: StreamId): boolean {
    const known = this.pending.find(id);
    if (known === undefined) return false;
    this.pending.remove(id);
    this.#take(known.consumer, id);
    return true;
  }

  #give({ pending }: Consumer, entry: Pending): void {
    this.#pendingBytes -= pending.memoryBytes;
    pending.add(entry);
    this.#pendingBytes += pending.memoryBytes;
  }

  #take({ pending }: Consumer, id: StreamId): void {
    this.#pendingBytes -= pending.memoryBytes;
    pending.remove(id);
    this.#pendingBytes += pending.memoryBytes;
  }
}

/** Of a consumer with this name, which is there as bytes and as text. */
function consumerBytes({ length }: Uint8Array): number {
  return CONSUMER_BYTES + typedArrayBytes(length) + stringBytes(length);
}

const EVERY: StreamId = { ms: 0, seq: 0 };

/** What a map has, in the order of the bytes of their names. */
export function byName<T>(map: ReadonlyMap<string, T>): readonly T[] {
  return [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
