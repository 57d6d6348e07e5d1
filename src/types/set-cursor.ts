/** Walks over the members of a set that does not change meanwhile. */
import { integerAt } from './intset.ts';
import { EntryReader, entryBytes } from './listpack-entry.ts';
import { LISTPACK, LISTPACK_HEADER_BYTES, type MemberSet } from './set.ts';
import { TableWalk } from './table-walk.ts';

export class SetCursor {
  /** The member, after `next` said that there is one. */
  readonly member: EntryReader = new EntryReader();
  #set!: MemberSet;
  /** Of a listpack the next entry's offset from the start, of an intset the next index. */
  #next = 0;
  readonly #walk = new TableWalk();

  /** Begins in front of the first member. */
  open(set: MemberSet): void {
    this.#set = set;
    this.#next = set.encoding === 'listpack' ? LISTPACK_HEADER_BYTES : 0;
    this.#walk.begin();
  }

  /** Goes to the next member. False: there is none. */
  next(): boolean {
    const { table, bytes, start, end } = this.#set;
    const { member } = this;
    if (table !== undefined) {
      if (!this.#walk.next(table)) return false;
      member.read(table.bytes, table.nameAt);
      return true;
    }
    if (bytes[start] === LISTPACK) {
      const at = start + this.#next;
      if (at >= end) return false;
      member.read(bytes, at);
      this.#next += entryBytes(bytes, at);
      return true;
    }
    if (this.#next >= this.#set.length) return false;
    member.isInteger = true;
    member.integer = integerAt(bytes, start, this.#next++);
    return true;
  }
}
