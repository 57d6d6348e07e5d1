/**
 * (d) PUBLISH of 64 bytes to 100 subscribers of one channel: messages delivered a second, shardis with two shards.
 *
 * One publisher writes batches of 32 PUBLISHes and keeps at most four batches under way: the next goes out when the
 * oldest has come to all subscribers. A run counts what arrived, over a time that begins after half a second of the
 * same load. Payloads are numbered (0 to 9, again and again) and every byte that a subscriber gets is compared with
 * what must come, so a message that is lost, doubled or in another place ends the benchmark; so does a PUBLISH that
 * is not answered :100. In the end all that was published must have come to all.
 *
 * Publisher and subscribers are one Node process; a read brings several messages, so its CPU is a fraction of a
 * microsecond for each: the figure is in the table.
 */
import type net from 'node:net';
import { encode } from '../client.ts';
import { type Figure, inTurns, NAMES, ratioFigure } from '../figures.ts';
import { VALUE_BYTES } from '../load.ts';
import { median, progress } from '../report.ts';
import { cpuSeconds, type ServerName } from '../servers.ts';
import { SHARDS } from './keys.ts';
import { run } from './process.ts';
import { type AtomicOptions, mustKnow, withAtomicServers } from './servers.ts';
import { close, connect, Expected, untilDone } from './stream.ts';

const RATIO_MIN = 0.9;
const SUBSCRIBERS = 100;
const BATCH = 32;
const BATCHES_MAX = 4;
const WARM_UP_MS = 500;
const CHANNEL = 'news';
/** Messages after which the payloads begin anew. */
const CYCLE = 10;

export interface PublishJob {
  kind: 'publish';
  port: number;
  pid: number;
  lengthMs: number;
}

interface PublishResult {
  perSecond: number;
  /** CPU microseconds of the server, and of this client, for one message that was delivered. */
  serverUs: number;
  clientUs: number;
}

function payload(index: number): string {
  return `${index % CYCLE}`.padEnd(VALUE_BYTES, 'w');
}

function delivered(index: number): string {
  return `*3\r\n$7\r\nmessage\r\n$${CHANNEL.length}\r\n${CHANNEL}\r\n$${VALUE_BYTES}\r\n${payload(index)}\r\n`;
}

const cycle = Buffer.from(Array.from({ length: CYCLE }, (_, index) => delivered(index)).join(''));
const messageBytes = cycle.length / CYCLE;
const batchBytes = messageBytes * BATCH;
/** Batches that begin at each place of the cycle. */
const batches = Array.from({ length: CYCLE }, (_, from) =>
  Buffer.concat(
    Array.from({ length: BATCH }, (_, index) => encode(['PUBLISH', CHANNEL, payload(from + index)])),
  ),
);

/** Reads what every subscriber gets, and counts for each batch how many have all of it. */
class Audience {
  readonly #sockets: net.Socket[] = [];
  /** Bytes of messages that each subscriber has. */
  readonly #bytes = new Float64Array(SUBSCRIBERS);
  /** Subscribers that have all of a batch, for the batches under way. */
  readonly #have = new Int32Array(BATCHES_MAX * 2);
  totalBytes = 0;
  /** Batches that all have. */
  batchesDone = 0;
  onBatch: () => void = () => {};
  onFailure: (why: unknown) => void = () => {};

  async subscribe(port: number): Promise<void> {
    const greeting = Buffer.from(`*3\r\n$9\r\nsubscribe\r\n$${CHANNEL.length}\r\n${CHANNEL}\r\n:1\r\n`);
    const command = encode(['SUBSCRIBE', CHANNEL]);
    const open = (index: number) =>
      new Promise<void>((resolve, reject) => {
        let expected = new Expected(greeting);
        let isSubscribed = false;
        this.onFailure = reject;
        const onRead = (bytes: Buffer, count: number) => {
          try {
            expected.take(bytes, count);
          } catch (error) {
            this.onFailure(error);
            return;
          }
          if (isSubscribed) this.#count(index, count);
          else if (expected.at === 0) {
            isSubscribed = true;
            expected = new Expected(cycle);
            resolve();
          }
        };
        void connect(port, onRead, (why) => this.onFailure(why)).then((socket) => {
          this.#sockets.push(socket);
          socket.write(command);
        });
      });
    for (let index = 0; index < SUBSCRIBERS; index++) await open(index);
  }

  #count(index: number, count: number): void {
    const before = Math.floor(this.#bytes[index]! / batchBytes);
    this.#bytes[index]! += count;
    this.totalBytes += count;
    const after = Math.floor(this.#bytes[index]! / batchBytes);
    for (let batch = before; batch < after; batch++) {
      const at = batch % this.#have.length;
      if (++this.#have[at]! < SUBSCRIBERS) continue;
      this.#have[at] = 0;
      this.batchesDone++;
      this.onBatch();
    }
  }

  leave(): void {
    close(this.#sockets);
  }
}

/** The client's side: runs in a process of its own. */
export async function runPublish({ port, pid, lengthMs }: PublishJob): Promise<PublishResult> {
  cpuSeconds(pid);
  const audience = new Audience();
  await audience.subscribe(port);
  const answer = Buffer.from(`:${SUBSCRIBERS}\r\n`);
  const answers = new Expected(answer);
  let answered = 0;
  let sent = 0;
  let isEnding = false;
  const onAnswer = (bytes: Buffer, count: number) => {
    try {
      answers.take(bytes, count);
    } catch (error) {
      audience.onFailure(error);
    }
    answered += count / answer.length;
  };
  const publisher = await connect(port, onAnswer, (why) => audience.onFailure(why));
  const publish = () => {
    if (isEnding) return;
    publisher.write(batches[(sent * BATCH) % CYCLE]!);
    sent++;
  };
  const result = await untilDone<PublishResult>(
    () => audience.totalBytes,
    (finish, fail) => {
      audience.onFailure = fail;
      audience.onBatch = publish;
      for (let batch = 0; batch < BATCHES_MAX; batch++) publish();
      const state = () => ({
        messages: audience.totalBytes / messageBytes,
        at: performance.now(),
        server: cpuSeconds(pid),
        own: process.cpuUsage(),
      });
      setTimeout(() => {
        const begun = state();
        setTimeout(() => {
          const ended = state();
          isEnding = true;
          const count = ended.messages - begun.messages;
          const own = ended.own.user + ended.own.system - begun.own.user - begun.own.system;
          const result = {
            perSecond: count / ((ended.at - begun.at) / 1000),
            serverUs: ((ended.server - begun.server) * 1e6) / count,
            clientUs: own / count,
          };
          // Nothing may be missing in the end.
          const wait = setInterval(() => {
            if (audience.batchesDone < sent || Math.round(answered) < sent * BATCH) return;
            clearInterval(wait);
            finish(result);
          }, 5);
        }, lengthMs);
      }, WARM_UP_MS);
    },
  );
  audience.leave();
  close([publisher]);
  return result;
}

export function publish(options: AtomicOptions): Promise<Figure[]> {
  return withAtomicServers(options, [SHARDS], async (servers) => {
    const runs: Record<ServerName, PublishResult[]> = { redis: [], shardis: [] };
    for (const server of servers) await mustKnow(server, 'publish');
    for (let round = -1; round < options.rounds; round++) {
      for (const server of inTurns(round, servers)) {
        progress(`round ${round + 1}/${options.rounds}: PUBLISH, ${server.name}`);
        const lengthMs = options.seconds * 1000;
        const job: PublishJob = { kind: 'publish', port: server.port, pid: server.pid, lengthMs };
        const result = await run<PublishResult>(job);
        // The round before the first warms up.
        if (round >= 0) runs[server.name].push(result);
      }
    }
    const of = (key: keyof PublishResult) =>
      Object.fromEntries(NAMES.map((name) => [name, median(runs[name].map((one) => one[key]))])) as Record<
        ServerName,
        number
      >;
    return [
      ratioFigure(
        `PUBLISH to ${SUBSCRIBERS} subscribers; ${SHARDS} shards`,
        'delivered/s',
        of('perSecond'),
        RATIO_MIN,
        'at least',
      ),
      { title: '… server CPU', unit: 'µs/delivered', ...of('serverUs') },
      { title: "… client's CPU", unit: 'µs/delivered', ...of('clientUs') },
    ];
  });
}
