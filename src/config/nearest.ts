/** Names that were probably meant: for messages about a name that does not exist. */

/** Up to three of `names` that are close to `given`, nearest first. */
export function nearestNames(given: string, names: readonly string[]): readonly string[] {
  const distanceMax = Math.max(1, Math.floor(given.length / 3));
  return names
    .map((name) => ({ name, distance: name.startsWith(given) ? 1 : editDistance(given, name) }))
    .filter(({ distance }) => distance <= distanceMax)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** ` (did you mean a or b?)`, or nothing when no name is close. */
export function didYouMean(nearest: readonly string[]): string {
  return nearest.length === 0 ? '' : ` (did you mean ${nearest.join(' or ')}?)`;
}

/** Insertions, deletions, substitutions and swaps of neighbours (Damerau's distance, the restricted form). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j - 1]! + (same ? 0 : 1), last[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
