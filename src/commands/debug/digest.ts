/**
 * DEBUG DIGEST and DIGEST-VALUE: forty hex digits that stand for data, equal for equal data whatever the order in
 * which it came and the number of shards. The digests are those of Redis, so they can be compared with its own:
 *
 * - a digest is 20 bytes, zero at first
 * - `add` (for what has no order):  digest ^= SHA1(data)
 * - `mix` (for what has):           digest = SHA1(digest ^ SHA1(data))
 * - a value: mix its type's number, then its content; add "!!expire!!" when the key has an expiry
 * - a database: mix its number; add, for each of its keys, what mixing the key and then its value gives
 *
 * Adding does not depend on the order, so each shard adds up its own keys of each database.
 */
import { createHash } from 'node:crypto';
import { shortestDouble } from '../../base/numbers.ts';
import { firstElement } from '../../protocol/reply-reader.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { ABSENT, type Keyspace, NO_EXPIRY } from '../../store/keyspace.ts';
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STREAM, TYPE_STRING, TYPE_ZSET } from '../../store/layout.ts';
import type { Collection } from '../../types/collection.ts';
import { NEVER_EXPIRES } from '../../types/field-expiries.ts';
import type { Hash } from '../../types/hash.ts';
import type { List } from '../../types/list.ts';
import { ListCursor } from '../../types/list-cursor.ts';
import { EntryReader } from '../../types/listpack-entry.ts';
import type { MemberSet } from '../../types/set.ts';
import { SetCursor } from '../../types/set-cursor.ts';
import type { SortedSet } from '../../types/sorted-set.ts';
import { SortedSetCursor } from '../../types/sorted-set-cursor.ts';
import type { Stream } from '../../types/stream.ts';
import { StreamCursor } from '../../types/stream-cursor.ts';
import { FIRST_ID, LAST_ID } from '../../types/stream-id.ts';
import type { ShardContext } from '../context.ts';

const DIGEST_BYTES = 20;
const EXPIRES = Buffer.from('!!expire!!', 'latin1');
const FIELD_EXPIRES = Buffer.from('!!hexpire!!', 'latin1');
/** What a shard says of a database: its number, and what its keys add up to. */
const RECORD_BYTES = 1 + DIGEST_BYTES;

/** Redis's numbers of the types, by ours. */
const REDIS_TYPES = [0, 1, 2, 3, 4, 6];

class Digest {
  readonly bytes: Buffer = Buffer.alloc(DIGEST_BYTES);

  add(data: Uint8Array): void {
    this.xor(sha1(data));
  }

  mix(data: Uint8Array): void {
    this.add(data);
    this.bytes.set(sha1(this.bytes));
  }

  /** A number as C's htonl lays it out. */
  mixInteger(value: number): void {
    const data = Buffer.alloc(4);
    data.writeUInt32BE(value);
    this.mix(data);
  }

  xor(other: Uint8Array): void {
    for (let i = 0; i < DIGEST_BYTES; i++) this.bytes[i]! ^= other[i]!;
  }
}

function sha1(data: Uint8Array): Uint8Array {
  return createHash('sha1').update(data).digest();
}

/** The value of an entry, mixed into what `digest` holds already. */
function mixValue(digest: Digest, keyspace: Keyspace, ref: number): void {
  const type = keyspace.typeOf(ref);
  digest.mixInteger(REDIS_TYPES[type]!);
  if (type === TYPE_STRING) {
    const start = keyspace.valueStart(ref);
    digest.mix(keyspace.bytesOf(ref).slice(start, start + keyspace.valueLength(ref)));
  } else {
    mixCollection(digest, keyspace.collectionOf(ref));
  }
  if (keyspace.expiry(ref) !== NO_EXPIRY) digest.add(EXPIRES);
}

function mixCollection(digest: Digest, collection: Collection): void {
  switch (collection.type) {
    case TYPE_LIST:
      mixList(digest, collection as List);
      break;
    case TYPE_HASH:
      mixHash(digest, collection as Hash);
      break;
    case TYPE_SET:
      addMembers(digest, collection as MemberSet);
      break;
    case TYPE_ZSET:
      mixSortedSet(digest, collection as SortedSet);
      break;
    case TYPE_STREAM:
      mixStream(digest, collection as Stream);
      break;
  }
}

function mixList(digest: Digest, list: List): void {
  const cursor = new ListCursor();
  for (let is = cursor.open(list, 0); is; is = cursor.next()) digest.mix(cursor.read().copy());
}

/** Fields have no order: each is mixed with its value, and added. */
function mixHash(digest: Digest, hash: Hash): void {
  const reader = new EntryReader();
  hash.forEach(() => {
    const pair = new Digest();
    hash.readField(reader);
    const field = reader.copy();
    pair.mix(field);
    hash.readValue(reader);
    pair.mix(reader.copy());
    if (hash.expiryOf(field, 0, field.length) !== NEVER_EXPIRES) pair.add(FIELD_EXPIRES);
    digest.add(pair.bytes);
  });
}

/** Each member with its score, in its shortest form. */
function mixSortedSet(digest: Digest, set: SortedSet): void {
  const cursor = new SortedSetCursor();
  for (let is = cursor.open(set, 0); is; is = cursor.next()) {
    const pair = new Digest();
    pair.mix(cursor.copy());
    pair.mix(Buffer.from(shortestDouble(cursor.score), 'latin1'));
    digest.add(pair.bytes);
  }
}

function mixStream(digest: Digest, stream: Stream): void {
  const cursor = new StreamCursor();
  cursor.open(stream, FIRST_ID, LAST_ID);
  while (cursor.next()) {
    digest.mix(Buffer.from(`${cursor.ms}.${cursor.seq}`, 'latin1'));
    for (let left = cursor.fieldCount; left > 0; left--) {
      cursor.nextField();
      digest.mix(cursor.field.copy());
      digest.mix(cursor.value.copy());
    }
  }
}

/** Members have no order. */
function addMembers(digest: Digest, set: MemberSet): void {
  const cursor = new SetCursor();
  cursor.open(set);
  while (cursor.next()) digest.add(cursor.member.copy());
}

/** Answers the records of this shard's databases, one behind the other. */
export function digestOfShard({ keyspace, reply }: ShardContext): void {
  const records: Buffer[] = [];
  for (let db = 0; db < keyspace.databases.length; db++) {
    if (keyspace.size(db) === 0) continue;
    const sum = new Digest();
    keyspace.forEach(db, (ref) => {
      const digest = new Digest();
      const start = keyspace.keyStart(ref);
      digest.mix(keyspace.bytesOf(ref).slice(start, start + keyspace.keyLength(ref)));
      mixValue(digest, keyspace, ref);
      sum.add(digest.bytes);
    });
    // All of its keys may just have been found to have expired.
    if (keyspace.size(db) > 0) records.push(Buffer.from([db]), sum.bytes);
  }
  reply.bulk(Buffer.concat(records));
}

/** From the records of all shards to the digest of the whole. */
export function mergeDigests(parts: readonly Uint8Array[], reply: ReplyWriter): void {
  const sums = new Map<number, Digest>();
  for (const part of parts) {
    const end = part.length - 2;
    for (let at = firstElement(part, 0); at < end; at += RECORD_BYTES) {
      const db = part[at]!;
      const sum = sums.get(db) ?? new Digest();
      sum.xor(part.subarray(at + 1, at + RECORD_BYTES));
      sums.set(db, sum);
    }
  }
  const whole = new Digest();
  for (const [db, sum] of [...sums].sort(([a], [b]) => a - b)) {
    whole.mixInteger(db);
    whole.xor(sum.bytes);
  }
  reply.simple(whole.bytes.toString('hex'));
}

/** The digests of single values; zeros for a key that is absent. */
export function digestOfValues(context: ShardContext): void {
  const { keyspace, args, db, reply } = context;
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    const digest = new Digest();
    const ref = keyspace.peek(db, args.bytes, args.starts[i]!, args.ends[i]!, context.hashOf(i));
    if (ref !== ABSENT) mixValue(digest, keyspace, ref);
    reply.simple(digest.bytes.toString('hex'));
  }
}
