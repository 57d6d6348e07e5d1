/** Reading and writing the fields of an entry by its ref: the owner's side of layout.ts. */
import type { Arena } from './arena.ts';
import {
  ACCESS_MASK,
  EXPIRY_BYTES,
  EXTENT_SHIFT,
  FLAG_EXPIRY,
  FLAG_PACKED,
  FLAG_SLACK,
  FLAG_SNAPSHOT,
  HEADER_BYTES,
  LENGTH_MASK,
  TYPE_MASK,
  TYPE_STRING,
  UNIT_BYTES,
  UNIT_MASK,
  unitsFor,
} from './layout.ts';

/** Offset of the type and the flags in an entry. */
const FLAGS_BYTE = 11;
const HIGH = 4294967296;

/** What the flags of an entry say of whether it stands for a collection on the heap. */
export function isObject(flags: number): boolean {
  return (flags & TYPE_MASK) !== TYPE_STRING && (flags & FLAG_PACKED) === 0;
}

export class Entries {
  readonly arena: Arena;
  readonly words: Int32Array[];
  readonly bytes: Uint8Array[];

  constructor(arena: Arena) {
    this.arena = arena;
    this.words = arena.words;
    this.bytes = arena.bytes;
  }

  /** Word `offset` of the entry. */
  word(ref: number, offset: number): number {
    return this.words[ref >>> EXTENT_SHIFT]![((ref & UNIT_MASK) << 1) + offset]!;
  }

  setWord(ref: number, offset: number, value: number): void {
    this.words[ref >>> EXTENT_SHIFT]![((ref & UNIT_MASK) << 1) + offset] = value;
  }

  flags(ref: number): number {
    return this.word(ref, 2) >>> 24;
  }

  setFlags(ref: number, flags: number): void {
    this.setWord(ref, 2, (this.word(ref, 2) & ACCESS_MASK) | (flags << 24));
  }

  /** Changes nothing but the byte of the flags: readers may be writing the access bytes beside it. */
  turnSnapshotFlag(ref: number): void {
    const bytes = this.bytes[ref >>> EXTENT_SHIFT]!;
    const at = (ref & UNIT_MASK) * UNIT_BYTES + FLAGS_BYTE;
    bytes[at] = bytes[at]! ^ FLAG_SNAPSHOT;
  }

  typeOf(ref: number): number {
    return this.flags(ref) & TYPE_MASK;
  }

  /** Whether it stands for a collection on the heap, whose number is in word 1; otherwise the value's bytes are in the entry. */
  hasObject(ref: number): boolean {
    return isObject(this.flags(ref));
  }

  hasExpiry(ref: number): boolean {
    return (this.flags(ref) & FLAG_EXPIRY) !== 0;
  }

  keyLength(ref: number): number {
    return this.word(ref, 0) & LENGTH_MASK;
  }

  /** Bytes of the key and of the value behind it; a collection on the heap has no value bytes. */
  contentLength(ref: number): number {
    return this.keyLength(ref) + (this.hasObject(ref) ? 0 : this.word(ref, 1));
  }

  keyStart(ref: number): number {
    const start = (ref & UNIT_MASK) * UNIT_BYTES + HEADER_BYTES;
    return this.hasExpiry(ref) ? start + EXPIRY_BYTES : start;
  }

  bytesOf(ref: number): Uint8Array {
    return this.bytes[ref >>> EXTENT_SHIFT]!;
  }

  /** Only of an entry that has one. */
  expiry(ref: number): number {
    return (this.word(ref, 3) >>> 0) + this.word(ref, 4) * HIGH;
  }

  setExpiry(ref: number, expiresAt: number): void {
    // ToInt32 takes the value modulo 2^32, which is the low word.
    this.setWord(ref, 3, expiresAt | 0);
    this.setWord(ref, 4, Math.floor(expiresAt / HIGH));
  }

  /** Units of the block without slack. */
  neededUnits(ref: number): number {
    return unitsFor(this.contentLength(ref), this.hasExpiry(ref));
  }

  blockUnits(ref: number): number {
    const needed = this.neededUnits(ref);
    return (this.flags(ref) & FLAG_SLACK) === 0 ? needed : needed + this.word(ref, needed << 1);
  }

  /**
   * Ends a change in place: the block has `have` units, header and lengths are written already. What is too much is
   * noted as slack, or cut off and freed.
   */
  settle(ref: number, have: number, keepSlack: boolean): void {
    const needed = this.neededUnits(ref);
    const rest = have - needed;
    const flags = this.flags(ref);
    if (rest > 0 && (keepSlack || this.arena.isDedicated(ref))) {
      this.setFlags(ref, flags | FLAG_SLACK);
      this.setWord(ref, needed << 1, rest);
      return;
    }
    if ((flags & FLAG_SLACK) !== 0) this.setFlags(ref, flags & ~FLAG_SLACK);
    if (rest > 0) this.arena.shrink(ref, have, needed);
  }
}
