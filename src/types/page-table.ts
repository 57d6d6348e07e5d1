/**
 * A hash table of byte strings without an object for each: the large form of sets, hashes and sorted sets.
 *
 *     directory, by the leading bits of the hash      pages (page.ts)
 *     00 ──► page of all names whose hash begins with 0
 *     01 ──►   "
 *     10 ──► page with 10 …
 *     11 ──► page with 11 …
 *
 *     record:  name, as in listpack-entry.ts | fixed bytes | value, likewise
 *
 * The hashing is extendible (Fagin, Nievergelt, Pippenger and Strong, 1979): a page that is full splits by the next bit of the
 * hash, and only then, when more bits are needed than the directory has, that is doubled. So growth never takes longer than
 * one page. Pages of neighbours that become small are merged. A record too long for a page has an array of its own.
 *
 * Pages grow by steps to 4 KB, so that most of their memory is used at any number of records.
 *
 * Should more names have equal hashes than fit in a page, more pages follow it. That does not happen by chance, and the hash is
 * seeded so that nobody can make it happen.
 */
import type { ViewedBytes } from '../base/bytes.ts';
import { viewedBytes } from '../base/bytes.ts';
import { type HashSeed, hashBytes, randomHashSeed } from '../base/hash.ts';
import { EntryWriter, entryBytes } from './listpack-entry.ts';
import { LongRecords, STUB_BYTES } from './long-records.ts';
import { bytesFor, isLarge, offsetOf, Page } from './page.ts';
import { PageDirectory } from './page-directory.ts';
import { PageList } from './page-list.ts';
import { scanTable, TableWalk } from './table-walk.ts';

/** What the object takes. */
const TABLE_BYTES = 176;
/** Longer records have arrays of their own. */
const RECORD_BYTES_MAX = 1024;
/** Blocks of which less is used are exchanged for smaller ones. */
const SHRINK_PART = 0.4;
const BLOCK_BYTES_MIN = 128;
/** A page that needs less is merged with its neighbour if both together need less than twice as much. */
const MERGE_BYTES = 1024;
/** Names up to this length are encoded in memory that is always there. */
const SCRATCH_BYTES = 16 * 1024;

/** Another seed in each thread: hashes leave a table only in the cursors of scans. */
const seed: HashSeed = randomHashSeed();
const scratch: ViewedBytes = viewedBytes(new ArrayBuffer(SCRATCH_BYTES));
const nameWriter = new EntryWriter();
const valueWriter = new EntryWriter();
const NO_BYTES: ViewedBytes = new Uint8Array(0);
/** The bits of a hash that stand in the index of a page. Its last byte decides most: the directory has the first ones. */
function fingerprintOf(hash: number): number {
  return ((hash & 0xff) << 8) | ((hash >>> 8) & 0xff);
}

/** What a table has beside names. */
export interface RecordShape {
  /** Bytes that each record has behind its name: zeros at first. Whoever finds a record may write them. */
  readonly fixedBytes: number;
  readonly hasValues: boolean;
}

export class PageTable {
  /** Records. */
  length = 0;
  /** The record that was found, made, chosen or is being visited, until the next call of anything here: its name, fixed bytes and value begin at these places of `bytes`. */
  bytes: ViewedBytes = NO_BYTES;
  nameAt = 0;
  fixedAt = 0;
  valueAt = 0;
  readonly #fixedBytes: number;
  readonly #hasValues: boolean;
  readonly #hashMask: number;
  /** For walks. */
  readonly directory: PageDirectory;
  /** All pages, once there are several. */
  #list: PageList | undefined = undefined;
  #pageBytes: number;
  #long: LongRecords | undefined = undefined;
  /** The entry of the name that was looked for last, its hash, and its place in `#page` where it was found. */
  #name: ViewedBytes = scratch;
  #nameBytes = 0;
  #hash = 0;
  #page!: Page;
  #previous: Page | undefined = undefined;
  #slot = 0;

  /** `hashMask` is for tests: which bits of the hash there are. */
  constructor(shape: RecordShape, hashMask = -1) {
    this.#fixedBytes = shape.fixedBytes;
    this.#hasValues = shape.hasValues;
    this.#hashMask = hashMask;
    const page = new Page(0, 0, 0);
    this.directory = new PageDirectory(page);
    this.#pageBytes = page.memoryBytes;
  }

  /** What it takes of memory. */
  get memoryBytes(): number {
    const long = this.#long === undefined ? 0 : this.#long.memoryBytes;
    const list = this.#list === undefined ? 0 : this.#list.memoryBytes;
    return TABLE_BYTES + this.directory.memoryBytes + list + this.#pageBytes + long;
  }

  // ---------------------------------------------------------------- one record

  /** Looks for the name `source[start, end)`. */
  find(source: Uint8Array, start: number, end: number): boolean {
    this.#encode(source, start, end);
    return this.#locate();
  }

  /** Makes the record of a name unless it is there. Returns whether it was made. Only for tables without values. */
  add(source: Uint8Array, start: number, end: number): boolean {
    this.#encode(source, start, end);
    if (this.#locate()) return false;
    this.#insert(0);
    return true;
  }

  /** As `add`, of the name with the entry at `bytes[at]`. */
  addEntry(bytes: Uint8Array, at: number): boolean {
    const size = entryBytes(bytes, at);
    this.#nameBytes = size;
    this.#name = size <= SCRATCH_BYTES ? scratch : new Uint8Array(size);
    for (let i = 0; i < size; i++) this.#name[i] = bytes[at + i]!;
    this.#hash = hashBytes(this.#name, 0, size, seed) & this.#hashMask;
    if (this.#locate()) return false;
    this.#insert(0);
    return true;
  }

  /** Gives the name `source[start, end)` the value `value[valueStart, valueEnd)`. Returns whether the name was not there; if it was, its fixed bytes stay. */
  set(
    source: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    this.#encode(source, start, end);
    const valueBytes = valueWriter.measure(value, valueStart, valueEnd);
    const isNew = !this.#locate();
    if (isNew) {
      this.#insert(valueBytes);
    } else if (entryBytes(this.bytes, this.valueAt) !== valueBytes) {
      const { bytes, fixedAt } = this;
      const fixed = this.#fixedBytes === 0 ? NO_BYTES : bytes.slice(fixedAt, fixedAt + this.#fixedBytes);
      this.#removeFound();
      this.#insert(valueBytes);
      this.bytes.set(fixed, this.fixedAt);
    }
    valueWriter.write(this.bytes, this.valueAt);
    return isNew;
  }

  /** Removes the record of a name. Returns whether there was one. */
  delete(source: Uint8Array, start: number, end: number): boolean {
    this.#encode(source, start, end);
    if (!this.#locate()) return false;
    this.#removeFound();
    // Nothing that has been given back stays referred to: a page, or the slab of its block.
    this.#page = this.directory.of(this.#hash);
    this.#previous = undefined;
    this.bytes = NO_BYTES;
    return true;
  }

  /** Finds a record, each with the same probability. Returns false when there is none. */
  random(): boolean {
    if (this.length === 0) return false;
    const page = this.#list === undefined ? this.directory.of(0) : this.#list.choose(this.length);
    for (;;) {
      const word = page.words[page.firstWord + Math.floor(Math.random() * page.capacity)]!;
      if (word === 0) continue;
      this.read(page, word);
      return true;
    }
  }

  #encode(source: Uint8Array, start: number, end: number): void {
    const size = nameWriter.measure(source, start, end);
    this.#nameBytes = size;
    this.#name = size <= SCRATCH_BYTES ? scratch : new Uint8Array(size);
    nameWriter.write(this.#name, 0);
    this.#hash = hashBytes(this.#name, 0, size, seed) & this.#hashMask;
  }

  /** Looks for the name that was encoded. */
  #locate(): boolean {
    const hash = this.#hash;
    const fingerprint = fingerprintOf(hash);
    let page = this.directory.of(hash);
    this.#previous = undefined;
    for (;;) {
      const { words, firstWord, capacity } = page;
      let slot = (fingerprint * capacity) >>> 16;
      for (;;) {
        const word = words[firstWord + slot]!;
        if (word === 0) break;
        if (word >>> 16 === fingerprint && this.#isNamed(page, word)) {
          this.#page = page;
          this.#slot = slot;
          return true;
        }
        if (++slot === capacity) slot = 0;
      }
      if (page.next === undefined) return false;
      this.#previous = page;
      page = page.next;
    }
  }

  /** Reads the record of a slot if it has the name that was encoded. */
  #isNamed(page: Page, word: number): boolean {
    let bytes = page.bytes;
    let at = page.base + offsetOf(word);
    if (isLarge(word)) {
      bytes = this.#long!.of(bytes, at);
      at = 0;
      if (bytes.length < this.#nameBytes) return false;
    }
    // From the end: names that begin alike are more frequent. An entry ends with its length, so equal bytes are equal entries.
    const name = this.#name;
    for (let i = this.#nameBytes - 1; i >= 0; i--) if (bytes[at + i] !== name[i]) return false;
    this.bytes = bytes;
    this.nameAt = at;
    this.fixedAt = at + this.#nameBytes;
    this.valueAt = this.fixedAt + this.#fixedBytes;
    return true;
  }

  /** Reads the record of a slot. */
  read(page: Page, word: number): void {
    const at = page.base + offsetOf(word);
    const large = isLarge(word);
    this.bytes = large ? this.#long!.of(page.bytes, at) : page.bytes;
    this.nameAt = large ? 0 : at;
    this.fixedAt = this.nameAt + entryBytes(this.bytes, this.nameAt);
    this.valueAt = this.fixedAt + this.#fixedBytes;
  }

  /** Bytes of the record at `bytes[at]`. */
  recordBytes(bytes: Uint8Array, at: number): number {
    const size = entryBytes(bytes, at) + this.#fixedBytes;
    return this.#hasValues ? size + entryBytes(bytes, at + size) : size;
  }

  // ---------------------------------------------------------------- growth

  /** Makes a record of the name that was encoded, with zeros as fixed bytes and room for a value. */
  #insert(valueBytes: number): void {
    const size = this.#nameBytes + this.#fixedBytes + valueBytes;
    const large = size > RECORD_BYTES_MAX;
    const kept = large ? STUB_BYTES : size;
    const page = this.#pageFor(this.#hash, kept);
    const at = page.append(fingerprintOf(this.#hash), large, kept);
    this.#list?.counted(page);
    if (large) this.#long ??= new LongRecords();
    this.bytes = large ? this.#long!.make(page.bytes, at, size) : page.bytes;
    this.nameAt = large ? 0 : at;
    this.fixedAt = this.nameAt + this.#nameBytes;
    this.valueAt = this.fixedAt + this.#fixedBytes;
    const { bytes, nameAt } = this;
    const name = this.#name;
    for (let i = 0; i < this.#nameBytes; i++) bytes[nameAt + i] = name[i]!;
    for (let i = this.fixedAt; i < this.valueAt; i++) bytes[i] = 0;
    this.length++;
  }

  /** The page for a name with this hash, with room for a record of `size` bytes. */
  #pageFor(hash: number, size: number): Page {
    for (;;) {
      const head = this.directory.of(hash);
      if (head.takes(size)) return head;
      if (head.mayHold(head.count + 1, head.live + size)) {
        this.#rebuild(head, head.count + 1, head.live + size);
        return head;
      }
      if (!this.directory.maySplit(head)) return this.#roomInChain(head, size);
      this.#split(head, hash);
    }
  }

  #rebuild(page: Page, count: number, live: number): void {
    this.#pageBytes -= page.memoryBytes;
    page.rebuild(count, live, this);
    this.#pageBytes += page.memoryBytes;
  }

  #newPage(depth: number, count: number, live: number): Page {
    if (this.#list === undefined) {
      this.#list = new PageList();
      this.#list.add(this.directory.of(0));
    }
    const page = new Page(depth, count, live);
    this.#list.add(page);
    this.#pageBytes += page.memoryBytes;
    return page;
  }

  #release(page: Page): void {
    this.#list!.remove(page);
    this.#pageBytes -= page.memoryBytes;
    page.release();
  }

  /** A page of a chain with room for a record; a new one if there is none. */
  #roomInChain(head: Page, size: number): Page {
    for (let page = head; ; page = page.next!) {
      if (page.takes(size)) return page;
      if (page.mayHold(page.count + 1, page.live + size)) {
        this.#rebuild(page, page.count + 1, page.live + size);
        return page;
      }
      if (page.next !== undefined) continue;
      page.next = this.#newPage(head.depth, 1, size);
      return page.next;
    }
  }

  /** Puts the records of a page, and of those that follow it, into two by the next bit of their hashes. */
  #split(head: Page, hash: number): void {
    const depth = head.depth + 1;
    const half = Math.ceil(head.live / 2);
    const zero = this.#newPage(depth, Math.ceil(head.count / 2), half);
    const one = this.#newPage(depth, Math.ceil(head.count / 2), half);
    for (let page: Page | undefined = head; page !== undefined; page = page.next) {
      for (let slot = 0; slot < page.capacity; slot++) {
        const word = page.words[page.firstWord + slot]!;
        if (word === 0) continue;
        const bit = (this.#hashOf(page, word) >>> (32 - depth)) & 1;
        this.#copyRecord(page, word, bit === 0 ? zero : one);
      }
      this.#release(page);
    }
    this.directory.split(hash, zero, one);
  }

  /** Copies a record to another page, or to one behind it. */
  #copyRecord(page: Page, word: number, head: Page): void {
    const at = page.base + offsetOf(word);
    const size = isLarge(word) ? STUB_BYTES : this.recordBytes(page.bytes, at);
    const target = head.takes(size) ? head : this.#roomInChain(head, size);
    const to = target.append(word >>> 16, isLarge(word), size);
    this.#list!.counted(target);
    const from = page.bytes;
    const { bytes } = target;
    for (let i = 0; i < size; i++) bytes[to + i] = from[at + i]!;
  }

  #hashOf(page: Page, word: number): number {
    const at = page.base + offsetOf(word);
    const bytes = isLarge(word) ? this.#long!.of(page.bytes, at) : page.bytes;
    const start = isLarge(word) ? 0 : at;
    return hashBytes(bytes, start, start + entryBytes(bytes, start), seed) & this.#hashMask;
  }

  // ---------------------------------------------------------------- removal

  /** Removes the record that was located. */
  #removeFound(): void {
    const page = this.#page;
    const word = page.words[page.firstWord + this.#slot]!;
    const at = page.base + offsetOf(word);
    if (isLarge(word)) {
      this.#long!.free(page.bytes, at);
      page.remove(this.#slot, STUB_BYTES);
    } else {
      page.remove(this.#slot, this.recordBytes(page.bytes, at));
    }
    this.length--;
    this.#list?.counted(page);
    this.#afterRemoval(page, this.#previous);
  }

  /** Takes memory back from a page from which a record was removed. The name that was encoded belongs to it. */
  #afterRemoval(from: Page, previous: Page | undefined): void {
    let page = from;
    if (page.count === 0 && previous !== undefined) {
      previous.next = page.next;
      this.#release(page);
      page = previous;
    }
    const needed = bytesFor(page.count, page.live);
    if (page.count > 0 && (page.size <= BLOCK_BYTES_MIN || needed > page.size * SHRINK_PART)) return;
    if (page === this.directory.of(this.#hash) && page.next === undefined && needed < MERGE_BYTES) {
      let merged = this.#merge(page);
      if (merged !== undefined) {
        while (merged !== undefined && bytesFor(merged.count, merged.live) < MERGE_BYTES)
          merged = this.#merge(merged);
        return;
      }
    }
    if (page.size > BLOCK_BYTES_MIN) this.#rebuild(page, page.count, page.live);
  }

  /** Takes the neighbour's records, of names with the same bits but the last, into a page that both have then. Returns it, or undefined when these are too much. */
  #merge(page: Page): Page | undefined {
    const other = this.directory.neighbour(page, this.#hash);
    if (other === undefined || other.next !== undefined) return undefined;
    const count = page.count + other.count;
    const live = page.live + other.live;
    if (bytesFor(count, live) > 2 * MERGE_BYTES) return undefined;
    const merged = this.#newPage(page.depth - 1, count, live);
    for (const from of [page, other]) {
      for (let slot = 0; slot < from.capacity; slot++) {
        const word = from.words[from.firstWord + slot]!;
        if (word !== 0) this.#copyRecord(from, word, merged);
      }
      this.#release(from);
    }
    this.directory.merge(this.#hash, merged);
    return merged;
  }

  /** Gives all memory back. The table is of no more use, and has nothing. */
  dispose(): void {
    if (this.#pageBytes === 0) return;
    this.#pageBytes = 0;
    const directory = this.directory;
    for (let index = 0; index < directory.length; index = directory.behind(index)) {
      for (let page = directory.first(index); page !== undefined; page = page.next) page.release();
    }
    this.length = 0;
  }

  // ---------------------------------------------------------------- many records

  /** Visits each record, as found. Nothing may change meanwhile. */
  forEach(visit: (table: this) => void): void {
    const walk = new TableWalk();
    while (walk.next(this)) visit(this);
  }

  /** See `scanTable`. */
  scan(cursor: number, count: number, visit: (table: this) => void): number {
    return scanTable(this, cursor, count, () => visit(this));
  }
}
