/** Starts servers for tests as child processes: ours as it is built, and the real Redis as its peer. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'vitest';
import { Client, type ClientOptions } from './client.ts';
import { mainScript } from './paths.ts';

const START_MS_MAX = 30_000;
const STOP_MS_MAX = 20_000;
const START_ATTEMPTS = 5;

export interface ServerOptions {
  shards?: number;
  /** More words of the command line. */
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** The content of a configuration file to start with. */
  config?: string;
  /** More files in its working directory, by name. */
  files?: Readonly<Record<string, string>>;
}

export interface RunningServer {
  readonly port: number;
  readonly pid: number;
  /** Its temporary working directory, removed by `close`. */
  readonly directory: string;
  /** What it has printed so far, standard output and standard error. */
  output(): string;
  client(options?: ClientOptions): Promise<Client>;
  /** Resolves when the process has ended, by whatever cause. */
  readonly exited: Promise<{ code: number | null }>;
  /** Asks it to end with SIGTERM and waits for that; `code` is null when a signal had to end it. */
  close(): Promise<{ code: number | null }>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** With SERVER_UNDER_TEST=redis the real Redis takes our place, to see whether a test is right about Redis. */
const redisTakesOurPlace = process.env.SERVER_UNDER_TEST === 'redis';

export function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  if (redisTakesOurPlace) return startRedis(options.args);
  return start((port, directory) => {
    const words = [mainScript];
    for (const [name, text] of Object.entries(options.files ?? {}))
      writeFileSync(path.join(directory, name), text);
    if (options.config !== undefined) {
      const file = path.join(directory, 'shardis.conf');
      writeFileSync(file, options.config);
      words.push(file);
    } else {
      // As the Redis beside it, nothing is kept unless `args` ask for it. Rules among them add to this.
      words.push('--save', '', '--appendonly', 'no');
    }
    words.push('--port', String(port), '--loglevel', 'warning');
    if (options.shards !== undefined) words.push('--shards', String(options.shards));
    return [process.execPath, [...words, ...(options.args ?? [])]];
  }, options.env);
}

/** A real Redis without persistence. */
export function startRedis(args: readonly string[] = []): Promise<RunningServer> {
  return start((port) => [
    'redis-server',
    ['--port', String(port), '--save', '', '--appendonly', 'no', '--bind', '127.0.0.1', ...args],
  ]);
}

type CommandLine = (port: number, directory: string) => [program: string, args: string[]];

async function start(commandLine: CommandLine, env: Readonly<Record<string, string>> = {}) {
  for (let attempt = 1; ; attempt++) {
    const directory = mkdtempSync(path.join(tmpdir(), 'shardis-test-'));
    const port = await freePort();
    const [program, args] = commandLine(port, directory);
    const child = spawn(program, args, {
      cwd: directory,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const server = watch(child, port, directory);
    const problem = await waitForPong(server);
    if (problem === undefined) return server;
    const { code } = await server.close();
    // Between our look and its start somebody else may have taken the port.
    const portTaken = /EADDRINUSE|address already in use/i.test(server.output());
    if (portTaken && attempt < START_ATTEMPTS) continue;
    throw new Error(`${program} ${args.join(' ')}: ${problem} (code ${code})\n${server.output()}`);
  }
}

function watch(child: ChildProcess, port: number, directory: string): RunningServer {
  running.add(child);
  let output = '';
  const collect = (chunk: Buffer) => {
    output += chunk.toString('utf8');
  };
  child.stdout!.on('data', collect);
  child.stderr!.on('data', collect);
  const exited = new Promise<{ code: number | null }>((resolve) => {
    child.once('error', (error) => {
      output += `${error}\n`;
      running.delete(child);
      resolve({ code: -1 });
    });
    child.once('close', (code) => {
      running.delete(child);
      resolve({ code });
    });
  });
  return {
    port,
    pid: child.pid ?? -1,
    directory,
    output: () => output,
    client: (options) => Client.connect(port, '127.0.0.1', options),
    exited,
    close: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
      const result = await exited;
      clearTimeout(timer);
      rmSync(directory, { recursive: true, force: true });
      return result;
    },
  };
}

/** Undefined once the server answers, otherwise what went wrong. */
async function waitForPong(server: RunningServer): Promise<string | undefined> {
  let ended = false;
  server.exited.then(() => {
    ended = true;
  });
  const deadline = Date.now() + START_MS_MAX;
  while (Date.now() < deadline) {
    if (ended) return 'it ended before it answered';
    const client = await server.client().catch(() => undefined);
    if (client !== undefined) {
      client.send('PING\r\n');
      const reply = await client.reply().catch(() => undefined);
      client.destroy();
      // A server that wants a password is up as well.
      if (reply === 'PONG' || String(reply).includes('NOAUTH')) return undefined;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return `it did not answer within ${START_MS_MAX} ms`;
}

/** A TCP port that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** True when `program` can be run on this machine. */
export function hasProgram(program: string): boolean {
  const answers = (word: string) => spawnSync(program, [word], { stdio: 'ignore' }).status === 0;
  // OpenSSL has it as a subcommand.
  return answers(program === 'openssl' ? 'version' : '--version');
}

export const hasRedis: boolean = hasProgram('redis-server');

/** In continuous integration a test that lacks its peer must fail, not disappear. */
const peersRequired = process.env.REQUIRE_PEERS === '1';

/** Skips the test with a clear line when `program` is not installed; fails it when peers are required. */
export function requirePeer(context: TestContext, program = 'redis-server'): void {
  if (program === 'redis-server' ? hasRedis : hasProgram(program)) return;
  if (peersRequired) throw new Error(`${program} is not installed, and REQUIRE_PEERS=1`);
  context.skip(`${program} is not installed`);
}

/** A `describe` whose tests need `program`. */
export function describeWithPeer(program: string, title: string, body: () => void): void {
  if (hasProgram(program)) {
    describe(title, body);
  } else if (peersRequired) {
    describe(title, () => {
      test(`needs ${program}`, () => {
        throw new Error(`${program} is not installed, and REQUIRE_PEERS=1`);
      });
    });
  } else {
    describe.skip(`${title} (skipped: ${program} is not installed)`, body);
  }
}

export function describeWithRedis(title: string, body: () => void): void {
  describeWithPeer('redis-server', title, body);
}
