/** What a client has sent that was not parsed yet: the rest of a command that was cut, or all of it while it has to wait. */
import { viewedBytes } from '../base/bytes.ts';
import type { ChunkPool } from './chunk-pool.ts';

/** Room for a value that has only begun to arrive. */
const UNPARSED_GROWTH_BYTES = 1024 * 1024;
/** Room for unparsed bytes that may stay with an idle connection. */
const IDLE_SLACK_BYTES = 16 * 1024;
const NO_BYTES = new Uint8Array(0);

export abstract class ConnectionInput {
  unparsed: Uint8Array = NO_BYTES;
  unparsedLength = 0;
  protected readonly rests: readonly ChunkPool[];

  /** `rests` are pools of room, by rising size; more than the last has is not pooled. */
  constructor(rests: readonly ChunkPool[]) {
    this.rests = rests;
  }

  /** There is more or less room. */
  protected abstract memoryChanged(): void;
  protected abstract unparsedGrew(length: number): void;

  /** Appends bytes that cannot be parsed yet; `needed` is how many the current command has at least. */
  keepUnparsed(bytes: Uint8Array, start: number, end: number, needed: number): void {
    const length = this.unparsedLength + end - start;
    if (length > this.unparsed.length) this.#growUnparsed(length, needed);
    this.unparsed.set(bytes.subarray(start, end), this.unparsedLength);
    this.unparsedLength = length;
    this.unparsedGrew(length);
  }

  #growUnparsed(length: number, needed: number): void {
    // A long value gets its room at once, but never much more than what has really arrived.
    const wanted = Math.max(length, Math.min(needed, Math.max(length * 2, UNPARSED_GROWTH_BYTES)));
    const pool = this.rests.find(({ chunkBytes }) => wanted <= chunkBytes);
    const grown = pool === undefined ? viewedBytes(new ArrayBuffer(wanted)) : pool.take();
    grown.set(this.unparsed.subarray(0, this.unparsedLength));
    this.#giveUnparsed();
    this.unparsed = grown;
    this.memoryChanged();
  }

  /** Gives back room that an idle connection holds for bytes that do not come. */
  trimUnparsed(): void {
    if (this.unparsed.length - this.unparsedLength <= IDLE_SLACK_BYTES) return;
    const kept = this.unparsed.slice(0, this.unparsedLength);
    this.#giveUnparsed();
    this.unparsed = kept.length === 0 ? NO_BYTES : kept;
    this.memoryChanged();
  }

  #giveUnparsed(): void {
    for (const pool of this.rests) pool.give(this.unparsed);
  }

  /** Drops the first `count` unparsed bytes. */
  dropUnparsed(count: number): void {
    this.unparsedLength -= count;
    if (this.unparsedLength > 0) {
      this.unparsed.copyWithin(0, count, count + this.unparsedLength);
      return;
    }
    this.#giveUnparsed();
    this.unparsed = NO_BYTES;
    this.memoryChanged();
  }

  /** Not given back to the pool: the command that is running may have its words there. */
  protected forgetUnparsed(): void {
    this.unparsedLength = 0;
    this.unparsed = NO_BYTES;
  }
}
