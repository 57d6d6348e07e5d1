/**
 * The ACL categories of a command. They follow from its flags and its group, as in Redis; a spec names only
 * those that do not.
 */
import type { CommandFlag, CommandGroup } from './command.ts';
import type { Command } from './table.ts';

/** In the order in which COMMAND INFO and ACL CAT list them. */
export const CATEGORIES: readonly string[] = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
];

const OF_FLAG: Partial<Record<CommandFlag, readonly string[]>> = {
  write: ['write'],
  readonly: ['read'],
  admin: ['admin', 'dangerous'],
  pubsub: ['pubsub'],
  blocking: ['blocking'],
  fast: ['fast'],
};

/** Groups without an entry give no category. */
const OF_GROUP: Partial<Record<CommandGroup, string>> = {
  string: 'string',
  list: 'list',
  hash: 'hash',
  set: 'set',
  'sorted-set': 'sortedset',
  stream: 'stream',
  bitmap: 'bitmap',
  hyperloglog: 'hyperloglog',
  geo: 'geo',
  generic: 'keyspace',
  connection: 'connection',
  transactions: 'transaction',
};

/** The categories without the `@`, in Redis's order. */
export function categoriesOf(command: Command): readonly string[] {
  const found = new Set(command.categories);
  for (const flag of command.flags) for (const category of OF_FLAG[flag] ?? []) found.add(category);
  if (!found.has('fast')) found.add('slow');
  const ofGroup = command.lacksGroupCategory ? undefined : OF_GROUP[command.group];
  // A container that does nothing itself belongs to no group's category: only its subcommands do.
  if (ofGroup !== undefined && command.placement !== undefined) found.add(ofGroup);
  return CATEGORIES.filter((category) => found.has(category));
}
