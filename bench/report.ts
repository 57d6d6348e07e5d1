/**
 * What a benchmark prints: aligned tables, bars, medians, the header that says on which machine the figures were
 * taken, and the same as one line of JSON. Nothing here measures anything.
 */
import { execFileSync } from 'node:child_process';
import os from 'node:os';

/** A failure that the person at the terminal can mend: printed as one line, exit code 1, no stack. */
export class BenchError extends Error {}

export interface Environment {
  date: string;
  cpu: string;
  cores: number;
  kernel: string;
  memoryGib: number;
  /** The one-minute load average when the benchmark began: other work on the machine disturbs every figure. */
  loadAverage: number;
  node: string;
  redis: string | null;
}

export interface Column {
  title: string;
  align?: 'left' | 'right';
}

/** The version that `redis-server --version` names, or null where the program is not installed. */
function redisVersion(): string | null {
  try {
    const text = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
    return /v=(\S+)/.exec(text)?.[1] ?? text.trim();
  } catch {
    return null;
  }
}

export function environment(): Environment {
  return {
    date: new Date().toISOString(),
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    kernel: `${os.type()} ${os.release()} ${os.arch()}`,
    memoryGib: Math.round((os.totalmem() / 2 ** 30) * 10) / 10,
    loadAverage: os.loadavg()[0]!,
    node: process.version,
    redis: redisVersion(),
  };
}

/** Fails with one clear line where the real Redis, or its load generator, is not installed. */
export function requireRedis(...programs: ('redis-server' | 'redis-benchmark')[]): void {
  for (const program of programs) {
    try {
      execFileSync(program, ['--version'], { stdio: 'ignore' });
    } catch {
      throw new BenchError(
        `this benchmark needs ${program}, which is not on this machine's PATH (Debian: apt install redis-server redis-tools)`,
      );
    }
  }
}

export function printHeader(title: string, env: Environment, notes: string[] = []): void {
  console.log(`shardis bench: ${title}`);
  console.log(`  date   ${env.date}`);
  console.log(`  cpu    ${env.cpu}, ${env.cores} cores, ${env.memoryGib} GiB`);
  console.log(
    `  system ${env.kernel}, Node ${env.node}, Redis ${env.redis ?? 'not installed'}, load ${env.loadAverage.toFixed(2)}`,
  );
  if (env.loadAverage > 0.5) {
    console.log('  note   this machine was busy when the benchmark began: the figures will be noisy');
  }
  for (const note of notes) console.log(`  note   ${note}`);
  console.log('');
}

/** One line of JSON a benchmark, so that `all --json` is readable as JSON lines. */
export function printJson(benchmark: string, env: Environment, body: object): void {
  console.log(JSON.stringify({ benchmark, environment: env, ...body }));
}

export function printTable(columns: Column[], rows: string[][]): void {
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...rows.map((row) => (row[index] ?? '').length)),
  );
  const line = (cells: string[]) =>
    columns
      .map((column, index) => {
        const cell = cells[index] ?? '';
        return column.align === 'left' ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!);
      })
      .join('  ')
      .trimEnd();
  console.log(line(columns.map((column) => column.title)));
  console.log(widths.map((width) => '─'.repeat(width)).join('  '));
  for (const row of rows) console.log(line(row));
  console.log('');
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A horizontal bar of `value` where `max` fills `cells` character cells, drawn to an eighth of a cell. */
export function bar(value: number, max: number, cells: number): string {
  const eighths = max > 0 ? Math.round((value / max) * cells * 8) : 0;
  return '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7];
}

/** The middle value; of an even number of values the mean of the middle two; NaN of none. */
export function median(values: number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A number with fixed decimals and thousands separators, or a dash where there is none (also: not measured). */
export function format(value: number | null | undefined, decimals = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '-';
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

let progressShown = false;

/** Shows on a terminal's stderr what is running now, on one line that is overwritten; silent elsewhere. */
export function progress(text: string): void {
  if (!process.stderr.isTTY) return;
  progressShown = true;
  process.stderr.write(`\r\x1b[K${text.slice(0, (process.stderr.columns ?? 100) - 1)}`);
}

export function progressDone(): void {
  if (progressShown) process.stderr.write('\r\x1b[K');
  progressShown = false;
}
