/** Writes every change of a keyspace as an effect of the batch under way (see wal/effects.ts). */
import type { Journal } from '../store/journal.ts';
import { type Keyspace, NO_EXPIRY } from '../store/keyspace.ts';
import type { EffectBuffer } from '../wal/effects.ts';

export class EffectJournal implements Journal {
  /** How many changes there have been, for `save` rules. */
  changes = 0;
  /** Where effects go; undefined: they are only counted. */
  effects: EffectBuffer | undefined;
  readonly #keyspace: Keyspace;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  stored(db: number, ref: number): void {
    this.changes++;
    const { effects } = this;
    if (effects === undefined) return;
    const keyspace = this.#keyspace;
    effects.set(
      db,
      keyspace.isRaw(ref),
      keyspace.expiry(ref),
      keyspace.bytesOf(ref),
      keyspace.keyStart(ref),
      keyspace.keyLength(ref),
      keyspace.valueLength(ref),
    );
  }

  patched(db: number, ref: number, offset: number, end: number): void {
    this.changes++;
    const { effects } = this;
    if (effects === undefined) return;
    const keyspace = this.#keyspace;
    const bytes = keyspace.bytesOf(ref);
    const keyStart = keyspace.keyStart(ref);
    const valueStart = keyspace.valueStart(ref);
    effects.patch(
      db,
      bytes,
      keyStart,
      keyStart + keyspace.keyLength(ref),
      offset,
      keyspace.valueLength(ref),
      valueStart + offset,
      valueStart + end,
    );
  }

  expiryChanged(db: number, ref: number): void {
    this.changes++;
    const { effects } = this;
    if (effects === undefined) return;
    const keyspace = this.#keyspace;
    const keyStart = keyspace.keyStart(ref);
    const keyEnd = keyStart + keyspace.keyLength(ref);
    const expiresAt = keyspace.expiry(ref);
    effects.expire(
      db,
      keyspace.bytesOf(ref),
      keyStart,
      keyEnd,
      expiresAt === NO_EXPIRY ? undefined : expiresAt,
    );
  }

  removed(db: number, ref: number): void {
    this.changes++;
    const { effects } = this;
    if (effects === undefined) return;
    const keyspace = this.#keyspace;
    const keyStart = keyspace.keyStart(ref);
    effects.remove(db, keyspace.bytesOf(ref), keyStart, keyStart + keyspace.keyLength(ref));
  }

  flushed(db: number): void {
    this.changes++;
    this.effects?.flush(db);
  }

  swapped(a: number, b: number): void {
    this.changes++;
    this.effects?.swap(a, b);
  }
}
