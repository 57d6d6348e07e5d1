/** The clients that wait for keys of a shard: who they are, and for each key in which order they came. */
import { latin1 } from '../base/bytes.ts';
import type { Arguments } from '../protocol/arguments.ts';

/** A client that waits, and its command. */
export interface Waiter {
  /** See ring/claims.ts. */
  readonly ticket: number;
  /** The number of its command. */
  readonly id: number;
  readonly db: number;
  readonly resp: 2 | 3;
  /** The command's words, without its name. */
  readonly args: Arguments;
  /** The type of value that it waits for. */
  readonly type: number;
  /** It also looks again when a key goes, or gets a value of another type. */
  readonly needsKeys: boolean;
  /** What it does when there is something concerns keys of other shards. */
  readonly isSpread: boolean;
  /** One for each of its keys on this shard. */
  readonly queues: WaitQueue[];
  /** The acceptor has been asked to have the command run with all its shards. Until then nobody overtakes it. */
  isAway: boolean;
}

/** A key that clients wait for. */
export interface WaitQueue {
  readonly db: number;
  readonly key: Uint8Array;
  readonly hash: number;
  /** First come, first served. */
  readonly waiters: Set<Waiter>;
  /** Is to be looked at when the command under way has ended. */
  isReady: boolean;
}

export class WaitingClients {
  readonly #byTicket = new Map<number, Waiter>();
  /** By database, then by key. */
  readonly #queues: Map<string, WaitQueue>[] = [];

  get count(): number {
    return this.#byTicket.size;
  }

  find(ticket: number): Waiter | undefined {
    return this.#byTicket.get(ticket);
  }

  /** Lets a client wait, from now on, for one more key; the same one twice is the same as once. */
  add(waiter: Waiter, key: Uint8Array, hash: number): void {
    this.#byTicket.set(waiter.ticket, waiter);
    const { db } = waiter;
    this.#queues[db] ??= new Map();
    const queues = this.#queues[db];
    const name = latin1(key, 0, key.length);
    let queue = queues.get(name);
    if (queue === undefined) {
      queue = { db, key, hash, waiters: new Set(), isReady: false };
      queues.set(name, queue);
    }
    if (queue.waiters.has(waiter)) return;
    queue.waiters.add(waiter);
    waiter.queues.push(queue);
  }

  /** The client waits no more. */
  remove(waiter: Waiter): void {
    this.#byTicket.delete(waiter.ticket);
    for (const queue of waiter.queues) {
      queue.waiters.delete(waiter);
      if (queue.waiters.size === 0) {
        this.#queues[queue.db]!.delete(latin1(queue.key, 0, queue.key.length));
      }
    }
  }

  /** Who waits for the key `bytes[start, end)`. */
  queueOf(db: number, bytes: Uint8Array, start: number, end: number): WaitQueue | undefined {
    const queues = this.#queues[db];
    return queues === undefined || queues.size === 0 ? undefined : queues.get(latin1(bytes, start, end));
  }

  queuesOf(db: number): Iterable<WaitQueue> {
    return this.#queues[db]?.values() ?? [];
  }
}
