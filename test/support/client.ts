/**
 * A raw client for tests: it sends exactly the bytes it is told to and decodes what comes back. It does
 * nothing that a client library does by itself (no handshake, no reconnection).
 */
import net from 'node:net';
import tls from 'node:tls';
import { INCOMPLETE, Push, type Reply, ReplyDecoder } from './decoder.ts';

export { type Reply, ReplyError } from './decoder.ts';

/** A word of a command; strings are latin1, one byte a character. */
export type Word = string | number | bigint | Uint8Array;

interface Waiter {
  /** How many raw bytes are wanted, or undefined for a decoded reply. */
  readonly rawBytes: number | undefined;
  readonly resolve: (value: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** The bytes of one command as an array of bulk strings. */
export function encodeCommand(words: readonly Word[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = word instanceof Uint8Array ? word : Buffer.from(String(word), 'latin1');
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

export interface ClientOptions {
  /** Replies with every type of the protocol apart: see decoder.ts. */
  exact?: boolean;
}

export class Client {
  /** Out-of-band data that came so far. */
  readonly pushes: Reply[][] = [];
  /** Resolves when the connection is closed, by either side. */
  readonly closed: Promise<void>;
  readonly socket: net.Socket;
  readonly #decoder: ReplyDecoder;
  readonly #waiters: Waiter[] = [];
  /** The first waiter that has not been served. */
  #served = 0;
  #isClosed = false;
  #failure: Error | undefined;

  constructor(socket: net.Socket, options: ClientOptions = {}) {
    this.socket = socket;
    this.#decoder = new ReplyDecoder(options.exact);
    socket.setNoDelay(true);
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true;
        this.#serve();
        resolve();
      });
    });
    socket.on('error', (error) => {
      this.#failure ??= error;
    });
    socket.on('data', (chunk) => {
      this.#decoder.append(chunk);
      this.#serve();
    });
  }

  static connect(port: number, host = '127.0.0.1', options: ClientOptions = {}): Promise<Client> {
    return Client.#open(() => net.connect({ port, host }), options);
  }

  static connectUnix(path: string, options: ClientOptions = {}): Promise<Client> {
    return Client.#open(() => net.connect({ path }), options);
  }

  /** Resolves when the handshake is done, which the server may still see otherwise (see `closed`). */
  static connectTls(options: tls.ConnectionOptions): Promise<Client> {
    const full = { host: '127.0.0.1', checkServerIdentity: () => undefined, ...options };
    return Client.#open(() => tls.connect(full), {}, 'secureConnect');
  }

  static #open(open: () => net.Socket, options: ClientOptions, event = 'connect'): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = open();
      socket.once('error', reject);
      socket.once(event, () => {
        socket.off('error', reject);
        resolve(new Client(socket, options));
      });
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends one command and returns its reply; an error reply is returned as a `ReplyError`, not thrown. */
  command(...words: Word[]): Promise<Reply> {
    this.send(encodeCommand(words));
    return this.reply();
  }

  /** Sends all commands in one write and returns their replies in order. */
  pipeline(commands: readonly (readonly Word[])[]): Promise<Reply[]> {
    this.send(Buffer.concat(commands.map(encodeCommand)));
    return Promise.all(commands.map(() => this.reply()));
  }

  /** Sends bytes as they are; strings are latin1. */
  send(bytes: Uint8Array | string): void {
    if (this.#isClosed) return;
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** The next reply that nobody has waited for yet. */
  reply(): Promise<Reply> {
    return this.#wait(undefined);
  }

  /** The next `count` bytes as they came, as latin1. */
  readRaw(count: number): Promise<string> {
    return this.#wait(count) as Promise<string>;
  }

  /** All bytes that nobody has taken, as latin1, once the server has closed the connection. */
  async receivedUntilClosed(): Promise<string> {
    await this.closed;
    return this.#decoder.takeRaw();
  }

  /** Closes our side after what was sent; the server sees the end of the stream. */
  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  #wait(rawBytes: number | undefined): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ rawBytes, resolve, reject });
      this.#serve();
    });
  }

  #serve(): void {
    try {
      while (this.#serveOne());
    } catch (error) {
      this.#failure = error as Error;
      this.socket.destroy();
    }
    if (!this.#isClosed) return;
    for (const waiter of this.#waiters.splice(this.#served)) {
      waiter.reject(this.#failure ?? new Error('the server closed the connection before it replied'));
    }
  }

  /** Gives the next waiter what it waits for; false when it has to wait on. */
  #serveOne(): boolean {
    const waiter = this.#waiters[this.#served];
    if (waiter === undefined) {
      if (this.#served > 0) this.#waiters.length = this.#served = 0;
      // Without anyone waiting only pushes are decoded: what else is there may be wanted raw.
      if (this.#decoder.typeByte !== '>') return false;
    }
    if (waiter?.rawBytes !== undefined) {
      if (this.#decoder.buffered < waiter.rawBytes) return false;
      this.#served++;
      waiter.resolve(this.#decoder.takeRaw(waiter.rawBytes));
      return true;
    }
    const reply = this.#decoder.next();
    if (reply === INCOMPLETE) return false;
    if (reply instanceof Push) {
      this.pushes.push(reply.items);
      return true;
    }
    this.#served++;
    waiter!.resolve(reply);
    return true;
  }
}
