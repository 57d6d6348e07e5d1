/**
 * Starts and stops the server processes under test, a real Redis and shardis, and reads what the kernel knows of
 * them. Every server gets a free port on 127.0.0.1 and a temporary working directory of its own, and only processes
 * started here are ever ended, by pid: at stop(), at exit, on an error and on SIGINT.
 *
 * CPU is user + system time of the whole process with all its threads, from /proc/PID/stat (the kernel scales both
 * to the scheduler's exact run time, so the sum is good to one tick, usually 10 ms). Memory is VmRSS from
 * /proc/PID/status. Both exist on Linux only; elsewhere the functions answer NaN.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask } from './client.ts';
import { BenchError } from './report.ts';

export type ServerName = 'redis' | 'shardis';

/** How a server is started: a file and its arguments, `{port}` in them standing for the port. */
export interface Launch {
  name: ServerName;
  command: string[];
  /** Its working directory, which stays when it ends; absent: a temporary one of its own. */
  directory?: string;
}

export interface Server {
  name: ServerName;
  port: number;
  pid: number;
  /** Milliseconds from just before spawn to the first +PONG. */
  startMs: number;
  stop(): Promise<void>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
}

export const onLinux = process.platform === 'linux';
export const CPU_NOTE =
  'CPU and memory figures are read from /proc, on Linux only: here they are not measured';

const startLimitMs = 30_000;
/** Between two attempts to connect: the resolution of the start time, and gentle enough not to slow the start. */
const pollMs = 2;

/** A Redis that keeps nothing on disk, so that it is measured as the in-memory server it is at its fastest. */
export function redisLaunch(peerArgs: string[] = []): Launch {
  return {
    name: 'redis',
    command: [
      'redis-server',
      '--port',
      '{port}',
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
    ].concat(peerArgs),
  };
}

/** `override` is a whole command line, for another build: `node /old/main.js --port {port} --shards {shards}`. */
export function shardisLaunch(shards: number, override?: string, extraArgs: string[] = []): Launch {
  if (override !== undefined) {
    const words = splitWords(override).map((word) => word.replaceAll('{shards}', String(shards)));
    if (!words.some((word) => word.includes('{port}'))) {
      throw new BenchError('--server-command must say where the port goes: {port}');
    }
    return { name: 'shardis', command: words.concat(extraArgs) };
  }
  const main = fileURLToPath(new URL('../bundle/main.js', import.meta.url));
  if (!fs.existsSync(main)) throw new BenchError(`${main} is not there: build shardis first (npm run build)`);
  const words = [
    process.execPath,
    main,
    '--port',
    '{port}',
    '--shards',
    String(shards),
    '--loglevel',
    'warning',
  ];
  return { name: 'shardis', command: words.concat(extraArgs) };
}

/** Words divided by blanks; single or double quotes keep blanks (and nothing) together. */
export function splitWords(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|\S+/g)].map((match) => match[1] ?? match[2] ?? match[0]);
}

interface Started {
  child: ChildProcess;
  directory: string | null;
}

const running = new Set<Started>();
let cleanupInstalled = false;

function endAllNow(): void {
  for (const { child, directory } of running) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    if (directory !== null) fs.rmSync(directory, { recursive: true, force: true });
  }
  running.clear();
}

/** Remembers a child process (a server, a load generator) so that it cannot outlive this one. */
export function track(child: ChildProcess, directory: string | null = null): void {
  if (!cleanupInstalled) {
    cleanupInstalled = true;
    process.on('exit', endAllNow);
    process.on('SIGINT', () => process.exit(130));
    process.on('SIGTERM', () => process.exit(143));
    process.on('SIGHUP', () => process.exit(129));
  }
  const started = { child, directory };
  running.add(started);
  child.once('exit', () => {
    running.delete(started);
    if (directory !== null) fs.rmSync(directory, { recursive: true, force: true });
  });
  child.once('error', () => running.delete(started));
}

/** A port that nobody listens on now. */
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

/** One attempt to connect and PING: true once the first bytes back are +PONG, false when it was refused. */
function pings(port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    const finish = (up: boolean) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(up);
    };
    const onAbort = () => finish(false);
    signal.addEventListener('abort', onAbort);
    socket.once('connect', () => socket.write('*1\r\n$4\r\nPING\r\n'));
    socket.once('data', (bytes) => finish(bytes.toString('latin1').startsWith('+PONG')));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
  });
}

/** Starts a server and waits for its first +PONG; fails, with the end of its log, when it ends or takes 30 s. */
export async function startServer(launch: Launch): Promise<Server> {
  const port = await freePort();
  const directory =
    launch.directory ?? fs.mkdtempSync(path.join(os.tmpdir(), `shardis-bench-${launch.name}-`));
  const logFile = path.join(directory, 'bench-server.log');
  const log = fs.openSync(logFile, 'w');
  const [file, ...args] = launch.command.map((word) => word.replaceAll('{port}', String(port)));
  const begun = performance.now();
  const child = spawn(file!, args, { cwd: directory, stdio: ['ignore', log, log] });
  fs.closeSync(log);
  const abort = new AbortController();
  let failure: string | null = null;
  const fail = (why: string) => {
    let tail = '';
    // The log goes with the directory; read it while it is there.
    if (failure === null && fs.existsSync(logFile))
      tail = fs.readFileSync(logFile, 'utf8').trim().slice(-1000);
    failure ??= tail === '' ? why : `${why}; it said:\n${tail}`;
    abort.abort();
  };
  child.once('error', (error) => fail(error.message));
  child.once('exit', (code, signal) => fail(`it ended (${signal ?? `exit code ${code}`})`));
  track(child, launch.directory === undefined ? directory : null);
  const limit = setTimeout(() => fail(`no +PONG within ${startLimitMs / 1000} s`), startLimitMs);
  while (failure === null && !(await pings(port, abort.signal))) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  clearTimeout(limit);
  if (failure !== null) {
    child.kill('SIGKILL');
    throw new BenchError(`${launch.name} did not start: ${failure}`);
  }
  const startMs = performance.now() - begun;
  const { name } = launch;
  const stop = () => stopChild(child, 'SIGTERM');
  return { name, port, pid: child.pid!, startMs, stop, kill: () => stopChild(child, 'SIGKILL') };
}

async function stopChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const kill = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(kill);
}

/** Starts all, gives them to `use`, and stops them whatever happens. */
export async function withServers<T>(launches: Launch[], use: (servers: Server[]) => Promise<T>): Promise<T> {
  const servers: Server[] = [];
  try {
    for (const launch of launches) servers.push(await startServer(launch));
    return await use(servers);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/**
 * Asks a server to keep nothing on disk (where it lets that be set) and answers what it then says of itself, for the
 * report: a server that writes a log must not be compared unseen with one that does not.
 */
export async function durability(server: Server): Promise<string> {
  await ask(server.port, [
    ['CONFIG', 'SET', 'save', ''],
    ['CONFIG', 'SET', 'appendonly', 'no'],
  ]);
  const said: string[] = [];
  for (const option of ['save', 'appendonly']) {
    const [reply] = await ask(server.port, [['CONFIG', 'GET', option]]);
    const value = Array.isArray(reply) && reply.length === 2 ? reply[1] : 'unknown';
    said.push(`${option}=${value === '' ? '""' : String(value)}`);
  }
  return said.join(' ');
}

export function durabilityNote(server: Server, said: string): string {
  const keepsNothing = said === 'save="" appendonly=no';
  return `${server.name} says ${said}${keepsNothing ? '' : ' (it may be writing to disk: not a like-for-like run)'}`;
}

function readProc(pid: number, file: 'stat' | 'status'): string {
  try {
    return fs.readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    throw new BenchError(`the server with pid ${pid} ended during the benchmark`);
  }
}

let ticksPerSecond = 0;

/** CPU seconds, user + system, that the process and all its threads have used since it began; NaN off Linux. */
export function cpuSeconds(pid: number): number {
  if (!onLinux) return Number.NaN;
  ticksPerSecond ||= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const stat = readProc(pid, 'stat');
  // The second field, the name, may hold blanks and brackets; utime and stime are the 12th and 13th after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident bytes of the process; NaN off Linux. */
export function residentBytes(pid: number): number {
  if (!onLinux) return Number.NaN;
  const status = readProc(pid, 'status');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
