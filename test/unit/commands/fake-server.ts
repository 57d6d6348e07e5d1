/** An acceptor without sockets: server handlers over made-up clients and figures. */
import type { Client, ServerContext, ServerReport } from '../../../src/commands/context.ts';
import { type Command, CommandTable } from '../../../src/commands/table.ts';
import type { Config } from '../../../src/config/config.ts';
import { Arguments } from '../../../src/protocol/arguments.ts';
import { ReplyBuffer } from '../../../src/protocol/reply-writer.ts';
import { type Push, type Reply, ReplyDecoder } from '../../support/decoder.ts';

export class FakeClient implements Client {
  readonly id: number;
  name = '';
  libraryName = '';
  libraryVersion = '';
  db = 0;
  resp: 2 | 3 = 2;
  user = 'default';
  isAuthenticated = true;
  noEvict = false;
  noTouch = false;
  replyMode: Client['replyMode'] = 'on';
  readonly address: string;
  readonly localAddress = '127.0.0.1:6379';
  readonly isLocal = true;
  type = 'normal';
  /** What has been done to the connection, in order. */
  readonly events: string[] = [];

  constructor(id: number) {
    this.id = id;
    this.address = `10.0.0.1:${id}`;
  }

  describe(): string {
    return `id=${this.id}`;
  }

  closeAfterReplies(): void {
    this.events.push('close after replies');
  }

  kill(): void {
    this.events.push('kill');
  }
}

export const REPORT: ServerReport = {
  version: '0.1.0',
  runId: 'f'.repeat(40),
  startedAtMs: Date.now() - 90_000_000,
  port: 6379,
  configFile: '/etc/shardis.conf',
  clients: 3,
  connectionsReceived: 12,
  rejectedConnections: 1,
  commandsProcessed: 1000,
  opsPerSecond: 50,
  inputBytes: 4000,
  outputBytes: 5000,
  errorReplies: 7,
  keyspaceHits: 30,
  keyspaceMisses: 10,
  expiredKeys: 2,
  expiredStalePercent: 12.345,
  usedBytes: 3 * 1024 * 1024,
  datasetBytes: 1024 * 1024,
  peakBytes: 4 * 1024 * 1024,
  shards: [
    { index: 0, keys: 5, bytes: 500, commands: 60, queueBytes: 8, directReads: 20 },
    { index: 1, keys: 6, bytes: 600, commands: 70, queueBytes: 0, directReads: 30 },
  ],
  databases: [
    { db: 0, keys: 9, expires: 4, averageTtlMs: 1234.6 },
    { db: 3, keys: 2, expires: 0, averageTtlMs: 0 },
  ],
};

const OPTIONS: Record<string, unknown> = { databases: 16, requirepass: '', hz: 10, maxclients: 10000 };

export class FakeServer implements ServerContext {
  readonly args = new Arguments();
  readonly #buffer = new ReplyBuffer();
  readonly reply = this.#buffer.writer;
  readonly client = new FakeClient(1);
  readonly others: FakeClient[] = [];
  readonly commands = new CommandTable();
  command: Command = this.commands.all[0]!;
  /** What was asked of the server, in order. */
  readonly events: string[] = [];
  readonly options: Record<string, unknown> = { ...OPTIONS };
  readonly config = { get: (name: string) => this.options[name] } as unknown as Config;

  defer(): never {
    throw new Error('nothing here takes time');
  }

  clients(): Iterable<FakeClient> {
    return [this.client, ...this.others];
  }

  report(): ServerReport {
    return REPORT;
  }

  authenticate(user: string, password: string): boolean {
    return user === 'default' && password === 'right';
  }

  resetStatistics(): void {
    this.events.push('reset statistics');
  }

  resetClient(): void {
    this.events.push('reset client');
  }

  shutdown(): void {
    this.events.push('shutdown');
  }

  /** Runs a command's handler and decodes its reply; undefined when it wrote none. Words are latin1. */
  run(...words: readonly (string | number)[]): Reply | Push | symbol | undefined {
    const bytes = this.runRaw(...words);
    if (bytes.length === 0) return undefined;
    const decoder = new ReplyDecoder();
    decoder.append(bytes);
    const reply = decoder.next();
    if (decoder.buffered > 0) throw new Error('it answered more than one reply');
    return reply;
  }

  /** The reply's bytes. */
  runRaw(...words: readonly (string | number)[]): Uint8Array {
    this.args.setWords(words.map((word) => Buffer.from(String(word), 'latin1')));
    let command = this.commands.find(this.args);
    if (command !== undefined && words.length > 1 && command.children.length > 0) {
      command = this.commands.findSubcommand(command, this.args);
    }
    if (command?.placement?.at !== 'server') throw new Error(`${words.join(' ')} does not run on the server`);
    this.command = command;
    this.reply.resp = this.client.resp;
    command.placement.handler(this);
    return this.#buffer.take();
  }
}
