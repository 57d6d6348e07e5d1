/**
 * Random commands together with the replies that a single-threaded Redis gives, for clients that have their
 * keys to themselves.
 */
import { type Reply, ReplyError, type Word } from '../support/client.ts';
import type { Random } from '../support/random.ts';

const KEYS = 40;

export interface Modelled {
  readonly command: readonly Word[];
  readonly reply: Reply;
}

export class ModelledCommands {
  readonly #random: Random;
  readonly #prefix: string;
  readonly #values = new Map<string, string>();
  #made = 0;

  /** No two of them may have the same prefix at the same server. */
  constructor(random: Random, prefix: string) {
    this.#random = random;
    this.#prefix = prefix;
  }

  take(count: number): Modelled[] {
    return Array.from({ length: count }, () => this.#next());
  }

  #next(): Modelled {
    this.#made++;
    const key = this.#key();
    const value = this.#values.get(key);
    switch (this.#random.below(14)) {
      case 0:
        return { command: ['PING'], reply: 'PONG' };
      case 1:
        return { command: ['ECHO', `${this.#made}`], reply: `${this.#made}` };
      case 2:
        return this.#unknown();
      case 3:
        return { command: ['GET'], reply: new ReplyError("ERR wrong number of arguments for 'get' command") };
      case 4:
      case 5:
        return { command: ['GET', key], reply: value ?? null };
      case 6:
      case 7:
        return this.#set(key);
      case 8:
        return this.#append(key);
      case 9:
        return this.#delete();
      case 10:
        return this.#mset();
      case 11:
        return { command: ['STRLEN', key], reply: value?.length ?? 0 };
      case 12:
        return this.#exists();
      default:
        return this.#mget();
    }
  }

  #key(): string {
    return `${this.#prefix}:${this.#random.below(KEYS)}`;
  }

  #keys(): string[] {
    return Array.from({ length: this.#random.between(1, 8) }, () => this.#key());
  }

  #value(): string {
    const length = this.#random.oneIn(50) ? this.#random.below(40_000) : this.#random.below(200);
    return `${this.#made}`.padEnd(length, `<${this.#made}>\r\n\0`);
  }

  #unknown(): Modelled {
    const text = `ERR unknown command 'NOPE', with args beginning with: '${this.#made}' `;
    return { command: ['NOPE', this.#made], reply: new ReplyError(text) };
  }

  #set(key: string): Modelled {
    const value = this.#value();
    this.#values.set(key, value);
    return { command: ['SET', key, value], reply: 'OK' };
  }

  #append(key: string): Modelled {
    const value = `${this.#values.get(key) ?? ''}+${this.#made}`;
    this.#values.set(key, value);
    return { command: ['APPEND', key, `+${this.#made}`], reply: value.length };
  }

  #delete(): Modelled {
    const keys = this.#keys();
    const deleted = keys.filter((key) => this.#values.delete(key));
    return { command: ['DEL', ...keys], reply: deleted.length };
  }

  #exists(): Modelled {
    const keys = this.#keys();
    return { command: ['EXISTS', ...keys], reply: keys.filter((key) => this.#values.has(key)).length };
  }

  #mset(): Modelled {
    const words: string[] = [];
    for (const key of this.#keys()) {
      const value = this.#value();
      words.push(key, value);
      this.#values.set(key, value);
    }
    return { command: ['MSET', ...words], reply: 'OK' };
  }

  #mget(): Modelled {
    const keys = this.#keys();
    return { command: ['MGET', ...keys], reply: keys.map((key) => this.#values.get(key) ?? null) };
  }
}
