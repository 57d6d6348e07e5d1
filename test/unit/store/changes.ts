/** Random changes of a keyspace, through every way there is to change one, and what it holds as plain values. */
import fc from 'fast-check';
import { ABSENT, type Keyspace } from '../../../src/store/keyspace.ts';
import { TYPE_HASH, TYPE_STRING } from '../../../src/store/layout.ts';
import { createRange } from '../../../src/store/ranges.ts';
import { moveEntry, swapDatabases } from '../../../src/store/transfers.ts';
import { forEachEntry } from '../../../src/store/walks.ts';
import { KEEP_EXPIRY, NO_EXPIRY, pattern, type TestKeyspace } from './harness.ts';

export const DATABASES = 3;
const KEYS = 16;

/** Extents are 64 KB in these tests, so that the larger sizes have extents of their own. */
const size = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 60 }) },
  { weight: 3, arbitrary: fc.integer({ min: 60, max: 2_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 2_000, max: 60_000 }) },
);
/** What is done, and how often beside the others. */
const WEIGHTS = {
  set: 8,
  count: 2,
  write: 3,
  append: 3,
  edit: 2,
  expire: 3,
  persist: 2,
  delete: 3,
  find: 2,
  object: 1,
  move: 2,
  swap: 1,
  wait: 1,
  cycle: 1,
  scan: 1,
  compact: 3,
};

export interface Change {
  do: keyof typeof WEIGHTS | 'flush' | 'flushAll';
  db: number;
  key: number;
  size: number;
  offset: number;
  /** 0: none. */
  ttl: number;
  keep: boolean;
  /** The other database. */
  to: number;
  ms: number;
}

function changeOf(kind: fc.Arbitrary<Change['do']>): fc.Arbitrary<Change> {
  return fc.record({
    do: kind,
    db: fc.integer({ min: 0, max: DATABASES - 1 }),
    key: fc.integer({ min: 0, max: KEYS - 1 }),
    size,
    offset: fc.integer({ min: 0, max: 3_000 }),
    ttl: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 500 })),
    keep: fc.boolean(),
    to: fc.integer({ min: 0, max: DATABASES - 1 }),
    ms: fc.integer({ min: 1, max: 300 }),
  });
}

/** One change, at one of a few keys in one of three databases. */
export const change = changeOf(
  fc.oneof(
    ...Object.entries(WEIGHTS).map(([kind, weight]) => ({
      weight,
      arbitrary: fc.constant(kind as keyof typeof WEIGHTS),
    })),
  ),
);

export const emptying = changeOf(fc.constantFrom('flush', 'flush', 'flush', 'flushAll'));

export class Changes {
  readonly #test: TestKeyspace;
  #made = 0;

  constructor(test: TestKeyspace) {
    this.#test = test;
  }

  make(change: Change): void {
    const test = this.#test;
    const { keyspace } = test;
    const { db } = change;
    const name = `key:${change.key}${'-'.repeat((change.key % 4) * 30)}`;
    const key = new TextEncoder().encode(name);
    const hash = test.hash(name);
    const ref = keyspace.peek(db, key, 0, key.length, hash);
    const isString = ref !== ABSENT && keyspace.typeOf(ref) === TYPE_STRING;
    this.#made++;
    switch (change.do) {
      case 'set': {
        const expiresAt = change.keep ? KEEP_EXPIRY : this.#expiry(change.ttl);
        test.set(name, pattern(change.size, this.#made), expiresAt, db);
        break;
      }
      case 'count':
        if (isString) keyspace.writeInPlace(db, ref, hash, pattern(4, this.#made), 0, 4, KEEP_EXPIRY);
        break;
      case 'write':
        if (isString) test.write(name, change.offset, pattern(change.size, this.#made), db);
        break;
      case 'append':
        if (isString) test.write(name, keyspace.valueLength(ref), pattern(change.size, this.#made), db);
        break;
      case 'edit':
        this.#edit(db, key, change.offset);
        break;
      case 'expire':
        if (ref !== ABSENT) keyspace.setExpiry(db, ref, hash, test.nowMs + change.ttl);
        break;
      case 'persist':
        if (ref !== ABSENT) keyspace.setExpiry(db, ref, hash, NO_EXPIRY);
        break;
      case 'delete':
        test.delete(name, db);
        break;
      case 'find':
        test.ref(name, db);
        break;
      case 'object':
        keyspace.setObject(db, key, 0, key.length, hash, TYPE_HASH, this.#made, this.#expiry(change.ttl));
        break;
      case 'move':
        this.#move(db, change.to, name);
        break;
      case 'swap':
        swapDatabases(keyspace, db, change.to);
        break;
      case 'wait':
        test.nowMs += change.ms;
        break;
      case 'cycle':
        keyspace.expireCycle(1000);
        break;
      case 'scan':
        keyspace.scan(db, 0, 10, () => {});
        break;
      case 'compact':
        keyspace.compact(0);
        break;
      case 'flush':
        keyspace.flush(db);
        break;
      case 'flushAll':
        keyspace.flushAll();
        break;
    }
  }

  #expiry(ttl: number): number {
    return ttl === 0 ? NO_EXPIRY : this.#test.nowMs + ttl;
  }

  #edit(db: number, key: Uint8Array, length: number): void {
    const { keyspace } = this.#test;
    const hash = keyspace.hash(key, 0, key.length);
    const ref = keyspace.peek(db, key, 0, key.length, hash);
    const edit = (bytes: Uint8Array, valueStart: number) => {
      for (let i = 0; i < length; i += 7) bytes[valueStart + i] = this.#made;
    };
    if (ref === ABSENT) createRange(keyspace, db, key, 0, key.length, hash, length, edit);
    else if (keyspace.typeOf(ref) === TYPE_STRING) {
      keyspace.writeRange(db, ref, hash, length, key, 0, 0, edit);
    }
  }

  #move(from: number, to: number, name: string): void {
    const ref = this.#test.ref(name, from);
    if (from === to || ref === ABSENT || this.#test.ref(name, to) !== ABSENT) return;
    moveEntry(this.#test.keyspace, from, to, ref, this.#test.hash(name));
  }
}

/** One entry as text: type, expiry, raw flag, and the value's bytes or the collection's number. */
export function describeEntry(keyspace: Keyspace, ref: number, value?: Uint8Array): string {
  const isString = keyspace.typeOf(ref) === TYPE_STRING;
  const start = keyspace.valueStart(ref);
  const bytes = isString
    ? (value ?? keyspace.bytesOf(ref).slice(start, start + keyspace.valueLength(ref)))
    : '';
  const content = isString ? Buffer.from(bytes).toString('latin1') : String(keyspace.objectOf(ref));
  return `${keyspace.typeOf(ref)} ${keyspace.expiry(ref)} ${keyspace.isRaw(ref)} ${content}`;
}

export function nameOf(keyspace: Keyspace, db: number, ref: number): string {
  const start = keyspace.keyStart(ref);
  const key = keyspace.bytesOf(ref).slice(start, start + keyspace.keyLength(ref));
  return `${db}/${Buffer.from(key).toString('latin1')}`;
}

/** All entries, those that have expired as well, by database and key. Changes nothing. */
export function contentOf(keyspace: Keyspace): Map<string, string> {
  const content = new Map<string, string>();
  keyspace.databases.forEach((database, db) => {
    if (database.index === undefined) return;
    forEachEntry(database.index, (ref) => {
      content.set(nameOf(keyspace, db, ref), describeEntry(keyspace, ref));
    });
  });
  return content;
}
