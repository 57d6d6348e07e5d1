/** A server process that is started by a command line, and killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, ConnectionError } from '../connection.ts';
import { lineOf } from './exchange.ts';

const START_MS_MAX = 60_000;
const POLL_MS = 5;
const LOG_CHARACTERS = 1500;

const running = new Set<ChildProcess>();
let isCleaning = false;

function endWithThisProcess(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
  if (isCleaning) return;
  isCleaning = true;
  process.once('exit', () => {
    for (const one of running) one.kill('SIGKILL');
  });
}

/** The server did not come up; `message` says why, with the end of what it printed. */
export class StartError extends Error {
  override name = 'StartError';
}

/** Words divided by blanks; single or double quotes keep blanks (and nothing) together. */
export function splitCommandLine(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|\S+/g)].map((match) => match[1] ?? match[2] ?? match[0]);
}

/**
 * Ports below those that systems hand out by themselves: there another program's client could get the port of a
 * server that was killed a moment ago, and then talk to the next one.
 */
const PORT_MIN = 10_000;
const PORTS = 20_000;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** A TCP port that nobody listens on now. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = PORT_MIN + Math.floor(Math.random() * PORTS);
    if (await isFree(port)) return port;
  }
}

export interface Launch {
  /** The program and its arguments; `{port}`, `{dir}` and `{shards}` are put in. */
  readonly words: readonly string[];
  /** Where it keeps its data. */
  readonly directory: string;
  readonly shards: number;
  /** Where its output goes. */
  readonly logFile: string;
}

export class CrashServer {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #ended: Promise<void>;
  #problem: string | undefined;

  private constructor(port: number, child: ChildProcess, logFile: string) {
    this.port = port;
    this.#child = child;
    this.#logFile = logFile;
    endWithThisProcess(child);
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#problem ??= `it ended with ${signal ?? `exit code ${code}`}`;
        resolve();
      });
      child.once('error', (error) => {
        this.#problem ??= error.message;
        resolve();
      });
    });
  }

  /** Starts the process and returns at once. */
  static async spawn({ words, directory, shards, logFile }: Launch): Promise<CrashServer> {
    const port = await freePort();
    const [program, ...args] = words.map((word) =>
      word
        .replaceAll('{port}', String(port))
        .replaceAll('{dir}', directory)
        .replaceAll('{shards}', String(shards)),
    );
    const log = openSync(logFile, 'w');
    const child = spawn(program!, args, { cwd: directory, stdio: ['ignore', log, log] });
    closeSync(log);
    return new CrashServer(port, child, logFile);
  }

  /** True when another process took the port between our look and its start. */
  get isPortTaken(): boolean {
    return /EADDRINUSE|address already in use/i.test(this.#output());
  }

  /** Resolves when it answers PING, which is when it has recovered. Rejects with StartError. */
  async ready(): Promise<void> {
    const deadline = Date.now() + START_MS_MAX;
    while (this.#problem === undefined && Date.now() < deadline) {
      if (await this.#answers()) return;
      await sleep(POLL_MS);
    }
    const problem = this.#problem ?? `it did not answer within ${START_MS_MAX / 1000} s`;
    throw new StartError(`the server did not start: ${problem}\n${this.#output().slice(-LOG_CHARACTERS)}`);
  }

  /** Kills it with SIGKILL and resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async #answers(): Promise<boolean> {
    let connection: Connection | undefined;
    try {
      connection = await Connection.open({ host: '127.0.0.1', port: this.port, db: 0 });
      return lineOf(await connection.request('PING')) === '+PONG';
    } catch (error) {
      if (error instanceof ConnectionError) return false;
      throw error;
    } finally {
      connection?.destroy();
    }
  }

  #output(): string {
    return readFileSync(this.#logFile, 'utf8');
  }
}
