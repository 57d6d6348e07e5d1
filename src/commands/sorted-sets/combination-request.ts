/** What the words of ZUNION, ZINTERSTORE and the like ask for. */
import type { Arguments } from '../../protocol/arguments.ts';
import { inputKeyNeeded, WEIGHT_NOT_A_FLOAT } from '../../protocol/collection-errors.ts';
import { LIMIT_NEGATIVE, NOT_AN_INTEGER, SYNTAX_ERROR } from '../../protocol/errors.ts';
import { countedKeys } from '../lists/moving.ts';
import { readScoreWord } from './score-words.ts';

export type Aggregate = 'sum' | 'min' | 'max';

export interface CombinationOptions {
  /** One for each key. */
  readonly weights: number[];
  aggregate: Aggregate;
  withScores: boolean;
  /** Of ZINTERCARD; 0: none. */
  limit: number;
}

/** Which options a command takes. */
export interface CombinationForm {
  /** The word with the number of keys. */
  readonly at: number;
  readonly combines?: boolean;
  readonly stores?: boolean;
  readonly takesScores?: boolean;
  readonly takesLimit?: boolean;
}

/** The text of the error of the number of keys in word `at`. */
export function keyCountProblem(args: Arguments, at: number, command: string): string | undefined {
  const keys = args.integer(at);
  if (keys === undefined) return NOT_AN_INTEGER;
  if (keys < 1) return inputKeyNeeded(command);
  return keys > args.count - at - 1 ? SYNTAX_ERROR : undefined;
}

/** The options behind the keys, or the text of an error. */
export function readCombinationOptions(args: Arguments, form: CombinationForm): CombinationOptions | string {
  const keys = countedKeys(args, form.at).length;
  const options: CombinationOptions = {
    weights: new Array<number>(keys).fill(1),
    aggregate: 'sum',
    withScores: false,
    limit: 0,
  };
  for (let i = form.at + 1 + keys; i < args.count; i++) {
    const left = args.count - i - 1;
    if (form.combines === true && left >= keys && args.is(i, 'weights')) {
      for (let j = 0; j < keys; j++) {
        const weight = readScoreWord(args, ++i);
        if (weight === undefined) return WEIGHT_NOT_A_FLOAT;
        options.weights[j] = weight;
      }
    } else if (form.combines === true && left >= 1 && args.is(i, 'aggregate')) {
      const aggregate = readAggregate(args, ++i);
      if (aggregate === undefined) return SYNTAX_ERROR;
      options.aggregate = aggregate;
    } else if (form.takesScores === true && args.is(i, 'withscores')) {
      options.withScores = true;
    } else if (form.takesLimit === true && left >= 1 && args.is(i, 'limit')) {
      const limit = args.integer(++i);
      if (limit === undefined || limit < 0) return LIMIT_NEGATIVE;
      options.limit = Number(limit);
    } else {
      return SYNTAX_ERROR;
    }
  }
  return options;
}

function readAggregate(args: Arguments, word: number): Aggregate | undefined {
  return (['sum', 'min', 'max'] as const).find((each) => args.is(word, each));
}
