/**
 * The consistent-hash ring: from a slot to the shard that owns it.
 *
 * The slots lie on a circle, and each shard has a number of virtual nodes on it; a slot belongs to the shard whose
 * virtual node comes next. A new shard takes over only what its own nodes cut off (Karger et al., "Consistent Hashing
 * and Random Trees", 1997): going from N to N + 1 shards moves about 1/(N + 1) of the slots, all of them to the new
 * shard.
 *
 * Nodes placed by a hash leave some shards 20 % above their share at 160 virtual nodes. Shards are numbered from 0
 * without gaps, so where a shard's nodes are may depend on the shards before it: each node of a new shard cuts its
 * part off the longest arc of the shard that has the most. That keeps all shards within a few slots of each other.
 */
import { assert } from '../base/assert.ts';
import { SLOTS } from '../base/crc16.ts';

export const SHARDS_MAX = 256;
export const VIRTUAL_NODES_MAX = 1024;

/** Spreads neighbouring slots over the circle; odd, so each slot gets a place of its own. */
const SLOT_STRIDE = 10107;

/** The places on the circle from `from` up to, without it, `to`: what one virtual node owns, never nothing. */
interface Arc {
  from: number;
  to: number;
}

/** A table from slot to shard number for `shards` shards with about `virtualNodes` nodes each. */
export function slotTable(shards: number, virtualNodes: number): Uint16Array {
  assert(shards >= 1 && shards <= SHARDS_MAX, `1 to ${SHARDS_MAX} shards`);
  assert(virtualNodes >= 1 && virtualNodes <= VIRTUAL_NODES_MAX, `1 to ${VIRTUAL_NODES_MAX} virtual nodes`);
  const first = Array.from({ length: virtualNodes }, (_, node) => ({
    from: Math.floor((node * SLOTS) / virtualNodes),
    to: Math.floor(((node + 1) * SLOTS) / virtualNodes),
  }));
  const arcsOf: Arc[][] = [first];
  const slotsOf = [SLOTS];
  for (let shard = 1; shard < shards; shard++) addShard(arcsOf, slotsOf, virtualNodes);
  return resolve(arcsOf);
}

/** Places the virtual nodes of one more shard. `slotsOf` has how many slots each shard owns. */
function addShard(arcsOf: Arc[][], slotsOf: number[], virtualNodes: number): void {
  const wanted = Math.floor(SLOTS / (arcsOf.length + 1));
  const perNode = Math.ceil(wanted / virtualNodes);
  const own: Arc[] = [];
  let taken = 0;
  while (taken < wanted) {
    const donor = indexOfMax(slotsOf, (slots) => slots);
    const arcs = arcsOf[donor]!;
    const longest = indexOfMax(arcs, (arc) => arc.to - arc.from);
    const arc = arcs[longest]!;
    const cut = Math.min(perNode, wanted - taken, arc.to - arc.from);
    own.push({ from: arc.from, to: arc.from + cut });
    arc.from += cut;
    if (arc.from === arc.to) arcs.splice(longest, 1);
    slotsOf[donor]! -= cut;
    taken += cut;
  }
  arcsOf.push(own);
  slotsOf.push(taken);
}

function indexOfMax<T>(items: readonly T[], measure: (item: T) => number): number {
  let best = 0;
  for (let i = 1; i < items.length; i++) {
    if (measure(items[i]!) > measure(items[best]!)) best = i;
  }
  return best;
}

function resolve(arcsOf: readonly Arc[][]): Uint16Array {
  const table = new Uint16Array(SLOTS);
  arcsOf.forEach((arcs, shard) => {
    for (const arc of arcs) {
      for (let place = arc.from; place < arc.to; place++) table[(place * SLOT_STRIDE) % SLOTS] = shard;
    }
  });
  return table;
}
