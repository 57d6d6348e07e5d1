/**
 * `latency`: the round trip of one command on one connection with nothing else going on, SET and GET, shardis beside
 * a real Redis.
 *
 * A closed loop on a raw socket: write one command, wait for its whole reply, note the time from just before the
 * write to the last reply byte's arrival in this process, write the next. Each (server, command) gets the wanted
 * seconds in slices of one second, the servers taking turns, so that a disturbance of the machine meets both. Counts
 * go to an HDR histogram with three figures. The client is itself a Node process: its own share (some tens of µs, and
 * its garbage collections in the tail) is in the figures of both servers alike; only differences belong to the server.
 */
import net from 'node:net';
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { encode } from './client.ts';
import { fillKeyspace, KEYSPACE, keyName, VALUE_BYTES } from './load.ts';
import {
  BenchError,
  environment,
  format,
  printHeader,
  printJson,
  printTable,
  progress,
  progressDone,
  requireRedis,
} from './report.ts';
import {
  durability,
  durabilityNote,
  redisLaunch,
  type Server,
  type ServerName,
  shardisLaunch,
  splitWords,
  withServers,
} from './servers.ts';

export interface LatencyOptions {
  seconds: number;
  shards: number;
  peerArgs?: string;
  shardisArgs?: string;
  serverCommand?: string;
  json?: boolean;
}

type LatencyTest = 'set' | 'get';

interface Series {
  test: LatencyTest;
  server: ServerName;
  histogram: RecordableHistogram;
}

const warmUpMs = 1500;
const sliceMs = 1000;

/** Ready-made commands for keys spread over the whole keyspace, so that the loop itself makes nothing. */
function commandsFor(test: LatencyTest): Buffer[] {
  const value = 'w'.repeat(VALUE_BYTES);
  const commands: Buffer[] = [];
  for (let index = 0; index < KEYSPACE; index += 97) {
    const key = keyName('key:', index);
    commands.push(encode(test === 'set' ? ['SET', key, value] : ['GET', key]));
  }
  return commands;
}

/** Runs the closed loop on a connection of its own for `lengthMs`; counts into `histogram`, in nanoseconds. */
export function closedLoop(
  server: Server,
  test: LatencyTest,
  lengthMs: number,
  histogram: RecordableHistogram | null,
): Promise<void> {
  const commands = commandsFor(test);
  // "+OK\r\n", or "$64\r\n" + the value + "\r\n": the length and the first byte tell a right reply from an error.
  const replyBytes = test === 'set' ? 5 : VALUE_BYTES + 7;
  const firstByte = (test === 'set' ? '+' : '$').charCodeAt(0);
  return new Promise((resolve, reject) => {
    let sent = 0;
    let received = 0;
    let begun = 0;
    let endAt = Number.POSITIVE_INFINITY;
    const fail = (why: string) => {
      socket.destroy();
      reject(new BenchError(`${server.name}, ${test}: ${why}`));
    };
    const next = () => {
      const command = commands[sent++ % commands.length]!;
      begun = performance.now();
      socket.write(command);
    };
    const onRead = (count: number, bytes: Uint8Array): boolean => {
      const now = performance.now();
      if (received === 0 && bytes[0] !== firstByte) {
        fail(
          `unexpected reply ${JSON.stringify(Buffer.from(bytes.subarray(0, Math.min(count, 80))).toString('latin1'))}`,
        );
        return false;
      }
      received += count;
      if (received < replyBytes) return true;
      if (received > replyBytes) {
        fail(`${received} reply bytes where ${replyBytes} were expected`);
        return false;
      }
      received = 0;
      histogram?.record(Math.max(1, Math.round((now - begun) * 1e6)));
      if (now < endAt) next();
      else {
        socket.destroy();
        resolve();
      }
      return true;
    };
    const socket = net.connect({
      port: server.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: Buffer.alloc(4096), callback: onRead },
    });
    socket.setTimeout(20_000, () => fail('no reply for 20 s'));
    socket.once('error', (error) => fail(error.message));
    socket.once('close', () => fail('connection closed'));
    socket.once('connect', () => {
      endAt = performance.now() + lengthMs;
      next();
    });
  });
}

async function measure(options: LatencyOptions, servers: Server[]): Promise<Series[]> {
  const series: Series[] = [];
  for (const server of servers) await fillKeyspace(server);
  for (const test of ['set', 'get'] as const) {
    for (const server of servers) {
      progress(`warming up ${test} ${server.name}`);
      await closedLoop(server, test, warmUpMs, null);
    }
    const own = servers.map((server) => ({
      server,
      histogram: createHistogram({ lowest: 1, highest: 60_000_000_000, figures: 3 }),
    }));
    const slices = Math.max(1, Math.round((options.seconds * 1000) / sliceMs));
    const length = (options.seconds * 1000) / slices;
    for (let slice = 0; slice < slices; slice++) {
      for (const { server, histogram } of slice % 2 === 0 ? own : own.toReversed()) {
        progress(`${test} ${server.name} ${slice + 1}/${slices}`);
        await closedLoop(server, test, length, histogram);
      }
    }
    for (const { server, histogram } of own) series.push({ test, server: server.name, histogram });
  }
  return series;
}

export async function runLatency(options: LatencyOptions): Promise<void> {
  requireRedis('redis-server');
  const env = environment();
  const launches = [
    redisLaunch(splitWords(options.peerArgs ?? '')),
    shardisLaunch(options.shards, options.serverCommand, splitWords(options.shardisArgs ?? '')),
  ];
  const said: string[] = [];
  const series = await withServers(launches, async (servers) => {
    for (const server of servers) said.push(durabilityNote(server, await durability(server)));
    return measure(options, servers);
  });
  progressDone();
  const results = series.map(({ test, server, histogram }) => ({
    test,
    server,
    commands: histogram.count,
    p50Us: histogram.percentile(50) / 1000,
    p99Us: histogram.percentile(99) / 1000,
    p999Us: histogram.percentile(99.9) / 1000,
    maxUs: histogram.max / 1000,
  }));
  if (options.json) {
    printJson('latency', env, { options, servers: said, results });
    return;
  }
  printHeader('latency', env, [
    `one connection, one command at a time, ${VALUE_BYTES}-byte values, ${options.seconds} s each; shardis with ${options.shards} shard${options.shards === 1 ? '' : 's'}`,
    "the client's own time is in the figures of both servers",
    ...said,
  ]);
  printTable(
    [
      { title: 'test', align: 'left' },
      { title: 'server', align: 'left' },
      { title: 'commands' },
      { title: 'p50 µs' },
      { title: 'p99 µs' },
      { title: 'p99.9 µs' },
      { title: 'max µs' },
    ],
    results.map((row) => [
      row.test.toUpperCase(),
      row.server,
      format(row.commands),
      ...[row.p50Us, row.p99Us, row.p999Us, row.maxUs].map((us) => format(us, 1)),
    ]),
  );
}
