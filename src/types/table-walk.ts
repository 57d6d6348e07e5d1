/** Walking over all records of a table: of one that stays as it is, and of one that changes. */
import type { Page } from './page.ts';
import type { PageTable } from './page-table.ts';

/** A walk over the records of a table that does not change meanwhile. */
export class TableWalk {
  /** Of the directory, where the page is of which it has seen a part. */
  #index = -1;
  #page: Page | undefined = undefined;
  #slot = 0;

  /** Goes back to in front of the first record. */
  begin(): void {
    this.#index = -1;
    this.#page = undefined;
    this.#slot = 0;
  }

  /** Goes on to the next record and has the table read it. False: there is none. */
  next(table: PageTable): boolean {
    const { directory } = table;
    for (;;) {
      const page = this.#page;
      if (page === undefined) {
        this.#index = this.#index < 0 ? 0 : directory.behind(this.#index);
        if (this.#index >= directory.length) return false;
        this.#page = directory.first(this.#index);
        this.#slot = 0;
        continue;
      }
      while (this.#slot < page.capacity) {
        const word = page.words[page.firstWord + this.#slot++]!;
        if (word === 0) continue;
        table.read(page, word);
        return true;
      }
      this.#page = page.next;
      this.#slot = 0;
    }
  }
}

/** Cursors of scans: where in the hashes, below it a fingerprint, below it a depth. */
const CURSOR_FINGERPRINTS = 2 ** 16;
const CURSOR_DEPTHS = 2 ** 5;
const HASHES = 2 ** 32;

/**
 * Visits about `count` records, more when a few are all that a page has, and returns the cursor with which to go on, 0 at the end. A record
 * that is there from the first call with cursor 0 to the last is visited, whatever comes and goes meanwhile; some perhaps twice.
 *
 * The order is that of the hashes' leading bits, and within a page of fingerprints. When a page that was left half-way has been merged, it
 * begins anew: its other names were not visited. When it has been split, both parts have the same fingerprints left.
 */
export function scanTable(table: PageTable, cursor: number, count: number, visit: () => void): number {
  const cursorDepth = cursor % CURSOR_DEPTHS;
  const rest = Math.floor(cursor / CURSOR_DEPTHS);
  let from = rest % CURSOR_FINGERPRINTS;
  let position = Math.floor(rest / CURSOR_FINGERPRINTS) % HASHES;
  let left = Math.max(1, count);
  for (let isFirst = true; ; isFirst = false) {
    const head = table.directory.of(position | 0);
    if (isFirst && head.depth < cursorDepth) from = 0;
    const span = CURSOR_FINGERPRINTS - from;
    const total = chainCount(head);
    const part = Math.ceil((CURSOR_FINGERPRINTS * left) / Math.max(total, 1));
    const to = part >= span ? CURSOR_FINGERPRINTS : from + part;
    left -= visitChain(table, head, from, to, visit);
    if (to < CURSOR_FINGERPRINTS) {
      if (left <= 0) return (position * CURSOR_FINGERPRINTS + to) * CURSOR_DEPTHS + head.depth;
      from = to;
      continue;
    }
    const size = 2 ** (32 - head.depth);
    position = (Math.floor(position / size) + 1) * size;
    from = 0;
    if (position >= HASHES) return 0;
    if (left <= 0) return position * CURSOR_FINGERPRINTS * CURSOR_DEPTHS;
  }
}

/** Visits the records of a chain with fingerprints in [from, to) and returns how many they were. */
function visitChain(table: PageTable, head: Page, from: number, to: number, visit: () => void): number {
  let visited = 0;
  for (let page: Page | undefined = head; page !== undefined; page = page.next) {
    for (let slot = 0; slot < page.capacity; slot++) {
      const word = page.words[page.firstWord + slot]!;
      const fingerprint = word >>> 16;
      if (word === 0 || fingerprint < from || fingerprint >= to) continue;
      table.read(page, word);
      visit();
      visited++;
    }
  }
  return visited;
}

function chainCount(head: Page): number {
  let count = 0;
  for (let page: Page | undefined = head; page !== undefined; page = page.next) count += page.count;
  return count;
}
