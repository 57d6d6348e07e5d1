/** Which page the names with some leading bits of their hash are in: a table of 2^depth references. */
import { LIST_BYTES, REFERENCE_BYTES } from '../base/engine-bytes.ts';
import type { Page } from './page.ts';

/** What the object takes. */
const DIRECTORY_BYTES = 64;
/** A directory does not have more references a page, unless it is small: more are only needed when hashes are equal. */
const REFERENCES_OF_PAGE = 64;
const REFERENCES_MIN = 1024;
/** Bits of the hash by which names are told apart. The fingerprints of pages are others. */
const DEPTH_MAX = 24;

export class PageDirectory {
  /** Bits of the hash that it is by. */
  depth = 0;
  #references: Page[];
  /** Pages, and how many of them need all bits. */
  #pages = 1;
  #deepPages = 1;

  constructor(page: Page) {
    this.#references = [page];
  }

  get memoryBytes(): number {
    return DIRECTORY_BYTES + LIST_BYTES + this.#references.length * REFERENCE_BYTES;
  }

  /** References. */
  get length(): number {
    return this.#references.length;
  }

  /** The page for names with this hash. */
  of(hash: number): Page {
    return this.#references[(hash >>> 1) >>> (31 - this.depth)]!;
  }

  /** The page of a reference if this is its first one: so that each page comes once. */
  first(index: number): Page | undefined {
    const page = this.#references[index]!;
    return (index & (this.#span(page.depth) - 1)) === 0 ? page : undefined;
  }

  /** The reference behind those of a page whose first one this is. */
  behind(index: number): number {
    return index + this.#span(this.#references[index]!.depth);
  }

  /** How many references there are to a page of this depth. */
  #span(depth: number): number {
    return 1 << (this.depth - depth);
  }

  maySplit(page: Page): boolean {
    if (page.depth < this.depth) return true;
    const limit = Math.max(REFERENCES_MIN, this.#pages * REFERENCES_OF_PAGE);
    return page.depth < DEPTH_MAX && this.#references.length * 2 <= limit;
  }

  /** Puts two pages in the place of the one for a hash: the names with a zero, and with a one, as the next bit. */
  split(hash: number, zero: Page, one: Page): void {
    const { depth } = zero;
    if (depth > this.depth) this.#double();
    const span = this.#span(depth);
    const first = ((hash >>> 1) >>> (32 - depth)) * span * 2;
    this.#references.fill(zero, first, first + span);
    this.#references.fill(one, first + span, first + 2 * span);
    this.#pages++;
    if (depth === this.depth) this.#deepPages += 2;
  }

  /** The page of the names whose bits are those of `page`, in which a hash is, but for the last one; undefined when these are several or there is none. */
  neighbour(page: Page, hash: number): Page | undefined {
    if (page.depth === 0) return undefined;
    const other = this.of(hash ^ (1 << (32 - page.depth)));
    return other.depth === page.depth ? other : undefined;
  }

  /** Puts one page in the place of the one for a hash and its neighbour. */
  merge(hash: number, merged: Page): void {
    const span = this.#span(merged.depth);
    const first = ((hash >>> 1) >>> (31 - merged.depth)) * span;
    this.#references.fill(merged, first, first + span);
    this.#pages--;
    if (merged.depth + 1 === this.depth) this.#deepPages -= 2;
    while (this.#deepPages === 0 && this.depth > 0) this.#halve();
  }

  #double(): void {
    const references: Page[] = new Array(this.#references.length * 2);
    for (let i = 0; i < this.#references.length; i++) {
      references[2 * i] = this.#references[i]!;
      references[2 * i + 1] = this.#references[i]!;
    }
    this.#references = references;
    this.depth++;
    this.#deepPages = 0;
  }

  #halve(): void {
    const references: Page[] = new Array(this.#references.length >>> 1);
    for (let i = 0; i < references.length; i++) references[i] = this.#references[2 * i]!;
    this.#references = references;
    this.depth--;
    this.#deepPages = 0;
    for (let i = 0; i < this.length; i = this.behind(i)) {
      if (this.#references[i]!.depth === this.depth) this.#deepPages++;
    }
  }
}
