/**
 * (d): resident memory of collections, fresh servers for each: VmRSS after the fill minus VmRSS before, both after a second
 * alone. It is what the kernel counts, so slack and garbage that is not collected yet are in it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, ratioFigure } from '../figures.ts';
import { progress } from '../report.ts';
import { residentBytes, type Server, type ServerName } from '../servers.ts';
import { addElements, send, type TypesOptions, withBoth } from './servers.ts';

const RATIO_MAX = 1.3;
const SETTLE_MS = 1000;
const FIELDS = 5;

interface Content {
  title: string;
  fill: (server: Server, count: number) => Promise<void>;
}

const CONTENTS: Content[] = [
  {
    title: `hashes of ${FIELDS} small fields`,
    fill: (server, count) =>
      send(server, count, (index) => {
        const fields = Array.from({ length: FIELDS }, (_, i) => [`field${i}`, `value-${index % 1000}`]);
        return ['HSET', `hash:${index}`, ...fields.flat()];
      }),
  },
  {
    title: 'sets of 5 integers',
    fill: (server, count) =>
      send(server, count, (index) => [
        'SADD',
        `set:${index}`,
        ...Array.from({ length: 5 }, (_, i) => String((index + i * 997) % 30_000)),
      ]),
  },
  {
    title: 'members of one sorted set',
    fill: (server, count) =>
      addElements(server, ['ZADD', 'zset'], count, (i) => [String((i * 7919) % count), `member:${i}`]),
  },
  {
    title: 'elements of one list',
    fill: (server, count) => addElements(server, ['RPUSH', 'list'], count, (i) => [`element:${i}`]),
  },
];

export async function footprint(options: TypesOptions): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { title, fill } of CONTENTS) {
    const bytes: Record<ServerName, number> = { redis: Number.NaN, shardis: Number.NaN };
    await withBoth(options, async (servers) => {
      for (const server of servers) {
        progress(`${options.elements} ${title}, ${server.name}`);
        await sleep(SETTLE_MS);
        const before = residentBytes(server.pid);
        await fill(server, options.elements);
        await sleep(SETTLE_MS);
        bytes[server.name] = (residentBytes(server.pid) - before) / options.elements;
      }
    });
    figures.push(ratioFigure(`${options.elements} ${title}`, 'bytes each', bytes, RATIO_MAX, 'at most'));
  }
  return figures;
}
