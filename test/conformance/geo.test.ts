/** Random commands of places beside a real Redis: the same replies, in the same order. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import type { Client } from '../support/client.ts';
import type { Reply } from '../support/decoder.ts';
import { Random, seedFrom } from '../support/random.ts';
import { describeWithRedis, type RunningServer, startRedis, startServer } from '../support/server.ts';
import { mapTexts } from './case.ts';
import { show } from './compare.ts';

const seed = seedFrom('CONFORMANCE_SEED');
const KEYS = ['a', 'b', 'c', '{t}1', '{t}2'];
const UNITS = ['m', 'km', 'mi', 'M', 'Km'];
const COMMANDS = 6000;
const BATCH = 100;

class Words {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): string[] {
    const random = this.#random;
    switch (random.below(14)) {
      case 0:
        return ['DEL', this.#key()];
      case 1:
      case 2:
      case 3:
        return ['GEOADD', this.#key(), ...this.#maybe(4, random.pick(['NX', 'XX', 'CH'])), ...this.#places()];
      case 4:
        return ['GEODIST', this.#key(), this.#member(), this.#member(), ...this.#maybe(2, this.#unit())];
      case 5:
        return [random.pick(['GEOPOS', 'GEOHASH']), this.#key(), this.#member(), this.#member()];
      case 6:
        return ['ZRANGE', this.#key(), '0', '-1', 'WITHSCORES'];
      case 7:
        return [
          'GEOSEARCHSTORE',
          this.#key(),
          this.#key(),
          ...this.#search(),
          ...this.#maybe(3, 'STOREDIST'),
        ];
      case 8:
        return ['GEORADIUS', this.#key(), ...this.#place(), ...this.#radius(), ...this.#options(true)];
      case 9:
        return ['GEORADIUSBYMEMBER', this.#key(), this.#member(), ...this.#radius(), ...this.#options(true)];
      default:
        return ['GEOSEARCH', this.#key(), ...this.#search(), ...this.#options(false)];
    }
  }

  #key(): string {
    return this.#random.pick(KEYS);
  }

  #member(): string {
    return `m${this.#random.below(300)}`;
  }

  #unit(): string {
    return this.#random.pick(UNITS);
  }

  #maybe(share: number, ...words: string[]): string[] {
    return this.#random.oneIn(share) ? words : [];
  }

  #coordinate(max: number): string {
    const random = this.#random;
    return (((random.below(2 ** 30) - 2 ** 29) / 2 ** 29) * max).toFixed(random.below(7));
  }

  #place(): string[] {
    // Often near each other.
    if (this.#random.oneIn(3)) return [this.#coordinate(180), this.#coordinate(85)];
    return [this.#coordinate(1), this.#coordinate(1)];
  }

  #places(): string[] {
    const count = this.#random.oneIn(6) ? 200 : this.#random.between(1, 8);
    return Array.from({ length: count }, () => [...this.#place(), this.#member()]).flat();
  }

  #length(): string {
    return (10 ** (this.#random.below(60) / 10)).toFixed(2);
  }

  #radius(): string[] {
    return [this.#length(), this.#unit()];
  }

  #search(): string[] {
    const random = this.#random;
    const from = random.oneIn(2) ? ['FROMMEMBER', this.#member()] : ['FROMLONLAT', ...this.#place()];
    const by = random.oneIn(2)
      ? ['BYRADIUS', ...this.#radius()]
      : ['BYBOX', this.#length(), this.#length(), this.#unit()];
    return random.oneIn(2) ? [...from, ...by] : [...by, ...from];
  }

  #options(mayStore: boolean): string[] {
    const random = this.#random;
    // As only some of the nearest are asked for, which of those equally far away is not defined.
    const count = this.#maybe(4, 'COUNT', String(random.between(1, 20)), 'ANY');
    return [
      ...this.#maybe(3, 'WITHCOORD'),
      ...this.#maybe(3, 'WITHDIST'),
      ...this.#maybe(3, 'WITHHASH'),
      ...this.#maybe(2, random.pick(['ASC', 'DESC'])),
      ...count,
      ...(mayStore ? this.#maybe(3, random.pick(['STORE', 'STOREDIST']), this.#key()) : []),
    ];
  }
}

/** Sines are not the same to the last bit with every library: the last digits of distances are not compared. */
function rounded(reply: Reply): string {
  return show(
    mapTexts(reply, (exact) =>
      exact.replace(
        /^([$,])(\d+\.\d{4,}(?:e[+-]\d+)?)$/,
        (_, sign, text) => `${sign}${Number(text).toPrecision(9)}`,
      ),
    ),
  );
}

describeWithRedis('commands of places beside Redis', () => {
  let redis: RunningServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.close());

  forEachShardCount([1, 3], (shards) => {
    let shardis: RunningServer;
    let clients: [theirs: Client, ours: Client];
    beforeAll(async () => {
      shardis = await startServer({ shards });
      clients = [await redis.client({ exact: true }), await shardis.client({ exact: true })];
    });
    afterAll(async () => {
      for (const client of clients ?? []) client.destroy();
      await shardis?.close();
    });

    test.each([2, 3])('are answered alike (RESP%i)', async (resp) => {
      for (const client of clients) {
        await client.command('HELLO', resp);
        await client.command('FLUSHALL');
      }
      const words = new Words(new Random(seed + shards * 2 + resp));
      for (let done = 0; done < COMMANDS; done += BATCH) {
        const batch = Array.from({ length: BATCH }, () => words.next());
        const [theirs, ours] = await Promise.all(clients.map((client) => client.pipeline(batch)));
        for (let i = 0; i < BATCH; i++) {
          const title = `CONFORMANCE_SEED=${seed}, after ${done + i}: ${batch[i]!.join(' ')}`;
          expect([title, rounded(ours![i]!)]).toEqual([title, rounded(theirs![i]!)]);
        }
      }
    });
  });
});
