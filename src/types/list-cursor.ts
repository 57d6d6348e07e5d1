/** Places in lists: reading, searching, and where a change in the middle happens. */
import { equalBytes } from '../base/bytes.ts';
import type { Chunk } from './chunk.ts';
import type { List } from './list.ts';
import { EntryReader, entryBefore, entryBytes } from './listpack-entry.ts';

/** A place in a list, valid until the list changes otherwise than through it. */
export class ListCursor {
  /** The element that was read last. */
  readonly element: EntryReader = new EntryReader();
  /** The chunk and the offset of the entry in its bytes; undefined: at no element. */
  chunk: Chunk | undefined = undefined;
  at = 0;
  /** The element's index, from the head. */
  index = 0;
  #list: List | undefined = undefined;

  /** Goes to the element with this index of a list. False when there is none. */
  open(list: List, index: number): boolean {
    this.#list = list;
    return this.seek(index);
  }

  seek(index: number): boolean {
    const list = this.#list!;
    this.index = index;
    if (index < 0 || index >= list.length) {
      this.moveTo(undefined, 0);
      return false;
    }
    let chunk: Chunk;
    let first: number;
    if (index <= list.length >>> 1) {
      chunk = list.head!;
      for (first = 0; index >= first + chunk.count; chunk = chunk.next!) first += chunk.count;
    } else {
      chunk = list.tail!;
      for (first = list.length - chunk.count; index < first; first -= chunk.count) chunk = chunk.previous!;
    }
    const skip = index - first;
    let at: number;
    if (skip <= chunk.count >>> 1) {
      at = chunk.start;
      for (let i = 0; i < skip; i++) at += entryBytes(chunk.bytes, at);
    } else {
      at = chunk.end;
      for (let i = skip; i < chunk.count; i++) at = entryBefore(chunk.bytes, at);
    }
    this.moveTo(chunk, at);
    return true;
  }

  moveTo(chunk: Chunk | undefined, at: number): void {
    this.chunk = chunk;
    this.at = at;
  }

  /** Goes to the element behind. False when there is none. */
  next(): boolean {
    const chunk = this.chunk;
    if (chunk === undefined) return false;
    this.index++;
    this.at += entryBytes(chunk.bytes, this.at);
    if (this.at === chunk.end) this.moveTo(chunk.next, chunk.next?.start ?? 0);
    return this.chunk !== undefined;
  }

  /** Goes to the element before. False when there is none. */
  previous(): boolean {
    const chunk = this.chunk;
    if (chunk === undefined) return false;
    this.index--;
    if (this.at > chunk.start) {
      this.at = entryBefore(chunk.bytes, this.at);
      return true;
    }
    const { previous } = chunk;
    this.moveTo(previous, previous === undefined ? 0 : entryBefore(previous.bytes, previous.end));
    return previous !== undefined;
  }

  /** Reads the element there into `element`. */
  read(): EntryReader {
    this.element.read(this.chunk!.bytes, this.at);
    return this.element;
  }

  /** Whether the element there has this entry. */
  equals(entry: Uint8Array): boolean {
    const { bytes, end } = this.chunk!;
    const { length } = entry;
    return this.at + length <= end && equalBytes(bytes, this.at, entry, 0, length);
  }
}
