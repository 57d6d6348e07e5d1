/** Words that are the number of a logical database. */
import type { Arguments } from '../protocol/arguments.ts';
import { DB_OUT_OF_RANGE, INT_OUT_OF_RANGE, NOT_AN_INTEGER } from '../protocol/errors.ts';

const INT32_MAX = 2147483647;
const INT32_MIN = -2147483648;

/**
 * The database that word `index` names, or the text of an error. `invalid` is the one for what is not an integer
 * of 32 bits, where the command has its own.
 */
export function databaseIndex(
  args: Arguments,
  index: number,
  databases: number,
  invalid?: string,
): number | string {
  const db = args.integer(index);
  if (db === undefined) return invalid ?? NOT_AN_INTEGER;
  if (db > INT32_MAX || db < INT32_MIN) return invalid ?? INT_OUT_OF_RANGE;
  return db < 0 || db >= databases ? DB_OUT_OF_RANGE : Number(db);
}
