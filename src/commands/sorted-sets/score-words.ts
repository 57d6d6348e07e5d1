/** Scores among the words of commands. */
import type { Arguments } from '../../protocol/arguments.ts';

/** The word as a score; undefined when it is none. */
export function readScoreWord(args: Arguments, word: number): number | undefined {
  const integer = args.integer(word);
  // Integers beyond 2^53 are rounded otherwise than their text is.
  return typeof integer === 'number' ? integer : args.double(word);
}
