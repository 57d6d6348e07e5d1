/**
 * A first-in, first-out queue of the hashes of entries, 4 bytes each. An entry has no room for links, and its ref changes when
 * it grows; its hash never does, and the index leads from there to the entry. So an entry that is deleted need not be looked
 * for here: whoever takes its hash out finds nothing under it.
 *
 * Hashes lie in chunks, so that a long queue never has to be copied; one chunk that was emptied is kept for the next.
 */
const CHUNK_HASHES = 1024;

export class HashQueue {
  count = 0;
  #chunks: Int32Array[] = [];
  /** The first chunk in use: those before were emptied. */
  #first = 0;
  #from = 0;
  #to = CHUNK_HASHES;
  #spare: Int32Array | undefined = undefined;

  /** What it takes of memory, about. */
  get bytes(): number {
    return (this.#chunks.length - this.#first) * CHUNK_HASHES * 4;
  }

  push(hash: number): void {
    if (this.#to === CHUNK_HASHES) {
      this.#chunks.push(this.#spare ?? new Int32Array(CHUNK_HASHES));
      this.#spare = undefined;
      this.#to = 0;
    }
    this.#chunks[this.#chunks.length - 1]![this.#to++] = hash;
    this.count++;
  }

  /** Takes out the oldest. There must be one. */
  shift(): number {
    const chunk = this.#chunks[this.#first]!;
    const hash = chunk[this.#from++]!;
    this.count--;
    if (this.count === 0) {
      this.clear();
      this.#spare = chunk;
    } else if (this.#from === CHUNK_HASHES) {
      this.#spare = chunk;
      this.#from = 0;
      this.#first++;
      if (this.#first > 64 && this.#first > this.#chunks.length >>> 1) {
        this.#chunks = this.#chunks.slice(this.#first);
        this.#first = 0;
      }
    }
    return hash;
  }

  clear(): void {
    this.count = 0;
    this.#chunks = [];
    this.#first = 0;
    this.#from = 0;
    this.#to = CHUNK_HASHES;
  }
}
