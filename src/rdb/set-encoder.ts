/**
 * Sets in the form of RDB files: an intset, or the members one after the other. Listpacks are read only since 7.2, so what is one in
 * memory is written as its members too.
 */
import { type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import type { MemberSet } from '../types/set.ts';
import { SetCursor } from '../types/set-cursor.ts';
import { VALUE_SET, VALUE_SET_INTSET } from './format.ts';
import type { CollectionEncoder, ValueWriter } from './value-writer.ts';

const INTSET_HEADER_BYTES = 8;
/** Bytes of members that are a part. */
const PART_BYTES = 16 * 1024;
/** About what a member counts beside its bytes. */
const MEMBER_BYTES = 8;

export function setEncoder(set: MemberSet): CollectionEncoder {
  return set.encoding === 'intset' ? new IntsetEncoder(set) : new MembersEncoder(set);
}

/** In one part: the width and the number of integers, and these as they are in memory. */
class IntsetEncoder implements CollectionEncoder {
  readonly valueType = VALUE_SET_INTSET;
  readonly #intset: ViewedBytes;

  constructor({ bytes, start, end, length }: MemberSet) {
    this.#intset = viewedBytes(new ArrayBuffer(INTSET_HEADER_BYTES + end - start - 1));
    const view = this.#intset.view!;
    view.setUint32(0, bytes[start]!, true);
    view.setUint32(4, length, true);
    this.#intset.set(bytes.subarray(start + 1, end), INTSET_HEADER_BYTES);
  }

  step(writer: ValueWriter): boolean {
    writer.string(this.#intset, 0, this.#intset.length);
    return true;
  }
}

class MembersEncoder implements CollectionEncoder {
  readonly valueType = VALUE_SET;
  readonly #set: MemberSet;
  readonly #cursor = new SetCursor();
  #left: number;
  #hasBegun = false;

  constructor(set: MemberSet) {
    this.#set = set;
    this.#left = set.length;
    this.#cursor.open(set);
  }

  step(writer: ValueWriter): boolean {
    if (!this.#hasBegun) writer.length(this.#left);
    this.#hasBegun = true;
    const cursor = this.#cursor;
    // A packed set is whole at once: what it lies in is somebody else's in the next slice.
    const most = this.#set.isPacked ? Infinity : PART_BYTES;
    for (let bytes = 0; bytes < most && this.#left > 0; this.#left--) {
      cursor.next();
      const { member } = cursor;
      member.asBytes();
      writer.string(member.bytes, member.start, member.end);
      bytes += member.end - member.start + MEMBER_BYTES;
    }
    return this.#left === 0;
  }
}
