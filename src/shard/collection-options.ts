/** The options that say when collections change their form. */
import type { StartOptions } from '../ring/messages.ts';
import type { Keyspace } from '../store/keyspace.ts';

/** Takes in an option; others than those for collections are passed over. */
export function setCollectionOption(keyspace: Keyspace, name: string, value: unknown): void {
  const { limits } = keyspace.objects;
  if (name === 'list-max-listpack-size') limits.list.set(Number(value));
  else if (name === 'hash-max-listpack-entries') limits.hash.setEntries(Number(value));
  else if (name === 'hash-max-listpack-value') limits.hash.valueBytes = Number(value);
  else if (name === 'hll-sparse-max-bytes') limits.hyperloglogSparseBytes = Number(value);
  else if (name === 'zset-max-listpack-entries') limits.sortedSet.entries = Number(value);
  else if (name === 'zset-max-listpack-value') limits.sortedSet.value = Number(value);
  if (name === 'stream-node-max-bytes') limits.stream.bytes = Number(value);
  if (name === 'stream-node-max-entries') limits.stream.entries = Number(value);
}

export function setCollectionOptions(keyspace: Keyspace, options: StartOptions): void {
  for (const [name, value] of Object.entries(options)) setCollectionOption(keyspace, name, value);
}
