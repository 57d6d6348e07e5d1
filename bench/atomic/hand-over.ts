/**
 * (c) The hand-over of an element: from the producer's write of LPUSH to the arrival of the reply to the consumer's
 * BLPOP, which waited for it. One producer, one consumer, one at a time; shardis with two shards.
 *
 * The consumer writes BLPOP, the producer then asks PING and waits for +PONG, after which the server has surely read
 * the BLPOP: no LPUSH finds nobody waiting. The time begins just before the write of LPUSH and ends when the whole
 * reply to BLPOP is in this process; the reply to LPUSH is waited for too, outside of that time. Both connections are in
 * one Node process, whose own share (some tens of µs, a write and a wake-up) is in the figures of both servers alike.
 */
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
  count: number;
  p50Us: number;
  p99Us: number;
}

/** The client's side: runs in a process of its own. */
export async function runHandOver({ port, lengthMs }: HandOverJob): Promise<HandOverResult> {
  const value = 'w'.repeat(VALUE_BYTES);
  const pop = encode(['BLPOP', KEY, '0']);
  const push = encode(['LPUSH', KEY, value]);
  const ping = encode(['PING']);
  const pong = '+PONG\r\n';
  const toConsumer = new Expected(
    Buffer.from(`*2\r\n$${KEY.length}\r\n${KEY}\r\n$${VALUE_BYTES}\r\n${value}\r\n`),
  );
  const toProducer = new Expected(Buffer.from(`${pong}:1\r\n`));
  const histogram = createHistogram({ lowest: 1, highest: 60_000_000_000, figures: 3 });
  let handed = 0;
  let begun = 0;
  let isPopped = false;
  let isPushed = false;
  let countFrom = 0;
  let endAt = 0;
  let finish: (result: HandOverResult) => void = () => {};
  let onFailure: (why: unknown) => void = () => {};
  const next = () => {
    isPopped = false;
    isPushed = false;
    consumer.write(pop);
    producer.write(ping);
  };
  const done = (now: number) => {
    handed++;
    if (now < endAt) next();
    else {
      const { count } = histogram;
      finish({ count, p50Us: histogram.percentile(50) / 1000, p99Us: histogram.percentile(99) / 1000 });
    }
  };
  const onPopped = (bytes: Buffer, count: number) => {
    const now = performance.now();
    try {
      toConsumer.take(bytes, count);
    } catch (error) {
      return onFailure(error);
    }
    if (toConsumer.at !== 0) return;
    if (begun > countFrom) histogram.record(Math.max(1, Math.round((now - begun) * 1e6)));
    isPopped = true;
    if (isPushed) done(now);
  };
  const onProduced = (bytes: Buffer, count: number) => {
    try {
      toProducer.take(bytes, count);
    } catch (error) {
      return onFailure(error);
    }
    if (toProducer.at === pong.length) {
      begun = performance.now();
      producer.write(push);
    } else if (toProducer.at === 0) {
      isPushed = true;
      if (isPopped) done(performance.now());
    }
  };
  const consumer = await connect(port, onPopped, (why) => onFailure(why));
  const producer = await connect(port, onProduced, (why) => onFailure(why));
  const result = await untilDone<HandOverResult>(
    () => handed,
    (resolve, fail) => {
      finish = resolve;
      onFailure = fail;
      countFrom = performance.now() + WARM_UP_MS;
      endAt = countFrom + lengthMs;
      next();
    },
  );
  close([consumer, producer]);
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
