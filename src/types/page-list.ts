/** All pages of a table, so that one can be chosen at random in proportion to its records: their counts lie together, and the pages need not be looked at. */
import { grownCapacity, LIST_BYTES, REFERENCE_BYTES, typedArrayBytes } from '../base/engine-bytes.ts';
import type { Page } from './page.ts';

const PAGES_MIN = 8;
/** What the object takes. */
const OBJECT_BYTES = 64;

export class PageList {
  readonly #pages: Page[] = [];
  /** Places for pages. */
  #capacity = 0;
  #counts = new Int32Array(PAGES_MIN);
  /** No page has more records. */
  #countMax = 0;
  /** How many records there were when that was found out. */
  #lengthThen = 0;

  get memoryBytes(): number {
    const counts = typedArrayBytes(this.#counts.byteLength);
    return OBJECT_BYTES + counts + LIST_BYTES + this.#capacity * REFERENCE_BYTES;
  }

  add(page: Page): void {
    page.number = this.#pages.length;
    this.#pages.push(page);
    this.#capacity = grownCapacity(this.#capacity, this.#pages.length);
    if (this.#pages.length > this.#counts.length) {
      const counts = new Int32Array(this.#counts.length * 2);
      counts.set(this.#counts);
      this.#counts = counts;
    }
    this.counted(page);
  }

  remove({ number }: Page): void {
    const last = this.#pages.pop()!;
    const { length } = this.#counts;
    if (length > PAGES_MIN && this.#pages.length < length >>> 2)
      this.#counts = this.#counts.slice(0, length >>> 1);
    if (number === this.#pages.length) return;
    last.number = number;
    this.#pages[number] = last;
    this.#counts[number] = last.count;
  }

  /** To be called when the number of a page's records has changed. */
  counted(page: Page): void {
    this.#counts[page.number] = page.count;
    if (page.count > this.#countMax) this.#countMax = page.count;
  }

  /** A page, each as likely as it has records, which are `length` in all, at least one. */
  choose(length: number): Page {
    if (2 * length < this.#lengthThen || length > 2 * this.#lengthThen) this.#measure(length);
    const counts = this.#counts;
    const pages = this.#pages.length;
    for (;;) {
      const draw = Math.random() * pages;
      const number = Math.floor(draw);
      if ((draw - number) * this.#countMax < counts[number]!) return this.#pages[number]!;
    }
  }

  #measure(length: number): void {
    this.#lengthThen = length;
    this.#countMax = 0;
    for (const { count } of this.#pages) if (count > this.#countMax) this.#countMax = count;
  }
}
