/** The timeouts of commands that wait for data: seconds, with fractions. */
import type { Arguments } from '../protocol/arguments.ts';
import { TIMEOUT_NEGATIVE, TIMEOUT_NOT_FLOAT, TIMEOUT_OUT_OF_RANGE } from '../protocol/errors.ts';
import type { ArgumentSpec, HistoryEntry } from './command.ts';

export const TIMEOUT: ArgumentSpec = { name: 'timeout', type: 'double' };
export const TIMEOUT_HISTORY: readonly HistoryEntry[] = [
  ['6.0.0', '`timeout` is interpreted as a double instead of an integer.'],
];

const INT64_MAX = 2 ** 63;

/** The text of the error of the timeout in word `index`, or undefined. */
export function timeoutProblem(args: Arguments, index: number): string | undefined {
  const seconds = args.double(index);
  if (seconds === undefined) return TIMEOUT_NOT_FLOAT;
  const ms = Math.ceil(seconds * 1000);
  if (ms < 0) return TIMEOUT_NEGATIVE;
  // Redis keeps the time at which it is over in 64 bits.
  return ms + Date.now() >= INT64_MAX ? TIMEOUT_OUT_OF_RANGE : undefined;
}

/** The timeout in word `index`, which is a right one, in milliseconds. */
export function timeoutMs(args: Arguments, index: number): number {
  return Math.ceil(args.double(index)! * 1000);
}
