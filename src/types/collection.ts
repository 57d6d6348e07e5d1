/** What all collections have in common for whoever keeps them: values that are more than one string. */
import { HashLimits } from './hash-limits.ts';
import { ListLimits } from './list-limits.ts';
import { SetLimits } from './set-limits.ts';
import { SortedSetLimits } from './sorted-set-limits.ts';
import { StreamLimits } from './stream-limits.ts';

export interface Collection {
  /** One of the TYPE_ numbers of value-types.ts. */
  readonly type: number;
  /** Elements, members or fields. */
  readonly length: number;
  /** What it takes of memory: an exact count of the buffers, with constants for the objects around them. */
  readonly memoryBytes: number;
  /** Gives its memory back: for when nobody has it any more. */
  dispose(): void;
}

/**
 * A collection that is one piece of bytes, without pointers, while it is small: its packed form, which can lie in a key's entry.
 * A new object is an empty packed one. A change that makes it too large for that form turns it, in the middle of the change, to its
 * large form, for good.
 */
export interface Packable extends Collection {
  readonly isPacked: boolean;
  /** The packed form is `bytes[start, end)`. Only while it has that form. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /**
   * From now on it is the packed collection in `bytes[start, end)`, which stay where they are: they must not change while it is
   * used, and it never writes there but copies them before its first change. Only while it has the packed form.
   */
  view(bytes: Uint8Array, start: number, end: number): void;
}

/** Whether a collection has its packed form now. */
export function isPacked(collection: Collection): collection is Packable {
  return (collection as Partial<Packable>).isPacked === true;
}

/** The sizes at which collections change their form. One object for all collections of a shard; options change it. */
export class CollectionLimits {
  readonly list: ListLimits = new ListLimits();
  readonly hash: HashLimits = new HashLimits();
  readonly sortedSet: SortedSetLimits = new SortedSetLimits();
  /** `hll-sparse-max-bytes`: of a HyperLogLog, which is a string but changes its form like a collection. */
  hyperloglogSparseBytes = 3000;
  readonly set: SetLimits = new SetLimits();
  readonly stream: StreamLimits = new StreamLimits();
}
