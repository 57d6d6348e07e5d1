/**
 * The steps that every change of a keyspace is made of, between KeyspaceMemory, which reads, and Keyspace, which
 * changes: making an entry, linking it, putting it in the place of another, deleting it.
 *
 * Here, and where Keyspace changes an entry in place, two others are told. Each costs a change one branch when nobody listens:
 *
 * - a snapshot under way (snapshot.ts), *before* an entry changes: it may have to write the entry as it was;
 * - the journal (journal.ts), *after* the change, of an entry that goes before.
 */
import { copyBytes } from '../base/bytes.ts';
import { ACCESS_CLOCK } from './access.ts';
import type { Database } from './database.ts';
import { isObject } from './entries.ts';
import { KeyspaceMemory, NO_EXPIRY } from './keyspace-memory.ts';
import { FLAG_EXPIRY, OutOfMemory, TYPE_MASK, unitsFor } from './layout.ts';

export const KEEP_EXPIRY = -2;

export abstract class KeyspaceSteps extends KeyspaceMemory {
  /** Units of the block that `allocateBetween` found. */
  protected granted = 0;

  /** The expiry that an overwritten entry gets. */
  protected resolveExpiry(ref: number, expiresAt: number): number {
    if (expiresAt !== KEEP_EXPIRY) return expiresAt;
    return ref === 0 ? NO_EXPIRY : this.expiry(ref);
  }

  /** Makes room in the indexes and writes an entry that is not linked yet, without its value's bytes. */
  insert(
    db: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    hash: number,
    type: number,
    payload: number,
    valueLength: number,
    expiresAt: number,
  ): number {
    const database = this.databases[db]!;
    const entries = this.entries;
    const hasExpiry = expiresAt >= 0;
    database.openIndex().reserve(hash);
    if (hasExpiry) database.openExpires().reserve(hash);
    const keyLength = keyEnd - keyStart;
    const ref = this.arena.allocate(unitsFor(keyLength + valueLength, hasExpiry));
    entries.setWord(ref, 0, keyLength);
    entries.setWord(ref, 1, payload);
    const flags = (hasExpiry ? type | FLAG_EXPIRY : type) | this.snapshotParity;
    entries.setWord(ref, 2, this.accessRule.fresh(this.options.now()) | (flags << 24));
    if (hasExpiry) entries.setExpiry(ref, expiresAt);
    copyBytes(key, keyStart, keyEnd, entries.bytesOf(ref), entries.keyStart(ref));
    return ref;
  }

  /** Makes a new entry, whose value is written, visible. Room was reserved. */
  link(db: number, hash: number, ref: number): void {
    const database = this.databases[db]!;
    const hasExpiry = this.entries.hasExpiry(ref);
    if (hasExpiry) database.expires!.insert(hash, ref);
    if (this.entries.hasObject(ref)) database.objects++;
    this.stripes.begin(hash);
    database.index!.insert(hash, ref);
    this.stripes.end(hash);
    const { arrivals } = this;
    if (arrivals !== undefined && (hasExpiry || !arrivals.isVolatile)) arrivals.arrived(hash);
    if (this.journal !== undefined) this.journal.stored(db, ref);
    if (this.onCreated !== undefined) this.onCreated(db, ref);
  }

  /** Lets an entry's slot lead to its new block, and frees the old one, of `units`. */
  relink(db: number, hash: number, ref: number, target: number, units: number): void {
    const database = this.databases[db]!;
    if (this.entries.hasExpiry(ref) && this.entries.hasExpiry(target)) {
      database.expires!.replace(hash, ref, target);
    }
    this.stripes.begin(hash);
    database.index!.replace(hash, ref, target);
    this.stripes.end(hash);
    this.release(ref, units);
  }

  /** Puts a new entry of the same key in the place of an old one. Room for its expiry was reserved. */
  protected supersede(db: number, hash: number, ref: number, created: number): void {
    if (this.snapshot !== undefined) this.preserve(db, ref, hash);
    const { entries } = this;
    const database = this.databases[db]!;
    const had = entries.hasExpiry(ref);
    const hasExpiry = entries.hasExpiry(created);
    const flags = entries.flags(ref);
    const object = entries.word(ref, 1);
    this.inheritAccess(ref, created);
    if (entries.hasObject(created)) database.objects++;
    if (had && !hasExpiry) this.forgetExpiry(database, hash, ref);
    this.relink(db, hash, ref, created, entries.blockUnits(ref));
    if (!had && hasExpiry) this.noteExpiry(database, hash, created);
    if (isObject(flags)) this.freeObject(database, object, flags & TYPE_MASK);
    if (this.journal !== undefined) this.journal.stored(db, created);
  }

  /** Makes a new entry, whose value is written, visible, in the place of `old` unless that is 0, and returns it. */
  protected place(db: number, hash: number, old: number, created: number): number {
    if (old === 0) this.link(db, hash, created);
    else this.supersede(db, hash, old, created);
    return created;
  }

  /** As `supersede`, by a string that is in the index of expiries already where it has one. */
  replaceByLoaded(db: number, hash: number, ref: number, created: number): void {
    if (this.snapshot !== undefined) this.preserve(db, ref, hash);
    const { entries } = this;
    const database = this.databases[db]!;
    const flags = entries.flags(ref);
    const object = entries.word(ref, 1);
    if (entries.hasExpiry(ref)) this.forgetExpiry(database, hash, ref);
    this.stripes.begin(hash);
    database.index!.replace(hash, ref, created);
    this.stripes.end(hash);
    this.release(ref, entries.blockUnits(ref));
    if (isObject(flags)) this.freeObject(database, object, flags & TYPE_MASK);
    if (this.journal !== undefined) this.journal.stored(db, created);
  }

  /** An entry is put in the place of another one of the same key: what was known of its use stays. */
  protected inheritAccess(ref: number, created: number): void {
    if (!this.touching) this.setAccess(created, this.access(ref));
    else if (this.accessRule.kind !== ACCESS_CLOCK) {
      this.setAccess(created, this.accessRule.used(this.access(ref), this.options.now()));
    }
  }

  /** An entry that was there before has an expiry from now on. Room was reserved. */
  protected noteExpiry(database: Database, hash: number, ref: number): void {
    database.expires!.insert(hash, ref);
    if (this.arrivals?.isVolatile === true) this.arrivals.arrived(hash);
  }

  protected forgetExpiry(database: Database, hash: number, ref: number): void {
    database.expires!.remove(hash, ref);
    database.expires!.tidy(hash);
  }

  /** Writes an entry's flags, and a use into its access word. */
  protected refresh(ref: number, flags: number): void {
    const before = this.access(ref);
    const access = this.touching ? this.accessRule.used(before, this.options.now()) : before;
    this.entries.setWord(ref, 2, access | (flags << 24));
  }

  /** A block of `wanted` units, or of `needed` when there is no memory for more; `granted` says which. */
  protected allocateBetween(needed: number, wanted: number): number {
    try {
      this.granted = wanted;
      return this.arena.allocate(wanted);
    } catch (error) {
      if (!(error instanceof OutOfMemory)) throw error;
      this.granted = needed;
      return this.arena.allocate(needed);
    }
  }

  protected freeObject(database: Database, object: number, type: number): void {
    database.objects--;
    this.objects.remove(object);
    this.options.onObjectFreed?.(object, type);
  }

  /** Deletes an entry. */
  deleteEntry(db: number, ref: number, hash: number): void {
    hash |= 0;
    if (this.snapshot !== undefined) this.preserve(db, ref, hash);
    if (this.journal !== undefined) this.journal.removed(db, ref);
    const { entries } = this;
    const database = this.databases[db]!;
    const units = entries.blockUnits(ref);
    if (entries.hasExpiry(ref)) this.forgetExpiry(database, hash, ref);
    if (entries.hasObject(ref)) this.freeObject(database, entries.word(ref, 1), entries.typeOf(ref));
    this.stripes.begin(hash);
    database.index!.remove(hash, ref);
    this.stripes.end(hash);
    this.release(ref, units);
    database.index!.tidy(hash);
  }

  /** Deletes an entry because its time has come. */
  override expireEntry(db: number, ref: number, hash: number): void {
    this.statistics.expired++;
    this.options.onExpired?.(db, ref, hash);
    this.deleteEntry(db, ref, hash);
  }
}
