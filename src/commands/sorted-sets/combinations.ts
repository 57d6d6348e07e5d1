/** Unions, intersections and differences of sorted sets, with scores that are made of those of the inputs. */
import type { SortedSet } from '../../types/sorted-set.ts';
import { SortedSetCursor } from '../../types/sorted-set-cursor.ts';
import type { Aggregate, CombinationOptions } from './combination-request.ts';

/** An input with its weight; undefined: there is nothing at the key. */
export interface Input {
  readonly set: SortedSet | undefined;
  readonly weight: number;
}

export type Operation = 'union' | 'inter' | 'diff';

const cursor = new SortedSetCursor();

/** Puts the result into `result`, which is empty. */
export function combine(
  operation: Operation,
  inputs: readonly Input[],
  { aggregate }: CombinationOptions,
  result: SortedSet,
): void {
  // From the smallest to the largest, which decides how sums are rounded.
  if (operation === 'union') uniteInto(result, bySize(inputs), aggregate);
  else if (operation === 'inter') intersectInto(result, bySize(inputs), aggregate);
  else subtractInto(result, inputs);
}

/** How many members all inputs have in common, counted up to `limit` unless that is 0. */
export function countCommon(inputs: readonly Input[], limit: number): number {
  const [smallest, ...others] = bySize(inputs);
  let count = 0;
  let is = smallest?.set !== undefined && cursor.open(smallest.set, 0);
  for (; is && (limit === 0 || count < limit); is = cursor.next()) {
    if (others.every(({ set }) => set!.find(cursor.bytes, cursor.start, cursor.end))) count++;
  }
  return count;
}

function bySize(inputs: readonly Input[]): readonly Input[] {
  return inputs.toSorted((a, b) => (a.set?.length ?? 0) - (b.set?.length ?? 0));
}

function weighted(score: number, weight: number): number {
  const product = score * weight;
  return Number.isNaN(product) ? 0 : product;
}

function aggregated(a: number, b: number, aggregate: Aggregate): number {
  if (aggregate === 'min') return Math.min(a, b);
  if (aggregate === 'max') return Math.max(a, b);
  const sum = a + b;
  // Of infinities with different signs.
  return Number.isNaN(sum) ? 0 : sum;
}

function uniteInto(result: SortedSet, inputs: readonly Input[], aggregate: Aggregate): void {
  for (const { set, weight } of inputs) {
    let is = set !== undefined && cursor.open(set, 0);
    for (; is; is = cursor.next()) {
      const { bytes, start, end } = cursor;
      const score = weighted(cursor.score, weight);
      const sum = result.find(bytes, start, end) ? aggregated(result.score, score, aggregate) : score;
      result.add(sum, bytes, start, end);
    }
  }
}

function intersectInto(result: SortedSet, inputs: readonly Input[], aggregate: Aggregate): void {
  const [smallest, ...others] = inputs;
  let is = smallest?.set !== undefined && cursor.open(smallest.set, 0);
  for (; is; is = cursor.next()) {
    const { bytes, start, end } = cursor;
    let score = weighted(cursor.score, smallest!.weight);
    const isCommon = others.every(({ set, weight }) => {
      if (!set!.find(bytes, start, end)) return false;
      score = aggregated(score, set!.score * weight, aggregate);
      return true;
    });
    if (isCommon) result.add(score, bytes, start, end);
  }
}

function subtractInto(result: SortedSet, [first, ...others]: readonly Input[]): void {
  let is = first?.set !== undefined && cursor.open(first.set, 0);
  for (; is; is = cursor.next()) {
    const { bytes, start, end } = cursor;
    if (others.some(({ set }) => set?.find(bytes, start, end) === true)) continue;
    result.add(cursor.score, bytes, start, end);
  }
}
