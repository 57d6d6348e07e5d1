/** Sorted sets in the form of RDB files: small ones as a listpack, which Redis reads since 7.0, others member by member. */
import { fromLatin1, type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import { formatDouble } from '../base/numbers.ts';
import { LISTPACK_FRAME_BYTES } from '../types/list.ts';
import { EntryWriter } from '../types/listpack-entry.ts';
import type { SortedSet } from '../types/sorted-set.ts';
import { SortedSetCursor } from '../types/sorted-set-cursor.ts';
import { VALUE_SORTED_SET_2, VALUE_SORTED_SET_LISTPACK } from './format.ts';
import type { CollectionEncoder, ValueWriter } from './value-writer.ts';

const END = 0xff;
const COUNT_UNKNOWN = 0xffff;
const HEADER_BYTES = 6;
/** A member and its score take at most so many bytes more, in a listpack, than the member's own. */
const PAIR_BYTES = 48;
const MEMBERS_A_STEP = 256;
const BYTES_A_STEP = 1 << 16;

const entry = new EntryWriter();

export function sortedSetEncoder(set: SortedSet): CollectionEncoder {
  return set.isPacked ? new ListpackEncoder(set) : new MembersEncoder(set);
}

/** One listpack: members and scores in turn. */
class ListpackEncoder implements CollectionEncoder {
  readonly valueType = VALUE_SORTED_SET_LISTPACK;
  readonly #set: SortedSet;

  constructor(set: SortedSet) {
    this.#set = set;
  }

  step(writer: ValueWriter): boolean {
    const set = this.#set;
    const cursor = new SortedSetCursor();
    const packed = viewedBytes(
      new ArrayBuffer(LISTPACK_FRAME_BYTES + set.length * PAIR_BYTES + set.end - set.start),
    );
    let at = HEADER_BYTES;
    for (let is = cursor.open(set, 0); is; is = cursor.next()) {
      at = append(packed, at, cursor.bytes, cursor.start, cursor.end);
      const score = fromLatin1(formatDouble(cursor.score));
      at = append(packed, at, score, 0, score.length);
    }
    packed[at++] = END;
    packed.view!.setUint32(0, at, true);
    packed.view!.setUint16(4, Math.min(2 * set.length, COUNT_UNKNOWN), true);
    writer.string(packed, 0, at);
    return true;
  }
}

function append(packed: ViewedBytes, at: number, bytes: Uint8Array, start: number, end: number): number {
  entry.measure(bytes, start, end);
  return entry.write(packed, at);
}

/** From the highest to the lowest, as Redis does: so it adds each in front of those that it has when it reads them. */
class MembersEncoder implements CollectionEncoder {
  readonly valueType = VALUE_SORTED_SET_2;
  readonly #set: SortedSet;
  readonly #cursor = new SortedSetCursor();
  #hasBegun = false;

  constructor(set: SortedSet) {
    this.#set = set;
  }

  step(writer: ValueWriter): boolean {
    const cursor = this.#cursor;
    if (!this.#hasBegun) {
      writer.length(this.#set.length);
      cursor.open(this.#set, this.#set.length - 1);
      this.#hasBegun = true;
    }
    for (let members = 0, bytes = 0; members < MEMBERS_A_STEP && bytes < BYTES_A_STEP; members++) {
      writer.string(cursor.bytes, cursor.start, cursor.end);
      writer.double(cursor.score);
      bytes += cursor.end - cursor.start;
      if (!cursor.previous()) return true;
    }
    return false;
  }
}
