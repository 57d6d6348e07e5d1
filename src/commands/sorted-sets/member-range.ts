/** A range of members that a client asks for: by ranks, by scores or by the bytes of members. */
import { latin1 } from '../../base/bytes.ts';
import { parseDouble } from '../../base/numbers.ts';
import type { Arguments } from '../../protocol/arguments.ts';
import { RANGE_NOT_FLOATS, RANGE_NOT_STRINGS } from '../../protocol/collection-errors.ts';
import { NOT_AN_INTEGER } from '../../protocol/errors.ts';
import type { SortedSet } from '../../types/sorted-set.ts';

export const BY_RANK = 0;
export const BY_SCORE = 1;
export const BY_LEX = 2;

const OPEN = 40;
const CLOSED = 91;
const PLUS = 43;
const MINUS = 45;
const NUMBER_BEGINS = /^[+-]?(\d|\.\d)/;

/** One end: a score, or the word of the command that has a string. */
interface Bound {
  score: number;
  start: number;
  end: number;
  isExclusive: boolean;
  /** Of strings: before all, or behind all. */
  isInfinite: boolean;
}

function bound(): Bound {
  return { score: 0, start: 0, end: 0, isExclusive: false, isInfinite: false };
}

/** One instance is filled again and again. */
export class MemberRange {
  /** The rank of the first member, and how many there are; for ranks of the reverse order, of that. */
  first = 0;
  count = 0;
  #kind = BY_RANK;
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #min = bound();
  readonly #max = bound();

  /** Takes in words `min` and `max`; returns the text of an error, or undefined. The words are needed until `cut`. */
  read(args: Arguments, kind: number, min: number, max: number): string | undefined {
    this.#kind = kind;
    this.#bytes = args.bytes;
    switch (kind) {
      case BY_RANK: {
        const start = args.integer(min);
        const stop = args.integer(max);
        if (start === undefined || stop === undefined) return NOT_AN_INTEGER;
        this.#min.score = Number(start);
        this.#max.score = Number(stop);
        return undefined;
      }
      case BY_SCORE:
        return readScoreBound(args, min, this.#min) && readScoreBound(args, max, this.#max)
          ? undefined
          : RANGE_NOT_FLOATS;
      default:
        return readStringBound(args, min, this.#min) && readStringBound(args, max, this.#max)
          ? undefined
          : RANGE_NOT_STRINGS;
    }
  }

  /** Finds out which members of `set` are in the range. */
  cut(set: SortedSet): void {
    let first: number;
    let end: number;
    switch (this.#kind) {
      case BY_RANK: {
        const { length } = set;
        const start = this.#min.score;
        const stop = this.#max.score;
        first = start < 0 ? Math.max(0, length + start) : start;
        end = Math.min(length, (stop < 0 ? length + stop : stop) + 1);
        break;
      }
      case BY_SCORE:
        first = set.countBelow(this.#min.score, this.#min.isExclusive);
        end = set.countBelow(this.#max.score, !this.#max.isExclusive);
        break;
      default:
        first = this.#before(set, this.#min, this.#min.isExclusive);
        end = this.#before(set, this.#max, !this.#max.isExclusive);
    }
    this.first = first;
    this.count = Math.max(0, end - first);
  }

  /**
   * Keeps `count` of the members, negative for all, from `offset` on, counted from the last one if `isReverse`; `first` is a rank of the
   * usual order before and afterwards.
   */
  limit(offset: number, count: number, isReverse: boolean): void {
    const left = offset < 0 ? 0 : Math.max(0, this.count - offset);
    const kept = count < 0 ? left : Math.min(left, count);
    this.first = isReverse ? this.first + left - kept : this.first + offset;
    this.count = kept;
  }

  #before(set: SortedSet, { start, end, isInfinite }: Bound, andEqual: boolean): number {
    if (isInfinite) return start === end ? 0 : set.length;
    return set.countBefore(this.#bytes, start, end, andEqual);
  }
}

/** A number as C's strtod reads it, with a parenthesis in front for one that is not included. */
function readScoreBound(args: Arguments, word: number, into: Bound): boolean {
  const start = args.starts[word]!;
  into.isExclusive = args.bytes[start] === OPEN && args.length(word) > 0;
  const integer = into.isExclusive ? undefined : args.integer(word);
  if (typeof integer === 'number') {
    into.score = integer;
    return true;
  }
  const from = into.isExclusive ? start + 1 : start;
  const nul = args.bytes.subarray(from, args.ends[word]!).indexOf(0);
  const whole = latin1(args.bytes, from, nul < 0 ? args.ends[word]! : from + nul);
  const text = whole.trim() === '' ? whole : whole.replace(/^[\t-\r ]+/, '');
  const score = text === '' ? 0 : (parseDouble(text) ?? tooLarge(text));
  if (score === undefined) return false;
  into.score = score;
  return true;
}

/** Infinite, for the text of a number that is too large for a double. */
function tooLarge(text: string): number | undefined {
  const value = NUMBER_BEGINS.test(text) ? Number(text) : Number.NaN;
  return Number.isNaN(value) || Number.isFinite(value) ? undefined : value;
}

/** `-` and `+`, or a string with a parenthesis or a bracket in front. Of the infinite ones, that behind all has a range that is not empty. */
function readStringBound(args: Arguments, word: number, into: Bound): boolean {
  const start = args.starts[word]!;
  const end = args.ends[word]!;
  if (start === end) return false;
  const mark = args.bytes[start]!;
  into.isInfinite = (mark === PLUS || mark === MINUS) && end === start + 1;
  if (into.isInfinite) {
    into.start = start;
    into.end = mark === PLUS ? end : start;
    return true;
  }
  into.isExclusive = mark === OPEN;
  into.start = start + 1;
  into.end = end;
  return mark === OPEN || mark === CLOSED;
}
