/**
 * `maxmemory-clients`: what the connections' buffers take together, and which connections are closed when that is too
 * much: those that take the most, unless they asked not to be (CLIENT NO-EVICT).
 *
 * The sum is kept up to date where buffers grow and shrink, and only while there is a limit.
 */
import type { Connection } from './connection.ts';

/** As in Redis: with less nobody could talk to the server any more. */
const LIMIT_BYTES_MIN = 128 * 1024;

/** About what the objects of a connection and of its socket take without any buffer. */
const OBJECT_BYTES = 4 * 1024;

/** All that a connection takes of the acceptor's memory. */
export function memoryOf({ queuedBytes, reply, subscriptions, transaction, unparsed }: Connection): number {
  const held = (transaction?.memoryBytes ?? 0) + (subscriptions?.bytes ?? 0);
  return OBJECT_BYTES + unparsed.length + reply.limit + queuedBytes + held;
}

export interface ClientMemoryHost {
  connections(): Iterable<Connection>;
  notice(message: string): void;
  warning(message: string): void;
}

export class ClientMemory {
  /** Connections closed so far. */
  evicted = 0;
  /** The limit is exceeded, and there is somebody to close. */
  isOver = false;
  readonly #host: ClientMemoryHost;
  #limitBytes = 0;
  #totalBytes = 0;
  #counts = false;
  readonly #counted = new Map<Connection, number>();
  /** All that may be closed have been, and it was not enough: what can be done is looked for again once a second. */
  #isExhausted = false;

  constructor(host: ClientMemoryHost) {
    this.#host = host;
  }

  /** What all of them take, counted anew when nobody has asked for it to be kept up to date. */
  get totalBytes(): number {
    if (!this.#isCounting) {
      let bytes = 0;
      for (const connection of this.#host.connections()) bytes += memoryOf(connection);
      return bytes;
    }
    return this.#totalBytes;
  }

  get #isCounting(): boolean {
    return this.#counts || this.#limitBytes > 0;
  }

  /** The sum is wanted although there may be no limit. */
  set counts(counts: boolean) {
    this.#counts = counts;
    this.recount();
  }

  /** 0 is no limit. */
  setLimit(bytes: number): void {
    this.#limitBytes = bytes === 0 ? 0 : Math.max(bytes, LIMIT_BYTES_MIN);
    this.recount();
  }

  /** To be called when the buffers of a connection have changed. */
  update(connection: Connection): void {
    if (!this.#isCounting || connection.isClosed) return;
    this.#count(connection);
    this.isOver = this.#limitBytes > 0 && !this.#isExhausted && this.#totalBytes > this.#limitBytes;
  }

  /** The connection is gone. */
  forget(connection: Connection): void {
    if (!this.#isCounting) return;
    this.#totalBytes -= this.#counted.get(connection) ?? 0;
    this.#counted.delete(connection);
  }

  /** Counts everybody anew. To be called about once a second as well. */
  recount(): void {
    this.#counted.clear();
    this.#totalBytes = 0;
    this.isOver = false;
    if (!this.#isCounting) return;
    for (const connection of this.#host.connections()) this.#count(connection);
    this.isOver = this.#limitBytes > 0 && this.#totalBytes > this.#limitBytes;
    if (!this.isOver) this.#isExhausted = false;
  }

  #count(connection: Connection): void {
    const bytes = memoryOf(connection);
    this.#totalBytes += bytes - (this.#counted.get(connection) ?? 0);
    this.#counted.set(connection, bytes);
  }

  /** Closes the largest connections until the rest keeps to the limit. */
  evict(): void {
    this.recount();
    if (!this.isOver) return;
    const bySize = [...this.#counted].filter(([connection]) => isEvictable(connection));
    bySize.sort(([, a], [, b]) => b - a);
    for (const [connection] of bySize) {
      if (this.#totalBytes <= this.#limitBytes) break;
      this.#host.notice(`Evicting client: ${connection.describe()}`);
      this.evicted++;
      connection.kill();
    }
    this.isOver = false;
    if (this.#totalBytes <= this.#limitBytes) return;
    if (!this.#isExhausted) {
      this.#host.warning('Over client maxmemory after evicting all evictable clients');
    }
    this.#isExhausted = true;
  }
}

function isEvictable(connection: Connection): boolean {
  const { noEvict, type } = connection;
  return !noEvict && (type === 'normal' || type === 'pubsub');
}
