/**
 * Commands for several keys happen at one moment for everyone, also for clients whose reads pass by the shards'
 * threads; and what was acknowledged is seen by all.
 *
 * All clients run in this process, so what one of them has sent and received is known in order. The keys hold the
 * number of the write that set them, which only grows; so a read that began when number n had been seen by
 * anybody, or had been acknowledged, must not return less than n.
 */
import { describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import type { Client, Reply } from '../support/client.ts';
import type { RunningServer } from '../support/server.ts';
import { useServer } from './served.ts';

const KEYS = Array.from({ length: 100 }, (_, i) => `key ${i}`);
const FIRST = KEYS[0]!;
const LAST = KEYS.at(-1)!;
const READS_MIN = 100;
const READERS = 6;

forEachShardCount([1, 3], (shards) => {
  describe.each([
    ['yes', 1_500],
    ['no', 500],
  ])('and direct-reads %s', (directReads, loadMs) => {
    const server = useServer({ shards, args: ['--direct-reads', directReads] });

    test('nobody sees half of an MSET', async () => {
      const load = new Load();
      const write = async (client: Client) => {
        const round = load.nextRound();
        expect(await client.command('MSET', ...KEYS.flatMap((key) => [key, round]))).toBe('OK');
        load.saw(round);
      };
      await run(server(), loadMs, load, [write], [readBothEnds, readBothEndsInOnePipeline, readAll]);
      expect(load.reads).toBeGreaterThan(READS_MIN);
    });

    test('nobody sees half of a DEL or of a FLUSHALL', async () => {
      const load = new Load(true);
      const write = async (client: Client) => {
        const round = load.nextRound();
        expect(await client.command('MSET', ...KEYS.flatMap((key) => [key, round]))).toBe('OK');
        load.saw(round);
        const removal = load.nextRound();
        if (removal % 4 === 0) expect(await client.command('FLUSHALL')).toBe('OK');
        else expect(await client.command('DEL', ...KEYS)).toBe(KEYS.length);
        load.saw(removal);
      };
      await run(server(), loadMs, load, [write], [readBothEnds, readAll, countAll]);
      expect(load.reads).toBeGreaterThan(READS_MIN);
    });

    test('MSETs of several clients never mix', async () => {
      const load = new Load();
      const write = async (client: Client) => {
        const words = KEYS.flatMap((key) => [key, load.nextRound()]);
        const round = words.at(-1);
        expect(await client.command('MSET', ...words.map((word, i) => (i % 2 === 0 ? word : round!)))).toBe(
          'OK',
        );
      };
      await run(server(), loadMs, load, [write, write, write], [readAllAlike, readAllAlike]);
      expect(load.reads).toBeGreaterThan(READS_MIN);
    });

    test('what one client was told is written, all others read', async () => {
      const [writer, ...readers] = await Promise.all(Array.from({ length: 4 }, () => server().client()));
      const end = Date.now() + loadMs;
      for (let i = 0; Date.now() < end; i++) {
        const key = `own ${i % 500}`;
        expect(await writer!.command('SET', key, i)).toBe('OK');
        const seen = await Promise.all(readers.map((reader) => reader.command('GET', key)));
        expect(seen).toEqual(readers.map(() => String(i)));
        if (i % 3 !== 0) continue;
        expect(await writer!.command('DEL', key)).toBe(1);
        expect(await Promise.all(readers.map((reader) => reader.command('EXISTS', key)))).toEqual(
          readers.map(() => 0),
        );
      }
      for (const client of [writer!, ...readers]) client.destroy();
    });
  });
});

/** The numbers of writes: each sets all keys to its number; with `removes`, even ones remove all keys instead. */
class Load {
  reads = 0;
  readonly #removes: boolean;
  #round = 0;
  /** The highest number that is known to be in force. */
  #seen = 0;

  constructor(removes = false) {
    this.#removes = removes;
  }

  nextRound(): number {
    return ++this.#round;
  }

  get seen(): number {
    return this.#seen;
  }

  saw(round: number): void {
    if (round > this.#seen) this.#seen = round;
  }

  /** Checks a value that was read by a request sent when `seenBefore` had been seen. */
  check(value: Reply, seenBefore: number, what: string): void {
    this.reads++;
    // No keys: what is in force is the beginning, or at least the first removal that is not before what was seen.
    const lastWithout = this.#removes ? seenBefore + (seenBefore % 2) : 0;
    const round = value === null ? lastWithout : Number(value);
    const fault =
      round < seenBefore ? 'older than what was seen before' : round > this.#round ? 'not written yet' : '';
    expect({ what, value, seenBefore, fault }).toEqual({ what, value, seenBefore, fault: '' });
    this.saw(round);
  }
}

type Step = (client: Client, load: Load) => Promise<void>;

/** Each writer on a connection of its own, and the readers' steps on several, all at the same time. */
async function run(
  server: RunningServer,
  loadMs: number,
  load: Load,
  writers: readonly Step[],
  readers: readonly Step[],
): Promise<void> {
  const cleaner = await server.client();
  await cleaner.command('FLUSHALL');
  cleaner.destroy();
  const end = Date.now() + loadMs;
  const drive = async (step: (turn: number) => Step) => {
    const client = await server.client();
    // However busy the machine is, enough has been read in the end.
    for (let turn = 0; Date.now() < end || load.reads <= READS_MIN; turn++) await step(turn)(client, load);
    client.destroy();
  };
  const reading = Array.from({ length: READERS }, (_, i) =>
    drive((turn) => readers[(i + turn) % readers.length]!),
  );
  await Promise.all([...writers.map((write) => drive(() => write)), ...reading]);
}

const readBothEnds: Step = async (client, load) => {
  for (const key of [FIRST, LAST, FIRST]) {
    const seen = load.seen;
    load.check(await client.command('GET', key), seen, `GET ${key}`);
  }
};

const readBothEndsInOnePipeline: Step = async (client, load) => {
  const seen = load.seen;
  const [last, first] = await client.pipeline([
    ['GET', LAST],
    ['GET', FIRST],
  ]);
  load.check(last!, seen, 'the first GET of a pipeline');
  load.check(first!, Math.max(seen, Number(last)), 'the second GET of a pipeline');
};

const readAll: Step = async (client, load) => {
  const seen = load.seen;
  const values = (await client.command('MGET', ...KEYS)) as Reply[];
  expect(values).toEqual(KEYS.map(() => values[0]));
  load.check(values[0]!, seen, 'MGET');
};

const readAllAlike: Step = async (client, load) => {
  const values = (await client.command('MGET', ...KEYS)) as Reply[];
  expect(values).toEqual(KEYS.map(() => values[0]));
  load.reads++;
};

const countAll: Step = async (client) => {
  expect([0, KEYS.length]).toContain(await client.command('EXISTS', ...KEYS));
};
