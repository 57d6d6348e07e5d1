/**
 * `tls`: both servers with TLS under the same redis-benchmark, and the worst that a plain client feels while many
 * others connect.
 *
 * Throughput. As in `compare`: both servers up for all rounds, taking turns within a round, medians and their ratio,
 * and the server's CPU time a command. Certificates are made for the run, RSA with 2048 bits; clients show none. Both
 * negotiate what their libraries prefer, TLS 1.3 and AES-256-GCM in both.
 *
 * Storm. A plain connection sends PING after PING from this thread and notes every round trip, first with nothing else
 * going on and then while another thread opens the TLS connections at once. The clients' half of the handshakes runs on
 * this machine as well: on two cores a part of the delay is this thread waiting for its turn, for both servers alike.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { fillKeyspace, type LoadResult, probeRequests, runLoad } from './load.ts';
import {
  BenchError,
  environment,
  format,
  median,
  printHeader,
  printJson,
  printTable,
  progress,
  progressDone,
  requireRedis,
} from './report.ts';
import {
  freePort,
  redisLaunch,
  type Server,
  type ServerName,
  shardisLaunch,
  splitWords,
  withServers,
} from './servers.ts';
import type { Storm } from './tls-storm.ts';

export interface TlsOptions {
  rounds: number;
  shards: number;
  pipelines: number[];
  seconds: number;
  /** How many connect at once. */
  clients: number;
  peerArgs?: string;
  shardisArgs?: string;
  serverCommand?: string;
  json?: boolean;
}

interface Certificates {
  directory: string;
  caFile: string;
  serverArgs: string[];
}

interface Point {
  test: 'set' | 'get';
  pipeline: number;
  requests: number;
  redis: LoadResult[];
  shardis: LoadResult[];
}

interface StormResult {
  idleMaxMs: number;
  worstMs: number;
  p99Ms: number;
  tookMs: number;
}

type Ports = Record<ServerName, number>;

/** What shardis is to reach of Redis's throughput over TLS. */
const RATIO_WANTED = 0.9;
const IDLE_MS = 1000;

function makeCertificates(): Certificates {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'shardis-bench-tls-'));
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: directory, stdio: 'pipe' });
  try {
    openssl(
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'],
      ...['-subj', '/CN=127.0.0.1', '-keyout', 'server.key', '-out', 'server.crt'],
    );
  } catch (error) {
    fs.rmSync(directory, { recursive: true, force: true });
    throw new BenchError(
      `this benchmark makes a certificate with openssl, which failed: ${(error as Error).message}`,
    );
  }
  const caFile = path.join(directory, 'server.crt');
  const keyFile = path.join(directory, 'server.key');
  const serverArgs = ['--tls-cert-file', caFile, '--tls-key-file', keyFile, '--tls-auth-clients', 'no'];
  return { directory, caFile, serverArgs };
}

// Throughput

async function load(server: Server, point: Point, requests: number, ports: Ports, ca: string) {
  const extra = ['--tls', '--cacert', ca, '-p', String(ports[server.name])];
  return runLoad(server, { test: point.test, pipeline: point.pipeline, requests, extra });
}

async function measureThroughput(options: TlsOptions, servers: Server[], ports: Ports, ca: string) {
  const points: Point[] = [];
  for (const server of servers) await fillKeyspace(server);
  for (const pipeline of options.pipelines) {
    for (const test of ['set', 'get'] as const) {
      const point: Point = { test, pipeline, requests: 0, redis: [], shardis: [] };
      let rate = 0;
      for (const server of servers) {
        progress(`warming up ${test} P=${pipeline} ${server.name}`);
        const { rps } = await load(server, point, probeRequests(test, pipeline), ports, ca);
        rate += rps / servers.length;
      }
      point.requests = Math.ceil(rate * options.seconds);
      for (const server of servers) await load(server, point, point.requests, ports, ca);
      points.push(point);
    }
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const point of points) {
      for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
        progress(`round ${round + 1}/${options.rounds}: ${point.test} P=${point.pipeline} ${server.name}`);
        point[server.name].push(await load(server, point, point.requests, ports, ca));
      }
    }
  }
  return points.map(({ test, pipeline, redis, shardis }) => {
    const ratios = shardis.map((result, round) => result.rps / redis[round]!.rps);
    const of = (results: LoadResult[], key: 'rps' | 'cpuUs') => median(results.map((result) => result[key]));
    return {
      test,
      pipeline,
      redis: { rps: of(redis, 'rps'), cpuUs: of(redis, 'cpuUs') },
      shardis: { rps: of(shardis, 'rps'), cpuUs: of(shardis, 'cpuUs') },
      rpsRatio: of(shardis, 'rps') / of(redis, 'rps'),
      rpsRatioMin: Math.min(...ratios),
      rpsRatioMax: Math.max(...ratios),
      cpuRatio: of(shardis, 'cpuUs') / of(redis, 'cpuUs'),
    };
  });
}

// Storm

/** Sends one PING after the other until `until` settles; answers every round trip in milliseconds. */
async function pingUntil(port: number, until: Promise<unknown>): Promise<number[]> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  const tripsMs: number[] = [];
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  until.then(over, over);
  await new Promise<void>((resolve, reject) => {
    let sentAt = 0;
    const send = () => {
      sentAt = performance.now();
      socket.write('PING\r\n');
    };
    socket.once('connect', send);
    socket.once('error', reject);
    socket.on('data', () => {
      tripsMs.push(performance.now() - sentAt);
      if (isOver) resolve();
      else send();
    });
  });
  socket.destroy();
  await until;
  return tripsMs;
}

function storm(storm: Storm): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./tls-storm.js', import.meta.url), { workerData: storm });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function measureStorm(options: TlsOptions, server: Server, ports: Ports, ca: string) {
  const idle = await pingUntil(server.port, new Promise((resolve) => setTimeout(resolve, IDLE_MS)));
  const rounds: StormResult[] = [];
  for (let round = 0; round < options.rounds; round++) {
    progress(`${options.clients} clients connect to ${server.name}`);
    const done = storm({ port: ports[server.name], clients: options.clients, ca });
    const trips = (await pingUntil(server.port, done)).sort((a, b) => a - b);
    rounds.push({
      idleMaxMs: Math.max(...idle),
      worstMs: trips.at(-1)!,
      p99Ms: trips[Math.floor(trips.length * 0.99)]!,
      tookMs: await done,
    });
  }
  const of = (key: keyof StormResult) => median(rounds.map((result) => result[key]));
  return {
    server: server.name,
    idleMaxMs: of('idleMaxMs'),
    worstMs: of('worstMs'),
    p99Ms: of('p99Ms'),
    tookMs: of('tookMs'),
  };
}

// Report

type Summaries = Awaited<ReturnType<typeof measureThroughput>>;
type Storms = Awaited<ReturnType<typeof measureStorm>>[];

function printThroughput(summaries: Summaries): void {
  printTable(
    [
      { title: 'test', align: 'left' },
      { title: 'server', align: 'left' },
      { title: 'commands/s' },
      { title: 'CPU µs/cmd' },
      { title: 'rps ratio' },
      { title: 'in rounds' },
      { title: 'CPU ratio' },
      { title: `wanted ≥ ${RATIO_WANTED}` },
    ],
    summaries.flatMap((summary) =>
      (['redis', 'shardis'] as const).map((name) => [
        name === 'redis' ? `${summary.test.toUpperCase()} P=${summary.pipeline}` : '',
        name,
        format(summary[name].rps),
        format(summary[name].cpuUs, 2),
        ...(name === 'redis'
          ? []
          : [
              format(summary.rpsRatio, 2),
              `${format(summary.rpsRatioMin, 2)}–${format(summary.rpsRatioMax, 2)}`,
              format(summary.cpuRatio, 2),
              summary.rpsRatio >= RATIO_WANTED ? 'ok' : 'miss',
            ]),
      ]),
    ),
  );
}

function printStorms(storms: Storms, clients: number): void {
  printTable(
    [
      { title: `PING while ${clients} clients connect`, align: 'left' },
      { title: 'worst ms' },
      { title: 'p99 ms' },
      { title: 'worst when idle ms' },
      { title: 'all connected after ms' },
    ],
    storms.map(({ server, worstMs, p99Ms, idleMaxMs, tookMs }) => [
      server,
      ...[worstMs, p99Ms, idleMaxMs].map((ms) => format(ms, 2)),
      format(tookMs),
    ]),
  );
}

export async function runTls(options: TlsOptions): Promise<void> {
  requireRedis('redis-server', 'redis-benchmark');
  const env = environment();
  const certificates = makeCertificates();
  const ports: Ports = { redis: await freePort(), shardis: await freePort() };
  const args = (name: ServerName, more = '') => [
    ...['--tls-port', String(ports[name]), ...certificates.serverArgs],
    ...splitWords(more),
  ];
  const launches = [
    redisLaunch(args('redis', options.peerArgs)),
    shardisLaunch(options.shards, options.serverCommand, args('shardis', options.shardisArgs)),
  ];
  const ca = fs.readFileSync(certificates.caFile, 'utf8');
  try {
    const [throughput, storms] = await withServers(launches, async (servers) => {
      const summaries = await measureThroughput(options, servers, ports, certificates.caFile);
      const felt: Storms = [];
      for (const server of servers) felt.push(await measureStorm(options, server, ports, ca));
      return [summaries, felt] as const;
    });
    progressDone();
    if (options.json) {
      printJson('tls', env, { options, throughput, storms });
      return;
    }
    printHeader('tls', env, [
      `${options.rounds} rounds of about ${options.seconds} s a run, medians; shardis with ${options.shards} shard${options.shards === 1 ? '' : 's'}; client and servers share this machine's cores`,
    ]);
    printThroughput(throughput);
    printStorms(storms, options.clients);
  } finally {
    fs.rmSync(certificates.directory, { recursive: true, force: true });
  }
}
