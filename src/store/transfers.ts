/** Moving keys between the logical databases of a shard: entries stay where they are, and only indexes change. */
import type { Keyspace } from './keyspace.ts';

/**
 * Moves an entry to another database, which must not have the key. The ref stays valid. Throws OutOfMemory with
 * nothing changed.
 */
export function moveEntry(keyspace: Keyspace, from: number, to: number, ref: number, hash: number): void {
  const { databases, entries, stripes } = keyspace;
  const source = databases[from]!;
  const target = databases[to]!;
  const signed = hash | 0;
  const hasExpiry = entries.hasExpiry(ref);
  target.openIndex().reserve(signed);
  if (hasExpiry) target.openExpires().reserve(signed);
  // To a snapshot it is an entry of the database that it was in at the cut.
  if (keyspace.snapshot !== undefined) keyspace.preserve(from, ref, signed);
  if (keyspace.journal !== undefined) keyspace.journal.removed(from, ref);
  stripes.begin(signed);
  source.index!.remove(signed, ref);
  target.index!.insert(signed, ref);
  stripes.end(signed);
  source.index!.tidy(signed);
  if (hasExpiry) {
    source.expires!.remove(signed, ref);
    source.expires!.tidy(signed);
    target.expires!.insert(signed, ref);
  }
  if (entries.hasObject(ref)) {
    source.objects--;
    target.objects++;
  }
  if (keyspace.journal !== undefined) keyspace.journal.stored(to, ref);
  if (keyspace.onCreated !== undefined) keyspace.onCreated(to, ref);
}

/** Lets two databases change places, for readers of the shared memory as well. */
export function swapDatabases(keyspace: Keyspace, a: number, b: number): void {
  if (a === b) return;
  const { databases, stripes } = keyspace;
  const first = databases[a]!;
  const second = databases[b]!;
  stripes.bumpAll(0, 0);
  databases[a] = second;
  databases[b] = first;
  first.renumber(b);
  second.renumber(a);
  stripes.bumpAll(0, 0);
  if (keyspace.journal !== undefined) keyspace.journal.swapped(a, b);
}
