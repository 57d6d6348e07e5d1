/** Clients that keep a server busy until it closes their connections. */
import net from 'node:net';
import { encodeCommand, type Reply } from '../support/client.ts';
import { INCOMPLETE, Push, ReplyDecoder } from '../support/decoder.ts';

const PIPELINE = 60;
const VALUE_BYTES = 3_000;

export interface LoadResult {
  /** Whole replies received, all of them as expected and in order. */
  readonly replies: number;
  /** Bytes of a reply that was not complete when the connection was closed. */
  readonly cutBytes: number;
  /** What is wrong with the replies or with how the connection ended. */
  readonly faults: readonly string[];
}

/** One connection that sends pipeline after pipeline. */
export class LoadClient {
  /** Resolves when the connection is closed. */
  readonly result: Promise<LoadResult>;
  readonly #socket: net.Socket;
  readonly #decoder = new ReplyDecoder();
  readonly #name: string;
  readonly #faults: string[] = [];
  #sent = 0;
  #received = 0;

  constructor(port: number, name: string) {
    this.#name = name;
    this.#socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('connect', () => this.#sendMore());
    this.#socket.on('error', (error) => this.#faults.push(error.message));
    this.#socket.on('data', (bytes) => this.#take(bytes));
    this.result = new Promise((resolve) => {
      this.#socket.on('close', () => {
        resolve({ replies: this.#received, cutBytes: this.#decoder.buffered, faults: this.#faults });
      });
    });
  }

  get replies(): number {
    return this.#received;
  }

  /** Command i and its reply, over four kinds of commands. */
  #command(i: number): string[] {
    const round = i - (i % 4);
    const [first, second] = [`${this.#name} ${round % 100}`, `${this.#name} also ${round % 100}`];
    const value = String(round).padEnd(VALUE_BYTES, '.');
    if (i % 4 === 0) return ['MSET', first, value, second, value];
    if (i % 4 === 1) return ['GET', first];
    return i % 4 === 2 ? ['MGET', first, second] : ['DEL', first, second];
  }

  #reply(i: number): Reply {
    const value = String(i - (i % 4)).padEnd(VALUE_BYTES, '.');
    if (i % 4 === 0) return 'OK';
    if (i % 4 === 1) return value;
    return i % 4 === 2 ? [value, value] : 2;
  }

  #sendMore(): void {
    const commands = Array.from({ length: PIPELINE }, () => encodeCommand(this.#command(this.#sent++)));
    this.#socket.write(Buffer.concat(commands));
  }

  #take(bytes: Buffer): void {
    this.#decoder.append(bytes);
    for (;;) {
      const reply = this.#decoder.next();
      if (reply === INCOMPLETE) break;
      const expected = this.#reply(this.#received);
      if (reply instanceof Push || JSON.stringify(reply) !== JSON.stringify(expected)) {
        this.#faults.push(`reply ${this.#received} is ${JSON.stringify(reply).slice(0, 100)}`);
      }
      this.#received++;
    }
    // Always one pipeline ahead of the replies.
    while (this.#sent - this.#received < PIPELINE * 2 && !this.#socket.destroyed) this.#sendMore();
  }
}
