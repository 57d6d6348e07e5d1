/** Servers that keep their data on disk in a directory that outlives them, and what they say about it. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../client.ts';
import { NAMES } from '../figures.ts';
import { BenchError } from '../report.ts';
import {
  type Launch,
  redisLaunch,
  type Server,
  type ServerName,
  shardisLaunch,
  splitWords,
  startServer,
} from '../servers.ts';

export interface DurabilityOptions {
  rounds: number;
  /** Wanted length of one run. */
  seconds: number;
  shards: number;
  /** Keys where the targets speak of a million. */
  keys: number;
  only: string[];
  peerArgs?: string;
  shardisArgs?: string;
  serverCommand?: string;
  json?: boolean;
}

/** How a server is to keep its data: a log, or snapshots on demand alone. */
export type Keeping = 'log always' | 'log everysec' | 'snapshots';

function keepingWords(keeping: Keeping): string[] {
  const log = keeping === 'snapshots' ? ['no'] : ['yes', '--appendfsync', keeping.split(' ')[1]!];
  // Neither server may rewrite its log while it is measured.
  return ['--save', '', '--appendonly', ...log, '--auto-aof-rewrite-percentage', '0'];
}

const directories = new Set<string>();
let isCleaning = false;

function makeDirectory(name: string): string {
  if (!isCleaning) {
    isCleaning = true;
    process.on('exit', () => {
      for (const directory of directories) fs.rmSync(directory, { recursive: true, force: true });
    });
  }
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), `shardis-bench-${name}-`));
  directories.add(directory);
  return directory;
}

/** A directory with data, and the way to start a server on it. */
export class Store {
  readonly name: ServerName;
  readonly directory: string;
  readonly #launch: Launch;
  readonly #keeping: Keeping;

  constructor(name: ServerName, options: DurabilityOptions, keeping: Keeping) {
    this.name = name;
    this.#keeping = keeping;
    this.directory = makeDirectory(name);
    const words = [...keepingWords(keeping), '--dir', this.directory];
    const launch =
      name === 'redis'
        ? redisLaunch([...words, ...splitWords(options.peerArgs ?? '')])
        : shardisLaunch(options.shards, options.serverCommand, [
            ...words,
            ...splitWords(options.shardisArgs ?? ''),
          ]);
    this.#launch = { ...launch, directory: this.directory };
  }

  async start(): Promise<Server> {
    const server = await startServer(this.#launch);
    await checkKeeping(server, this.#keeping);
    return server;
  }

  remove(): void {
    fs.rmSync(this.directory, { recursive: true, force: true, maxRetries: 20 });
    directories.delete(this.directory);
  }
}

/** A fresh store of each server that keeps its data in this way; all of them are removed after `use`. */
export async function withStores<T>(
  options: DurabilityOptions,
  keeping: Keeping,
  use: (stores: Store[]) => Promise<T>,
): Promise<T> {
  const stores = NAMES.map((name) => new Store(name, options, keeping));
  try {
    return await use(stores);
  } finally {
    for (const store of stores) store.remove();
  }
}

/** Like `withStores`, with a server running on each, killed after `use`. */
export function withRunning<T>(
  options: DurabilityOptions,
  keeping: Keeping,
  use: (servers: Server[]) => Promise<T>,
): Promise<T> {
  return withStores(options, keeping, async (stores) => {
    const servers: Server[] = [];
    try {
      for (const store of stores) servers.push(await store.start());
      return await use(servers);
    } finally {
      for (const server of servers) await server.kill();
    }
  });
}

/** A server that keeps less than it is asked to must not be measured as if it did. */
async function checkKeeping(server: Server, keeping: Keeping): Promise<void> {
  const [reply] = await ask(server.port, [['CONFIG', 'GET', 'appendonly']]);
  const said = Array.isArray(reply) ? reply[1] : undefined;
  const wanted = keeping === 'snapshots' ? 'no' : 'yes';
  if (said === wanted) return;
  await server.kill();
  throw new BenchError(`${server.name} says appendonly=${String(said)}, not ${wanted}`);
}

/** The fields of INFO persistence. */
export async function persistenceOf(server: Server): Promise<Map<string, string>> {
  const [reply] = await ask(server.port, [['INFO', 'persistence']]);
  if (typeof reply !== 'string') throw new BenchError(`${server.name} has no INFO persistence`);
  return new Map(reply.split('\r\n').map((line) => line.split(':', 2) as [string, string]));
}

/** A number that INFO persistence holds; NaN when it holds none. */
export async function persistenceNumber(server: Server, field: string): Promise<number> {
  return Number((await persistenceOf(server)).get(field) ?? Number.NaN);
}

export async function mustAnswer(server: Server, command: string[]): Promise<void> {
  const [reply] = await ask(server.port, [command]);
  if (reply instanceof Error) {
    throw new BenchError(`${server.name} answers ${command.join(' ')}: ${reply.message}`);
  }
}

const POLL_MS = 5;
const WORK_MS_MAX = 120_000;

/** True while a snapshot or a rewrite of the log is on its way. */
export async function isSaving(server: Server): Promise<boolean> {
  const fields = await persistenceOf(server);
  const flags = ['rdb_bgsave_in_progress', 'aof_rewrite_in_progress', 'aof_rewrite_scheduled'];
  return flags.some((flag) => fields.get(flag) === '1');
}

/** Runs BGSAVE or BGREWRITEAOF to its end; returns milliseconds as seen from here. */
export async function saveInBackground(server: Server, command: 'BGSAVE' | 'BGREWRITEAOF'): Promise<number> {
  const begun = performance.now();
  await mustAnswer(server, [command]);
  while (await isSaving(server)) {
    if (performance.now() - begun > WORK_MS_MAX)
      throw new BenchError(`${server.name}: ${command} does not end`);
    await sleep(POLL_MS);
  }
  const field = command === 'BGSAVE' ? 'rdb_last_bgsave_status' : 'aof_last_bgrewrite_status';
  const status = (await persistenceOf(server)).get(field);
  if (status !== 'ok') throw new BenchError(`${server.name}: ${command} ended with ${field}:${status}`);
  return performance.now() - begun;
}

export async function checkSize(server: Server, keys: number): Promise<void> {
  const [size] = await ask(server.port, [['DBSIZE']]);
  if (size !== keys)
    throw new BenchError(`${server.name} holds ${String(size)} keys where ${keys} were written`);
}

/** A value that does not get smaller when it is compressed, as most do not that a program has made compact. */
export function incompressible(bytes: number): Buffer {
  return Buffer.from(
    randomBytes(Math.ceil(bytes / 2))
      .toString('hex')
      .slice(0, bytes),
  );
}
