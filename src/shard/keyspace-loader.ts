/** Puts what files hold into a keyspace: entries of RDB files, effects of logs. */
import type { ViewedBytes } from '../base/bytes.ts';
import { hashBytes } from '../base/hash.ts';
import { buildCollection, collectionOf } from '../rdb/collections.ts';
import type { RdbReader, RdbVisitor } from '../rdb/rdb-reader.ts';
import type { CollectionValue } from '../rdb/values.ts';
import { changeAt, storeCollection } from '../store/collections.ts';
import { ABSENT, type Keyspace, NO_EXPIRY } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';
import { StringLoader } from '../store/loading.ts';
import { swapDatabases } from '../store/transfers.ts';
import type { Change } from '../types/change.ts';
import type { EffectVisitor } from '../wal/effects.ts';
import { EFFECT_RAW } from './effect-journal.ts';

const NO_BYTES = new Uint8Array(0);

/** Whether a key, `bytes[start, end)`, is one of those to be loaded. */
export type KeyFilter = (bytes: Uint8Array, start: number, end: number) => boolean;

/** What stands in an RDB file goes into `keyspace`; undefined `filter`: all of it. After the file, `end` must be called. */
export class DumpLoader implements RdbVisitor {
  keys = 0;
  /** Keys that were left out because their time had come. */
  expired = 0;
  readonly wants: RdbVisitor['wants'];
  /** What the file says of the use of the entry that is being told: its reader. Without it entries count as used now. */
  use: Pick<RdbReader, 'idleSeconds' | 'frequency'> | undefined = undefined;
  readonly #keyspace: Keyspace;
  /** What has expired before is left out; 0: nothing is. */
  readonly #expiresBefore: number;
  readonly #strings: StringLoader;
  #db = 0;

  constructor(keyspace: Keyspace, filter: KeyFilter | undefined, expiresBefore: number) {
    this.#keyspace = keyspace;
    this.#strings = new StringLoader(keyspace);
    this.#expiresBefore = expiresBefore;
    if (filter !== undefined) this.wants = filter;
  }

  /** All that was told is in the keyspace, also when the file could not be read to its end. */
  end(): void {
    this.#strings.flush();
  }

  database(db: number): void {
    const { length } = this.#keyspace.databases;
    if (db >= length) throw new Error(tooFewDatabases(db, length));
    this.#db = db;
  }

  string(
    key: ViewedBytes,
    keyStart: number,
    keyEnd: number,
    value: ViewedBytes,
    valueStart: number,
    valueEnd: number,
    expiresAt: number,
  ): void {
    if (this.#leavesOut(expiresAt)) return;
    const keyspace = this.#keyspace;
    const db = this.#db;
    const hash = hashBytes(key, keyStart, keyEnd, keyspace.seed);
    this.#strings.add(
      db,
      key,
      keyStart,
      keyEnd,
      hash,
      value,
      valueStart,
      valueEnd,
      expiresAt,
      this.#access(),
    );
  }

  value(key: ViewedBytes, keyStart: number, keyEnd: number, value: CollectionValue, expiresAt: number): void {
    const keyspace = this.#keyspace;
    const collection = buildCollection(value, keyspace.objects.limits);
    if (this.#leavesOut(expiresAt)) return;
    const hash = hashBytes(key, keyStart, keyEnd, keyspace.seed);
    storeCollection(keyspace, this.#db, key, keyStart, keyEnd, hash, collection, expiresAt);
    const access = this.#access();
    if (access >= 0) keyspace.setAccess(keyspace.peek(this.#db, key, keyStart, keyEnd, hash), access);
  }

  /** The access word by what the file says, where that is what the policy wants to know; otherwise -1. */
  #access(): number {
    const { use } = this;
    if (use === undefined) return -1;
    const { accessRule, countsUses } = this.#keyspace;
    const now = this.#keyspace.now();
    if (countsUses) return use.frequency < 0 ? -1 : accessRule.counting(use.frequency, now);
    return use.idleSeconds < 0 ? -1 : accessRule.idleFor(use.idleSeconds, now);
  }

  /** Whether an entry has expired long ago; counts it as what it is. */
  #leavesOut(expiresAt: number): boolean {
    const isExpired = expiresAt !== NO_EXPIRY && expiresAt < this.#expiresBefore;
    if (isExpired) this.expired++;
    else this.keys++;
    return isExpired;
  }
}

function tooFewDatabases(db: number, databases: number): string {
  return `it has keys in database ${db}, and there are ${databases} (option databases)`;
}

/** The effects of a log, one after the other. */
export class EffectLoader implements EffectVisitor {
  readonly #keyspace: Keyspace;
  readonly #filter: KeyFilter | undefined;

  constructor(keyspace: Keyspace, filter: KeyFilter | undefined) {
    this.#keyspace = keyspace;
    this.#filter = filter;
  }

  set(
    db: number,
    flags: number,
    expiresAt: number,
    bytes: ViewedBytes,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    if (!this.#wants(db, bytes, keyStart, keyEnd)) return;
    const keyspace = this.#keyspace;
    const hash = hashBytes(bytes, keyStart, keyEnd, keyspace.seed);
    const expiry = expiresAt === 0 ? NO_EXPIRY : expiresAt;
    keyspace.setString(db, bytes, keyStart, keyEnd, hash, bytes, valueStart, valueEnd, expiry);
    if ((flags & EFFECT_RAW) === 0) return;
    // Writing nothing behind its end leaves the value as it is, but as one that was changed in place.
    const ref = keyspace.peek(db, bytes, keyStart, keyEnd, hash);
    keyspace.writeRange(db, ref, hash, valueEnd - valueStart, NO_BYTES, 0, 0);
  }

  patch(
    db: number,
    valueLength: number,
    offset: number,
    bytes: ViewedBytes,
    keyStart: number,
    keyEnd: number,
    start: number,
    end: number,
  ): void {
    if (!this.#wants(db, bytes, keyStart, keyEnd)) return;
    const keyspace = this.#keyspace;
    const hash = hashBytes(bytes, keyStart, keyEnd, keyspace.seed);
    let ref = keyspace.peek(db, bytes, keyStart, keyEnd, hash);
    if (ref === ABSENT) {
      keyspace.setString(db, bytes, keyStart, keyEnd, hash, NO_BYTES, 0, 0, NO_EXPIRY);
      ref = keyspace.peek(db, bytes, keyStart, keyEnd, hash);
    }
    ref = keyspace.writeRange(db, ref, hash, offset, bytes, start, end);
    if (keyspace.valueLength(ref) < valueLength) {
      keyspace.writeRange(db, ref, hash, valueLength, NO_BYTES, 0, 0);
    }
  }

  store(
    db: number,
    expiresAt: number,
    bytes: ViewedBytes,
    keyStart: number,
    keyEnd: number,
    imageStart: number,
    imageEnd: number,
  ): void {
    if (!this.#wants(db, bytes, keyStart, keyEnd)) return;
    const keyspace = this.#keyspace;
    const hash = hashBytes(bytes, keyStart, keyEnd, keyspace.seed);
    const collection = collectionOf(bytes, imageStart, imageEnd, keyspace.objects.limits);
    const expiry = expiresAt === 0 ? NO_EXPIRY : expiresAt;
    storeCollection(keyspace, db, bytes, keyStart, keyEnd, hash, collection, expiry);
  }

  change(db: number, change: Change, bytes: ViewedBytes, keyStart: number, keyEnd: number): void {
    if (!this.#wants(db, bytes, keyStart, keyEnd)) return;
    const keyspace = this.#keyspace;
    const hash = hashBytes(bytes, keyStart, keyEnd, keyspace.seed);
    const ref = keyspace.peek(db, bytes, keyStart, keyEnd, hash);
    // Only after a repair can it be missing, or be something else: what the change was made to is lost.
    if (ref === ABSENT || keyspace.typeOf(ref) === TYPE_STRING) return;
    changeAt(keyspace, db, ref, hash, change);
  }

  expire(db: number, expiresAt: number, bytes: ViewedBytes, keyStart: number, keyEnd: number): void {
    if (!this.#wants(db, bytes, keyStart, keyEnd)) return;
    const keyspace = this.#keyspace;
    const hash = hashBytes(bytes, keyStart, keyEnd, keyspace.seed);
    const ref = keyspace.peek(db, bytes, keyStart, keyEnd, hash);
    if (ref !== ABSENT) keyspace.setExpiry(db, ref, hash, expiresAt === 0 ? NO_EXPIRY : expiresAt);
  }

  remove(db: number, bytes: ViewedBytes, keyStart: number, keyEnd: number): void {
    if (!this.#wants(db, bytes, keyStart, keyEnd)) return;
    const hash = hashBytes(bytes, keyStart, keyEnd, this.#keyspace.seed);
    this.#keyspace.delete(db, bytes, keyStart, keyEnd, hash);
  }

  flush(db: number): void {
    this.#check(db);
    this.#keyspace.flush(db);
  }

  swap(a: number, b: number): void {
    this.#check(Math.max(a, b));
    swapDatabases(this.#keyspace, a, b);
  }

  transaction(): void {
    // Whether it is whole was found out before.
  }

  #check(db: number): void {
    const { length } = this.#keyspace.databases;
    if (db >= length) throw new Error(`the log cannot be loaded: ${tooFewDatabases(db, length)}`);
  }

  #wants(db: number, bytes: Uint8Array, start: number, end: number): boolean {
    this.#check(db);
    return this.#filter === undefined || this.#filter(bytes, start, end);
  }
}
