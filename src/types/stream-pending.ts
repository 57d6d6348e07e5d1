/** Entries that were delivered and not acknowledged, in the order of their ids: of a group, and of each of its consumers. */
import { BOXED_NUMBER_BYTES, grownCapacity, LIST_BYTES, REFERENCE_BYTES } from '../base/engine-bytes.ts';
import type { Consumer } from './stream-groups.ts';
import { compareIds, type Half, type StreamId } from './stream-id.ts';

export interface Pending extends StreamId {
  /** Milliseconds since 1970. */
  deliveredAt: number;
  /** How often. */
  deliveries: number;
  consumer: Consumer;
}

/** What an object takes, with its numbers: 64 and these, less 2, because blocks that were split have fewer places than `memoryBytes` counts. */
export const PENDING_BYTES = 62 + 2 * BOXED_NUMBER_BYTES;

const BLOCK_SIZE = 64;
/** What a list takes, with that of its blocks. */
const OBJECT_BYTES = 48 + LIST_BYTES;

/** Sorted blocks: most of what comes goes to the end, most of what goes was at the front. */
export class PendingList {
  size = 0;
  readonly #blocks: Pending[][] = [];
  /** Places for blocks. */
  #capacity = 0;

  /** What it takes of memory, without the entries: all blocks but the last are taken for such as were filled. */
  get memoryBytes(): number {
    const blocks = this.#blocks;
    const { length } = blocks;
    if (length === 0) return OBJECT_BYTES;
    const places = (length - 1) * FULL_CAPACITY + blockCapacity(blocks[length - 1]!.length);
    return OBJECT_BYTES + length * LIST_BYTES + (places + this.#capacity) * REFERENCE_BYTES;
  }

  get first(): Pending | undefined {
    return this.#blocks[0]?.[0];
  }

  get last(): Pending | undefined {
    const block = this.#blocks[this.#blocks.length - 1];
    return block?.[block.length - 1];
  }

  find(id: StreamId): Pending | undefined {
    const block = this.#blocks[this.#blockOf(id)];
    const found = block?.[indexIn(block, id)];
    return found !== undefined && found.ms === id.ms && found.seq === id.seq ? found : undefined;
  }

  /** Adds an entry, whose id is not there. */
  add(pending: Pending): void {
    this.size++;
    const blocks = this.#blocks;
    const last = blocks[blocks.length - 1];
    if (last === undefined || compareIds(last[last.length - 1]!, pending) < 0) {
      if (last !== undefined && last.length < BLOCK_SIZE) {
        last.push(pending);
        return;
      }
      blocks.push([pending]);
      this.#capacity = grownCapacity(this.#capacity, blocks.length);
      return;
    }
    const number = this.#blockOf(pending);
    const block = blocks[number]!;
    block.splice(indexIn(block, pending), 0, pending);
    if (block.length <= BLOCK_SIZE) return;
    blocks.splice(number + 1, 0, block.splice(block.length >>> 1));
    this.#capacity = grownCapacity(this.#capacity, blocks.length);
  }

  remove(id: StreamId): void {
    const number = this.#blockOf(id);
    const block = this.#blocks[number];
    if (block === undefined) return;
    const index = indexIn(block, id);
    if (index === block.length || compareIds(block[index]!, id) !== 0) return;
    this.size--;
    if (index === 0) block.shift();
    else block.splice(index, 1);
    if (block.length > 0) return;
    this.#blocks.splice(number, 1);
    this.#capacity = Math.min(this.#capacity, grownCapacity(0, this.#blocks.length));
  }

  /** Those from `start` on. The list must not change meanwhile. */
  *from(start: StreamId): Generator<Pending> {
    const blocks = this.#blocks;
    let number = this.#blockOf(start);
    if (number === blocks.length) return;
    for (let i = indexIn(blocks[number]!, start); ; i = 0) {
      for (const block = blocks[number]!; i < block.length; i++) yield block[i]!;
      if (++number === blocks.length) return;
    }
  }

  /** The number of the first block whose last id is not below `id`; as many as there are blocks when there is none. */
  #blockOf({ ms, seq }: StreamId): number {
    const blocks = this.#blocks;
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const block = blocks[middle]!;
      if (isBelow(block[block.length - 1]!, ms, seq)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The places of a block of `length` entries that came one after the other. */
function blockCapacity(length: number): number {
  let capacity = 1;
  while (capacity < length) capacity = grownCapacity(capacity, capacity + 1);
  return capacity;
}

const FULL_CAPACITY = blockCapacity(BLOCK_SIZE);

/** The index of the first entry whose id is not below. */
function indexIn(block: readonly Pending[], { ms, seq }: StreamId): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBelow(block[middle]!, ms, seq)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBelow(id: StreamId, ms: Half, seq: Half): boolean {
  return id.ms === ms ? id.seq < seq : id.ms < ms;
}
