/** The options that say when collections change their form. */
import type { StartOptions } from '../ring/messages.ts';
import type { Keyspace } from '../store/keyspace.ts';

/** Takes in an option; others than those for collections are passed over. */
export function setCollectionOption(keyspace: Keyspace, name: string, value: unknown): void {
  const { limits } = keyspace.objects;
  if (name === 'list-max-listpack-size') limits.list.set(Number(value));
  else if (name.startsWith('set-max-')) limits.set.set(name, Number(value));
}

export function setCollectionOptions(keyspace: Keyspace, options: StartOptions): void {
  for (const [name, value] of Object.entries(options)) setCollectionOption(keyspace, name, value);
}
