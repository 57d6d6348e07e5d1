/**
 * Streams: listpacks of entries by the id of their first one, then ids and numbers, then consumer groups.
 *
 * A listpack begins with the fields of its first entry, which most entries have: `count deleted n field… 0`, and an entry is
 * `flags ms-difference sequence-difference [n field value… | value…] elements-of-the-entry`.
 */
import { VALUE_STREAM, VALUE_STREAM_3 } from './format.ts';
import { ListpackReader } from './listpack.ts';
import type { PackedBytes, RdbInput } from './rdb-input.ts';
import type {
  PendingEntry,
  StreamConsumer,
  StreamEntry,
  StreamGroup,
  StreamId,
  StreamValue,
} from './values.ts';

const ID_BYTES = 16;
const FLAG_DELETED = 1;
const FLAG_SAME_FIELDS = 2;
const UINT64_MAX = 0xffffffffffffffffn;
/** What is more is the sign for a number that is not known. */
const MOST_READ = BigInt(Number.MAX_SAFE_INTEGER);
const NO_ID: StreamId = { ms: 0n, sequence: 0n };

/** Reads a stream in one of its three forms. */
export function readStream(input: RdbInput, type: number): StreamValue {
  const entries: StreamEntry[] = [];
  for (let left = input.length(); left > 0; left--) {
    const key = input.packed();
    if (key.bytes.length !== ID_BYTES) input.fail('a key of a stream is no id', key.offset);
    readEntries(input.packed(), idFrom(key.bytes), entries);
  }
  const length = input.length();
  if (length > 0 && entries.length === 0) input.fail(`a stream of ${length} entries has none`);
  const lastId = readId(input);
  const isOld = type === VALUE_STREAM;
  // The id of the first entry, which the entries themselves tell.
  if (!isOld) readId(input);
  const maxDeletedId = isOld ? NO_ID : readId(input);
  const entriesAdded = isOld ? length : input.length();
  const groups: StreamGroup[] = [];
  for (let left = input.length(); left > 0; left--) groups.push(readGroup(input, type));
  return { kind: 'stream', entries, lastId, maxDeletedId, entriesAdded, groups };
}

/** Appends the entries of one listpack, whose ids count from `master`. */
function readEntries(packed: PackedBytes, master: StreamId, entries: StreamEntry[]): void {
  const reader = new ListpackReader(packed);
  const present = reader.count();
  const deleted = reader.count();
  const fields: Uint8Array[] = [];
  for (let left = reader.count(); left > 0; left--) fields.push(reader.element());
  if (reader.count() !== 0) reader.fail("the first entry's fields do not end");
  const before = entries.length;
  let passed = 0;
  while (!reader.isAtEnd()) {
    const flags = reader.count();
    const ms = (master.ms + reader.integer()) & UINT64_MAX;
    const sequence = (master.sequence + reader.integer()) & UINT64_MAX;
    const isSame = (flags & FLAG_SAME_FIELDS) !== 0;
    const count = isSame ? fields.length : reader.count();
    const pairs: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const field = isSame ? fields[i]! : reader.element();
      pairs.push(field, reader.element());
    }
    // Flags and differences; with fields of its own also their number and they.
    if (reader.count() !== 3 + count + (isSame ? 0 : 1 + count)) {
      reader.fail('an entry has not as many elements as it says');
    }
    if ((flags & FLAG_DELETED) === 0) entries.push({ id: { ms, sequence }, fields: pairs });
    else passed++;
  }
  if (entries.length - before !== present || passed !== deleted) {
    reader.fail(`${present} entries and ${deleted} deleted ones were expected`);
  }
}

function readGroup(input: RdbInput, type: number): StreamGroup {
  const name = input.stringCopy();
  const lastDelivered = readId(input);
  const read = type === VALUE_STREAM ? undefined : input.length64();
  const pending: PendingEntry[] = [];
  const known = new Set<string>();
  for (let left = input.length(); left > 0; left--) {
    const id = readRawId(input);
    const deliveredAt = input.int64();
    pending.push({ id, deliveredAt, deliveries: input.length() });
    known.add(`${id.ms}-${id.sequence}`);
  }
  if (known.size !== pending.length) input.fail('an entry is pending twice in a group');
  const consumers: StreamConsumer[] = [];
  for (let left = input.length(); left > 0; left--) consumers.push(readConsumer(input, type, known));
  return {
    name,
    lastDelivered,
    entriesRead: read === undefined ? undefined : read > MOST_READ ? -1 : Number(read),
    pending,
    consumers,
  };
}

function readConsumer(input: RdbInput, type: number, known: ReadonlySet<string>): StreamConsumer {
  const name = input.stringCopy();
  const seenAt = input.int64();
  const activeAt = type === VALUE_STREAM_3 ? input.int64() : seenAt;
  const pending: StreamId[] = [];
  for (let left = input.length(); left > 0; left--) {
    const offset = input.offset;
    const id = readRawId(input);
    if (!known.has(`${id.ms}-${id.sequence}`)) {
      input.fail("a consumer's entry is not pending in its group", offset);
    }
    pending.push(id);
  }
  return { name, seenAt, activeAt, pending };
}

function readId(input: RdbInput): StreamId {
  const ms = input.length64();
  return { ms, sequence: input.length64() };
}

function readRawId(input: RdbInput): StreamId {
  const ms = input.uint64BigEndian();
  return { ms, sequence: input.uint64BigEndian() };
}

function idFrom(bytes: Uint8Array): StreamId {
  const view = new DataView(bytes.buffer, bytes.byteOffset, ID_BYTES);
  return { ms: view.getBigUint64(0), sequence: view.getBigUint64(8) };
}
