/**
 * (e) and (f): how long a snapshot takes to write and to load, and what a reader feels meanwhile.
 *
 * Times of shardis are its own (INFO persistence: snapshot_last_ms, snapshot_last_sync_ms, load_last_ms), because
 * Redis's fields are whole seconds. Redis is shown with the time of SAVE as seen from here, and with its whole start; so
 * is a shardis that does not say.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { ask } from '../client.ts';
import type { Figure } from '../figures.ts';
import { closedLoop } from '../latency.ts';
import { fill, VALUE_BYTES } from '../load.ts';
import { median, progress } from '../report.ts';
import type { Server, ServerName } from '../servers.ts';
import { prepare, startInTurns } from './recovery.ts';
import {
  type DurabilityOptions,
  incompressible,
  isSaving,
  mustAnswer,
  persistenceNumber,
  saveInBackground,
  withRunning,
  withStores,
} from './store.ts';

/** Keys, and milliseconds within which they are to be written and loaded. */
const SIZES = [
  { keys: 10_000, writeMsMax: 20, loadMsMax: undefined },
  { keys: 100_000, writeMsMax: 80, loadMsMax: 80 },
];

/** A snapshot as the server says it took: all of it, and what of that was waiting for the disk. */
async function snapshotMs(server: Server): Promise<{ all: number; sync: number }> {
  await saveInBackground(server, 'BGSAVE');
  const all = await persistenceNumber(server, 'snapshot_last_ms');
  if (!Number.isNaN(all)) return { all, sync: await persistenceNumber(server, 'snapshot_last_sync_ms') };
  const begun = performance.now();
  await mustAnswer(server, ['SAVE']);
  return { all: performance.now() - begun, sync: Number.NaN };
}

async function writeTimes(options: DurabilityOptions, { keys, writeMsMax }: (typeof SIZES)[number]) {
  return withRunning(options, 'snapshots', async (servers) => {
    const all: Record<ServerName, number[]> = { redis: [], shardis: [] };
    const sync: Record<ServerName, number[]> = { redis: [], shardis: [] };
    for (const server of servers) {
      progress(`${server.name}: snapshots of ${keys} keys`);
      await fill(server, { prefix: 'key:', count: keys, value: incompressible(VALUE_BYTES) });
      for (let round = 0; round < options.rounds; round++) {
        const took = await snapshotMs(server);
        all[server.name].push(took.all);
        sync[server.name].push(took.sync);
      }
    }
    const shardis = median(all.shardis);
    const title = `${keys.toLocaleString('en-US')} keys: snapshot`;
    const target = { measured: shardis, bound: writeMsMax, atMost: true };
    const syncMs = { redis: Number.NaN, shardis: median(sync.shardis) };
    return [
      { title, unit: 'ms', redis: median(all.redis), shardis, target },
      { title: `${title}, of that sync`, unit: 'ms', ...syncMs },
    ] satisfies Figure[];
  });
}

async function loadTimes(options: DurabilityOptions, keys: number, loadMsMax: number): Promise<Figure> {
  return withStores(options, 'snapshots', async (stores) => {
    for (const store of stores) await prepare(store, keys, 'SAVE');
    const starts = await startInTurns(stores, keys, options.rounds);
    const [redis, shardis] = starts.map(({ startMs, loadMs }) =>
      Number.isNaN(loadMs) ? startMs : loadMs,
    ) as [number, number];
    const target = { measured: shardis, bound: loadMsMax, atMost: true };
    return { title: `${keys.toLocaleString('en-US')} keys: load`, unit: 'ms', redis, shardis, target };
  });
}

export async function snapshotTimes(options: DurabilityOptions): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const size of SIZES) {
    figures.push(...(await writeTimes(options, size)));
    if (size.loadMsMax !== undefined) figures.push(await loadTimes(options, size.keys, size.loadMsMax));
  }
  return figures;
}

const SLICE_MS = 20;
const SNAPSHOTS_MAX = 200;
const TIMES_IDLE_MAX = 2;

function emptyHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: 60_000_000_000, figures: 3 });
}

/** GETs while the server writes one snapshot after the other; slices that it did not fill are not counted. */
async function duringSnapshots(server: Server, lengthMs: number): Promise<RecordableHistogram> {
  const histogram = emptyHistogram();
  const endAt = performance.now() + lengthMs;
  for (let snapshot = 0; snapshot < SNAPSHOTS_MAX && performance.now() < endAt; snapshot++) {
    await mustAnswer(server, ['BGSAVE']);
    for (let goesOn = true; goesOn; ) {
      const slice = emptyHistogram();
      await closedLoop(server, 'get', SLICE_MS, slice);
      goesOn = await isSaving(server);
      // The first slice counts in any case: a snapshot that is shorter still is in it as a whole.
      if (goesOn || histogram.count === 0) histogram.add(slice);
    }
  }
  return histogram;
}

async function whileIdle(server: Server, lengthMs: number): Promise<RecordableHistogram> {
  const histogram = emptyHistogram();
  const endAt = performance.now() + lengthMs;
  while (performance.now() < endAt) {
    await closedLoop(server, 'get', SLICE_MS, histogram);
    // The loop above asks after each slice.
    await ask(server.port, [['INFO', 'persistence']]);
  }
  return histogram;
}

export function latencyDuringSnapshot(options: DurabilityOptions): Promise<Figure[]> {
  return withRunning(options, 'snapshots', async (servers) => {
    const idle: Record<ServerName, number> = { redis: Number.NaN, shardis: Number.NaN };
    const saving: Record<ServerName, number> = { ...idle };
    const lengthMs = options.seconds * 2000;
    for (const server of servers) {
      progress(`${server.name}: GET during snapshots of ${options.keys} keys`);
      await fill(server, { prefix: 'key:', count: options.keys, value: incompressible(VALUE_BYTES) });
      await closedLoop(server, 'get', lengthMs / 2, null);
      idle[server.name] = (await whileIdle(server, lengthMs)).percentile(99.9) / 1000;
      saving[server.name] = (await duringSnapshots(server, lengthMs)).percentile(99.9) / 1000;
    }
    const title = 'GET p99.9';
    const measured = saving.shardis / idle.shardis;
    return [
      { title: `${title}, idle`, unit: 'µs', ...idle },
      {
        title: `${title}, during a snapshot of ${options.keys.toLocaleString('en-US')} keys (× idle)`,
        unit: 'µs',
        ...saving,
        target: { measured, bound: TIMES_IDLE_MAX, atMost: true },
      },
    ];
  });
}
