/**
 * How readers may write to an entry that the owner may free at any moment: hazard announcements.
 *
 * A reader that found an entry marks it as used in the entry's access word. A plain store after its last check
 * could hit memory that was freed and reused in between: another key's value, or a link of a free list.
 * So it announces the ref first, checks the stripe's version once more, writes, and takes the announcement
 * back (M. Michael, "Hazard Pointers", 2004). The owner, *after* the bump that unlinked an entry, looks at the
 * announcements: whoever announced before that bump is seen here, whoever announces later fails its check. A block
 * that is announced is not waited for: it is set aside and freed later. Both sides need sequentially consistent
 * stores, which Atomics has.
 *
 * Word 0 of the buffer counts the readers, the next ones say what they write (access.ts); reader i announces at word i * 16 (its own cache line), from 1 on.
 */
import { READER_WORDS, READERS_MAX } from './sharing.ts';

export class Touches {
  readonly words: Int32Array;

  constructor() {
    this.words = new Int32Array(new SharedArrayBuffer(READERS_MAX * READER_WORDS * 4));
  }

  /** True when a reader may be about to write to the entry at `ref`. */
  announced(ref: number): boolean {
    const words = this.words;
    let readers = Atomics.load(words, 0);
    if (readers === 0) return false;
    if (readers >= READERS_MAX) readers = READERS_MAX - 1;
    for (let i = 1; i <= readers; i++) {
      if (Atomics.load(words, i * READER_WORDS) === ref) return true;
    }
    return false;
  }
}
