/**
 * WATCH, as a shard knows it: which keys clients watch, and which clients' keys have changed since. As in Redis, any write to a
 * key counts, also one that leaves the value as it was; a key that is emptied away or swapped away counts only if it was there, or is now.
 */
import { latin1 } from '../base/bytes.ts';
import type { Journal } from '../store/journal.ts';
import type { Keyspace } from '../store/keyspace.ts';
import { ABSENT } from '../store/keyspace.ts';

interface Watch {
  readonly client: Watcher;
  readonly db: number;
  readonly key: Uint8Array;
  /** The key was there when it began to be watched. */
  readonly existed: boolean;
}

interface Watcher {
  readonly number: number;
  readonly watches: Watch[];
  hasChanged: boolean;
}

export class WatchedKeys implements Journal {
  readonly #keyspace: Keyspace;
  readonly #watchers = new Map<number, Watcher>();
  /** By database and key. */
  readonly #watches = new Map<string, Set<Watch>>();
  /** Told when there begin to be watched keys, and when there are none any more. */
  readonly #used: (isUsed: boolean) => void;

  constructor(keyspace: Keyspace, used: (isUsed: boolean) => void) {
    this.#keyspace = keyspace;
    this.#used = used;
  }

  /** How many clients watch keys here. */
  get watchers(): number {
    return this.#watchers.size;
  }

  /** From now on the client watches the key `bytes[start, end)`; twice is once. */
  add(client: number, db: number, bytes: Uint8Array, start: number, end: number): void {
    const ref = this.#peek(db, bytes, start, end);
    let watcher = this.#watchers.get(client);
    if (watcher === undefined) {
      watcher = { number: client, watches: [], hasChanged: false };
      this.#watchers.set(client, watcher);
      if (this.#watchers.size === 1) this.#used(true);
    }
    const name = nameOf(db, bytes, start, end);
    let watches = this.#watches.get(name);
    if (watches === undefined) {
      watches = new Set();
      this.#watches.set(name, watches);
    }
    for (const watch of watches) if (watch.client === watcher) return;
    const watch = { client: watcher, db, key: bytes.slice(start, end), existed: ref !== ABSENT };
    watches.add(watch);
    watcher.watches.push(watch);
  }

  /** The client watches nothing any more. Returns whether a key that it watched has changed. */
  remove(client: number): boolean {
    const watcher = this.#watchers.get(client);
    if (watcher === undefined) return false;
    // First, because it deletes what has expired, and that is a change.
    const hasChanged = this.#differs(watcher) || watcher.hasChanged;
    for (const watch of watcher.watches) {
      const name = nameOf(watch.db, watch.key, 0, watch.key.length);
      const watches = this.#watches.get(name)!;
      watches.delete(watch);
      if (watches.size === 0) this.#watches.delete(name);
    }
    this.#watchers.delete(client);
    if (this.#watchers.size === 0) this.#used(false);
    return hasChanged;
  }

  /** Whether a key has come or gone without a change of its own: its time was up, or its database has been swapped. */
  #differs({ watches }: Watcher): boolean {
    return watches.some(
      ({ db, key, existed }) => existed !== (this.#peek(db, key, 0, key.length) !== ABSENT),
    );
  }

  #peek(db: number, key: Uint8Array, start: number, end: number): number {
    const keyspace = this.#keyspace;
    const { countsLookups } = keyspace;
    keyspace.countsLookups = false;
    const ref = keyspace.peek(db, key, start, end, keyspace.hash(key, start, end));
    keyspace.countsLookups = countsLookups;
    return ref;
  }

  // What changes

  stored(db: number, ref: number): void {
    this.#changed(db, ref);
  }

  changed(db: number, ref: number): void {
    this.#changed(db, ref);
  }

  patched(db: number, ref: number): void {
    this.#changed(db, ref);
  }

  expiryChanged(db: number, ref: number): void {
    this.#changed(db, ref);
  }

  removed(db: number, ref: number): void {
    // To those who have never seen it nothing changes when a key goes because its time is up.
    this.#changed(db, ref, this.#keyspace.isExpired(ref));
  }

  flushed(db: number): void {
    this.#goneFrom(db);
  }

  swapped(a: number, b: number): void {
    this.#goneFrom(a);
    this.#goneFrom(b);
  }

  #changed(db: number, ref: number, hasExpired = false): void {
    const keyspace = this.#keyspace;
    const start = keyspace.keyStart(ref);
    const watches = this.#watches.get(
      nameOf(db, keyspace.bytesOf(ref), start, start + keyspace.keyLength(ref)),
    );
    if (watches === undefined) return;
    for (const { client, existed } of watches) if (existed || !hasExpired) client.hasChanged = true;
  }

  #goneFrom(db: number): void {
    for (const watches of this.#watches.values()) {
      for (const watch of watches) if (watch.db === db && watch.existed) watch.client.hasChanged = true;
    }
  }
}

function nameOf(db: number, bytes: Uint8Array, start: number, end: number): string {
  return `${db}:${latin1(bytes, start, end)}`;
}
