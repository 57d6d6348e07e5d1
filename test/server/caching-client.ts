/** A client with a cache of its own that the server helps to keep right: RESP3, and what comes is taken strictly in order. */
import net from 'node:net';
import { encodeCommand, type Reply, type Word } from '../support/client.ts';
import { INCOMPLETE, Push, ReplyDecoder } from '../support/decoder.ts';

/** What was asked: the keys, one for each element of the reply (empty: none), and who waits for it. */
interface Asked {
  readonly keys: readonly string[];
  readonly isArray: boolean;
  readonly resolve: (reply: Reply) => void;
}

export class CachingClient {
  /** What the client takes for the values of keys; absent ones are null. */
  readonly cache = new Map<string, Reply>();
  /** How many messages have come. */
  invalidations = 0;
  flushes = 0;
  readonly #socket: net.Socket;
  readonly #decoder = new ReplyDecoder();
  readonly #asked: Asked[] = [];

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.#decoder.append(chunk);
      this.#take();
    });
  }

  /** `options` are those of CLIENT TRACKING ON. */
  static async connect(port: number, ...options: readonly string[]): Promise<CachingClient> {
    const socket = net.connect({ port, host: '127.0.0.1' });
    await new Promise((resolve) => socket.once('connect', resolve));
    const client = new CachingClient(socket);
    await client.command('HELLO', 3);
    if ((await client.command('CLIENT', 'TRACKING', 'ON', ...options)) !== 'OK')
      throw new Error('no tracking');
    return client;
  }

  command(...words: readonly Word[]): Promise<Reply> {
    return this.#send(words, []);
  }

  /** Reads keys, whether they are in the cache or not, and puts what they hold into it. */
  read(...keys: readonly string[]): Promise<Reply> {
    return this.#send(keys.length === 1 ? ['GET', ...keys] : ['MGET', ...keys], keys);
  }

  /** Runs commands in a transaction. What its `GET`s read, given by number, goes into the cache. */
  async transaction(commands: readonly (readonly Word[])[]): Promise<void> {
    void this.#send(['MULTI'], []);
    for (const command of commands) void this.#send(command, []);
    const reads = commands.map((words) => (words[0] === 'GET' ? String(words[1]) : ''));
    await this.#send(['EXEC'], reads, true);
  }

  /** Changes a key, and with the reply the cache: for NOLOOP. */
  async write(key: string, value: string): Promise<void> {
    const reply = this.#send(['SET', key, value, 'GET'], []);
    await reply;
    this.cache.delete(key);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #send(words: readonly Word[], keys: readonly string[], isArray = keys.length > 1): Promise<Reply> {
    return new Promise((resolve) => {
      this.#asked.push({ keys, isArray, resolve });
      this.#socket.write(encodeCommand(words));
    });
  }

  #take(): void {
    for (;;) {
      const reply = this.#decoder.next();
      if (reply === INCOMPLETE) return;
      if (reply instanceof Push) {
        this.#invalidate(reply.items);
        continue;
      }
      const { keys, isArray, resolve } = this.#asked.shift()!;
      const values = isArray ? (reply as Reply[] | null) : [reply as Reply];
      for (const [i, key] of keys.entries()) if (key !== '') this.cache.set(key, values![i]!);
      resolve(reply as Reply);
    }
  }

  #invalidate([kind, keys]: readonly Reply[]): void {
    if (kind !== 'invalidate') throw new Error(`an unexpected push: ${String(kind)}`);
    this.invalidations++;
    if (keys === null) {
      this.flushes++;
      this.cache.clear();
    } else {
      for (const key of keys as string[]) this.cache.delete(key);
    }
  }
}
