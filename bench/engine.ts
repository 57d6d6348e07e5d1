/**
 * The keyspace alone, without network, parsing or threads: operations a second, and the longest stall while it grows.
 * Run with `node dist/bench/engine.js [keys ...] [--json]`.
 */
import { fileURLToPath } from 'node:url';
import { hashBytes, randomHashSeed } from '../src/base/hash.ts';
import { Keyspace, NO_EXPIRY } from '../src/store/keyspace.ts';
import { FOUND, KeyspaceView } from '../src/store/view.ts';

const KEY_BYTES = 16;
const VALUE_BYTES = 64;
const ROUNDS = 3;
const GROWTH_KEYS = 5_000_000;

export interface EngineOptions {
  /** Numbers of keys to measure with. */
  keys?: number[];
  json?: boolean;
}

export interface EngineRow {
  keys: number;
  operation: string;
  opsPerSecond: number;
}

export interface EngineGrowth {
  keys: number;
  maxMs: number;
  p9999Ms: number;
  slowest: { key: number; ms: number }[];
}

export interface EngineResult {
  rows: EngineRow[];
  bytesPerKey: { keys: number; overheadBytes: number }[];
  growth: EngineGrowth;
}

export async function runEngine(options: EngineOptions = {}): Promise<EngineResult> {
  const result: EngineResult = { rows: [], bytesPerKey: [], growth: measureGrowth(GROWTH_KEYS) };
  for (const keys of options.keys ?? [100_000, 1_000_000]) measure(keys, result);
  if (options.json) console.log(JSON.stringify(result));
  else print(result);
  return result;
}

/** All keys in one buffer, 16 bytes each: `key:` and 12 digits, as redis-benchmark names them. */
function makeKeys(count: number, prefix: string): Uint8Array {
  const bytes = Buffer.alloc(count * KEY_BYTES);
  for (let i = 0; i < count; i++) {
    bytes.write(prefix + String(i).padStart(KEY_BYTES - prefix.length, '0'), i * KEY_BYTES, 'latin1');
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The numbers below `count` in random order. */
function shuffled(count: number): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}

/** The clock is read once for many operations, as the shard does for each batch. */
let nowMs = Date.now();

function newKeyspace(): Keyspace {
  nowMs = Date.now();
  return new Keyspace({ databases: 16, seed: randomHashSeed(), now: () => nowMs });
}

function measure(count: number, result: EngineResult): void {
  const keys = makeKeys(count, 'key:');
  const absent = makeKeys(count, 'not:');
  const order = shuffled(count);
  const value = new Uint8Array(VALUE_BYTES).fill(120);
  const target = new Uint8Array(VALUE_BYTES);
  const times = new Map<string, number[]>();
  const time = (operation: string, run: () => void): void => {
    const start = performance.now();
    run();
    const elapsed = performance.now() - start;
    const list = times.get(operation) ?? [];
    times.set(operation, [...list, elapsed]);
  };
  for (let round = 0; round < ROUNDS; round++) {
    const keyspace = newKeyspace();
    time('insert', () => setAll(keyspace, keys, order, value));
    if (round === 0) {
      const bytes = keyspace.usedBytes + keyspace.indexBytes;
      result.bytesPerKey.push({ keys: count, overheadBytes: bytes / count - KEY_BYTES - VALUE_BYTES });
    }
    time('overwrite', () => setAll(keyspace, keys, order, value));
    time('get hit', () => getAll(keyspace, keys, order, target));
    time('get miss', () => getAll(keyspace, absent, order, target));
    const view = KeyspaceView.open(keyspace.share());
    time('view get hit', () => viewAll(view, keys, order, target));
    time('view get miss', () => viewAll(view, absent, order, target));
    time('delete', () => deleteAll(keyspace, keys, order));
  }
  for (const [operation, elapsed] of times) {
    const median = elapsed.sort((a, b) => a - b)[ROUNDS >> 1]!;
    result.rows.push({ keys: count, operation, opsPerSecond: Math.round((count / median) * 1000) });
  }
}

function setAll(keyspace: Keyspace, keys: Uint8Array, order: Uint32Array, value: Uint8Array): void {
  for (let i = 0; i < order.length; i++) {
    const start = order[i]! * KEY_BYTES;
    const hash = keyspace.hash(keys, start, start + KEY_BYTES);
    keyspace.setString(0, keys, start, start + KEY_BYTES, hash, value, 0, VALUE_BYTES, NO_EXPIRY);
  }
}

function getAll(keyspace: Keyspace, keys: Uint8Array, order: Uint32Array, target: Uint8Array): number {
  let hits = 0;
  for (let i = 0; i < order.length; i++) {
    const start = order[i]! * KEY_BYTES;
    const hash = keyspace.hash(keys, start, start + KEY_BYTES);
    const ref = keyspace.find(0, keys, start, start + KEY_BYTES, hash);
    if (ref === 0) continue;
    copyOut(keyspace.bytesOf(ref), keyspace.valueStart(ref), keyspace.valueLength(ref), target);
    hits++;
  }
  return hits;
}

function viewAll(view: KeyspaceView, keys: Uint8Array, order: Uint32Array, target: Uint8Array): number {
  let hits = 0;
  for (let i = 0; i < order.length; i++) {
    const start = order[i]! * KEY_BYTES;
    const hash = hashBytes(keys, start, start + KEY_BYTES, view.seed) | 0;
    if (view.locate(0, keys, start, start + KEY_BYTES, hash) !== FOUND) continue;
    copyOut(view.bytes, view.valueStart, view.valueLength, target);
    if (view.isConsistent()) hits++;
  }
  return hits;
}

function deleteAll(keyspace: Keyspace, keys: Uint8Array, order: Uint32Array): void {
  for (let i = 0; i < order.length; i++) {
    const start = order[i]! * KEY_BYTES;
    keyspace.delete(0, keys, start, start + KEY_BYTES, keyspace.hash(keys, start, start + KEY_BYTES));
  }
}

const WORD_LIMIT = 48;

/** What a reply does with a value. */
function copyOut(source: Uint8Array, start: number, length: number, target: Uint8Array): void {
  if (length > WORD_LIMIT) target.set(source.subarray(start, start + length), 0);
  else for (let i = 0; i < length; i++) target[i] = source[start + i]!;
}

/** Inserts one key after another and times each of them. */
function measureGrowth(count: number): EngineGrowth {
  const keyspace = newKeyspace();
  const key = Buffer.from('key:000000000000', 'latin1');
  const value = new Uint8Array(VALUE_BYTES).fill(120);
  // Counts of durations in steps of 1 µs; what is longer than the table is in the last one.
  const histogram = new Uint32Array(100_001);
  const slowest: { key: number; ms: number }[] = [];
  for (let i = 0; i < count; i++) {
    for (let at = KEY_BYTES - 1, rest = i; at >= 4; at--, rest = (rest / 10) | 0) key[at] = 48 + (rest % 10);
    const hash = keyspace.hash(key, 0, KEY_BYTES);
    const start = performance.now();
    keyspace.setString(0, key, 0, KEY_BYTES, hash, value, 0, VALUE_BYTES, NO_EXPIRY);
    const ms = performance.now() - start;
    const step = Math.min(Math.floor(ms * 1000), histogram.length - 1);
    histogram[step]!++;
    if (ms > 0.5) slowest.push({ key: i, ms });
  }
  slowest.sort((a, b) => b.ms - a.ms);
  let above = count / 10_000;
  let step = histogram.length - 1;
  while (step > 0 && above >= histogram[step]!) above -= histogram[step--]!;
  return {
    keys: count,
    maxMs: slowest[0]?.ms ?? 0.5,
    p9999Ms: (step + 1) / 1000,
    slowest: slowest.slice(0, 10),
  };
}

function print(result: EngineResult): void {
  console.log(
    `keyspace alone: keys of ${KEY_BYTES} bytes, values of ${VALUE_BYTES}, random order, median of ${ROUNDS}\n`,
  );
  const counts = [...new Set(result.rows.map((row) => row.keys))];
  console.log(`${'thousand ops/s'.padEnd(16)}${counts.map((keys) => `${keys} keys`.padStart(16)).join('')}`);
  for (const operation of new Set(result.rows.map((row) => row.operation))) {
    const cells = counts.map((keys) => {
      const row = result.rows.find((one) => one.keys === keys && one.operation === operation)!;
      return String(Math.round(row.opsPerSecond / 1000)).padStart(16);
    });
    console.log(`${operation.padEnd(16)}${cells.join('')}`);
  }
  for (const { keys, overheadBytes } of result.bytesPerKey) {
    console.log(`\noverhead a key at ${keys} keys: ${overheadBytes.toFixed(1)} bytes`);
  }
  const { growth } = result;
  console.log(
    `\ngrowing from 0 to ${growth.keys} keys: longest insert ${growth.maxMs.toFixed(2)} ms, ` +
      `99.99 % within ${growth.p9999Ms.toFixed(3)} ms`,
  );
  for (const { key, ms } of growth.slowest) console.log(`  key ${key}: ${ms.toFixed(2)} ms`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const numbers = process.argv
    .slice(2)
    .filter((argument) => /^\d+$/.test(argument))
    .map(Number);
  await runEngine({ ...(numbers.length > 0 && { keys: numbers }), json: process.argv.includes('--json') });
}
