/** Servers one after the other on one data directory, as they are shut down, killed and started again. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import type { Client, Reply, Word } from '../../support/client.ts';
import { freePort, type RunningServer, startServer } from '../../support/server.ts';
import { type Ended, runToEnd } from '../processes.ts';
import { infoField } from '../served.ts';
import { until } from '../waiting.ts';

export interface KeptOptions {
  readonly shards?: number;
  readonly args?: readonly string[];
  /** Use this directory instead of a new one; the test removes it. */
  readonly directory?: string;
}

export class Kept {
  readonly directory: string;
  readonly #root: string | undefined;
  readonly #options: KeptOptions;
  #server: RunningServer | undefined;
  client!: Client;

  constructor(options: KeptOptions = {}) {
    this.#options = options;
    if (options.directory === undefined) this.#root = mkdtempSync(path.join(tmpdir(), 'shardis-kept-'));
    this.directory = options.directory ?? path.join(this.#root!, 'data');
    if (options.directory === undefined) mkdirSync(this.directory);
  }

  get server(): RunningServer {
    return this.#server!;
  }

  #args(more: readonly string[]): string[] {
    const { args = [] } = this.#options;
    const own = ['--dir', this.directory, '--appendonly', 'yes', '--enable-debug-command', 'yes'];
    return [...own, '--loglevel', 'notice', ...args, ...more];
  }

  /** Resolves when it serves. What is in `args` counts more than what the directory was made with. */
  async start(shards = this.#options.shards ?? 1, args: readonly string[] = []): Promise<Client> {
    this.#server = await startServer({ shards, args: this.#args(args) });
    this.client = await this.#server.client();
    await until('all is loaded', async () => (await infoField(this.client, 'loading')) === '0');
    return this.client;
  }

  /** Runs a server that is expected to refuse to start. */
  async startAndFail(shards = this.#options.shards ?? 1, args: readonly string[] = []): Promise<Ended> {
    const port = String(await freePort());
    return runToEnd(['--port', port, '--save', '', '--shards', String(shards), ...this.#args(args)]);
  }

  /** Ends it as the kernel does when memory is short. */
  async kill(): Promise<void> {
    process.kill(this.server.pid, 'SIGKILL');
    await this.#gone();
  }

  async shutDown(...words: readonly Word[]): Promise<void> {
    this.client.command('SHUTDOWN', ...words).catch(() => {});
    expect((await this.server.exited).code).toBe(0);
    await this.#gone();
  }

  async terminate(): Promise<void> {
    process.kill(this.server.pid, 'SIGTERM');
    expect((await this.server.exited).code).toBe(0);
    await this.#gone();
  }

  async #gone(): Promise<void> {
    const server = this.server;
    this.#server = undefined;
    await server.exited;
    await server.close();
  }

  /** To be called when the test is over, however it went. */
  async remove(): Promise<void> {
    if (this.#server !== undefined) await this.kill();
    if (this.#root !== undefined) rmSync(this.#root, { recursive: true, force: true });
  }

  file(name: string): string {
    return path.join(this.directory, name);
  }

  /** Names of the files that match, sorted. */
  files(pattern = /./): string[] {
    return readdirSync(this.directory)
      .filter((name) => pattern.test(name))
      .sort();
  }

  field(name: string): Promise<string> {
    return infoField(this.client, name);
  }

  /** BGREWRITEAOF, and waits for its end. */
  async rewrite(): Promise<void> {
    await untilIdle(this.client);
    expect(await this.client.command('BGREWRITEAOF')).toMatch(/^Background append only file rewriting/);
    await untilIdle(this.client);
    expect(await this.field('aof_last_bgrewrite_status')).toBe('ok');
  }
}

/** Waits until no snapshot is under way or due. */
export async function untilIdle(client: Client): Promise<void> {
  const busy = ['rdb_bgsave_in_progress', 'aof_rewrite_in_progress', 'aof_rewrite_scheduled'];
  await until('no snapshot is under way', async () => {
    const fields = await Promise.all(busy.map((field) => infoField(client, field)));
    return fields.every((field) => field === '0');
  });
}

/** Everything that clients can see of the keys, by database and key. */
export async function stateOf(client: Client, databases = 16): Promise<Map<string, Reply[]>> {
  const state = new Map<string, Reply[]>();
  for (let db = 0; db < databases; db++) {
    await client.command('SELECT', db);
    const keys = ((await client.command('KEYS', '*')) as string[]).sort();
    const replies = await client.pipeline(
      keys.flatMap((key) => [
        ['GET', key],
        ['PEXPIRETIME', key],
        ['OBJECT', 'ENCODING', key],
      ]),
    );
    for (const [at, key] of keys.entries()) {
      const [value, ...others] = replies.slice(at * 3, at * 3 + 3);
      state.set(`${db}:${key}`, [value instanceof Error ? await digestOf(client, key) : value!, ...others]);
    }
  }
  await client.command('SELECT', 0);
  return state;
}

/** What stands for the value of a key that is no string. */
async function digestOf(client: Client, key: string): Promise<Reply> {
  return ((await client.command('DEBUG', 'DIGEST-VALUE', key)) as Reply[])[0]!;
}

/** Without encodings: bases do not tell which values were changed in place and are `raw` for that, as in Redis. */
export async function valuesOf(client: Client): Promise<Map<string, Reply[]>> {
  const state = await stateOf(client);
  for (const [key, replies] of state) state.set(key, replies.slice(0, 2));
  return state;
}

/** Fails with the keys that differ, not with all that there are. */
export function expectSame(found: Map<string, Reply[]>, expected: Map<string, Reply[]>): void {
  const differing: Record<string, unknown> = {};
  const short = (value: Reply[] | undefined) => value?.map((each) => String(each).slice(0, 60));
  for (const key of new Set([...found.keys(), ...expected.keys()])) {
    const [is, was] = [found.get(key), expected.get(key)];
    const same = is !== undefined && was !== undefined && is.every((each, at) => each === was[at]);
    if (!same) differing[key] = { is: short(is), was: short(was) };
  }
  expect(differing).toEqual({});
}

/** Sends all, and fails when one of them is answered with an error. */
export async function runAll(client: Client, commands: readonly (readonly Word[])[]): Promise<Reply[]> {
  const replies = await client.pipeline(commands);
  replies.forEach((reply, at) => {
    if (reply instanceof Error) throw new Error(`${commands[at]!.join(' ').slice(0, 100)}: ${reply.message}`);
  });
  return replies;
}
