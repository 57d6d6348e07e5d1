/**
 * A connection to a server: sends commands and hands out their replies in order.
 *
 * Replies that nobody waits for go to `onStray`: pushes, what MONITOR shows, and, while a RESP2 connection is
 * subscribed, messages, which there look like replies.
 */
import net from 'node:net';
import tls from 'node:tls';
import { type Reply, ReplyDecoder } from '../protocol/reply-decoder.ts';
import { addressOf, describeError, type Target, tlsOptions } from './target.ts';

/** A word of a command; strings are UTF-8. */
export type Word = string | Uint8Array;

/** Bytes of one command, as an array of bulk strings. */
export function encodeCommand(words: readonly Word[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = typeof word === 'string' ? Buffer.from(word, 'utf8') : word;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** The connection is gone, or could not be made; `message` is the line to print. */
export class ConnectionError extends Error {
  override name = 'ConnectionError';
}

/** The kind of a message of publish and subscribe, or undefined for any other reply. */
export function pubSubKind(reply: Reply): string | undefined {
  if (reply.type !== 'push' && reply.type !== 'array') return undefined;
  const [kind] = reply.items;
  if (reply.items.length < 3 || kind?.type !== 'bulk') return undefined;
  return /^[ps]?(?:message|(?:un)?subscribe)$/.test(kind.text) ? kind.text : undefined;
}

interface Waiter {
  /** The command is answered with confirmations of this kind, which are pushes in RESP3. */
  readonly confirmation: string | undefined;
  /** How many replies, or confirmations, are still to come. */
  left: number;
  readonly onReply: (reply: Reply) => void;
  readonly resolve: () => void;
  readonly reject: (error: ConnectionError) => void;
}

const KEEP_ALIVE_MS = 15_000;

export class Connection {
  /** Given each reply that belongs to no command. */
  onStray: (reply: Reply) => void = () => {};
  /** Called once when the connection ends without `close`. */
  onLost: (error: ConnectionError) => void = () => {};
  /** The version of the protocol that the server speaks; whoever changes it says so here. */
  resp: 2 | 3 = 2;
  readonly #socket: net.Socket;
  readonly #decoder = new ReplyDecoder();
  readonly #waiters: Waiter[] = [];
  /** How many subscriptions the server counts: `all` for channels and patterns, `shard` for shard channels. */
  readonly #subscriptions = new Map<string, number>();
  #isClosing = false;
  #failure: ConnectionError | undefined;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(`Error: ${describeError(error)}`));
    socket.on('close', () => this.#fail('Error: Server closed the connection'));
  }

  /** Throws ConnectionError with the line to print. */
  static async open(target: Target): Promise<Connection> {
    const socket = await connectSocket(target);
    return new Connection(target.tls === undefined ? socket : await secure(socket, target));
  }

  get isOpen(): boolean {
    return this.#failure === undefined && !this.#isClosing;
  }

  get isSubscribed(): boolean {
    return [...this.#subscriptions.values()].some((count) => count > 0);
  }

  /** Forgets the subscriptions, as the server does after RESET. */
  forgetSubscriptions(): void {
    this.#subscriptions.clear();
  }

  /** Sends a command that is answered with one reply. Rejects with ConnectionError. */
  async request(...words: Word[]): Promise<Reply> {
    let answer: Reply | undefined;
    await this.exchange(words, (reply) => {
      answer = reply;
    });
    return answer!;
  }

  /**
   * Sends a command and gives each of its `replies` to `onReply`; resolves after the last. `confirmation` is the
   * kind of those of a command that subscribes. An error is always the last reply.
   */
  exchange(
    words: readonly Word[],
    onReply: (reply: Reply) => void,
    replies = 1,
    confirmation?: string,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#socket.write(encodeCommand(words));
      if (replies === 0) return resolve();
      this.#waiters.push({ confirmation, left: replies, onReply, resolve, reject });
    });
  }

  /** Sends bytes as they are; resolves when there is room for more. */
  sendRaw(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#failure !== undefined || this.#socket.write(bytes)) return resolve();
      const done = () => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.on('drain', done);
      this.#socket.on('close', done);
    });
  }

  /** Ends the connection and resolves when what was sent has left; those who wait get a ConnectionError. */
  close(): Promise<void> {
    this.#isClosing = true;
    return new Promise((resolve) => {
      this.#socket.end(() => {
        this.#socket.destroy();
        resolve();
      });
    });
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #receive(chunk: Uint8Array): void {
    this.#decoder.append(chunk);
    try {
      for (let reply = this.#decoder.next(); reply !== undefined; reply = this.#decoder.next()) {
        this.#deliver(reply);
      }
    } catch (error) {
      this.#fail(`Error: ${describeError(error)}`);
      this.#socket.destroy();
    }
  }

  #deliver(reply: Reply): void {
    const waiter = this.#waiters[0];
    const kind = this.#mayBeMessage(reply, waiter) ? pubSubKind(reply) : undefined;
    if (kind?.endsWith('subscribe')) this.#count(kind, reply);
    const isAnswer = kind === undefined ? reply.type !== 'push' : kind === waiter?.confirmation;
    if (waiter === undefined || !isAnswer) {
      this.onStray(reply);
      return;
    }
    waiter.onReply(reply);
    waiter.left--;
    // What is no confirmation answers the command as a whole: an error, or the QUEUED of a transaction.
    if (waiter.left > 0 && kind !== undefined) return;
    this.#waiters.shift();
    waiter.resolve();
  }

  /** In RESP2 messages are arrays like any other, which come only to those who are subscribed. */
  #mayBeMessage(reply: Reply, waiter: Waiter | undefined): boolean {
    if (this.resp === 3 || reply.type === 'push') return reply.type === 'push';
    return this.isSubscribed || waiter?.confirmation !== undefined;
  }

  /** Confirmations tell how many channels and patterns, or how many shard channels, are subscribed to. */
  #count(kind: string, reply: Reply): void {
    const count = 'items' in reply ? reply.items[2] : undefined;
    if (count?.type !== 'integer') return;
    this.#subscriptions.set(/^s(?:un)?subscribe$/.test(kind) ? 'shard' : 'all', Number(count.text));
  }

  #fail(message: string): void {
    if (this.#failure !== undefined) return;
    const error = new ConnectionError(message);
    this.#failure = error;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    if (!this.#isClosing) this.onLost(error);
  }
}

function connectSocket(target: Target): Promise<net.Socket> {
  const { host, port, socket: path } = target;
  return new Promise((resolve, reject) => {
    const socket = path === undefined ? net.connect({ host, port }) : net.connect({ path });
    const failed = (error: Error) =>
      reject(
        new ConnectionError(`Could not connect to Redis at ${addressOf(target)}: ${describeError(error)}`),
      );
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

function secure(socket: net.Socket, { host, tls: files }: Target): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      socket.destroy();
      reject(new ConnectionError(`Could not negotiate a TLS connection: ${describeError(error)}`));
    };
    try {
      const secured = tls.connect({ ...tlsOptions(host, files!), socket });
      secured.once('error', failed);
      secured.once('secureConnect', () => {
        secured.off('error', failed);
        resolve(secured);
      });
    } catch (error) {
      failed(error as Error);
    }
  });
}
