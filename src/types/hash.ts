/**
 * A hash: fields with values. Small ones are packed, pairs behind one another (packed-pairs.ts); larger ones are a table in pages
 * (page-table.ts).
 *
 * Fields may expire. A hash that has ever had such a field keeps their moments beside it (field-expiries.ts), and does not lie in its
 * key's entry any more, though its pairs may stay packed; other hashes have nothing of that. What to do about fields whose moment
 * has come is the owner's business: here they are fields like others.
 *
 * One field is the *current* one: that which was found or chosen last, or is being visited, until the next call of anything here.
 */
import type { Packable } from './collection.ts';
import { FieldExpiries, NEVER_EXPIRES } from './field-expiries.ts';
import type { HashLimits } from './hash-limits.ts';
import { EntryReader } from './listpack-entry.ts';
import { PackedPairs } from './packed-pairs.ts';
import { PageTable } from './page-table.ts';
import { TYPE_HASH } from './value-types.ts';

const NONE = -1;
/** Where a field is has not been found out. */
const UNKNOWN = -2;
/** What the object takes, with that of its pairs. */
const HASH_BYTES = 152;
const TABLE_SHAPE = { fixedBytes: 0, hasValues: true };

const fieldReader = new EntryReader();
const valueReader = new EntryReader();

export class Hash implements Packable {
  readonly type = TYPE_HASH;
  readonly #limits: HashLimits;
  /** While it has no table. */
  readonly #pairs = new PackedPairs();
  #table: PageTable | undefined = undefined;
  #expiries: FieldExpiries | undefined = undefined;
  /** The current field of packed pairs. */
  #at = 0;
  /** Where the field is that `overwrite` has looked for, for the `set` that follows. */
  #found = UNKNOWN;

  constructor(limits: HashLimits) {
    this.#limits = limits;
  }

  get isPacked(): boolean {
    return this.#table === undefined && this.#expiries === undefined;
  }

  get bytes(): Uint8Array {
    return this.#pairs.bytes;
  }

  get start(): number {
    return this.#pairs.start;
  }

  get end(): number {
    return this.#pairs.end;
  }

  view(bytes: Uint8Array, start: number, end: number): void {
    this.#pairs.view(bytes, start, end);
    this.#found = UNKNOWN;
  }

  get length(): number {
    return this.#table === undefined ? this.#pairs.count : this.#table.length;
  }

  get memoryBytes(): number {
    const content = this.#table === undefined ? this.#pairs.ownBytes : this.#table.memoryBytes;
    return HASH_BYTES + content + (this.#expiries?.memoryBytes ?? 0);
  }

  /** What Redis calls its form. */
  get encoding(): 'listpack' | 'listpackex' | 'hashtable' {
    if (this.#table !== undefined) return 'hashtable';
    return this.#expiries === undefined ? 'listpack' : 'listpackex';
  }

  dispose(): void {
    this.#table?.dispose();
  }

  // ---------------------------------------------------------------- reading

  /** Makes the field `source[start, end)` the current one; false when there is none. */
  find(source: Uint8Array, start: number, end: number): boolean {
    if (this.#table !== undefined) return this.#table.find(source, start, end);
    this.#at = this.#pairs.find(source, start, end);
    return this.#at !== NONE;
  }

  /** Makes any field the current one, each with the same probability; false when there is none. */
  random(): boolean {
    if (this.#table !== undefined) return this.#table.random();
    const pairs = this.#pairs;
    let at = pairs.first;
    for (let skip = Math.floor(Math.random() * pairs.count); skip > 0; skip--) at = pairs.next(at);
    this.#at = at;
    return pairs.count > 0;
  }

  /** Reads the name of the current field. */
  readField(into: EntryReader): void {
    const table = this.#table;
    if (table !== undefined) into.read(table.bytes, table.nameAt);
    else into.read(this.#pairs.bytes, this.#at);
  }

  /** Reads the value of the current field. */
  readValue(into: EntryReader): void {
    const table = this.#table;
    if (table !== undefined) into.read(table.bytes, table.valueAt);
    else into.read(this.#pairs.bytes, this.#pairs.valueOf(this.#at));
  }

  /** Makes all fields the current one, one after the other. `visit` must only read it. */
  forEach(visit: () => void): void {
    if (this.#table !== undefined) this.#table.forEach(visit);
    else this.#forEachPair(visit);
  }

  /**
   * Makes about `count` fields from `cursor` (0 at first) on the current one, packed ones all, and returns the next cursor, 0 at the
   * end; with the guarantees of SCAN.
   */
  scan(cursor: number, count: number, visit: () => void): number {
    if (this.#table !== undefined) return this.#table.scan(cursor, count, visit);
    this.#forEachPair(visit);
    return 0;
  }

  #forEachPair(visit: () => void): void {
    const pairs = this.#pairs;
    for (let at = pairs.first; at < pairs.end; at = pairs.next(at)) {
      this.#at = at;
      visit();
    }
  }

  // ---------------------------------------------------------------- changing

  /** Gives a field a value. True: the field is new. A field that expires still does. */
  set(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    if (this.#table === undefined) {
      const { valueBytes, entries } = this.#limits;
      const pairs = this.#pairs;
      if (fieldEnd - fieldStart <= valueBytes && valueEnd - valueStart <= valueBytes) {
        const at = this.#found === UNKNOWN ? pairs.find(field, fieldStart, fieldEnd) : this.#found;
        this.#found = UNKNOWN;
        if (at !== NONE) {
          pairs.replace(at, value, valueStart, valueEnd);
          return false;
        }
        if (pairs.count < entries) {
          pairs.append(value, valueStart, valueEnd);
          return true;
        }
      }
      this.#found = UNKNOWN;
      this.#table = this.#toTable();
    }
    return this.#table.set(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
  }

  /**
   * Gives a field of a packed hash another value of the same size, by writing into the very bytes that it looks at. False: nothing is
   * done, and the next call must be `set` with the same words, or `view`.
   */
  overwrite(
    bytes: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const pairs = this.#pairs;
    this.#found = pairs.find(bytes, fieldStart, fieldEnd);
    if (this.#found === NONE || valueEnd - valueStart > this.#limits.valueBytes) return false;
    if (!pairs.overwrite(this.#found, bytes, valueStart, valueEnd)) return false;
    this.#found = UNKNOWN;
    return true;
  }

  /** Removes a field; false when there is none. */
  remove(source: Uint8Array, start: number, end: number): boolean {
    if (this.#table !== undefined) {
      if (!this.#table.delete(source, start, end)) return false;
    } else {
      const at = this.#pairs.find(source, start, end);
      if (at === NONE) return false;
      this.#pairs.remove(at);
    }
    this.#expiries?.remove(source, start, end);
    return true;
  }

  #toTable(): PageTable {
    const table = new PageTable(TABLE_SHAPE);
    this.#forEachPair(() => {
      this.readField(fieldReader);
      this.readValue(valueReader);
      fieldReader.asBytes();
      valueReader.asBytes();
      const { bytes, start, end } = fieldReader;
      table.set(bytes, start, end, valueReader.bytes, valueReader.start, valueReader.end);
    });
    this.#pairs.drop();
    return table;
  }

  // ---------------------------------------------------------------- expiries

  /** Whether there are fields that expire. */
  get hasExpiries(): boolean {
    return this.#expiries !== undefined && this.#expiries.count > 0;
  }

  /** The first moment at which a field expires, ms since 1970; Infinity when none does. */
  get firstExpiry(): number {
    return this.#expiries === undefined ? Infinity : this.#expiries.first;
  }

  /** Whether the moment of a field was before `now`. */
  hasExpired(now: number): boolean {
    return this.#expiries !== undefined && this.#expiries.first < now;
  }

  /** At most `most` of the fields whose moment was before `now`, the first ones first. */
  expiredFields(now: number, most: number): Uint8Array[] {
    return this.#expiries?.before(now, most) ?? [];
  }

  /** The moment of the field `source[start, end)`, or NEVER_EXPIRES. */
  expiryOf(source: Uint8Array, start: number, end: number): number {
    return this.#expiries?.of(source, start, end) ?? NEVER_EXPIRES;
  }

  /** The field, which is there, expires at `moment`, ms since 1970. */
  setExpiry(source: Uint8Array, start: number, end: number, moment: number): void {
    if (this.#expiries === undefined) {
      this.#expiries = new FieldExpiries();
      // From here on it is an object of its own.
      if (this.#table === undefined) this.#pairs.fit();
    }
    this.#expiries.set(source, start, end, moment);
  }

  /** The field does not expire any more; false when it did not before. */
  removeExpiry(source: Uint8Array, start: number, end: number): boolean {
    return this.#expiries?.remove(source, start, end) ?? false;
  }
}
