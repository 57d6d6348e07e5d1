/**
 * Is there one order of all transactions that explains what every client saw, and in which nothing stands before what was
 * over when it began (strict serializability)? Each relation between two transactions that must hold in such an order is
 * an edge of a graph; if it has a cycle there is no such order. The weakest sufficient relations are tried first, so that
 * what is reported is the simplest that is wrong.
 */
import { type Anomaly, showTransaction } from './anomaly.ts';
import { components, shortestCycle } from './cycles.ts';
import { type Dependencies, type Edge, findDependencies, type Relation } from './dependencies.ts';
import type { History } from './history.ts';
import { findVersions } from './versions.ts';

const LEVELS: readonly (readonly Relation[])[] = [
  ['ww'],
  ['ww', 'wr'],
  ['ww', 'wr', 'rw'],
  ['ww', 'wr', 'rw', 'client'],
  ['ww', 'wr', 'rw', 'client', 'time'],
];

export interface CheckOptions {
  /** Whether what a client sent without waiting for replies must stand in the order in which it was sent. */
  readonly pipelinesInOrder?: boolean;
}

/** All that is plainly wrong with a history; of cycles, one of each component. Empty: one order explains it. */
export function checkHistory(
  history: History,
  { pipelinesInOrder = true }: CheckOptions = {},
): readonly Anomaly[] {
  const versions = findVersions(history);
  const dependencies = findDependencies(versions);
  const plain = [...versions.anomalies, ...dependencies.anomalies];
  for (const level of LEVELS) {
    const relations = pipelinesInOrder ? level : level.filter((relation) => relation !== 'client');
    const cycles = findCycles(dependencies, relations);
    if (cycles.length > 0) return [...plain, ...cycles];
  }
  return plain;
}

function findCycles({ events, edges }: Dependencies, relations: readonly Relation[]): Anomaly[] {
  const uses = (edge: Edge) => relations.includes(edge.relation);
  const isEvent = (node: number) => node < events.length;
  return components(edges, uses).map((component) => {
    const cycle = shortestCycle(edges, component, uses, isEvent);
    const lines: string[] = [];
    let node = cycle.start;
    let before = cycle.arcs.at(-1);
    for (const edge of cycle.arcs) {
      if (isEvent(node)) {
        lines.push(`  ${showTransaction(events[node]!.transaction, [before?.key, edge.key])}`);
        lines.push(`    ${edge.reason()}`);
      }
      node = edge.to;
      before = edge;
    }
    lines.push('  the first.');
    const kind = nameOf(cycle.arcs);
    const length = lines.length >> 1;
    return { kind, text: [`${kind}: a cycle of ${length} transactions`, ...lines].join('\n') };
  });
}

function nameOf(cycle: readonly Edge[]): string {
  const count = (relation: Relation) => cycle.filter((edge) => edge.relation === relation).length;
  const readsBefore = count('rw');
  const name =
    readsBefore > 1
      ? 'G2 (write skew)'
      : readsBefore === 1
        ? count('ww') > 0
          ? 'G-single (lost update)'
          : 'G-single (read skew)'
        : count('wr') > 0
          ? 'G1c (circular information flow)'
          : 'G0 (dirty write)';
  if (count('time') > 0) return `${name} with real time`;
  return count('client') > 0 ? `${name} with the order of a client` : name;
}
