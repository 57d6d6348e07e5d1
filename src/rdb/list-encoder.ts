/** Lists in the form of RDB files: a quicklist whose nodes are listpacks, which Redis reads since 7.0. */
import { type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import type { Chunk } from '../types/chunk.ts';
import { LISTPACK_FRAME_BYTES, type List } from '../types/list.ts';
import { VALUE_LIST_QUICKLIST_2 } from './format.ts';
import type { CollectionEncoder, ValueWriter } from './value-writer.ts';

const PACKED_NODE = 2;
const END = 0xff;
const COUNT_UNKNOWN = 0xffff;
const HEADER_BYTES = 6;
/** A buffer for a longer listpack is not kept. */
const KEPT_BYTES = 1 << 17;

let scratch: ViewedBytes = viewedBytes(new ArrayBuffer(8192));

export class ListEncoder implements CollectionEncoder {
  readonly valueType = VALUE_LIST_QUICKLIST_2;
  readonly #list: List;
  #next: Chunk | undefined;

  constructor(list: List) {
    this.#list = list;
    this.#next = list.head;
  }

  step(writer: ValueWriter): boolean {
    const chunk = this.#next!;
    if (chunk === this.#list.head) writer.length(this.#list.chunks);
    const content = chunk.end - chunk.start;
    const total = content + LISTPACK_FRAME_BYTES;
    const packed = total <= scratch.length ? scratch : viewedBytes(new ArrayBuffer(total));
    packed.view!.setUint32(0, total, true);
    packed.view!.setUint16(4, Math.min(chunk.count, COUNT_UNKNOWN), true);
    packed.set(chunk.bytes.subarray(chunk.start, chunk.end), HEADER_BYTES);
    packed[HEADER_BYTES + content] = END;
    if (total <= KEPT_BYTES) scratch = packed;
    writer.length(PACKED_NODE);
    writer.string(packed, 0, total);
    this.#next = chunk.next;
    return chunk.next === undefined;
  }
}
