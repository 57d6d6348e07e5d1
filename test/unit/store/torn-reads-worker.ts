/**
 * The threads of torn-reads.test.ts: one writer that owns a keyspace, and readers that read it through a KeyspaceView.
 *
 * A value says of itself whether it is whole and whose it is: the crc32 of what follows, begun with the number of its key,
 * then a random part of a pool of random bytes.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { hashBytes } from '../../../src/base/hash.ts';
import { Keyspace, NO_EXPIRY } from '../../../src/store/keyspace.ts';
import type { HelloMessage, ShareMessage } from '../../../src/store/sharing.ts';
import { verify } from '../../../src/store/verify.ts';
import { FOUND, KeyspaceView, MISSING } from '../../../src/store/view.ts';

const KEYS = 300;
const LARGEST_BYTES = 400_000;

export interface TornReadsTask {
  role: 'writer' | 'reader';
  ports: MessagePort[];
  /** Set to 1 when the time is over. */
  stop: SharedArrayBuffer;
  /** The mutation: readers believe everything at once. */
  skipSecondCheck: boolean;
}

export interface ReaderReport {
  whole: number;
  missing: number;
  unsure: number;
  /** Reads that the second check threw away. */
  retried: number;
  touched: number;
  torn: number;
}

function nameOf(number: number): Uint8Array {
  return Buffer.from(`key:${number}`, 'latin1');
}

function write(task: TornReadsTask): void {
  const stop = new Int32Array(task.stop);
  const send = (message: ShareMessage): void => {
    for (const port of task.ports) port.postMessage(message);
  };
  const keyspace = new Keyspace({
    databases: 1,
    seed: { k0: 7, k1: 8 },
    now: Date.now,
    onShare: send,
    extentBytes: 1 << 20,
    maxArenaBytes: 64 << 20,
  });
  for (const message of keyspace.share()) send(message);
  const pool = Buffer.alloc(1 << 20);
  for (let i = 0; i < pool.length; i++) pool[i] = Math.random() * 256;
  let operations = 0;
  while (Atomics.load(stop, 0) === 0) {
    for (let i = 0; i < 50; i++, operations++) change(keyspace, pool);
    keyspace.expireCycle(0.05);
    keyspace.compact(0.05);
    // About once a second everything goes.
    if (operations % 100_000 === 0) keyspace.flush(0);
  }
  verify(keyspace);
  const { moved } = keyspace.compaction;
  const { emptied } = keyspace.arena;
  parentPort!.postMessage({ operations, expired: keyspace.statistics.expired, moved, emptied });
}

function change(keyspace: Keyspace, pool: Buffer): void {
  // A few keys are hot, and always large, so that readers meet them while they are written.
  const number = Math.random() < 0.5 ? Math.floor(Math.random() * 4) : Math.floor(Math.random() * KEYS);
  const key = nameOf(number);
  const hash = keyspace.hash(key, 0, key.length);
  const ref = keyspace.find(0, key, 0, key.length, hash);
  const dice = Math.random();
  const old = ref === 0 ? 0 : keyspace.valueLength(ref);
  if (dice < 0.35 && ref !== 0) {
    const value = makeValue(number, old, pool);
    keyspace.setString(0, key, 0, key.length, hash, value, 0, old, dice < 0.3 ? NO_EXPIRY : -2);
  } else if (dice < 0.5 && ref !== 0 && old < LARGEST_BYTES) {
    // Grows, as APPEND does, but all of it is written, so that the checksum is right again.
    const value = makeValue(number, old + Math.floor(Math.random() * 2000), pool);
    keyspace.writeRange(0, ref, hash, 0, value, 0, value.length);
  } else if (dice < 0.6) {
    keyspace.delete(0, key, 0, key.length, hash);
  } else if (dice < 0.7 && ref !== 0) {
    keyspace.setExpiry(0, ref, hash, dice < 0.65 ? Date.now() + Math.random() * 5 : NO_EXPIRY);
  } else {
    const bytes = number < 4 ? 300_000 + Math.random() * 1000 : 8 + Math.random() ** 6 * LARGEST_BYTES;
    const value = makeValue(number, Math.floor(bytes), pool);
    const expiresAt = dice > 0.9 ? Date.now() + Math.random() * 5 : NO_EXPIRY;
    keyspace.setString(0, key, 0, key.length, hash, value, 0, value.length, expiresAt);
  }
}

function makeValue(number: number, bytes: number, pool: Buffer): Buffer {
  const start = Math.floor(Math.random() * (pool.length - bytes - 4));
  const value = Buffer.from(pool.subarray(start, start + bytes));
  value.writeUInt32LE(crc32(value.subarray(4), number), 0);
  return value;
}

function read(task: TornReadsTask): void {
  const stop = new Int32Array(task.stop);
  const port = task.ports[0]!;
  let view: KeyspaceView | undefined;
  const report: ReaderReport = { whole: 0, missing: 0, unsure: 0, retried: 0, touched: 0, torn: 0 };
  const copy = Buffer.alloc(2 << 20);
  while (Atomics.load(stop, 0) === 0) {
    for (let received = receiveMessageOnPort(port); received; received = receiveMessageOnPort(port)) {
      const message = received.message as ShareMessage;
      if (message.kind === 'hello') view = openView(message, task.skipSecondCheck);
      else view!.accept(message);
    }
    if (view === undefined) continue;
    view.nowMs = Date.now();
    for (let i = 0; i < 20; i++) readOne(view, copy, report, task.skipSecondCheck);
  }
  parentPort!.postMessage(report);
}

function openView(hello: HelloMessage, skipSecondCheck: boolean): KeyspaceView {
  const view = new KeyspaceView(hello);
  if (skipSecondCheck) view.isConsistent = () => true;
  return view;
}

function readOne(view: KeyspaceView, copy: Buffer, report: ReaderReport, skipTouch: boolean): void {
  const number = Math.random() < 0.2 ? Math.floor(Math.random() * 4) : Math.floor(Math.random() * KEYS);
  const key = nameOf(number);
  const result = view.locate(0, key, 0, key.length, hashBytes(key, 0, key.length, view.seed));
  if (result !== FOUND) {
    if (result === MISSING) report.missing++;
    else report.unsure++;
    return;
  }
  const { bytes, valueStart, valueLength } = view;
  if (valueLength <= copy.length) copy.set(bytes.subarray(valueStart, valueStart + valueLength));
  if (!view.isConsistent()) {
    report.retried++;
    return;
  }
  if (valueLength < 8 || valueLength > copy.length) report.torn++;
  else if (crc32(copy.subarray(4, valueLength), number) !== copy.readUInt32LE(0)) report.torn++;
  else report.whole++;
  // A stray store of a touch would show as a torn value, or in the writer's verify. It relies on the same check,
  // so without that check it would destroy the writer's memory.
  if (skipTouch) return;
  view.clockSeconds = Math.floor(Math.random() * 0xffffff);
  view.touch();
  report.touched++;
}

const task = workerData as TornReadsTask;
if (task.role === 'writer') write(task);
else read(task);
