/** The hash of a key of a command that has several. */
import type { ShardContext } from './context.ts';

/** The seeded hash of word `index`; the one of the first key came with the command. */
export function hashOfKey(context: ShardContext, index: number): number {
  return index === 1 ? context.hash : context.hashOf(index);
}
