/** A change of a collection as one object, for whoever makes it, tells of it, logs it and reads it from a log. */
import { type ByteRanges, RangeList } from '../base/byte-ranges.ts';

const NO_RANGES: ByteRanges = new RangeList();

/**
 * One operation on a collection, with what it takes. What the numbers mean is the operation's: see the *-changes.ts file of the
 * collection's type.
 *
 * An object is filled again for each change, so that a command needs none of its own. It is filled where the change is made, in the very
 * call, and read until that returns; whoever wants to know of the change later copies it. No other change can come between:
 * - what is told of a change, a snapshot before it and the journal after it, must not change the keyspace;
 * - a handler makes its changes one after the other, and filling the next is what begins it;
 * - clients that wait are served when the command has ended;
 * - fields of hashes whose time has come go when a handler looks for the hash, before it begins a change, and by a change with
 *   an object of its own (store/field-expiry.ts), as have the effects of a log (wal/effects.ts).
 */
export class Change {
  /** A number of the collection's type: HASH_SET, LIST_DROP_HEAD … */
  operation = 0;
  /** Numbers below 2 ** 32; 0 where the operation takes none. */
  first = 0;
  second = 0;
  /** The operation takes `ranges[from, to)`, which must not lie in the collection. */
  ranges: ByteRanges = NO_RANGES;
  from = 0;
  to = 0;

  /** From now on it is this operation, which takes no ranges unless `with` is called. */
  by(operation: number, first = 0, second = 0): this {
    this.operation = operation;
    this.first = first;
    this.second = second;
    return this.with(NO_RANGES, 0, 0);
  }

  /** The operation takes `ranges[from, to)`. */
  with(ranges: ByteRanges, from: number, to: number): this {
    this.ranges = ranges;
    this.from = from;
    this.to = to;
    return this;
  }
}
