/**
 * Writes every change of a keyspace as an effect of the batch under way (see wal/effects.ts), and tells others who want to
 * know of changes.
 */
import { writeImageOf } from '../rdb/collections.ts';
import { PayloadWriter } from '../rdb/payload-writer.ts';
import type { Journal } from '../store/journal.ts';
import { type Keyspace, NO_EXPIRY } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';
import { PackedViewers } from '../store/packed-viewers.ts';
import type { Change } from '../types/change.ts';
import type { EffectBuffer } from '../wal/effects.ts';

/** Flag of a SET effect: the value was changed in place. */
export const EFFECT_RAW = 1;

/** Whoever begins and ends to listen at any time, also while a change is made. */
export interface Listener extends Journal {
  readonly isListening: boolean;
}

const NOBODY: Listener = {
  isListening: false,
  stored: () => {},
  patched: () => {},
  changed: () => {},
  expiryChanged: () => {},
  removed: () => {},
  flushed: () => {},
  swapped: () => {},
};

export class EffectJournal implements Journal {
  /** How many changes there have been, for `save` rules. */
  changes = 0;
  /** Where effects go; undefined: they are only counted. */
  effects: EffectBuffer | undefined;
  /** Are told of each change, as a journal is; an empty list costs a change one look at its length. */
  observers: readonly Journal[] = [];
  /** Is told of each change as well, while it listens. */
  listener: Listener = NOBODY;
  readonly #keyspace: Keyspace;
  readonly #image = new PayloadWriter(false);
  /** Not those of the command that makes the change. */
  readonly #viewers: PackedViewers;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
    this.#viewers = new PackedViewers(keyspace.objects.limits);
  }

  stored(db: number, ref: number): void {
    this.changes++;
    if (this.listener.isListening) this.listener.stored(db, ref);
    if (this.observers.length > 0) for (const each of this.observers) each.stored(db, ref);
    const { effects } = this;
    if (effects === undefined) return;
    const keyspace = this.#keyspace;
    if (keyspace.typeOf(ref) !== TYPE_STRING) {
      this.#storedCollection(effects, db, ref);
      return;
    }
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

  #storedCollection(effects: EffectBuffer, db: number, ref: number): void {
    const keyspace = this.#keyspace;
    const image = this.#image;
    writeImageOf(keyspace.collectionOf(ref, this.#viewers), image);
    effects.store(
      db,
      expiryOf(keyspace, ref),
      keyspace.bytesOf(ref),
      keyspace.keyStart(ref),
      keyspace.keyLength(ref),
      image.bytes,
      image.end,
    );
    image.clear();
  }

  changed(db: number, ref: number, change: Change): void {
    this.changes++;
    if (this.listener.isListening) this.listener.changed(db, ref, change);
    for (const each of this.observers) each.changed(db, ref, change);
    const { effects } = this;
    if (effects === undefined) return;
    const keyspace = this.#keyspace;
    effects.change(db, change, keyspace.bytesOf(ref), keyspace.keyStart(ref), keyspace.keyLength(ref));
  }

  patched(db: number, ref: number, offset: number, end: number): void {
    this.changes++;
    if (this.listener.isListening) this.listener.patched(db, ref, offset, end);
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
    if (this.listener.isListening) this.listener.expiryChanged(db, ref);
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
    if (this.listener.isListening) this.listener.removed(db, ref);
    if (this.observers.length > 0) for (const each of this.observers) each.removed(db, ref);
    const { effects } = this;
    if (effects === undefined) return;
    const keyspace = this.#keyspace;
    effects.remove(db, keyspace.bytesOf(ref), keyspace.keyStart(ref), keyspace.keyLength(ref));
  }

  flushed(db: number): void {
    this.changes++;
    if (this.listener.isListening) this.listener.flushed(db);
    for (const each of this.observers) each.flushed(db);
    this.effects?.flush(db);
  }

  swapped(a: number, b: number): void {
    this.changes++;
    if (this.listener.isListening) this.listener.swapped(a, b);
    for (const each of this.observers) each.swapped(a, b);
    this.effects?.swap(a, b);
  }
}

/** As effects have it: 0 is never. */
function expiryOf(keyspace: Keyspace, ref: number): number {
  const expiresAt = keyspace.expiry(ref);
  return expiresAt === NO_EXPIRY ? 0 : expiresAt;
}
