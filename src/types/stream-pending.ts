/** Entries that were delivered and not acknowledged, in the order of their ids: of a group, and of each of its consumers. */
import type { Consumer } from './stream-groups.ts';
import { compareIds, type Half, type StreamId } from './stream-id.ts';

export interface Pending extends StreamId {
  /** Milliseconds since 1970. */
  deliveredAt: number;
  /** How often. */
  deliveries: number;
  consumer: Consumer;
}

/** What an object, its numbers and its place in two lists take. Measured on Node 20. */
export const PENDING_BYTES = 152;

const BLOCK_SIZE = 64;

/** Sorted blocks: most of what comes goes to the end, most of what goes was at the front. */
export class PendingList {
  size = 0;
  readonly #blocks: Pending[][] = [];

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
      if (last === undefined || last.length >= BLOCK_SIZE) blocks.push([pending]);
      else last.push(pending);
      return;
    }
    const number = this.#blockOf(pending);
    const block = blocks[number]!;
    block.splice(indexIn(block, pending), 0, pending);
    if (block.length > BLOCK_SIZE) blocks.splice(number + 1, 0, block.splice(block.length >>> 1));
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
    if (block.length === 0) this.#blocks.splice(number, 1);
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
