/**
 * (a) and (b): SET under redis-benchmark with 50 connections, both servers with a log that is synced in the same way.
 *
 * Both stay up for all rounds; each (pipeline) first runs uncounted against both, then in every round once against each.
 */

import { type Figure, inTurns, NAMES, ratioFigure } from '../figures.ts';
import { CLIENTS, fillKeyspace, type LoadResult, runLoad } from '../load.ts';
import { median, progress } from '../report.ts';
import type { Server, ServerName } from '../servers.ts';
import { type DurabilityOptions, withRunning } from './store.ts';

const PROBE_REQUESTS = 20_000;

async function measure(servers: Server[], pipeline: number, options: DurabilityOptions) {
  const results: Record<ServerName, LoadResult[]> = { redis: [], shardis: [] };
  let rate = 0;
  for (const server of servers) {
    progress(`warming up SET P=${pipeline} ${server.name}`);
    await runLoad(server, { test: 'set', pipeline, requests: PROBE_REQUESTS });
    rate +=
      (await runLoad(server, { test: 'set', pipeline, requests: PROBE_REQUESTS * 2 })).rps / servers.length;
  }
  const batch = CLIENTS * pipeline;
  const requests = Math.max(1, Math.round((rate * options.seconds) / batch)) * batch;
  for (const server of servers) await runLoad(server, { test: 'set', pipeline, requests });
  for (let round = 0; round < options.rounds; round++) {
    for (const server of inTurns(round, servers)) {
      progress(`round ${round + 1}/${options.rounds}: SET P=${pipeline} ${server.name}`);
      results[server.name].push(await runLoad(server, { test: 'set', pipeline, requests }));
    }
  }
  const of = (key: 'rps' | 'cpuUs') =>
    Object.fromEntries(NAMES.map((name) => [name, median(results[name].map((one) => one[key]))])) as Record<
      ServerName,
      number
    >;
  return { rps: of('rps'), cpuUs: of('cpuUs') };
}

export function everysecThroughput(options: DurabilityOptions): Promise<Figure[]> {
  return withRunning(options, 'log everysec', async (servers) => {
    const figures: Figure[] = [];
    for (const server of servers) await fillKeyspace(server);
    for (const pipeline of [16, 64]) {
      const { rps, cpuUs } = await measure(servers, pipeline, options);
      figures.push(
        ratioFigure(`SET P=${pipeline}, everysec`, 'commands/s', rps, 1.1, 'at least'),
        ratioFigure(`SET P=${pipeline}, everysec: CPU`, 'µs/command', cpuUs, 1, 'at most'),
      );
    }
    return figures;
  });
}

export function alwaysThroughput(options: DurabilityOptions): Promise<Figure[]> {
  return withRunning(options, 'log always', async (servers) => {
    const figures: Figure[] = [];
    for (const server of servers) await fillKeyspace(server);
    for (const pipeline of [1, 16]) {
      const { rps } = await measure(servers, pipeline, options);
      figures.push(ratioFigure(`SET P=${pipeline}, always`, 'commands/s', rps, 1, 'at least'));
    }
    return figures;
  });
}
