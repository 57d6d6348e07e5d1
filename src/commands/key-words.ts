/** Which words of a request are keys. */
import type { Arguments } from '../protocol/arguments.ts';
import type { KeyPositions } from './command.ts';

/** The words of `args` that are keys, by number and in order. */
export function keyWords(keys: KeyPositions, args: Arguments): readonly number[] {
  if (keys.find !== undefined) return keys.find(args);
  const words: number[] = [];
  const last = keys.last < 0 ? args.count + keys.last : keys.last;
  for (let word = keys.first; word <= last; word += keys.step) words.push(word);
  return words;
}
