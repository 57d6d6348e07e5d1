/** (c): how long a GET takes while another connection writes new keys all the time, each of which evicts one. */
import net from 'node:net';
import { createHistogram } from 'node:perf_hooks';
import type { Figure } from '../figures.ts';
import { fill, keyName, VALUE_BYTES } from '../load.ts';
import { BenchError, progress } from '../report.ts';
import type { Server, ServerName } from '../servers.ts';
import { checkEvicting, type EvictionOptions, fillToLimit, withLimited } from './servers.ts';

const WRITES = 50;
const EVERY_MS = 2;
const TIMES_IDLE_MAX = 3;
const READ_KEYS = 100_000;
const END_OF_LINE = 10;

/** Writes WRITES new keys every EVERY_MS until it is told to stop; resolves with how many there were. */
function writer(server: Server): { stop(): Promise<number> } {
  const socket = net.connect({ port: server.port, host: '127.0.0.1', noDelay: true });
  const value = 'v'.repeat(VALUE_BYTES);
  let next = 0;
  let failure: string | undefined;
  socket.on('data', (bytes) => {
    if (bytes.includes('-')) failure = bytes.toString('latin1', 0, 100);
  });
  socket.on('error', (error) => {
    failure = error.message;
  });
  const timer = setInterval(() => {
    let commands = '';
    for (let i = 0; i < WRITES; i++) {
      const key = keyName('new:', next++);
      commands += `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${VALUE_BYTES}\r\n${value}\r\n`;
    }
    socket.write(commands);
  }, EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await new Promise<void>((resolve) => socket.end(() => resolve()));
      if (failure !== undefined) throw new BenchError(`${server.name}: a write failed: ${failure}`);
      return next;
    },
  };
}

/** GETs one after the other, of keys that are there or have been evicted; resolves with the 99.9th percentile in microseconds. */
function getsOf(server: Server, lengthMs: number): Promise<number> {
  const histogram = createHistogram({ lowest: 1, highest: 60_000_000_000, figures: 3 });
  const socket = net.connect({ port: server.port, host: '127.0.0.1', noDelay: true });
  const endAt = performance.now() + lengthMs;
  let sent = 0;
  let begun = 0;
  const next = () => {
    const key = keyName('key:', (sent++ * 7919) % READ_KEYS);
    begun = performance.now();
    socket.write(`*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`);
  };
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('connect', next);
    socket.on('data', (bytes) => {
      if (bytes.at(-1) !== END_OF_LINE) return;
      const now = performance.now();
      histogram.record(Math.max(1, Math.round((now - begun) * 1e6)));
      if (now < endAt) return next();
      socket.destroy();
      resolve(histogram.percentile(99.9) / 1000);
    });
  });
}

export function latencyWhileEvicting(options: EvictionOptions): Promise<Figure[]> {
  return withLimited(options, async (servers) => {
    const none = { redis: Number.NaN, shardis: Number.NaN };
    const idle: Record<ServerName, number> = { ...none };
    const writing: Record<ServerName, number> = { ...none };
    const evicting: Record<ServerName, number> = { ...none };
    const lengthMs = options.seconds * 2000;
    for (const server of servers) {
      progress(`${server.name}: GET, idle, beside writes, and beside evictions`);
      await fill(server, { prefix: 'key:', count: READ_KEYS, value: Buffer.alloc(VALUE_BYTES, 'v') });
      await getsOf(server, lengthMs / 2);
      idle[server.name] = await getsOf(server, lengthMs);
      const before = writer(server);
      writing[server.name] = await getsOf(server, lengthMs);
      await before.stop();
      await fillToLimit(server, options);
      const during = writer(server);
      evicting[server.name] = await getsOf(server, lengthMs);
      await during.stop();
      await checkEvicting(server);
    }
    const title = 'GET p99.9';
    const pace = `${((WRITES * 1000) / EVERY_MS).toLocaleString('en-US')} SET/s`;
    const measured = evicting.shardis / idle.shardis;
    return [
      { title: `${title}, idle`, unit: 'µs', ...idle },
      { title: `${title}, beside ${pace}`, unit: 'µs', ...writing },
      {
        title: `${title}, beside ${pace} that evict (× idle)`,
        unit: 'µs',
        ...evicting,
        target: { measured, bound: TIMES_IDLE_MAX, atMost: true },
      },
    ];
  });
}
