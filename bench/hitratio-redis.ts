/**
 * A trace replayed on a real Redis: GET, and SET after a miss, in one pipeline; never the same key twice in a batch, so that no
 * request misses only because the answer to the one before is still under way. `maxmemory` is adjusted all the time so
 * that on average the wanted number of keys is there: buffers and tables change what a key takes.
 */
import net from 'node:net';
import type { DenseTrace } from '../src/advise/caches/dense-ids.ts';
import { BenchError } from './report.ts';
import { redisLaunch, withServers } from './servers.ts';

const BATCH_MAX = 128;
/** A batch is so much smaller than the cache. */
const BATCH_PART = 4;
/** Few keys must be large, or the server's own buffers would decide how many there are. */
const CACHE_BYTES_MIN = 4 << 20;
const VALUE_BYTES_MIN = 64;
const VALUE_BYTES_MAX = 16 << 10;
/** Batches between two looks at the number of keys. */
const LOOK_BATCHES = 8;
const GAIN = 0.3;

export interface RedisRun {
  hitRatio: number;
  /** Mean number of keys once the cache was full. */
  keys: number;
}

export async function replayOnRedis(trace: DenseTrace, policy: string, capacity: number): Promise<RedisRun> {
  return withServers([redisLaunch(['--maxmemory-policy', policy])], async ([server]) => {
    const client = await Pipeline.open(server!.port);
    try {
      return await new Replay(client, trace, capacity).run();
    } finally {
      client.close();
    }
  });
}

class Replay {
  readonly #client: Pipeline;
  readonly #trace: DenseTrace;
  readonly #capacity: number;
  readonly #value: string;
  #limit = 0;
  #looks = 0;
  #keys = 0;

  constructor(client: Pipeline, trace: DenseTrace, capacity: number) {
    this.#client = client;
    this.#trace = trace;
    this.#capacity = capacity;
    const bytes = Math.min(VALUE_BYTES_MAX, Math.max(VALUE_BYTES_MIN, CACHE_BYTES_MIN / capacity));
    this.#value = 'x'.repeat(Math.round(bytes));
  }

  async run(): Promise<RedisRun> {
    const { ids } = this.#trace;
    const batchMax = Math.max(1, Math.min(BATCH_MAX, Math.floor(this.#capacity / BATCH_PART)));
    const inBatch = new Uint8Array(this.#trace.count);
    let hits = 0;
    let sets = '';
    let setCount = 0;
    let batches = 0;
    for (let at = 0; at < ids.length; ) {
      const from = at;
      let gets = '';
      while (at < ids.length && at - from < batchMax && inBatch[ids[at]!] === 0) {
        inBatch[ids[at]!] = 1;
        gets += command(['GET', keyOf(ids[at]!)]);
        at++;
      }
      const looks = ++batches % LOOK_BATCHES === 0;
      const replies = await this.#client.send(
        sets + gets + (looks ? command(['DBSIZE']) : ''),
        setCount + at - from + (looks ? 1 : 0),
      );
      sets = '';
      let misses = 0;
      for (let i = from; i < at; i++) {
        inBatch[ids[i]!] = 0;
        if (replies[setCount + i - from] !== null) hits++;
        else {
          sets += command(['SET', keyOf(ids[i]!), this.#value]);
          misses++;
        }
      }
      const size = replies[replies.length - 1];
      setCount = misses;
      if (looks) await this.#adjust(Number(size));
    }
    return { hitRatio: hits / ids.length, keys: this.#looks === 0 ? 0 : this.#keys / this.#looks };
  }

  async #adjust(size: number): Promise<void> {
    if (this.#limit === 0) {
      if (size < this.#capacity) return;
      const [used] = await this.#client.send(command(['INFO', 'memory']), 1);
      this.#limit = Number(/used_memory:(\d+)/.exec(String(used))![1]);
    } else {
      this.#looks++;
      this.#keys += size;
    }
    const perKey = this.#value.length + 80;
    this.#limit = Math.round(this.#limit + (this.#capacity - size) * perKey * GAIN);
    await this.#client.send(command(['CONFIG', 'SET', 'maxmemory', String(this.#limit)]), 1);
  }
}

function keyOf(id: number): string {
  return String(id).padStart(10, '0');
}

function command(words: string[]): string {
  let text = `*${words.length}\r\n`;
  for (const word of words) text += `$${word.length}\r\n${word}\r\n`;
  return text;
}

/** Sends texts and collects so many replies; bulk strings of values are not kept but for the length. */
class Pipeline {
  readonly #socket: net.Socket;
  #pending: Buffer = Buffer.alloc(0);
  #replies: (string | null)[] = [];
  #wanted = 0;
  #resolve: (replies: (string | null)[]) => void = () => {};
  #reject: (error: Error) => void = () => {};

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('close', () => this.#reject(new BenchError('redis-server closed the connection')));
  }

  static open(port: number): Promise<Pipeline> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: '127.0.0.1' }, () => resolve(new Pipeline(socket)));
      socket.once('error', reject);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  send(text: string, replies: number): Promise<(string | null)[]> {
    this.#replies = [];
    this.#wanted = replies;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(text, 'latin1');
    });
  }

  #take(bytes: Buffer): void {
    const all = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    let at = 0;
    for (;;) {
      const lineEnd = all.indexOf('\r\n', at, 'latin1');
      if (lineEnd < 0) break;
      const line = all.toString('latin1', at + 1, lineEnd);
      if (all[at] === 0x24 && line !== '-1') {
        const end = lineEnd + 2 + Number(line) + 2;
        if (end > all.length) break;
        this.#replies.push(Number(line) > 4096 ? '' : all.toString('latin1', lineEnd + 2, end - 2));
        at = end;
      } else {
        // An error is -OOM when nothing can be evicted: the key is not stored then, as no key would be.
        this.#replies.push(line === '-1' ? null : line);
        at = lineEnd + 2;
      }
    }
    this.#pending = all.subarray(at);
    if (this.#replies.length >= this.#wanted) this.#resolve(this.#replies);
  }
}
