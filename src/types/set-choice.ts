/** Choosing members of a set at random. */
import { latin1 } from '../base/bytes.ts';
import { EntryReader } from './listpack-entry.ts';
import type { MemberList } from './member-list.ts';
import type { MemberSet } from './set.ts';
import { SetCursor } from './set-cursor.ts';

/** Up to such a part of a large set members are drawn, until so many are different; for more it is walked through. */
const DRAWN_PART = 1 / 3;

const reader = new EntryReader();
const cursor = new SetCursor();

/** Adds `count` different members, of which there are as many, to `chosen`: any so many with the same probability. */
export function chooseMembers(set: MemberSet, count: number, chosen: MemberList): void {
  if (set.table !== undefined && count <= set.length * DRAWN_PART) {
    const seen = new Set<string>();
    while (seen.size < count) {
      set.random(reader);
      reader.asBytes();
      const { size } = seen;
      seen.add(latin1(reader.bytes, reader.start, reader.end));
      if (seen.size > size) chosen.add(reader.bytes, reader.start, reader.end);
    }
    return;
  }
  // Selection sampling (Knuth, 3.4.2, S).
  let left = set.length;
  let wanted = count;
  cursor.open(set);
  while (wanted > 0 && cursor.next()) {
    if (Math.random() * left-- >= wanted) continue;
    const { member } = cursor;
    member.asBytes();
    chosen.add(member.bytes, member.start, member.end);
    wanted--;
  }
}
