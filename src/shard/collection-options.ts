/** The options that say when collections change their form. */
import type { StartOptions } from '../ring/messages.ts';
import type { Keyspace } from '../store/keyspace.ts';

type Limits = Keyspace['objects']['limits'];

const SETTERS: Readonly<Record<string, (limits: Limits, value: number) => void>> = {
  'list-max-listpack-size': ({ list }, value) => list.set(value),
  'hash-max-listpack-entries': ({ hash }, value) => hash.setEntries(value),
  'hash-max-listpack-value': ({ hash }, value) => {
    hash.valueBytes = value;
  },
  'set-max-intset-entries': ({ set }, value) => set.setIntsetEntries(value),
  'set-max-listpack-entries': ({ set }, value) => set.setListpackEntries(value),
  'set-max-listpack-value': ({ set }, value) => {
    set.listpackValue = value;
  },
  'zset-max-listpack-entries': ({ sortedSet }, value) => {
    sortedSet.entries = value;
  },
  'zset-max-listpack-value': ({ sortedSet }, value) => {
    sortedSet.value = value;
  },
  'stream-node-max-bytes': ({ stream }, value) => {
    stream.bytes = value;
  },
  'stream-node-max-entries': ({ stream }, value) => {
    stream.entries = value;
  },
  'hll-sparse-max-bytes': (limits, value) => {
    limits.hyperloglogSparseBytes = value;
  },
};

/** Takes in an option; others than those for collections are passed over. */
export function setCollectionOption(keyspace: Keyspace, name: string, value: unknown): void {
  SETTERS[name]?.(keyspace.objects.limits, Number(value));
}

export function setCollectionOptions(keyspace: Keyspace, options: StartOptions): void {
  for (const [name, value] of Object.entries(options)) setCollectionOption(keyspace, name, value);
}
