/**
 * (c) and (d): from the spawn of a server to the first +PONG, which comes when everything is loaded: from a log alone,
 * and from a snapshot. The servers are killed after each start, so that nothing is written in between; the files are
 * in the page cache for both.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, inTurns, NAMES, ratioFigure } from '../figures.ts';
import { fill, VALUE_BYTES } from '../load.ts';
import { median, progress } from '../report.ts';
import type { ServerName } from '../servers.ts';
import {
  checkSize,
  type DurabilityOptions,
  incompressible,
  mustAnswer,
  persistenceNumber,
  Store,
  saveInBackground,
  withStores,
} from './store.ts';

const RECORDS_PER_SECOND_MIN = 500_000;
/** A log that is synced once a second is whole after this. */
const SYNC_MS = 1500;

type Save = 'none' | 'SAVE' | 'BGREWRITEAOF';

/** Writes the keys, saves them in this way, and kills the server. */
export async function prepare(store: Store, keys: number, save: Save): Promise<void> {
  progress(`${store.name}: writing ${keys} keys`);
  const server = await store.start();
  try {
    await fill(server, { prefix: 'key:', count: keys, value: incompressible(VALUE_BYTES) });
    if (save === 'SAVE') await mustAnswer(server, ['SAVE']);
    if (save === 'BGREWRITEAOF') await saveInBackground(server, 'BGREWRITEAOF');
    await sleep(SYNC_MS);
  } finally {
    await server.kill();
  }
}

interface Starts {
  /** Spawn to the first +PONG. */
  startMs: number;
  /** What the server says that loading took; NaN when it says nothing. */
  loadMs: number;
}

/** Medians of starting on each store, in turns. */
export async function startInTurns(stores: Store[], keys: number, rounds: number): Promise<Starts[]> {
  const startMs = new Map(stores.map((store) => [store, [] as number[]]));
  const loadMs = new Map(stores.map((store) => [store, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const store of inTurns(round, stores)) {
      progress(`start ${round + 1}/${rounds}: ${store.name}`);
      const server = await store.start();
      try {
        await checkSize(server, keys);
        startMs.get(store)!.push(server.startMs);
        loadMs.get(store)!.push(await persistenceNumber(server, 'load_last_ms'));
      } finally {
        await server.kill();
      }
    }
  }
  return stores.map((store) => ({
    startMs: median(startMs.get(store)!),
    loadMs: median(loadMs.get(store)!),
  }));
}

function ofBoth(values: number[]): Record<ServerName, number> {
  return Object.fromEntries(NAMES.map((name, index) => [name, values[index]!])) as Record<ServerName, number>;
}

export function logRecovery(options: DurabilityOptions): Promise<Figure[]> {
  const { keys, rounds } = options;
  return withStores(options, 'log everysec', async (stores) => {
    for (const store of stores) await prepare(store, keys, 'none');
    const starts = await startInTurns(stores, keys, rounds);
    const perSecond = starts.map(
      ({ startMs, loadMs }) => keys / ((Number.isNaN(loadMs) ? startMs : loadMs) / 1000),
    );
    const title = `${keys.toLocaleString('en-US')} records of a log`;
    const startMs = ofBoth(starts.map((one) => one.startMs));
    const [redis, shardis] = perSecond as [number, number];
    return [
      ratioFigure(`${title}: start to PONG`, 'ms', startMs, 1, 'inverse at least'),
      {
        title: `${title}: loading`,
        unit: 'records/s',
        redis,
        shardis,
        target: { measured: shardis, bound: RECORDS_PER_SECOND_MIN, atMost: false },
      },
    ];
  });
}

export function snapshotRecovery(options: DurabilityOptions): Promise<Figure[]> {
  const { keys, rounds } = options;
  return withStores(options, 'snapshots', async ([redis, shardis]) => {
    const base = new Store('shardis', options, 'log everysec');
    try {
      for (const store of [redis!, shardis!]) await prepare(store, keys, 'SAVE');
      await prepare(base, keys, 'BGREWRITEAOF');
      const starts = await startInTurns([redis!, shardis!, base], keys, rounds);
      const [ofRedis, ofDump, ofBase] = starts.map((one) => one.startMs) as [number, number, number];
      const title = `${keys.toLocaleString('en-US')} keys of a snapshot: start to PONG`;
      const dump = { redis: ofRedis, shardis: ofDump };
      const rewritten = { redis: ofRedis, shardis: ofBase };
      return [
        ratioFigure(`${title}, both from dump.rdb`, 'ms', dump, 1, 'inverse at least'),
        ratioFigure(`${title}, shardis from its rewritten log`, 'ms', rewritten, 1, 'inverse at least'),
      ];
    } finally {
      base.remove();
    }
  });
}
