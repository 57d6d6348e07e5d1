/**
 * The consistent-hash ring: from a slot to the shard that owns it.
 *
 * Each shard has a number of virtual nodes, points on a circle of circumference 1; each slot has a point too,
 * and belongs to the shard whose virtual node comes next. A new shard takes over only what its own points cut
 * off (Karger et al., "Consistent Hashing and Random Trees", 1997): going from N to N + 1 shards moves about
 * 1/(N + 1) of the slots, all of them to the new shard.
 *
 * Points placed by a hash leave some shards 20 % above their share at 160 virtual nodes. Shards are numbered
 * from 0 without gaps, so a shard's points may depend on those of the shards before it: each point of a new
 * shard cuts its part off the longest arc of the shard that has the most. That keeps all within a few percent.
 */
import { assert } from '../base/assert.ts';
import { SLOTS } from '../base/crc16.ts';

export const SHARDS_MAX = 256;
export const VIRTUAL_NODES_MAX = 1024;

/** Spreads neighbouring slots over the circle; odd, so each slot gets a place of its own. */
const SLOT_STRIDE = 10107;

/** What a virtual node owns: the circle from `from` up to the node at `to`. */
interface Arc {
  from: number;
  to: number;
}

/** A table from slot to shard number for `shards` shards with `virtualNodes` points each. */
export function slotTable(shards: number, virtualNodes: number): Uint16Array {
  assert(shards >= 1 && shards <= SHARDS_MAX, `1 to ${SHARDS_MAX} shards`);
  assert(virtualNodes >= 1 && virtualNodes <= VIRTUAL_NODES_MAX, `1 to ${VIRTUAL_NODES_MAX} virtual nodes`);
  const first = Array.from({ length: virtualNodes }, (_, node) => ({
    from: node / virtualNodes,
    to: (node + 1) / virtualNodes,
  }));
  const arcsOf: Arc[][] = [first];
  const loads = [1];
  for (let shard = 1; shard < shards; shard++) addShard(arcsOf, loads, virtualNodes);
  return resolve(arcsOf);
}

/** Places the virtual nodes of one more shard. `loads` has each shard's part of the circle. */
function addShard(arcsOf: Arc[][], loads: number[], virtualNodes: number): void {
  const share = 1 / (arcsOf.length + 1) / virtualNodes;
  const own: Arc[] = [];
  let load = 0;
  for (let node = 0; node < virtualNodes; node++) {
    const donor = indexOfMax(loads, (part) => part);
    const arcs = arcsOf[donor]!;
    const arc = arcs[indexOfMax(arcs, (each) => each.to - each.from)]!;
    // A node never takes an arc whole: two virtual nodes would stand on one point.
    const cut = Math.min(share, (arc.to - arc.from) * 0.9);
    own.push({ from: arc.from, to: arc.from + cut });
    arc.from += cut;
    loads[donor]! -= cut;
    load += cut;
  }
  arcsOf.push(own);
  loads.push(load);
}

function indexOfMax<T>(items: readonly T[], measure: (item: T) => number): number {
  let best = 0;
  for (let i = 1; i < items.length; i++) {
    if (measure(items[i]!) > measure(items[best]!)) best = i;
  }
  return best;
}

function resolve(arcsOf: readonly Arc[][]): Uint16Array {
  const nodes = arcsOf.flatMap((arcs, shard) => arcs.map((arc) => ({ at: arc.to, shard })));
  nodes.sort((a, b) => a.at - b.at);
  const table = new Uint16Array(SLOTS);
  let next = 0;
  for (let place = 0; place < SLOTS; place++) {
    const at = (place + 0.5) / SLOTS;
    while (next < nodes.length - 1 && nodes[next]!.at < at) next++;
    table[(place * SLOT_STRIDE) % SLOTS] = nodes[next]!.shard;
  }
  return table;
}
