/**
 * Writes every change of a keyspace as an effect of the batch under way (see wal/effects.ts), and tells others who want to
 * know of changes.
 */
import type { Journal } from '../store/journal.ts';
import { type Keyspace, NO_EXPIRY } from '../store/keyspace.ts';
import type { EffectBuffer } from '../wal/effects.ts';

/** Flag of a SET effect: the value was changed in place. */
export const EFFECT_RAW = 1;

export class EffectJournal implements Journal {
  /** How many changes there have been, for `save` rules. */
  changes = 0;
  /** Where effects go; undefined: they are only counted. */
  effects: EffectBuffer | undefined;
  /** Are told of each change, as a journal is; an empty list costs a change one look at its length. */
  observers: readonly Journal[] = [];
  readonly #keyspace: Keyspace;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  stored(db: number, ref: number): void {
    this.changes++;
    if (this.observers.length > 0) for (const each of this.observers) each.stored(db, ref);
    const { effects } = this;
    if (effects === undefined) return;
    const keyspace = this.#keyspace;
    effects.set(
      db,
      keyspace.isRaw(ref) ? EFFECT_RAW : 0,
      expiryOf(keyspace, ref),
      keyspace.bytesOf(ref),
      keyspace.keyStart(ref),
      keyspace.keyLength(ref),
      keyspace.valueLength(ref),
    );
  }

  patched(db: number, ref: number, offset: number, end: number): void {
    this.changes++;
    if (this.observers.length > 0) for (const each of this.observers) each.patched(db, ref, offset, end);
    const { effects } = this;
    if (effects === undefined) return;
    const keyspace = this.#keyspace;
    effects.patch(
      db,
      keyspace.bytesOf(ref),
      keyspace.keyStart(ref),
      keyspace.keyLength(ref),
      keyspace.valueLength(ref),
      offset,
      end,
    );
  }

  expiryChanged(db: number, ref: number): void {
    this.changes++;
    if (this.observers.length > 0) for (const each of this.observers) each.expiryChanged(db, ref);
    const { effects } = this;
    if (effects === undefined) return;
    const keyspace = this.#keyspace;
    effects.expire(
      db,
      expiryOf(keyspace, ref),
      keyspace.bytesOf(ref),
      keyspace.keyStart(ref),
      keyspace.keyLength(ref),
    );
  }

  removed(db: number, ref: number): void {
    this.changes++;
    if (this.observers.length > 0) for (const each of this.observers) each.removed(db, ref);
    const { effects } = this;
    if (effects === undefined) return;
    const keyspace = this.#keyspace;
    effects.remove(db, keyspace.bytesOf(ref), keyspace.keyStart(ref), keyspace.keyLength(ref));
  }

  flushed(db: number): void {
    this.changes++;
    for (const each of this.observers) each.flushed(db);
    this.effects?.flush(db);
  }

  swapped(a: number, b: number): void {
    this.changes++;
    for (const each of this.observers) each.swapped(a, b);
    this.effects?.swap(a, b);
  }
}

/** As effects have it: 0 is never. */
function expiryOf(keyspace: Keyspace, ref: number): number {
  const expiresAt = keyspace.expiry(ref);
  return expiresAt === NO_EXPIRY ? 0 : expiresAt;
}
