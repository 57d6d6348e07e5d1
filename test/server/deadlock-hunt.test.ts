/**
 * Commands that need several shards at one instant make shards wait for each other. Here many connections send them all at
 * once, over random keys, and go away at the worst moments: in the middle of a transaction, of a command, of a block, or
 * killed by others. Whatever they do, every shard must serve on afterwards, and nothing may be left of them.
 *
 * HUNT_MS sets how long it takes, HUNT_SEED repeats its choices.
 */
import { describe, expect, test } from 'vitest';
import { type Client, encodeCommand, type Reply } from '../support/client.ts';
import { Random, seedFrom } from '../support/random.ts';
import type { RunningServer } from '../support/server.ts';
import { infoField, sumOverShards, useServer } from './served.ts';
import { pause, until } from './waiting.ts';

const HUNT_MS = Number(process.env.HUNT_MS || 5000);
const seed = seedFrom('HUNT_SEED');
const CONNECTIONS = 50;
const KEYS = 60;
/** A command that is not answered within this time never will be. */
const ANSWER_MS_MAX = 30_000;
const ANSWERED_MIN = 200;
const DEPARTED_MIN = 50;
/** Longer than a request may be that goes through a small lane. */
const LONG_BYTES = 40_000;
const SMALL_LANES = ['--lane-size', '64kb'];

type Words = readonly (string | number)[];
type Make = (hunt: Hunt) => Words;

const STRINGS: readonly Make[] = [
  (hunt) => ['RENAME', hunt.key(), hunt.key()],
  (hunt) => ['RENAMENX', hunt.key(), hunt.key()],
  (hunt) => ['COPY', hunt.key(), hunt.key(), 'REPLACE'],
  (hunt) => ['MSETNX', hunt.key(), 1, hunt.key(), 2, hunt.key(), 3],
  (hunt) => ['MSET', hunt.key(), hunt.value(), hunt.key(), hunt.value()],
  (hunt) => ['BITOP', 'XOR', hunt.key(), hunt.key(), hunt.key(), hunt.key()],
  (hunt) => ['LCS', hunt.shortKey(), hunt.shortKey(), 'LEN'],
  (hunt) => ['MGET', ...hunt.keys()],
  (hunt) => ['DEL', ...hunt.keys()],
  (hunt) => ['EXISTS', ...hunt.keys()],
  (hunt) => ['SET', hunt.key(), hunt.value()],
  (hunt) => ['SET', hunt.shortKey(), 'abc'],
  (hunt) => ['SET', hunt.key(), 'gone soon', 'PX', 5],
  (hunt) => ['GET', hunt.key()],
  (hunt) => ['SORT', hunt.key(), 'BY', 'nosort', 'STORE', hunt.key()],
  () => ['DBSIZE'],
];

/** What is used where the server has it. */
const OTHERS: readonly (readonly [name: string, make: Make])[] = [
  ['lpush', (hunt) => ['LPUSH', hunt.list(), hunt.value()]],
  ['lpush', (hunt) => ['LPUSH', hunt.list(), 1, 2, 3]],
  ['lmove', (hunt) => ['LMOVE', hunt.list(), hunt.list(), 'LEFT', 'RIGHT']],
  ['rpoplpush', (hunt) => ['RPOPLPUSH', hunt.list(), hunt.list()]],
  ['blmove', (hunt) => ['BLMOVE', hunt.list(), hunt.list(), 'LEFT', 'RIGHT', 0.02]],
  ['brpoplpush', (hunt) => ['BRPOPLPUSH', hunt.list(), hunt.list(), 0.02]],
  ['blpop', (hunt) => ['BLPOP', hunt.list(), hunt.list(), hunt.list(), 0.02]],
  ['blmpop', (hunt) => ['BLMPOP', 0.02, 2, hunt.list(), hunt.list(), 'LEFT']],
  ['lmpop', (hunt) => ['LMPOP', 2, hunt.list(), hunt.list(), 'LEFT']],
];

class Hunt {
  answered = 0;
  departed = 0;
  readonly #random: Random;
  readonly #server: RunningServer;
  readonly #makes: readonly Make[];
  /** Of connections that are open. */
  readonly #ids = new Set<number>();

  constructor(server: RunningServer, random: Random, makes: readonly Make[]) {
    this.#server = server;
    this.#random = random;
    this.#makes = makes;
  }

  key(): string {
    return `key:${this.#random.below(KEYS)}`;
  }

  /** Of those whose values are short; LCS takes the product of two lengths. */
  shortKey(): string {
    return `short:${this.#random.below(KEYS)}`;
  }

  list(): string {
    return `list:${this.#random.below(10)}`;
  }

  keys(): string[] {
    return Array.from({ length: this.#random.between(1, 8) }, () => this.key());
  }

  value(): string {
    return 'v'.repeat(this.#random.oneIn(30) ? LONG_BYTES : this.#random.below(40));
  }

  command(): Words {
    return this.#random.pick(this.#makes)(this);
  }

  /** Lives on one connection after the other. */
  async live(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const client = await this.#server.client();
      const id = await client.command('CLIENT', 'ID').catch(() => 0);
      this.#ids.add(Number(id));
      while (!isOver() && !client.isClosed && !(await this.#step(client)));
      client.destroy();
      this.#ids.delete(Number(id));
    }
  }

  /** Resolves to whether the connection is over. */
  async #step(client: Client): Promise<boolean> {
    const random = this.#random;
    switch (random.below(12)) {
      case 0:
        return this.#depart(client, [...this.#block(), ['EXEC']], 'cut');
      case 1:
        return this.#depart(client, this.#block(), 'all');
      case 2:
        return this.#depart(client, this.#several(), random.oneIn(2) ? 'all' : 'cut');
      case 3:
        if (random.oneIn(3))
          await this.#ask(client, [['CLIENT', 'KILL', 'ID', random.pick([...this.#ids, 0])]]);
        return false;
      case 4:
      case 5:
      case 6:
        await this.#ask(client, [...this.#block(), [random.oneIn(6) ? 'DISCARD' : 'EXEC']]);
        return false;
      case 7:
      case 8:
        await this.#ask(client, [['WATCH', ...this.keys()], this.command(), ...this.#block(), ['EXEC']]);
        return false;
      default:
        await this.#ask(client, this.#several());
        return false;
    }
  }

  #several(): Words[] {
    return Array.from({ length: this.#random.between(1, 10) }, () => this.command());
  }

  #block(): Words[] {
    return [['MULTI'], ...this.#several()];
  }

  /** All are answered, unless the connection is killed. */
  async #ask(client: Client, commands: readonly Words[]): Promise<void> {
    const replies = client.pipeline(commands).catch((): Reply[] => []);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const sent = commands.map((words) => words.join(' ').slice(0, 100)).join('; ');
      timer = setTimeout(() => reject(new Error(`seed ${seed}, no answer to ${sent}`)), ANSWER_MS_MAX);
    });
    this.answered += (await Promise.race([replies, late])).length;
    clearTimeout(timer);
  }

  /** Sends all, or a part that may end within a command, and goes away without waiting for replies. */
  async #depart(client: Client, commands: readonly Words[], part: 'all' | 'cut'): Promise<boolean> {
    const bytes = Buffer.concat(commands.map(encodeCommand));
    const length = part === 'all' ? bytes.length : this.#random.below(bytes.length);
    const sent = client.pipeline([['PING']]).catch(() => {});
    client.send(bytes.subarray(0, length));
    // The server has begun to read what came, or has not.
    if (this.#random.oneIn(2)) await sent;
    if (this.#random.oneIn(3)) client.end();
    else client.destroy();
    this.departed++;
    return true;
  }
}

/** Which of the commands the server has. */
async function known(client: Client): Promise<Make[]> {
  const makes = [...STRINGS];
  for (const [name, make] of OTHERS) {
    const [info] = (await client.command('COMMAND', 'INFO', name)) as Reply[];
    if (info !== null) makes.push(make);
  }
  return makes;
}

async function expectAllWell(client: Client, shards: number): Promise<void> {
  const keys = Array.from({ length: 50 * shards }, (_, i) => `after:${i}`);
  for (const key of keys) expect(await client.command('SET', key, key)).toBe('OK');
  expect(await client.command('MGET', ...keys)).toEqual(keys);
  for (const key of keys) expect(await client.command('RENAME', key, `${key} moved`)).toBe('OK');
  const replies = await client.pipeline([['MULTI'], ...keys.map((key) => ['GET', `${key} moved`]), ['EXEC']]);
  expect(replies.at(-1)).toEqual(keys);
  await until('all others are gone', async () => (await infoField(client, 'connected_clients')) === '1');
  await until('no shard is parked', async () => (await sumOverShards(client, 'parked')) === 0);
  await until('the lanes are empty', async () => (await sumOverShards(client, 'queue_bytes')) === 0);
  expect(await infoField(client, 'blocked_clients')).toBe('0');
}

describe.each([
  ['3 shards', 3, SMALL_LANES],
  ['2 shards, a log and no direct reads', 2, ['--appendonly', 'yes', '--direct-reads', 'no', ...SMALL_LANES]],
] as const)('with %s', (_, shards, args) => {
  const server = useServer({ shards, args });

  test(
    'nobody waits for ever, and nothing is left',
    async () => {
      const client = await server().client();
      const makes = await known(client);
      const random = new Random(seed);
      const end = Date.now() + HUNT_MS / 2;
      const hunt = new Hunt(server(), random, makes);
      // However busy the machine is, so much has happened in the end.
      const isOver = () => Date.now() > end && hunt.answered > ANSWERED_MIN && hunt.departed > DEPARTED_MIN;
      await Promise.all(Array.from({ length: CONNECTIONS }, () => hunt.live(isOver)));
      await pause(50);
      await expectAllWell(client, shards);
      client.destroy();
    },
    90_000 + 2 * HUNT_MS,
  );
});
