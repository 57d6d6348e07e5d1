/**
 * (c) The hand-over of an element: from the producer's write of LPUSH to the arrival of the reply to the consumer's
 * BLPOP, which waited for it. One producer, one consumer, one at a time; shardis with two shards.
 *
 * The consumer writes BLPOP, the producer then asks PING and waits for +PONG, after which the server has surely read
 * the BLPOP: no LPUSH finds nobody waiting. The time begins just before the write of LPUSH and ends when the whole
 * reply to BLPOP is in this process; the reply to LPUSH is waited for too, outside of that time. Both connections are in
 * one Node process, whose own share (some tens of µs, a write and a wake-up) is in the figures of both servers alike.
 */
import type net from 'node:net';
import { createHistogram } from 'node:perf_hooks';
import { encode } from '../client.ts';
import { type Figure, inTurns, NAMES, ratioFigure } from '../figures.ts';
import { VALUE_BYTES } from '../load.ts';
import { median, progress } from '../report.ts';
import type { ServerName } from '../servers.ts';
import { SHARDS } from './keys.ts';
import { run } from './process.ts';
import { type AtomicOptions, mustKnow, withAtomicServers } from './servers.ts';
import { close, connect, Expected, untilDone } from './stream.ts';

const TIMES_REDIS_MAX = 1.5;
const WARM_UP_MS = 1000;
const KEY = 'handed:over';

export interface HandOverJob {
  kind: 'hand-over';
  port: number;
  lengthMs: number;
}

interface HandOverResult {
  p50Us: number;
  p99Us: number;
}

const PONG = '+PONG\r\n';
const value = 'w'.repeat(VALUE_BYTES);
const pop = encode(['BLPOP', KEY, '0']);
const push = encode(['LPUSH', KEY, value]);
const ping = encode(['PING']);

/** One producer and one consumer; hands over one element after the other until `endAt`. */
class HandOvers {
  readonly #toConsumer = new Expected(
    Buffer.from(`*2\r\n$${KEY.length}\r\n${KEY}\r\n$${VALUE_BYTES}\r\n${value}\r\n`),
  );
  readonly #toProducer = new Expected(Buffer.from(`${PONG}:1\r\n`));
  readonly #histogram = createHistogram({ lowest: 1, highest: 60_000_000_000, figures: 3 });
  #consumer: net.Socket | undefined;
  #producer: net.Socket | undefined;
  #begun = 0;
  #isPopped = false;
  #isPushed = false;
  #countFrom = 0;
  #endAt = 0;
  handed = 0;
  onEnd: (result: HandOverResult) => void = () => {};
  onFailure: (why: unknown) => void = () => {};

  async connect(port: number): Promise<void> {
    const open = (onRead: (bytes: Buffer, count: number) => void) =>
      connect(
        port,
        (bytes, count) => {
          try {
            onRead(bytes, count);
          } catch (error) {
            this.onFailure(error);
          }
        },
        (why) => this.onFailure(why),
      );
    this.#consumer = await open((bytes, count) => this.#onPopped(bytes, count));
    this.#producer = await open((bytes, count) => this.#onProduced(bytes, count));
  }

  start(lengthMs: number): void {
    this.#countFrom = performance.now() + WARM_UP_MS;
    this.#endAt = this.#countFrom + lengthMs;
    this.#next();
  }

  #next(): void {
    this.#isPopped = false;
    this.#isPushed = false;
    this.#consumer!.write(pop);
    this.#producer!.write(ping);
  }

  #onPopped(bytes: Buffer, count: number): void {
    const now = performance.now();
    this.#toConsumer.take(bytes, count);
    if (this.#toConsumer.at !== 0) return;
    if (this.#begun > this.#countFrom)
      this.#histogram.record(Math.max(1, Math.round((now - this.#begun) * 1e6)));
    this.#isPopped = true;
    this.#doneWhenBoth();
  }

  #onProduced(bytes: Buffer, count: number): void {
    this.#toProducer.take(bytes, count);
    if (this.#toProducer.at === PONG.length) {
      this.#begun = performance.now();
      this.#producer!.write(push);
    } else if (this.#toProducer.at === 0) {
      this.#isPushed = true;
      this.#doneWhenBoth();
    }
  }

  #doneWhenBoth(): void {
    if (!this.#isPopped || !this.#isPushed) return;
    this.handed++;
    if (performance.now() < this.#endAt) this.#next();
    else {
      const [p50Us, p99Us] = [50, 99].map((percent) => this.#histogram.percentile(percent) / 1000);
      this.onEnd({ p50Us: p50Us!, p99Us: p99Us! });
    }
  }

  leave(): void {
    close([this.#consumer!, this.#producer!]);
  }
}

/** The client's side: runs in a process of its own. */
export async function runHandOver({ port, lengthMs }: HandOverJob): Promise<HandOverResult> {
  const handOvers = new HandOvers();
  await handOvers.connect(port);
  const result = await untilDone<HandOverResult>(
    () => handOvers.handed,
    (resolve, fail) => {
      handOvers.onEnd = resolve;
      handOvers.onFailure = fail;
      handOvers.start(lengthMs);
    },
  );
  handOvers.leave();
  return result;
}

export function handOver(options: AtomicOptions): Promise<Figure[]> {
  return withAtomicServers(options, [SHARDS], async (servers) => {
    const runs: Record<ServerName, HandOverResult[]> = { redis: [], shardis: [] };
    for (const server of servers) await mustKnow(server, 'blpop');
    for (let round = 0; round < options.rounds; round++) {
      for (const server of inTurns(round, servers)) {
        progress(`round ${round + 1}/${options.rounds}: BLPOP, ${server.name}`);
        const job: HandOverJob = { kind: 'hand-over', port: server.port, lengthMs: options.seconds * 1000 };
        runs[server.name].push(await run<HandOverResult>(job));
      }
    }
    const of = (key: keyof HandOverResult) =>
      Object.fromEntries(NAMES.map((name) => [name, median(runs[name].map((one) => one[key]))])) as Record<
        ServerName,
        number
      >;
    return [
      ratioFigure(
        `LPUSH to the waiting BLPOP, p50; ${SHARDS} shards`,
        'µs',
        of('p50Us'),
        TIMES_REDIS_MAX,
        'at most',
      ),
      { title: '… p99', unit: 'µs', ...of('p99Us') },
    ];
  });
}
