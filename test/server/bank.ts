/** Accounts on all shards, and clients that move money between them: whatever happens, there is as much as at first. */
import { expect } from 'vitest';
import type { Client, Reply } from '../support/client.ts';
import { Random } from '../support/random.ts';

const ACCOUNTS = 12;
const START = 1000;

/** What there is in all accounts together. */
export const TOTAL = ACCOUNTS * START;

const NAMES = Array.from({ length: ACCOUNTS }, (_, i) => `account:${i}`);

export async function openAccounts(client: Client): Promise<void> {
  expect(await client.command('MSET', ...NAMES.flatMap((name) => [name, START]))).toBe('OK');
}

export function sum(values: Reply): number {
  if (!Array.isArray(values) || values.length !== ACCOUNTS) return Number.NaN;
  return values.reduce<number>((total, value) => total + Number(value ?? Number.NaN), 0);
}

/** The accounts at one moment, by one command. */
export async function sumAtOnce(client: Client): Promise<number> {
  return sum(await client.command('MGET', ...NAMES));
}

/** The accounts at one moment, by a transaction. */
export async function sumInTransaction(client: Client): Promise<number> {
  const replies = await client.pipeline([['MULTI'], ...NAMES.map((name) => ['GET', name]), ['EXEC']]);
  return sum(replies.at(-1)!);
}

/** Moves money on one connection. Each method resolves to whether it was moved, and rejects when the connection ends. */
export class Mover {
  readonly #client: Client;
  readonly #random: Random;
  /** What each transfer does besides. */
  readonly #count: readonly string[][];

  /** With `counter`, each transfer also adds one to this key. */
  constructor(client: Client, seed: number, counter?: string) {
    this.#client = client;
    this.#random = new Random(seed);
    this.#count = counter === undefined ? [] : [['INCR', counter]];
  }

  /** By a transaction of two commands. */
  async byTransaction(): Promise<boolean> {
    const [from, to, amount] = this.#choose();
    const moves = [['DECRBY', from, amount], ['INCRBY', to, amount], ...this.#count];
    const commands = [['MULTI'], ...moves, ['EXEC']];
    const replies = this.#random.oneIn(2)
      ? await this.#client.pipeline(commands)
      : await this.#stepByStep(commands);
    expect(replies.slice(0, -1)).toEqual(['OK', ...moves.map(() => 'QUEUED')]);
    expect(replies.at(-1)).toEqual(moves.map(() => expect.any(Number)));
    return true;
  }

  /** By setting both accounts, unless somebody else has changed one of them meanwhile. */
  async byWatching(): Promise<boolean> {
    const [from, to, amount] = this.#choose();
    const [watched, balances] = await this.#client.pipeline([
      ['WATCH', from, to],
      ['MGET', from, to],
    ]);
    expect(watched).toBe('OK');
    const [less, more] = (balances as string[]).map(Number) as [number, number];
    const moves = [['SET', from, less - amount], ['SET', to, more + amount], ...this.#count];
    const replies = await this.#client.pipeline([['MULTI'], ...moves, ['EXEC']]);
    const result = replies.at(-1)!;
    if (result !== null) expect((result as Reply[]).slice(0, 2)).toEqual(['OK', 'OK']);
    return result !== null;
  }

  /** Sends a transaction with a command that cannot be queued: nothing of it may happen. */
  async inVain(): Promise<boolean> {
    const [from, , amount] = this.#choose();
    const replies = await this.#client.pipeline([['MULTI'], ['DECRBY', from, amount], ['GET'], ['EXEC']]);
    expect(String(replies.at(-1))).toContain('EXECABORT');
    return false;
  }

  async #stepByStep(commands: readonly (readonly (string | number)[])[]): Promise<Reply[]> {
    const replies: Reply[] = [];
    for (const words of commands) replies.push(await this.#client.command(...words));
    return replies;
  }

  #choose(): [from: string, to: string, amount: number] {
    const from = this.#random.pick(NAMES);
    const to = this.#random.pick(NAMES.filter((name) => name !== from));
    return [from, to, this.#random.between(1, 50)];
  }
}
