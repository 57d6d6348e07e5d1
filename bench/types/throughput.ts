/**
 * (a), (b), (c): commands of collections under redis-benchmark with 50 connections at P=16.
 *
 * Every run begins with the same data: what its command works on is deleted and made anew, for one that takes elements
 * away with as many as it will take, so that none meets an empty key.
 */
import { type Figure, inTurns, NAMES, ratioFigure } from '../figures.ts';
import { CLIENTS, type LoadResult, runLoad } from '../load.ts';
import { BenchError, median, progress } from '../report.ts';
import type { Server, ServerName } from '../servers.ts';
import { addElements, sendOne, type TypesOptions, withBoth } from './servers.ts';

const PIPELINE = 16;
const RATE_MIN = 0.9;
const LARGE_RATE_MIN = 0.6;
const CPU_MAX = 1.2;
const PROBE_REQUESTS = 100_000;
const LIST_ELEMENTS = 1000;
const KEY = 'bench:key';
const ELEMENT = 'element:__rand_int__';

interface Load {
  title: string;
  command: string[];
  /** Makes what the command works on, for so many requests. */
  prepare?: (server: Server, requests: number) => Promise<void>;
  /** What is there stays, also for the next load. */
  isKept?: boolean;
  /** What __rand_int__ is drawn from. */
  range?: number;
  /** Least ratio of the throughput. */
  rateMin?: number;
}

const name = (index: number) => `element:${String(index).padStart(12, '0')}`;

function ofList(server: Server, requests: number): Promise<void> {
  return addElements(server, ['RPUSH', KEY], requests, () => ['xxx']);
}

function ofSet(server: Server, requests: number): Promise<void> {
  return addElements(server, ['SADD', KEY], requests, (i) => [name(i)]);
}

function ofSortedSet(server: Server, requests: number): Promise<void> {
  return addElements(server, ['ZADD', KEY], requests, (i) => [String((i * 7919) % requests), name(i)]);
}

const WRITES: Load[] = [
  { title: 'LPUSH', command: ['LPUSH', KEY, 'xxx'] },
  { title: 'RPUSH', command: ['RPUSH', KEY, 'xxx'] },
  { title: 'LPOP', command: ['LPOP', KEY], prepare: ofList },
  { title: 'RPOP', command: ['RPOP', KEY], prepare: ofList },
  { title: 'SADD', command: ['SADD', KEY, ELEMENT] },
  { title: 'SPOP', command: ['SPOP', KEY], prepare: ofSet },
  { title: 'HSET', command: ['HSET', KEY, ELEMENT, 'xxx'] },
  {
    title: 'HSET, a field of one of 100,000 hashes',
    command: ['HSET', 'bench:__rand_int__', 'field', 'xxx'],
  },
  { title: 'ZADD', command: ['ZADD', KEY, '__rand_int__', ELEMENT] },
  { title: 'ZPOPMIN', command: ['ZPOPMIN', KEY], prepare: ofSortedSet },
  { title: 'XADD', command: ['XADD', KEY, '*', 'field', 'xxx'] },
];

const RANGES: Load[] = [100, 600].map((count) => ({
  title: `LRANGE, ${count} elements`,
  command: ['LRANGE', KEY, '0', String(count - 1)],
  prepare: (server) => ofList(server, LIST_ELEMENTS),
}));

/** Commands a second of a short run; the command must answer something else than an error. */
async function probe(server: Server, load: Load): Promise<number> {
  await restart(server, load, PROBE_REQUESTS);
  await sendOne(server, ...load.command.map((word) => word.replaceAll('__rand_int__', '000000000001')));
  const { rps } = await runLoad(server, { ...loadOf(load), requests: PROBE_REQUESTS / 2 });
  return rps;
}

function loadOf({ command, range }: Load) {
  return { test: command, pipeline: PIPELINE, ...(range !== undefined && { range }) };
}

async function restart(server: Server, { prepare, isKept }: Load, requests: number): Promise<void> {
  if (isKept !== true) await sendOne(server, 'FLUSHALL');
  // redis-benchmark completes the pipelines that are under way.
  await prepare?.(server, requests + CLIENTS * PIPELINE);
}

async function measure(options: TypesOptions, servers: Server[], load: Load): Promise<Figure[]> {
  const runs: Record<ServerName, LoadResult[]> = { redis: [], shardis: [] };
  let rate = 0;
  for (const server of servers) {
    progress(`warming up ${load.title}, ${server.name}`);
    await probe(server, load);
    rate += (await probe(server, load)) / servers.length;
  }
  const requests = Math.round(rate * options.seconds);
  for (let round = 0; round < options.rounds; round++) {
    for (const server of inTurns(round, servers)) {
      progress(`round ${round + 1}/${options.rounds}: ${load.title}, ${server.name}`);
      await restart(server, load, requests);
      runs[server.name].push(await runLoad(server, { ...loadOf(load), requests }));
    }
  }
  const of = (key: 'rps' | 'cpuUs') =>
    Object.fromEntries(NAMES.map((one) => [one, median(runs[one].map((run) => run[key]))])) as Record<
      ServerName,
      number
    >;
  return [
    ratioFigure(load.title, 'commands/s', of('rps'), load.rateMin ?? RATE_MIN, 'at least'),
    ratioFigure('… server CPU', 'µs/command', of('cpuUs'), CPU_MAX, 'at most'),
  ];
}

function measureAll(options: TypesOptions, loads: Load[]): Promise<Figure[]> {
  return withBoth(options, async (servers) => {
    const figures: Figure[] = [];
    for (const load of loads) figures.push(...(await measure(options, servers, load)));
    return figures;
  });
}

export function writes(options: TypesOptions): Promise<Figure[]> {
  return measureAll(options, WRITES);
}

export function ranges(options: TypesOptions): Promise<Figure[]> {
  return measureAll(options, RANGES);
}

/** The set is made once for each server: it stays as large as it is. */
export function largeSortedSet(options: TypesOptions): Promise<Figure[]> {
  const { elements } = options;
  const prepare = async (server: Server) => {
    if ((await sendOne(server, 'ZCARD', KEY)) === elements) return;
    progress(`a sorted set of ${elements} members, ${server.name}`);
    await ofSortedSet(server, elements);
    if ((await sendOne(server, 'ZCARD', KEY)) !== elements) throw new BenchError('members are missing');
  };
  const large = (title: string, ...command: string[]): Load => ({
    title: `${title}, ${elements} members`,
    command,
    prepare,
    isKept: true,
    range: elements,
    rateMin: LARGE_RATE_MIN,
  });
  return measureAll(options, [
    large('ZADD', 'ZADD', KEY, '__rand_int__', ELEMENT),
    large('ZRANK', 'ZRANK', KEY, ELEMENT),
  ]);
}
