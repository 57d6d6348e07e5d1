/** The words of HRANDFIELD and ZRANDMEMBER behind the key: how many, and whether with what belongs to each. */
import { INT64_MAX } from '../base/numbers.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { NOT_AN_INTEGER, outOfRange, SYNTAX_ERROR, VALUE_OUT_OF_RANGE } from '../protocol/errors.ts';
import type { ArgumentSpec, CommandSpec } from './command.ts';
import { KEY, oneKey, token } from './declarations.ts';

/** What the two declarations share; `pairToken` is WITHVALUES or WITHSCORES. */
export function randomSample(pairToken: string) {
  const options: ArgumentSpec = {
    name: 'options',
    type: 'block',
    optional: true,
    arguments: [
      { name: 'count', type: 'integer' },
      { ...token(pairToken), optional: true },
    ],
  };
  return {
    since: '6.2.0',
    arity: -2,
    flags: ['readonly'],
    keys: oneKey('RO', 'access'),
    arguments: [KEY, options],
    tips: ['nondeterministic_output'],
    hasLongReply: true,
  } as const satisfies Partial<CommandSpec>;
}

export interface Sample {
  /** Negative: each is chosen anew, so that the same one may come again. */
  readonly count: number;
  readonly withPairs: boolean;
}

/** Of a command that has a count; the text of an error when its words are wrong. */
export function readSample(args: Arguments, pairToken: string): Sample | string {
  const count = args.integer(2);
  const withPairs = args.count === 4;
  if (count === undefined) return NOT_AN_INTEGER;
  if (count < -INT64_MAX) return outOfRange(-INT64_MAX, INT64_MAX);
  if (args.count > 4 || (withPairs && !args.is(3, pairToken))) return SYNTAX_ERROR;
  if (withPairs && (count < -INT64_MAX / 2n || count > INT64_MAX / 2n)) return VALUE_OUT_OF_RANGE;
  return { count: Number(count), withPairs };
}
