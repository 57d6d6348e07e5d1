/**
 * The key patterns of a selector as a tree over the bytes that they begin with. A key goes down the tree once, so
 * it costs about as many steps as it has bytes, however many patterns there are:
 *
 * ```
 * ~user:*  %R~user:1  ~cache:?  ~cart          ├─ "user:"  prefix, all rights
 *                                              │     └─ "1"  name, reading
 *                                              └─ "ca"
 *                                                    ├─ "che:"  glob ~cache:?
 *                                                    └─ "rt"  name, all rights
 * ```
 *
 * One pattern alone must give all the rights that are needed: `%R~a` and `%W~a*` together do not allow to read and write
 * `a`. So a node does not hold rights but which needs its patterns satisfy, a bit for each of the four.
 */
import type { Pattern } from './pattern.ts';

export const READ = 1;
export const WRITE = 2;
export const BOTH: number = READ | WRITE;

export interface KeyRule {
  readonly pattern: Pattern;
  /** READ, WRITE or BOTH. */
  readonly rights: number;
}

/** The bit of a need: 0 (to be named), READ, WRITE or BOTH. */
function bitOf(need: number): number {
  return 1 << need;
}

/** The bits of the needs that `rights` satisfy. */
function satisfied(rights: number): number {
  let bits = 0;
  for (let need = 0; need <= BOTH; need++) if ((need & rights) === need) bits |= bitOf(need);
  return bits;
}

class Node {
  /** The bytes from the parent to here. */
  readonly label: Uint8Array;
  /** Needs satisfied for every key that comes here. */
  prefixes = 0;
  /** Needs satisfied for the key that ends here. */
  names = 0;
  /** Patterns that keys which come here may match. */
  readonly globs: KeyRule[] = [];
  readonly children: Node[] = [];

  constructor(label: Uint8Array) {
    this.label = label;
  }
}

export class KeyMatcher {
  readonly #root: Node;

  constructor(rules: readonly KeyRule[]) {
    this.#root = grow(rules, 0, 0);
  }

  /** Whether one of the patterns matches `bytes[start, end)` and gives the rights that are needed. */
  allows(bytes: Uint8Array, start: number, end: number, need: number): boolean {
    const bit = bitOf(need);
    let node = this.#root;
    let at = start;
    for (;;) {
      if ((node.prefixes & bit) !== 0) return true;
      if (at === end && (node.names & bit) !== 0) return true;
      const { globs } = node;
      for (let i = 0; i < globs.length; i++) {
        const { pattern, rights } = globs[i]!;
        if ((rights & need) === need && pattern.matches(bytes, start, end)) return true;
      }
      if (at === end) return false;
      const child = childOf(node, bytes[at]!);
      if (child === undefined) return false;
      const { label } = child;
      const length = label.length;
      if (end - at < length) return false;
      for (let i = 1; i < length; i++) if (bytes[at + i] !== label[i]) return false;
      at += length;
      node = child;
    }
  }
}

function childOf(node: Node, byte: number): Node | undefined {
  const { children } = node;
  for (let i = 0; i < children.length; i++) if (children[i]!.label[0] === byte) return children[i];
  return undefined;
}

/** The node for rules that have their first `to` bytes in common; the parent is at `from`. */
function grow(rules: readonly KeyRule[], from: number, to: number): Node {
  const node = new Node(rules.length === 0 ? new Uint8Array(0) : rules[0]!.pattern.stem.subarray(from, to));
  const groups = new Map<number, KeyRule[]>();
  for (const rule of rules) {
    const { stem, kind } = rule.pattern;
    if (stem.length > to) {
      const byte = stem[to]!;
      const group = groups.get(byte);
      if (group === undefined) groups.set(byte, [rule]);
      else group.push(rule);
    } else if (kind === 'glob') {
      node.globs.push(rule);
    } else if (kind === 'prefix') {
      node.prefixes |= satisfied(rule.rights);
    } else {
      node.names |= satisfied(rule.rights);
    }
  }
  for (const group of groups.values()) node.children.push(grow(group, to, commonLength(group, to + 1)));
  return node;
}

/** How many first bytes all rules of a group have in common, which is at least `length`. */
function commonLength(group: readonly KeyRule[], length: number): number {
  const [first, ...others] = group.map(({ pattern }) => pattern.stem);
  let common = first!.length;
  for (const other of others) {
    let same = length;
    while (same < common && same < other.length && other[same] === first![same]) same++;
    common = same;
  }
  return common;
}
