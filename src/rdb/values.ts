/**
 * Values as plain data, whatever encoding they had in the file. No byte array is part of the file's buffer. Names are not
 * checked for occurring twice: whoever builds a collection of them finds out.
 */
export type RdbValue = StringValue | CollectionValue;

export type CollectionValue = ListValue | SetValue | SortedSetValue | HashValue | StreamValue;

export interface StringValue {
  readonly kind: 'string';
  readonly bytes: Uint8Array;
}

export interface ListValue {
  readonly kind: 'list';
  readonly elements: readonly Uint8Array[];
}

export interface SetValue {
  readonly kind: 'set';
  readonly members: readonly Uint8Array[];
}

export interface SortedSetValue {
  readonly kind: 'sorted-set';
  readonly members: readonly Uint8Array[];
  /** One for each member; never NaN. */
  readonly scores: readonly number[];
}

export interface HashValue {
  readonly kind: 'hash';
  readonly fields: readonly Uint8Array[];
  readonly values: readonly Uint8Array[];
  /** One for each field: milliseconds since 1970, or -1. Absent where no field expires. */
  readonly expiries: readonly number[] | undefined;
}

/** Two unsigned numbers of 64 bits. */
export interface StreamId {
  readonly ms: bigint;
  readonly sequence: bigint;
}

export interface StreamEntry {
  readonly id: StreamId;
  /** Names and values in turn. */
  readonly fields: readonly Uint8Array[];
}

/** An entry that was delivered and not acknowledged. */
export interface PendingEntry {
  readonly id: StreamId;
  /** Milliseconds since 1970. */
  readonly deliveredAt: number;
  readonly deliveries: number;
}

export interface StreamConsumer {
  readonly name: Uint8Array;
  /** Milliseconds since 1970; `activeAt` is -1 when it has never got an entry. */
  readonly seenAt: number;
  readonly activeAt: number;
  /** All of them are pending in the group too. */
  readonly pending: readonly StreamId[];
}

export interface StreamGroup {
  readonly name: Uint8Array;
  readonly lastDelivered: StreamId;
  /** Entries read so far; -1 when that is not known, undefined in files before 7.0, which do not tell. */
  readonly entriesRead: number | undefined;
  readonly pending: readonly PendingEntry[];
  readonly consumers: readonly StreamConsumer[];
}

export interface StreamValue {
  readonly kind: 'stream';
  /** Without the deleted ones. */
  readonly entries: readonly StreamEntry[];
  readonly lastId: StreamId;
  /** The largest of the deleted entries' ids, 0-0 when there was none, or in files before 7.0. */
  readonly maxDeletedId: StreamId;
  /** All that were ever added; the present number in files before 7.0. */
  readonly entriesAdded: number;
  readonly groups: readonly StreamGroup[];
}
