/** What commands that take from the first of several keys have in common, and wait while none has anything: BLPOP, BZPOPMIN and the like. */
import type { Arguments } from '../protocol/arguments.ts';
import { WRONG_TYPE } from '../protocol/errors.ts';
import { TIMEOUT, TIMEOUT_HISTORY, timeoutMs, timeoutProblem } from './blocking-timeout.ts';
import type { CommandSpec, Placement, ShardHandler } from './command.ts';
import type { ShardContext } from './context.ts';
import { KEYS } from './declarations.ts';

/** What the declarations of those share whose words are keys and then a timeout. */
export const WAITING_POP = {
  arity: -3,
  keys: { first: 1, last: -2, step: 1, flags: ['RW', 'access', 'delete'] },
  arguments: [KEYS, TIMEOUT],
  history: TIMEOUT_HISTORY,
  check: (args) => timeoutProblem(args, args.count - 1),
} as const satisfies Partial<CommandSpec>;

export function lastWord(args: Arguments): number {
  return args.count - 1;
}

/** The words from the first to the last but one, which are keys. */
export function allButLast(args: Arguments): readonly number[] {
  return Array.from({ length: args.count - 2 }, (_, i) => i + 1);
}

/** A command that waits for values of `type` at its keys, or only at those in `awaitedWords`; its timeout is in word `timeoutWord`. */
export function waitsFor(
  type: number,
  handler: ShardHandler,
  timeoutWord: (args: Arguments) => number,
  awaitedWords?: readonly number[],
): Placement {
  return {
    at: 'blocking',
    handler,
    timeoutMs: (args) => timeoutMs(args, timeoutWord(args)),
    awaitedType: type,
    ...(awaitedWords !== undefined && { awaitedWords }),
  };
}

/**
 * The first of the keys in `words` that has a value of `type`, which is the client's then. When nothing more is to be done, undefined:
 * it waits, or waits no more, or it has got an error because of a key of another type.
 */
export function claimFirst(
  { reply, waiting, together }: ShardContext,
  type: number,
  words: readonly number[],
): number | undefined {
  for (const word of words) {
    if (!waiting.reaches(word)) continue;
    const found = together.typeOf(word);
    if (found === undefined) continue;
    if (!waiting.claim()) return undefined;
    if (found === type) return word;
    reply.error(WRONG_TYPE);
    return undefined;
  }
  if (!waiting.wait()) reply.nullArray();
  return undefined;
}
