/** What tests of the log share: effects as plain objects, and a model of what they do. */
import { type ViewedBytes, viewedBytes } from '../../../src/base/bytes.ts';
import { Arguments } from '../../../src/protocol/arguments.ts';
import { Change } from '../../../src/types/change.ts';
import type { EffectBuffer, EffectVisitor } from '../../../src/wal/effects.ts';
import type { WalFiles } from '../../../src/wal/files.ts';
import type { ShardLog } from '../../../src/wal/recovery.ts';
import type { SyncPolicy } from '../../../src/wal/syncer.ts';
import type { WalWriterOptions } from '../../../src/wal/wal-writer.ts';

export type Effect =
  | { kind: 'set'; db: number; key: string; value: string; expiresAt: number; flags: number }
  | { kind: 'patch'; db: number; key: string; offset: number; length: number; bytes: string }
  | { kind: 'store'; db: number; key: string; image: string; expiresAt: number }
  | {
      kind: 'change';
      db: number;
      key: string;
      operation: number;
      first: number;
      second: number;
      elements: string[];
    }
  | { kind: 'expire'; db: number; key: string; expiresAt: number }
  | { kind: 'remove'; db: number; key: string }
  | { kind: 'flush'; db: number }
  | { kind: 'swap'; a: number; b: number }
  | { kind: 'transaction'; id: number; shards: number[] };

export function set(key: string, value: string, db = 0): Effect {
  return { kind: 'set', db, key, value, expiresAt: 0, flags: 0 };
}

function bytesOf(text: string, at = 0): ViewedBytes {
  const bytes = viewedBytes(new ArrayBuffer(at + text.length));
  bytes.set(Buffer.from(text, 'latin1'), at);
  return bytes;
}

export function append(buffer: EffectBuffer, effect: Effect): void {
  if (effect.kind === 'set') {
    const { db, flags, expiresAt, key, value } = effect;
    buffer.set(db, flags, expiresAt, bytesOf(key + value, 3), 3, key.length, value.length);
  } else if (effect.kind === 'patch') {
    const { db, key, offset, length, bytes } = effect;
    const value = '.'.repeat(offset) + bytes + '.'.repeat(length - offset - bytes.length);
    buffer.patch(db, bytesOf(key + value), 0, key.length, length, offset, offset + bytes.length);
  } else if (effect.kind === 'store') {
    const { db, key, image, expiresAt } = effect;
    buffer.store(db, expiresAt, bytesOf(key), 0, key.length, bytesOf(image), image.length);
  } else if (effect.kind === 'change') {
    const { db, key, operation, first, second, elements } = effect;
    const ranges = new Arguments();
    ranges.setWords(elements.map((element) => bytesOf(element)));
    const change = new Change().by(operation, first, second).with(ranges, 0, elements.length);
    buffer.change(db, change, bytesOf(key), 0, key.length);
  } else if (effect.kind === 'expire') {
    buffer.expire(effect.db, effect.expiresAt, bytesOf(effect.key), 0, effect.key.length);
  } else if (effect.kind === 'remove') {
    buffer.remove(effect.db, bytesOf(effect.key), 0, effect.key.length);
  } else if (effect.kind === 'flush') buffer.flush(effect.db);
  else if (effect.kind === 'swap') buffer.swap(effect.a, effect.b);
  else buffer.transaction(effect.id, effect.shards);
}

/** Keeps what it is told. */
export class Collector implements EffectVisitor {
  readonly effects: Effect[] = [];

  set(
    db: number,
    flags: number,
    expiresAt: number,
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    const [key, value] = [text(bytes, keyStart, keyEnd), text(bytes, valueStart, valueEnd)];
    this.effects.push({ kind: 'set', db, key, value, expiresAt, flags });
  }

  patch(
    db: number,
    length: number,
    offset: number,
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    start: number,
    end: number,
  ): void {
    const key = text(bytes, keyStart, keyEnd);
    this.effects.push({ kind: 'patch', db, key, offset, length, bytes: text(bytes, start, end) });
  }

  store(
    db: number,
    expiresAt: number,
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    imageStart: number,
    imageEnd: number,
  ): void {
    const [key, image] = [text(bytes, keyStart, keyEnd), text(bytes, imageStart, imageEnd)];
    this.effects.push({ kind: 'store', db, key, image, expiresAt });
  }

  change(db: number, change: Change, bytes: Uint8Array, keyStart: number, keyEnd: number): void {
    const { operation, first, second, ranges, from, to } = change;
    const elements = Array.from({ length: to - from }, (_, i) =>
      text(ranges.bytes, ranges.starts[from + i]!, ranges.ends[from + i]!),
    );
    const key = text(bytes, keyStart, keyEnd);
    this.effects.push({ kind: 'change', db, key, operation, first, second, elements });
  }

  expire(db: number, expiresAt: number, bytes: Uint8Array, keyStart: number, keyEnd: number): void {
    this.effects.push({ kind: 'expire', db, key: text(bytes, keyStart, keyEnd), expiresAt });
  }

  remove(db: number, bytes: Uint8Array, keyStart: number, keyEnd: number): void {
    this.effects.push({ kind: 'remove', db, key: text(bytes, keyStart, keyEnd) });
  }

  flush(db: number): void {
    this.effects.push({ kind: 'flush', db });
  }

  swap(a: number, b: number): void {
    this.effects.push({ kind: 'swap', a, b });
  }

  transaction(id: number, shards: readonly number[]): void {
    this.effects.push({ kind: 'transaction', id, shards: [...shards] });
  }
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.subarray(start, end)).toString('latin1');
}

/** All effects of a log. */
export function replayed(log: ShardLog): Effect[] {
  const collector = new Collector();
  log.replay(collector);
  return collector.effects;
}

export const NOTHING = { sequence: 0, lastTransaction: 0, bytesSinceBase: 0 };

/** Small segments, so that a test sees many. */
export function smallOptions(files: WalFiles, policy: SyncPolicy = 'always'): WalWriterOptions {
  return {
    files,
    directory: '/wal',
    shard: 0,
    shards: 3,
    policy,
    segmentBytes: 2048,
    stepBytes: 512,
    marginBytes: 64,
  };
}

/** A number below `below`, the same row for each seed. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
