/**
 * Load: redis-benchmark as a child process with its output parsed, and a raw-socket fill of known keys.
 *
 * What redis-benchmark's figures mean. Throughput is the requests completed over its own wall-clock time. Latency is
 * taken for each request from the write of its pipeline to the arrival of the pipeline's first replies, so at P > 1 it
 * is the time of a batch, not of one command. Where it runs with --threads its own elapsed time is rounded up to a
 * multiple of 250 ms; there the throughput is read from its last progress line, taken while the load was still on.
 */
import { spawn } from 'node:child_process';
import net from 'node:net';
import { ask } from './client.ts';
import { BenchError } from './report.ts';
import { cpuSeconds, type Server, track } from './servers.ts';

export type TestName = 'set' | 'get' | 'incr' | 'mset';

export const TEST_NAMES: TestName[] = ['set', 'get', 'incr', 'mset'];

export const CLIENTS = 50;
export const VALUE_BYTES = 64;
export const KEYSPACE = 100_000;

export interface LoadOptions {
  /** One of redis-benchmark's own tests, or the words of a command, with its place-holders such as __rand_int__. */
  test: TestName | readonly string[];
  pipeline: number;
  requests: number;
  /** What __rand_int__ is drawn from; KEYSPACE when absent. */
  range?: number;
  /** Threads of redis-benchmark; 1 runs it without --threads. */
  threads?: number;
  /** The user that the connections log in as; absent: they do not. */
  logIn?: { user: string; password: string };
  /** More words for redis-benchmark; a later `-p` counts. */
  extra?: readonly string[];
}

export interface LoadResult {
  /** Requests really completed (redis-benchmark completes its last pipelines, so it may do more than asked). */
  requests: number;
  rps: number;
  p50Ms: number;
  p99Ms: number;
  p999Ms: number;
  /** CPU microseconds of the whole server process for one command; NaN where it cannot be read. */
  cpuUs: number;
  /** Cores that the server kept busy: near the number of its threads it was the bottleneck, well below the client was. */
  coresBusy: number;
}

/** Requests for a first, uncounted run of about half a second, from which the counted number is taken. */
export function probeRequests(test: TestName, pipeline: number): number {
  const requests = pipeline === 1 ? 40_000 : pipeline < 32 ? 300_000 : 450_000;
  return test === 'mset' ? Math.ceil(requests / 6) : requests;
}

function runProgram(file: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    track(child);
    let out = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const complaint = /Error from server[^\r\n]*|All clients disconnected[^\r\n]*/.exec(out)?.[0];
      if (code === 0 && complaint === undefined) resolve(out);
      else {
        const why = complaint ?? (errors.trim().split('\n').at(-1) || `${signal ?? `exit code ${code}`}`);
        reject(new BenchError(`${file} ${args.join(' ')} failed: ${why}`));
      }
    });
  });
}

/** Reads redis-benchmark's normal output (Redis 6.2 and newer) of one test. */
export function parseLoad(output: string, threaded: boolean): Omit<LoadResult, 'cpuUs' | 'coresBusy'> {
  const lines = output.split(/[\r\n]+/);
  const find = (pattern: RegExp): RegExpExecArray => {
    for (const line of lines) {
      const match = pattern.exec(line);
      if (match !== null) return match;
    }
    throw new BenchError(`redis-benchmark's output has no line like ${pattern}: is it older than 6.2?`);
  };
  const requests = Number(find(/^\s*(\d+) requests completed in/)[1]);
  let rps = Number(find(/throughput summary: ([\d.]+) requests per second/)[1]);
  if (threaded) {
    const overall = lines.map((line) => /rps=\S+ \(overall: ([\d.]+)\)/.exec(line)?.[1]).filter(Boolean);
    if (overall.length >= 4) rps = Number(overall.at(-1));
  }
  // The line below "avg min p50 p95 p99 max".
  const heads = lines.findIndex((line) => /^\s*avg\s+min\s+p50\s+p95\s+p99\s+max/.test(line));
  const summary = (lines[heads + 1] ?? '').trim().split(/\s+/).map(Number);
  if (heads < 0 || summary.length !== 6)
    throw new BenchError("redis-benchmark's output has no latency summary");
  return { requests, rps, p50Ms: summary[2]!, p99Ms: summary[4]!, p999Ms: percentileOf(lines, 99.9) };
}

/** The first latency in the percentile distribution at or above `percent`: exact to the histogram's steps. */
function percentileOf(lines: string[], percent: number): number {
  const from = lines.findIndex((line) => line.startsWith('Latency by percentile distribution'));
  for (const line of lines.slice(from + 1)) {
    const match = /^([\d.]+)% <= ([\d.]+) milliseconds/.exec(line);
    if (match === null) break;
    if (Number(match[1]) >= percent) return Number(match[2]);
  }
  return Number.NaN;
}

/** One run of redis-benchmark against the server, with the server's CPU time over exactly that run. */
export async function runLoad(server: Server, options: LoadOptions): Promise<LoadResult> {
  const { test, pipeline, requests, range = KEYSPACE, threads = 1, logIn } = options;
  const words = ['-h', '127.0.0.1', '-p', server.port, '-n', Math.ceil(requests), '-c', CLIENTS];
  words.push('-P', pipeline, '-d', VALUE_BYTES, '-r', range, '--precision', 3);
  if (typeof test === 'string') words.push('-t', test);
  if (threads > 1) words.push('--threads', threads);
  if (logIn !== undefined) words.push('--user', logIn.user, '-a', logIn.password);
  words.push(...(options.extra ?? []));
  if (typeof test !== 'string') words.push(...test);
  const cpuBefore = cpuSeconds(server.pid);
  const output = await runProgram('redis-benchmark', words.map(String));
  const cpu = cpuSeconds(server.pid) - cpuBefore;
  const result = parseLoad(output, threads > 1);
  const seconds = result.requests / result.rps;
  return { ...result, cpuUs: (cpu * 1e6) / result.requests, coresBusy: cpu / seconds };
}

export interface FillOptions {
  prefix: string;
  from?: number;
  count: number;
  value: Buffer;
}

const batchCommands = 250;
const windowBatches = 8;
const OK = Buffer.from('+OK\r\n');

/** Key number `index` as redis-benchmark writes it: `key:000000000042` for the prefix `key:`. */
export function keyName(prefix: string, index: number): string {
  return prefix + String(index).padStart(12, '0');
}

function fillBatch(options: FillOptions, from: number, to: number): Buffer {
  const tail = Buffer.concat([
    Buffer.from(`\r\n$${options.value.length}\r\n`),
    options.value,
    Buffer.from('\r\n'),
  ]);
  const parts: Buffer[] = [];
  for (let index = from; index < to; index++) {
    const key = keyName(options.prefix, index);
    parts.push(Buffer.from(`*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}`, 'latin1'), tail);
  }
  return Buffer.concat(parts);
}

/**
 * Writes `count` keys with one value through one pipelined connection, at most `windowBatches` batches ahead of the
 * replies, and checks that every reply byte is of a +OK.
 */
export function fill(server: Server, options: FillOptions): Promise<void> {
  const first = options.from ?? 0;
  const end = first + options.count;
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port: server.port, host: '127.0.0.1', noDelay: true });
    let next = first;
    let replyBytes = 0;
    const fail = (why: string) => {
      socket.destroy();
      reject(new BenchError(`filling ${server.name} failed: ${why}`));
    };
    const send = () => {
      while (next < end && next - first - replyBytes / OK.length < batchCommands * windowBatches) {
        const to = Math.min(next + batchCommands, end);
        socket.write(fillBatch(options, next, to));
        next = to;
      }
    };
    socket.setTimeout(20_000, () => fail('no reply for 20 s'));
    socket.once('connect', send);
    socket.once('error', (error) => fail(error.message));
    socket.once('close', () => fail('connection closed'));
    socket.on('data', (bytes) => {
      for (let index = 0; index < bytes.length; index++) {
        if (bytes[index] !== OK[replyBytes++ % OK.length]) {
          fail(`a SET was answered ${JSON.stringify(bytes.toString('latin1', index, index + 80))}`);
          return;
        }
      }
      if (replyBytes < options.count * OK.length) send();
      else {
        socket.destroy();
        resolve();
      }
    });
  });
}

/** The data every throughput test runs on: each of redis-benchmark's keys and counters exists before it starts. */
export async function fillKeyspace(server: Server): Promise<void> {
  await fill(server, { prefix: 'key:', count: KEYSPACE, value: Buffer.alloc(VALUE_BYTES, 'v') });
  await fill(server, { prefix: 'counter:', count: KEYSPACE, value: Buffer.from('0') });
  await checkKeys(server, 'key:', KEYSPACE, VALUE_BYTES);
}

/** Reads a sample of the keys back: a benchmark of GET on keys that are not there would measure something else. */
export async function checkKeys(
  server: Server,
  prefix: string,
  count: number,
  valueBytes: number,
): Promise<void> {
  const step = Math.max(1, Math.floor(count / 97));
  const keys: string[] = [];
  for (let index = 0; index < count; index += step) keys.push(keyName(prefix, index));
  const replies = await ask(
    server.port,
    keys.map((key) => ['GET', key]),
  );
  const wrong = replies.findIndex((reply) => typeof reply !== 'string' || reply.length !== valueBytes);
  if (wrong >= 0)
    throw new BenchError(`${server.name} did not give ${keys[wrong]} back: ${String(replies[wrong])}`);
}

const PREFLIGHTS: Record<TestName, { commands: string[]; expected: string }> = {
  set: { commands: ['SET bench:a x', 'GET bench:a'], expected: 'OK,x' },
  get: { commands: ['SET bench:a y', 'GET bench:a'], expected: 'OK,y' },
  incr: { commands: ['SET bench:n 41', 'INCR bench:n'], expected: 'OK,42' },
  mset: { commands: ['MSET bench:b 1 bench:c 2', 'GET bench:b', 'GET bench:c'], expected: 'OK,1,2' },
};

/** Whether the server does what the test is about; a server that answers anything at all would else look fast. */
export async function supports(server: Server, test: TestName): Promise<boolean> {
  const { commands, expected } = PREFLIGHTS[test];
  const replies = await ask(
    server.port,
    commands.map((command) => command.split(' ')),
  );
  return replies.join(',') === expected;
}
