import type { Change } from '../types/change.ts';

/**
 * Who is told of every change of a keyspace, in the order in which the changes happen: what a log is written from.
 *
 * A call says which entry, not which bytes: key and value of an entry lie behind one another in the arena, so that
 * whoever keeps them copies them once. It must copy during the call: the ref and its bytes may be gone at the next change.
 * The calls are made inside a change that has succeeded already: they must not throw, nor change the keyspace.
 *
 * Making the changes again in this order gives a keyspace of the same content: keys, types, values, expiries and raw
 * flags. What readers do to an entry (its access word) is no change, and neither is where it lies.
 */
export interface Journal {
  /**
   * After: the entry is new or was overwritten, and holds this value, all of it: expiry and raw flag as well, and all
   * that its collection holds.
   */
  stored(db: number, ref: number): void;
  /**
   * After: bytes [offset, end) of the value were written, and it is raw now. It may have grown, then a gap before
   * `offset` was filled with zero bytes. `offset` = `end`: no bytes were written.
   */
  patched(db: number, ref: number, offset: number, end: number): void;
  /**
   * After: the collection of the entry was changed, and is still there. The change is only valid during the call.
   */
  changed(db: number, ref: number, change: Change): void;
  /** After: the expiry was set, changed or removed. */
  expiryChanged(db: number, ref: number): void;
  /** Before the entry goes, because it was deleted or has expired; not when it is overwritten. */
  removed(db: number, ref: number): void;
  /** After: the database is empty. */
  flushed(db: number): void;
  /** After: the two databases, never the same, have changed places. */
  swapped(a: number, b: number): void;
}
