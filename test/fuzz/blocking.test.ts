/**
 * Producers, consumers and movers at random lists on all shards, with timeouts, CLIENT UNBLOCK and connections that end:
 * every element is taken once, or is still there. FUZZ_SEED replays what was chosen, though not how threads were scheduled.
 */
import { describe, expect, test } from 'vitest';
import { untilForgotten } from '../server/blocked.ts';
import { useServer } from '../server/served.ts';
import { pause } from '../server/waiting.ts';
import { forEachShardCount } from '../support/both.ts';
import { type Client, type Reply, ReplyError, type Word } from '../support/client.ts';
import { Random, seedFrom } from '../support/random.ts';

const KEYS = Array.from({ length: 8 }, (_, i) => `list:${i}`);
const PRODUCERS = 4;
const CONSUMERS = 10;
const MOVERS = 5;
const PUSHES = 250;
const TAKEN_MAX = 3;

/** A round of chaos, and what came of it. */
class Round {
  readonly random: Random;
  readonly pushed: string[] = [];
  readonly taken: string[] = [];
  /** Connections that were ended while they waited, each of which may have been sent a last reply. */
  ended = 0;
  isOver = false;
  readonly #open: () => Promise<Client>;

  constructor(seed: number, open: () => Promise<Client>) {
    this.random = new Random(seed);
    this.#open = open;
  }

  async produce(name: string): Promise<void> {
    const client = await this.#open();
    for (let i = 0; i < PUSHES; i++) {
      const elements = Array.from({ length: this.random.between(1, 3) }, (_, at) => `${name}.${i}.${at}`);
      this.pushed.push(...elements);
      for (const reply of await client.pipeline(this.#pushing(elements))) {
        expect(reply).not.toBeInstanceOf(ReplyError);
      }
      if (this.random.oneIn(10)) await pause(this.random.between(0, 3));
    }
    client.destroy();
  }

  #pushing(elements: string[]): Word[][] {
    const { random } = this;
    const key = random.pick(KEYS);
    switch (random.below(6)) {
      case 0:
        return [['MULTI'], ['RPUSH', key, ...elements], ['SET', 'other', 1], ['EXEC']];
      case 1: {
        // By way of another key, where that key is free.
        const from = `from ${elements[0]}`;
        return [
          ['RPUSH', from, ...elements],
          ['RENAMENX', from, key],
        ];
      }
      case 2:
        return elements.map((element) => ['LPUSH', random.pick(KEYS), element]);
      default:
        return [[random.oneIn(2) ? 'RPUSH' : 'LPUSH', key, ...elements]];
    }
  }

  async consume(mayEnd: boolean): Promise<void> {
    let client = await this.#open();
    while (!this.isOver) {
      const words = this.#consuming();
      const reply = client.command(...words);
      if (mayEnd && this.random.oneIn(25)) {
        reply.then(
          (got) => this.#take(got),
          () => {},
        );
        await pause(this.random.between(0, 4));
        this.ended++;
        client.destroy();
        client = await this.#open();
        continue;
      }
      this.#take(await reply);
    }
    client.destroy();
  }

  #consuming(): Word[] {
    const { random } = this;
    const keys = Array.from({ length: random.between(1, 4) }, () => random.pick(KEYS));
    const timeout = random.pick([0.001, 0.01, 0.05, 0.3]);
    switch (random.below(3)) {
      case 0:
        return ['BLPOP', ...keys, timeout];
      case 1:
        return ['BRPOP', ...keys, timeout];
      default:
        return ['BLMPOP', timeout, keys.length, ...keys, 'LEFT', 'COUNT', random.between(1, TAKEN_MAX)];
    }
  }

  #take(reply: Reply): void {
    if (reply === null || isUnblocked(reply)) return;
    expect(reply).toBeInstanceOf(Array);
    const [key, got] = reply as [string, string | string[]];
    expect(KEYS).toContain(key);
    this.taken.push(...(Array.isArray(got) ? got : [got]));
  }

  async move(): Promise<void> {
    const client = await this.#open();
    const { random } = this;
    while (!this.isOver) {
      const keys = [random.pick(KEYS), random.pick(KEYS)];
      const ends = [random.pick(['LEFT', 'RIGHT']), random.pick(['LEFT', 'RIGHT'])];
      const reply = await client.command('BLMOVE', ...keys, ...ends, random.pick([0.002, 0.05, 0.3]));
      if (isUnblocked(reply)) continue;
      if (reply !== null) expect(typeof reply).toBe('string');
    }
    client.destroy();
  }

  /** Ends waits of whoever it meets. */
  async unblock(): Promise<void> {
    const client = await this.#open();
    const id = Number(await client.command('CLIENT', 'ID'));
    while (!this.isOver) {
      const other = id - this.random.below(CONSUMERS + MOVERS + PRODUCERS);
      await client.command('CLIENT', 'UNBLOCK', other, this.random.pick(['TIMEOUT', 'ERROR']));
      await pause(this.random.between(0, 5));
    }
    client.destroy();
  }

  async run(mayEnd: boolean): Promise<void> {
    const consuming = Array.from({ length: CONSUMERS }, () => this.consume(mayEnd));
    const moving = Array.from({ length: MOVERS }, () => this.move());
    const unblocking = this.unblock();
    await Promise.all(Array.from({ length: PRODUCERS }, (_, i) => this.produce(`p${i}`)));
    this.isOver = true;
    await Promise.all([...consuming, ...moving, unblocking]);
  }
}

function isUnblocked(reply: Reply): boolean {
  return reply instanceof ReplyError && reply.message.startsWith('UNBLOCKED');
}

forEachShardCount([1, 3], (shards) => {
  describe('everything is taken once or still there', () => {
    const server = useServer({ shards });

    test.each([
      ['when clients stay', false],
      ['but for what was sent to those who went', true],
    ])('%s', async (_, mayEnd) => {
      const looking = await server().client();
      await looking.command('FLUSHALL');
      const round = new Round(seedFrom('FUZZ_SEED'), () => server().client());
      await round.run(mayEnd);
      await untilForgotten(looking);
      const left: string[] = [];
      for (const key of (await looking.command('KEYS', '*')) as string[]) {
        if (key !== 'other') left.push(...((await looking.command('LRANGE', key, 0, -1)) as string[]));
      }
      const found = [...round.taken, ...left];
      expect(new Set(found).size).toBe(found.length);
      const missing = round.pushed.filter((element) => !new Set(found).has(element));
      expect(found.length + missing.length).toBe(round.pushed.length);
      expect(missing.length).toBeLessThanOrEqual(round.ended * TAKEN_MAX);
      if (mayEnd) expect(round.ended).toBeGreaterThan(0);
      expect(round.taken.length).toBeGreaterThan(100);
      looking.destroy();
    });
  });
});
