/** A walk over everything a keyspace keeps, which throws at the first thing that does not fit. For tests and debugging. */
import { assert } from '../base/assert.ts';
import { type Arena, classOf, WITHHELD } from './arena.ts';
import type { HashIndex } from './hash-index.ts';
import type { Keyspace } from './keyspace.ts';
import {
  EXTENT_SHIFT,
  FLAG_SLACK,
  FLAG_SNAPSHOT,
  LENGTH_MASK,
  PREVIOUS_FREE_BIT,
  UNIT_BYTES,
  UNIT_MASK,
} from './layout.ts';
import { INDEX_EXTENT_SHIFT, POSITION_MASK, SEGMENT_SHIFT, SLOT_MASK, SLOTS } from './segments.ts';

/** Throws an AssertionFailure when any block, list, count or slot is wrong. */
export function verify(keyspace: Keyspace): void {
  const used = new Map<number, number>();
  for (const { ref, units } of keyspace.setAside) used.set(ref, units);
  let left = 0;
  for (const database of keyspace.databases) {
    const expiring = new Set<number>();
    let objects = 0;
    let unwritten = 0;
    if (database.index !== undefined) {
      verifyIndex(database.index, (ref, hash) => {
        const { entries } = keyspace;
        assert(!used.has(ref), 'an entry is in one slot only');
        used.set(ref, entries.blockUnits(ref));
        const start = entries.keyStart(ref);
        const end = start + entries.keyLength(ref);
        assert(keyspace.hash(entries.bytesOf(ref), start, end) === hash, 'a slot has the hash of its key');
        if (entries.hasExpiry(ref)) expiring.add(ref);
        if (entries.hasObject(ref)) objects++;
        if ((entries.flags(ref) & FLAG_SNAPSHOT) !== keyspace.snapshotParity) unwritten++;
        assert(
          (entries.flags(ref) & FLAG_SLACK) === 0 || entries.blockUnits(ref) > entries.neededUnits(ref),
          'slack',
        );
      });
    }
    assert(objects === database.objects, 'collections are counted');
    assert(unwritten === database.unwritten, 'what a snapshot has yet to write is counted');
    left += unwritten;
    let listed = 0;
    if (database.expires !== undefined) {
      verifyIndex(database.expires, (ref) => {
        assert(expiring.has(ref), 'the expires index has only entries with an expiry');
        listed++;
      });
    }
    assert(listed === expiring.size, 'every entry with an expiry is in the expires index');
  }
  assert(
    left > 0 === (keyspace.snapshot !== undefined),
    'a snapshot is under way while it has entries to write',
  );
  verifyArena(keyspace.arena, used);
  for (const version of keyspace.stripes.versions) assert((version & 1) === 0, 'every stripe was ended');
}

function verifyIndex(index: HashIndex, visit: (ref: number, hash: number) => void): void {
  const { pool } = index;
  let total = 0;
  const places = 1 << index.depth;
  for (let place = 0; place < places; place++) {
    const segment = index.directory[place]!;
    const depth = pool.localDepths[segment]!;
    assert(depth <= index.depth, 'a local depth is at most the depth');
    const first = place & ((1 << depth) - 1);
    assert(index.directory[first] === segment, 'all places with the same low bits lead to one segment');
    if (first !== place) continue;
    const words = pool.words[segment >>> INDEX_EXTENT_SHIFT]!;
    const base = (segment & POSITION_MASK) << SEGMENT_SHIFT;
    let count = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      const hash = words[base + slot * 2]!;
      const ref = words[base + slot * 2 + 1]!;
      if (ref === 0) continue;
      count++;
      assert((hash & ((1 << depth) - 1)) === first, 'a slot is in the segment of its hash');
      for (let probe = hash >>> 23; probe !== slot; probe = (probe + 1) & SLOT_MASK) {
        assert(words[base + probe * 2 + 1] !== 0, 'there is no hole between home and slot');
      }
      visit(ref, hash);
    }
    assert(count === pool.counts[segment], 'the entries of a segment are counted');
    total += count;
  }
  assert(total === index.count, 'the entries of an index are counted');
}

/** Walks the free lists and returns their blocks with their sizes. */
function verifyLists(arena: Arena): Map<number, number> {
  const listed = new Map<number, number>();
  const withheld = new Set<number>(arena.sealed < 0 ? [] : [arena.sealed]);
  arena.heads.forEach((head, list) => {
    assert(
      list === WITHHELD || (arena.bitmap[list >>> 5]! >>> (list & 31)) % 2 === (head === 0 ? 0 : 1),
      'the bitmap shows the lists',
    );
    let previous = 0;
    for (let ref = head; ref !== 0; ) {
      const words = arena.words[ref >>> EXTENT_SHIFT]!;
      const at = (ref & UNIT_MASK) << 1;
      assert(words[at]! < 0, 'a listed block is free');
      const size = words[at]! & LENGTH_MASK;
      assert(list === WITHHELD || classOf(size) === list, 'a block is in the list of its size');
      if (list === WITHHELD) withheld.add(ref >>> EXTENT_SHIFT);
      assert(words[at + 2] === previous, 'the links agree');
      listed.set(ref, size);
      previous = ref;
      ref = words[at + 1]!;
    }
  });
  assert(withheld.size <= 1, 'free blocks of one extent are withheld');
  return listed;
}

function verifyArena(arena: Arena, used: Map<number, number>): void {
  const listed = verifyLists(arena);
  let usedUnits = 0;
  let freeUnits = 0;
  let blocks = 0;
  let empty = 0;
  let totalBytes = 0;
  arena.words.forEach((words, number) => {
    if (words.length === 0) return;
    totalBytes += words.byteLength;
    const end = words.length / 2 - 1;
    let previousFree = false;
    for (let unit = 1; unit < end; ) {
      const ref = (number << EXTENT_SHIFT) | unit;
      const word = words[unit * 2]!;
      assert(((word & PREVIOUS_FREE_BIT) !== 0) === previousFree, 'the block before is as bit 30 says');
      if (word < 0) {
        const size = word & LENGTH_MASK;
        assert(!previousFree, 'free neighbours are merged');
        assert(words[(unit + size) * 2 - 1] === size, 'the boundary tag is the size');
        assert(size === 1 || listed.get(ref) === size, 'a free block of two units or more is in a list');
        listed.delete(ref);
        freeUnits += size;
        if (size === end - 1) empty++;
        unit += size;
        previousFree = true;
      } else {
        const units = used.get(ref);
        assert(units !== undefined, 'a used block belongs to an entry');
        blocks++;
        usedUnits += units;
        unit += units;
        previousFree = false;
      }
      assert(unit <= end, 'a block ends inside its extent');
    }
    assert(
      ((words[end * 2]! & PREVIOUS_FREE_BIT) !== 0) === previousFree,
      'the end mark knows the last block',
    );
  });
  assert(listed.size === 0, 'listed blocks are in extents');
  assert(blocks === used.size, 'every entry has a block');
  assert(usedUnits === arena.usedUnits && freeUnits === arena.freeUnits, 'units are counted');
  assert(empty === arena.emptyExtents && empty <= 1, 'at most one empty extent is kept');
  assert(
    totalBytes === arena.totalBytes && (usedUnits + freeUnits) * UNIT_BYTES < totalBytes + 1,
    'bytes are counted',
  );
}
