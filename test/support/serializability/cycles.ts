/** Cycles of a graph: its strongly connected components (Tarjan, "Depth-First Search and Linear Graph Algorithms", 1972), and the shortest cycle. */

export interface Arc {
  readonly to: number;
}

type Arcs<A extends Arc> = readonly (readonly A[])[];

/** Components of more than one node. `uses` says which arcs there are. */
export function components<A extends Arc>(arcs: Arcs<A>, uses: (arc: A) => boolean): number[][] {
  const found: number[][] = [];
  const index = new Int32Array(arcs.length).fill(-1);
  const low = new Int32Array(arcs.length);
  const isOnStack = new Uint8Array(arcs.length);
  const next = new Int32Array(arcs.length);
  const stack: number[] = [];
  let count = 0;
  const enter = (node: number) => {
    index[node] = low[node] = count++;
    stack.push(node);
    isOnStack[node] = 1;
  };
  for (let root = 0; root < arcs.length; root++) {
    if (index[root] !== -1) continue;
    const path = [root];
    enter(root);
    while (path.length > 0) {
      const node = path.at(-1)!;
      const arc = arcs[node]![next[node]!++];
      if (arc !== undefined) {
        if (!uses(arc)) continue;
        if (index[arc.to] === -1) {
          enter(arc.to);
          path.push(arc.to);
        } else if (isOnStack[arc.to] === 1) {
          low[node] = Math.min(low[node]!, index[arc.to]!);
        }
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[node]!);
      if (low[node] !== index[node]) continue;
      const component = stack.splice(stack.lastIndexOf(node));
      for (const member of component) isOnStack[member] = 0;
      if (component.length > 1) found.push(component);
    }
  }
  return found;
}

/** From larger components only some nodes are tried as the beginning of the shortest cycle. */
const STARTS_MAX = 400;

/**
 * The shortest cycle within a component, as the arcs along it and the node where it begins. `counts` says for which nodes
 * it is longer.
 */
export function shortestCycle<A extends Arc>(
  arcs: Arcs<A>,
  component: readonly number[],
  uses: (arc: A) => boolean,
  counts: (node: number) => boolean,
): { start: number; arcs: A[] } {
  const members = new Set(component);
  const starts = component.filter(counts).slice(0, STARTS_MAX);
  let best: { start: number; arcs: A[] } | undefined;
  let bestLength = Infinity;
  for (const start of starts) {
    const cycle = cycleFrom(arcs, members, uses, counts, start, bestLength);
    if (cycle === undefined) continue;
    best = { start, arcs: cycle.arcs };
    bestLength = cycle.length;
  }
  return best!;
}

/** Breadth first, with nodes that do not count at the distance of those before them. */
function cycleFrom<A extends Arc>(
  arcs: Arcs<A>,
  members: ReadonlySet<number>,
  uses: (arc: A) => boolean,
  counts: (node: number) => boolean,
  start: number,
  lengthMax: number,
): { arcs: A[]; length: number } | undefined {
  const reachedBy = new Map<number, { from: number; arc: A }>();
  let level = [start];
  for (let length = 1; level.length > 0 && length < lengthMax; length++) {
    const following: number[] = [];
    // Grows while it is walked.
    for (const node of level) {
      for (const arc of arcs[node]!) {
        if (!uses(arc) || !members.has(arc.to)) continue;
        if (arc.to === start) {
          const path = [arc];
          for (let at = node; at !== start; ) {
            const { from, arc: before } = reachedBy.get(at)!;
            path.unshift(before);
            at = from;
          }
          return { arcs: path, length };
        }
        if (reachedBy.has(arc.to)) continue;
        reachedBy.set(arc.to, { from: node, arc });
        (counts(arc.to) ? following : level).push(arc.to);
      }
    }
    level = following;
  }
  return undefined;
}
