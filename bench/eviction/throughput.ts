/** (a) and (b): SET under redis-benchmark with 50 connections, at a limit and below one. */
import { type Figure, inTurns, ratioFigure } from '../figures.ts';
import { CLIENTS, type LoadResult, runLoad } from '../load.ts';
import { median, progress } from '../report.ts';
import { type Server, withServers } from '../servers.ts';
import {
  checkEvicting,
  type EvictionOptions,
  fillToLimit,
  launchOf,
  limitBytes,
  RANGE,
  withLimited,
} from './servers.ts';

const PIPELINE = 16;
const PROBE_REQUESTS = 200_000;
/** Of a limit that is never reached. */
const FAR_AWAY = '100gb';
/** Keys that (b) overwrites: all are there. */
const FEW = 100_000;

/** SET in every round once against each, in turns; by server, what each round said. */
async function measure(servers: Server[], range: number, options: EvictionOptions): Promise<LoadResult[][]> {
  const load = { test: 'set', pipeline: PIPELINE, range } as const;
  const probes: number[] = [];
  for (const server of servers)
    probes.push((await runLoad(server, { ...load, requests: PROBE_REQUESTS })).rps);
  const batch = CLIENTS * PIPELINE;
  const requests = Math.ceil((median(probes) * options.seconds) / batch) * batch;
  const results: LoadResult[][] = servers.map(() => []);
  for (let round = 0; round < options.rounds; round++) {
    for (const at of inTurns(round, [...servers.keys()])) {
      progress(`round ${round + 1}/${options.rounds}: SET P=${PIPELINE} ${servers[at]!.name}`);
      results[at]!.push(await runLoad(servers[at]!, { ...load, requests }));
    }
  }
  return results;
}

function medians(results: LoadResult[][], key: 'rps' | 'cpuUs'): number[] {
  return results.map((rounds) => median(rounds.map((one) => one[key])));
}

export function writesWhileEvicting(options: EvictionOptions): Promise<Figure[]> {
  return withLimited(options, async (servers) => {
    for (const server of servers) await fillToLimit(server, options);
    const results = await measure(servers, RANGE, options);
    // What clients may have in their buffers is gone by now.
    for (const server of servers) await checkEvicting(server, limitBytes(options));
    const [redis, shardis] = medians(results, 'rps') as [number, number];
    const [redisUs, shardisUs] = medians(results, 'cpuUs') as [number, number];
    const title = `SET P=${PIPELINE}, each evicting a key`;
    return [
      ratioFigure(title, 'commands/s', { redis, shardis }, 1.1, 'at least'),
      { title: `${title}: CPU`, unit: 'µs/command', redis: redisUs, shardis: shardisUs },
    ];
  });
}

/** Two of ours: one has no limit. */
export function limitNotReached(options: EvictionOptions): Promise<Figure[]> {
  const limit = ['--maxmemory', FAR_AWAY, '--maxmemory-policy', options.policy];
  return withServers([launchOf(options, []), launchOf(options, limit)], async (servers) => {
    const [without, within] = medians(await measure(servers, FEW, options), 'cpuUs') as [number, number];
    const title = `SET P=${PIPELINE}, no limit`;
    return [
      { title: `${title}: CPU`, unit: 'µs/command', redis: Number.NaN, shardis: without },
      {
        title: `SET P=${PIPELINE}, limit not reached: CPU (× no limit)`,
        unit: 'µs/command',
        redis: Number.NaN,
        shardis: within,
        target: { measured: within / without, bound: 1.03, atMost: true },
      },
    ];
  });
}
