/** Parts of declarations that many commands share: arguments and key positions. */
import type { ArgumentSpec, KeyFlag, KeyPositions, KeySpecification } from './command.ts';

export const KEY: ArgumentSpec = { name: 'key', type: 'key' };
export const KEYS: ArgumentSpec = { name: 'key', type: 'key', multiple: true };
export const VALUE: ArgumentSpec = { name: 'value', type: 'string' };

/** The key stands right behind the name. */
export function oneKey(...flags: readonly KeyFlag[]): KeyPositions {
  return { first: 1, last: 1, step: 1, flags };
}

/** Every word behind the name is a key. */
export function allKeys(...flags: readonly KeyFlag[]): KeyPositions {
  return { first: 1, last: -1, step: 1, flags };
}

/** Several keys that are not used alike; `specifications` describe them one after the other. */
export function unlikeKeys(
  first: number,
  last: number,
  ...specifications: readonly KeySpecification[]
): KeyPositions {
  return { first, last, step: 1, flags: specifications[0]!.flags, specifications };
}

/** The specification of the key in word `word`. */
export function keyAt(word: number, ...flags: readonly KeyFlag[]): KeySpecification {
  return { positions: { first: word, last: word, step: 1 }, flags };
}

/** A word that stands for itself in an option list. */
export function token(word: string, since?: string): ArgumentSpec {
  const name = word.toLowerCase();
  return since === undefined
    ? { name, type: 'pure-token', token: word }
    : { name, type: 'pure-token', token: word, since };
}

/** Tips of the commands that are cut by shard, with how the parts' replies become one. */
export const CUT_BY_SHARD = 'request_policy:multi_shard';
export const ON_EVERY_SHARD = 'request_policy:all_shards';
export const REPLIES_SUMMED = 'response_policy:agg_sum';
export const REPLIES_ALL_OK = 'response_policy:all_succeeded';
