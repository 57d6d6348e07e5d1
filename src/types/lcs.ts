/**
 * The longest common subsequence of two strings, by dynamic programming: a table whose cell (i, j) is the length
 * of the longest one of the first i bytes of `a` and the first j bytes of `b` (R. A. Wagner and M. J. Fischer, "The
 * String-to-String Correction Problem", 1974).
 */

/** A part of the sequence that stands in one piece in both strings; positions of first and last byte. */
export interface Match {
  readonly aFirst: number;
  readonly aLast: number;
  readonly bFirst: number;
  readonly bLast: number;
}

export interface CommonSubsequence {
  readonly bytes: Uint8Array;
  /** From the end of the strings to their beginning. */
  readonly matches: readonly Match[];
}

/** How many cells the table has, which decides the memory that the computation needs. */
export function lcsCells(aLength: number, bLength: number): number {
  return (aLength + 1) * (bLength + 1);
}

/** The length alone, which needs two rows of the table. */
export function lcsLength(a: Uint8Array, b: Uint8Array): number {
  const columns = b.length + 1;
  let above = new Uint32Array(columns);
  let row = new Uint32Array(columns);
  for (let i = 1; i <= a.length; i++) {
    fillRow(above, 0, row, 0, a[i - 1]!, b);
    [above, row] = [row, above];
  }
  return above[b.length]!;
}

/** Throws RangeError when there is no memory for the table. */
export function longestCommonSubsequence(a: Uint8Array, b: Uint8Array): CommonSubsequence {
  const columns = b.length + 1;
  const cells = lcsCells(a.length, b.length);
  // No length is greater than that of the shorter string.
  const table = Math.min(a.length, b.length) < 65536 ? new Uint16Array(cells) : new Uint32Array(cells);
  for (let i = 1; i <= a.length; i++) {
    fillRow(table, (i - 1) * columns, table, i * columns, a[i - 1]!, b);
  }
  return walkBack(a, b, table);
}

function fillRow(
  above: Uint16Array | Uint32Array,
  aboveStart: number,
  row: Uint16Array | Uint32Array,
  rowStart: number,
  byte: number,
  b: Uint8Array,
): void {
  let left = 0;
  let diagonal = 0;
  for (let j = 1; j <= b.length; j++) {
    const up = above[aboveStart + j]!;
    if (byte === b[j - 1]) left = diagonal + 1;
    else if (up > left) left = up;
    row[rowStart + j] = left;
    diagonal = up;
  }
}

/**
 * Follows the table from its last cell. Among sequences of equal length it takes the one that Redis takes: where the
 * cells above and to the left are equal it goes left.
 */
function walkBack(a: Uint8Array, b: Uint8Array, table: Uint16Array | Uint32Array): CommonSubsequence {
  const columns = b.length + 1;
  let left = table[table.length - 1]!;
  const bytes = new Uint8Array(left);
  const matches: Match[] = [];
  let open: { aFirst: number; aLast: number; bFirst: number; bLast: number } | undefined;
  let i = a.length;
  let j = b.length;
  while (left > 0) {
    if (a[i - 1] === b[j - 1]) {
      i--;
      j--;
      bytes[--left] = a[i]!;
      if (open === undefined) {
        open = { aFirst: i, aLast: i, bFirst: j, bLast: j };
        matches.push(open);
      } else {
        open.aFirst = i;
        open.bFirst = j;
      }
    } else {
      open = undefined;
      if (table[(i - 1) * columns + j]! > table[i * columns + j - 1]!) i--;
      else j--;
    }
  }
  return { bytes, matches };
}
