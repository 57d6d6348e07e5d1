/**
 * (g) and (h): bytes of the log for a SET, and memory that a snapshot takes while all values are overwritten.
 *
 * The log's size is the server's own figure (aof_current_size), which does not count room made ahead. Memory is the
 * kernel's high-water mark of the process, reset before, over that of the same load without a snapshot; the pages
 * that Redis and its child, which writes the snapshot, have twice (rdb_last_cow_size) are added. In shardis that field
 * counts values that were written to the file early because they were about to change: memory holds no copy of them.
 */
import fs from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { encode } from '../client.ts';
import { type Figure, ratioFigure } from '../figures.ts';
import { fill, keyName, runLoad, VALUE_BYTES } from '../load.ts';
import { BenchError, progress } from '../report.ts';
import { onLinux, residentBytes, type Server, type ServerName } from '../servers.ts';
import {
  type DurabilityOptions,
  incompressible,
  persistenceNumber,
  saveInBackground,
  withRunning,
} from './store.ts';

const LOG_RATIO_MAX = 1.2;
const RECORDS = 200_000;

type Both = Record<ServerName, number>;

const none = (): Both => ({ redis: Number.NaN, shardis: Number.NaN });

/** Bytes that the log grew by for each of `records` SETs that `write` did. */
async function bytesPerRecord(
  server: Server,
  records: number,
  write: () => Promise<unknown>,
): Promise<number> {
  const before = await persistenceNumber(server, 'aof_current_size');
  await write();
  return ((await persistenceNumber(server, 'aof_current_size')) - before) / records;
}

export function logSize(options: DurabilityOptions): Promise<Figure[]> {
  return withRunning(options, 'log everysec', async (servers) => {
    const pipelined = none();
    const single = none();
    for (const server of servers) {
      progress(`${server.name}: bytes of the log`);
      const value = incompressible(VALUE_BYTES);
      pipelined[server.name] = await bytesPerRecord(server, RECORDS, () =>
        fill(server, { prefix: 'key:', count: RECORDS, value }),
      );
      const requests = RECORDS / 10;
      // The first words for redis-benchmark that name an option are overruled by later ones.
      const load = { test: 'set', pipeline: 1, requests, extra: ['-c', '1'] } as const;
      single[server.name] = await bytesPerRecord(server, requests, () => runLoad(server, load));
    }
    return [
      ratioFigure('log of a SET, pipelined', 'bytes', pipelined, LOG_RATIO_MAX, 'at most'),
      ratioFigure('log of a SET, one at a time', 'bytes', single, LOG_RATIO_MAX, 'at most'),
    ];
  });
}

/** Overwrites random keys with values of this size, one batch after the other, until it is stopped. */
function overwrite(
  server: Server,
  keys: number,
  valueBytes: number,
  batch: number,
): { stop(): Promise<void> } {
  const socket = net.connect({ port: server.port, host: '127.0.0.1', noDelay: true });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const value = incompressible(valueBytes).toString();
  let replyBytes = 0;
  let isStopped = false;
  const send = () => {
    for (let left = batch; left > 0; left--) {
      socket.write(encode(['SET', keyName('key:', Math.floor(Math.random() * keys)), value]));
    }
  };
  socket.on('connect', send);
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    replyBytes += bytes.length;
    if (replyBytes < batch * 5) return;
    replyBytes = 0;
    if (isStopped) socket.destroy();
    else send();
  });
  return {
    stop: () => {
      isStopped = true;
      return closed;
    },
  };
}

function resetPeak(pid: number): void {
  try {
    fs.writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch (error) {
    throw new BenchError(`the peak of memory cannot be reset: ${(error as Error).message}`);
  }
}

function peakBytes(pid: number): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** What a snapshot adds to the peak of memory, as a share of what the data take, in percent. */
async function snapshotGrowth(
  server: Server,
  keys: number,
  valueBytes: number,
  options: DurabilityOptions,
): Promise<number> {
  const empty = residentBytes(server.pid);
  await fillBatches(server, keys, valueBytes);
  await sleep(1000);
  const dataBytes = residentBytes(server.pid) - empty;
  const load = overwrite(server, keys, valueBytes, valueBytes > 1e6 ? 1 : 250);
  try {
    await sleep(options.seconds * 1000);
    resetPeak(server.pid);
    await sleep(options.seconds * 1000);
    const without = peakBytes(server.pid);
    resetPeak(server.pid);
    await saveInBackground(server, 'BGSAVE');
    const copied = server.name === 'redis' ? await persistenceNumber(server, 'rdb_last_cow_size') : 0;
    const growth = Math.max(0, peakBytes(server.pid) - without) + copied;
    return (growth / dataBytes) * 100;
  } finally {
    await load.stop();
  }
}

/** `fill` sends up to 2,000 commands ahead of the replies: with large values that is too much. */
async function fillBatches(server: Server, keys: number, valueBytes: number): Promise<void> {
  const value = incompressible(valueBytes);
  const step = valueBytes > 1e6 ? 4 : keys;
  for (let from = 0; from < keys; from += step) {
    await fill(server, { prefix: 'key:', from, count: Math.min(step, keys - from), value });
  }
}

const LARGE_BYTES = 10_000_000;
const LARGE_KEYS = 50;
const GROWTH_PERCENT_MAX = 10;

export async function snapshotMemory(options: DurabilityOptions): Promise<Figure[]> {
  if (!onLinux) throw new BenchError('the peak of memory is read from /proc, on Linux only');
  const sizes = [
    { keys: options.keys, valueBytes: VALUE_BYTES, title: `${VALUE_BYTES}-byte values` },
    { keys: LARGE_KEYS, valueBytes: LARGE_BYTES, title: '10 MB values' },
  ];
  const figures: Figure[] = [];
  for (const { keys, valueBytes, title } of sizes) {
    const growth = none();
    await withRunning(options, 'snapshots', async (servers) => {
      for (const server of servers) {
        progress(`${server.name}: memory of a snapshot with ${title}`);
        growth[server.name] = await snapshotGrowth(server, keys, valueBytes, options);
      }
    });
    const target = { measured: growth.shardis, bound: GROWTH_PERCENT_MAX, atMost: true };
    const full = `memory of a snapshot, ${title} overwritten`;
    figures.push({ title: full, unit: '% of data', ...growth, target });
  }
  return figures;
}
