/**
 * Whether the words of a command ask for most of a collection: such a command waits for the replies before it where the collection
 * is large, so that who sends many of them and reads nothing does not fill the server's memory.
 */
import type { Arguments } from '../protocol/arguments.ts';

/** Elements that a reply may hold without that. */
const FEW = 512;

export function always(): boolean {
  return true;
}

/** By the first and the last index, in the words 2 and 3; negative ones count from the end. */
export function unlessFewBetween(args: Arguments): boolean {
  if (args.count < 4) return false;
  const first = Number(args.integer(2) ?? Number.NaN);
  const last = Number(args.integer(3) ?? Number.NaN);
  const isFew = first >= 0 === last >= 0 && last - first < FEW;
  return !isFew;
}

/** By the number behind the word `COUNT`, of which the words from 4 on may be the first. */
export function unlessFewCounted(args: Arguments): boolean {
  if (args.count < 6 || !args.is(4, 'count')) return true;
  return !(Number(args.integer(5) ?? Number.NaN) <= FEW);
}
