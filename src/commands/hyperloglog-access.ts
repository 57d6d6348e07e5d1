/** How commands get at HyperLogLogs in strings, and store them again. */
import { HYPERLOGLOG_CORRUPT, NOT_A_HYPERLOGLOG } from '../protocol/collection-errors.ts';
import { WRONG_TYPE } from '../protocol/errors.ts';
import { ABSENT, KEEP_EXPIRY } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';
import { createRange } from '../store/ranges.ts';
import { HyperLogLog } from '../types/hyperloglog.ts';
import { isDense, isHyperLogLog, STALE, STALE_AT } from '../types/hyperloglog-format.ts';
import type { ShardContext, ValueImage } from './context.ts';
import { findKey, hashOfKey, peekKey, storeString } from './key-access.ts';

const NO_BYTES = new Uint8Array(0);

/** What a command changes: one for all of them, as they run one after the other. */
export const edited: HyperLogLog = new HyperLogLog();

/** Ends a command whose HyperLogLog has runs that are not right. */
export function refuseCorrupt({ reply }: ShardContext): void {
  reply.error(HYPERLOGLOG_CORRUPT);
}

/** The entry of key word `word` or ABSENT; undefined, and answered with an error, when it holds no HyperLogLog. */
export function findHyperLogLog(context: ShardContext, word: number): number | undefined {
  const { keyspace, reply } = context;
  const ref = findKey(context, word);
  if (ref === ABSENT) return ref;
  if (keyspace.typeOf(ref) !== TYPE_STRING) {
    reply.error(WRONG_TYPE);
    return undefined;
  }
  if (isHyperLogLog(keyspace.bytesOf(ref), keyspace.valueStart(ref), keyspace.valueLength(ref))) return ref;
  reply.error(NOT_A_HYPERLOGLOG);
  return undefined;
}

/** The text of an error where a value is no HyperLogLog. */
export function problemOf({ type, bytes }: ValueImage): string | undefined {
  if (type !== TYPE_STRING) return WRONG_TYPE;
  return isHyperLogLog(bytes, 0, bytes.length) ? undefined : NOT_A_HYPERLOGLOG;
}

/** Takes the HyperLogLog of an entry into `edited`. */
export function loadEdited({ keyspace }: ShardContext, ref: number): void {
  edited.load(keyspace.bytesOf(ref), keyspace.valueStart(ref), keyspace.valueLength(ref));
}

/** Stores `edited` at key word `word`, where there is nothing. */
export function storeNew(context: ShardContext, word: number): void {
  const { keyspace, args, db } = context;
  const hash = hashOfKey(context, word);
  const { bytes, length } = edited;
  createRange(keyspace, db, args.bytes, args.starts[word]!, args.ends[word]!, hash, length, (target, start) =>
    target.set(bytes.subarray(0, length), start),
  );
}

/** Stores `edited` in the entry of key word `word` that it was taken from; only what has changed, where the form is the same. */
export function storeEdited(context: ShardContext, word: number, ref: number): void {
  const { keyspace, db } = context;
  const { bytes, length, changedStart } = edited;
  const hash = hashOfKey(context, word);
  const start = keyspace.valueStart(ref);
  const isOther = isDense(keyspace.bytesOf(ref), start) !== edited.isDense;
  if (isOther || length < keyspace.valueLength(ref)) {
    // It neither stays as long nor grows bit by bit, so that it gets no room to grow.
    storeString(context, word, bytes, 0, length, KEEP_EXPIRY);
    keyspace.writeRange(db, peekKey(context, word), hash, length, NO_BYTES, 0, 0);
    return;
  }
  let target = ref;
  // First it says that its count is out of date, so that nobody ever reads one that is wrong.
  if ((keyspace.bytesOf(ref)[start + STALE_AT]! & STALE) === 0) {
    target = keyspace.writeRange(db, ref, hash, STALE_AT, bytes, STALE_AT, STALE_AT + 1);
  }
  const end = Math.min(edited.changedEnd, length);
  if (changedStart < end) keyspace.writeRange(db, target, hash, changedStart, bytes, changedStart, end);
}
