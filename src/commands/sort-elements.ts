/** What SORT does with elements: the keys that patterns make of them, their order. */
import { fromLatin1, latin1 } from '../base/bytes.ts';
import { parseDouble } from '../base/numbers.ts';
import { bulkOf } from '../protocol/reply-reader.ts';
import { TYPE_LIST, TYPE_SET, TYPE_ZSET } from '../store/layout.ts';
import type { Collection } from '../types/collection.ts';
import type { List } from '../types/list.ts';
import { ListCursor } from '../types/list-cursor.ts';
import type { MemberSet } from '../types/set.ts';
import { SetCursor } from '../types/set-cursor.ts';
import type { SortedSet } from '../types/sorted-set.ts';
import { SortedSetCursor } from '../types/sorted-set-cursor.ts';
import type { ShardContext } from './context.ts';

const STAR = 42;
const HASH_SIGN = 35;

/** The elements of a collection in its own order; undefined when it is of a type that has none to sort. */
export function elementsOf(collection: Collection): Uint8Array[] | undefined {
  switch (collection.type) {
    case TYPE_LIST: {
      const cursor = new ListCursor();
      const elements: Uint8Array[] = [];
      for (let is = cursor.open(collection as List, 0); is; is = cursor.next()) {
        elements.push(cursor.read().copy());
      }
      return elements;
    }
    case TYPE_ZSET: {
      const cursor = new SortedSetCursor();
      const elements: Uint8Array[] = [];
      for (let is = cursor.open(collection as SortedSet, 0); is; is = cursor.next()) {
        elements.push(cursor.copy());
      }
      return elements;
    }
    case TYPE_SET: {
      const cursor = new SetCursor();
      const elements: Uint8Array[] = [];
      cursor.open(collection as MemberSet);
      while (cursor.next()) elements.push(cursor.member.copy());
      return elements;
    }
    default:
      return undefined;
  }
}

/** A pattern of BY or GET. */
export class ElementPattern {
  /** It stands for the element itself. */
  readonly isElement: boolean;
  /** It is the same for all elements, and so names no key. */
  readonly isConstant: boolean;
  readonly #before: Uint8Array;
  readonly #behind: Uint8Array;
  /** Of a hash; undefined: the value is a string. */
  readonly #field: Uint8Array | undefined;

  constructor(pattern: Uint8Array) {
    this.isElement = pattern.length === 1 && pattern[0] === HASH_SIGN;
    const star = pattern.indexOf(STAR);
    this.isConstant = star < 0;
    const arrow = this.isConstant ? -1 : Buffer.from(pattern).indexOf('->', star + 1);
    const hasField = arrow >= 0 && arrow + 2 < pattern.length;
    this.#before = pattern.slice(0, Math.max(star, 0));
    this.#behind = pattern.slice(star + 1, hasField ? arrow : pattern.length);
    this.#field = hasField ? pattern.slice(arrow + 2) : undefined;
  }

  /** The value that the pattern names for an element; undefined when there is none. */
  valueFor(context: ShardContext, element: Uint8Array): Uint8Array | undefined {
    if (this.isElement) return element;
    if (this.isConstant) return undefined;
    const key = new Uint8Array(Buffer.concat([this.#before, element, this.#behind]));
    const { together } = context;
    return bulkOf(
      this.#field === undefined ? together.run('get', key) : together.run('hget', key, this.#field),
    );
  }
}

/** What decides the order of an element: a number, bytes, or undefined where a pattern named nothing. */
type Weight = number | Uint8Array | undefined;

/**
 * The elements in order, by what `by` makes of them; undefined when one is to be taken for a number and is none. As in Redis
 * what has no weight comes first among texts and counts 0 among numbers, and equal numbers are in the order of the elements.
 */
export function inOrder(
  elements: readonly Uint8Array[],
  by: (element: Uint8Array) => Uint8Array | undefined,
  isAlphabetic: boolean,
  isDescending: boolean,
): Uint8Array[] | undefined {
  const weighed: { element: Uint8Array; weight: Weight }[] = [];
  for (const element of elements) {
    const value = by(element);
    const weight = isAlphabetic ? value : value === undefined ? 0 : scoreOf(value);
    if (!isAlphabetic && weight === undefined) return undefined;
    weighed.push({ element, weight });
  }
  const sign = isDescending ? -1 : 1;
  const compare = isAlphabetic ? compareTexts : compareNumbers;
  weighed.sort(
    (a, b) =>
      sign * (compare(a.weight, b.weight) || (isAlphabetic ? 0 : Buffer.compare(a.element, b.element))),
  );
  return weighed.map(({ element }) => element);
}

function compareNumbers(a: Weight, b: Weight): number {
  const [left, right] = [a as number, b as number];
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareTexts(a: Weight, b: Weight): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  return Buffer.compare(a as Uint8Array, b as Uint8Array);
}

/** A number as C's strtod reads it, to the end or a NUL; an empty text is 0. */
function scoreOf(value: Uint8Array): number | undefined {
  const nul = value.indexOf(0);
  const text = latin1(value, 0, nul < 0 ? value.length : nul).replace(/^[\t-\r ]+/, '');
  return value.length === 0 || nul === 0 ? 0 : parseDouble(text);
}

export const NO_BYTES: Uint8Array = fromLatin1('');
