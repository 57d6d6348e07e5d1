/** What the words of ZRANGE, ZRANGEBYSCORE and the like ask for. */
import type { Arguments } from '../../protocol/arguments.ts';
import { LIMIT_OF_RANKS, WITHSCORES_BY_LEX } from '../../protocol/collection-errors.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../protocol/errors.ts';
import type { SortedSet } from '../../types/sorted-set.ts';
import { BY_LEX, BY_RANK, BY_SCORE, MemberRange } from './member-range.ts';

/** What a command says by its name; undefined: its words do. */
export interface RangeForm {
  readonly kind?: number;
  readonly isReverse?: boolean;
  /** It stores what it finds, and so takes no WITHSCORES. */
  readonly stores?: boolean;
}

/** One instance is filled again and again. */
export class RangeRequest {
  isReverse = false;
  withScores = false;
  readonly range = new MemberRange();
  #kind = BY_RANK;
  #offset = 0;
  #count = -1;

  /** Takes in the words from `first` on, those of the range and the options. Returns the text of an error, or undefined. */
  read(args: Arguments, first: number, form: RangeForm): string | undefined {
    this.isReverse = form.isReverse ?? false;
    this.withScores = false;
    this.#kind = form.kind ?? BY_RANK;
    this.#offset = 0;
    this.#count = -1;
    let problem: string | undefined;
    for (let i = first + 2; i < args.count && problem === undefined; i++) {
      if (args.is(i, 'limit') && i + 2 < args.count) {
        problem = this.#readLimit(args, i);
        i += 2;
      } else {
        problem = this.#readOption(args, i, form);
      }
    }
    if (problem !== undefined) return problem;
    if (this.#count !== -1 && this.#kind === BY_RANK) return LIMIT_OF_RANKS;
    if (this.withScores && this.#kind === BY_LEX) return WITHSCORES_BY_LEX;
    const isSwapped = this.isReverse && this.#kind !== BY_RANK;
    return this.range.read(args, this.#kind, isSwapped ? first + 1 : first, isSwapped ? first : first + 1);
  }

  #readLimit(args: Arguments, word: number): string | undefined {
    const offset = args.integer(word + 1);
    const count = args.integer(word + 2);
    if (offset === undefined || count === undefined) return NOT_AN_INTEGER;
    this.#offset = Number(offset);
    this.#count = Number(count);
    return undefined;
  }

  #readOption(args: Arguments, word: number, form: RangeForm): string | undefined {
    if (form.stores !== true && args.is(word, 'withscores')) this.withScores = true;
    else if (form.isReverse === undefined && args.is(word, 'rev')) this.isReverse = true;
    else if (form.kind !== undefined || this.#kind !== BY_RANK) return SYNTAX_ERROR;
    else if (args.is(word, 'bylex')) this.#kind = BY_LEX;
    else if (args.is(word, 'byscore')) this.#kind = BY_SCORE;
    else return SYNTAX_ERROR;
    return undefined;
  }

  /** Finds out which members of `set` are asked for: then they are in `range`, by ranks of the usual order. */
  cut(set: SortedSet): void {
    const { range } = this;
    range.cut(set);
    if (this.#kind !== BY_RANK) range.limit(this.#offset, this.#count, this.isReverse);
    else if (this.isReverse) range.first = set.length - range.first - range.count;
  }
}
