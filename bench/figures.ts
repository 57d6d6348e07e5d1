/** Figures of both servers, what is wanted of them, and the table that says whether it was reached. */
import { BenchError, format, printTable, progressDone } from './report.ts';
import type { ServerName } from './servers.ts';

export const NAMES: ServerName[] = ['redis', 'shardis'];

/** One figure of both servers, and what is wanted of it. */
export interface Figure {
  title: string;
  unit: string;
  /** NaN where there is none. */
  redis: number;
  shardis: number;
  /** What is held against the bound: a ratio of the two, or a figure of shardis alone; absent: nothing is wanted. */
  target?: { measured: number; bound: number; atMost: boolean };
}

/** The same figure of both servers; `direction` says which way their ratio goes. */
export function ratioFigure(
  title: string,
  unit: string,
  { redis, shardis }: Record<ServerName, number>,
  bound: number,
  direction: 'at least' | 'at most' | 'inverse at least',
): Figure {
  const measured = direction === 'inverse at least' ? redis / shardis : shardis / redis;
  return { title, unit, redis, shardis, target: { measured, bound, atMost: direction === 'at most' } };
}

/** The items in this order in even rounds, and the other way round in odd ones. */
export function inTurns<T>(round: number, items: T[]): T[] {
  return round % 2 === 0 ? items : items.toReversed();
}

interface Result extends Figure {
  part: string;
  verdict: string;
}

function judge(part: string, figure: Figure): Result {
  if (figure.target === undefined) return { ...figure, part, verdict: '' };
  const { measured, bound, atMost } = figure.target;
  const isReached = atMost ? measured <= bound : measured >= bound;
  return { ...figure, part, verdict: Number.isNaN(measured) ? 'not measured' : isReached ? 'ok' : 'miss' };
}

/** A benchmark's parts by their letters; one that cannot be measured throws a BenchError. */
export type Parts<Options> = Record<string, (options: Options) => Promise<Figure[]>>;

/** Runs those parts that `options.only` names; `failures` has a line for each that was not measured. */
export async function runParts<Options extends { only: string[] }>(
  parts: Parts<Options>,
  options: Options,
): Promise<{ results: Result[]; failures: string[] }> {
  const results: Result[] = [];
  const failures: string[] = [];
  for (const part of options.only) {
    try {
      results.push(...(await parts[part]!(options)).map((figure) => judge(part, figure)));
    } catch (error) {
      if (!(error instanceof BenchError)) throw error;
      failures.push(`part ${part} was not measured: ${error.message}`);
    }
  }
  progressDone();
  if (failures.length > 0) process.exitCode = 1;
  return { results, failures };
}

/** Enough decimals to tell small figures apart. */
function shown(value: number): string {
  return format(value, value < 10 ? 2 : value < 1000 ? 1 : 0);
}

export function printResults(results: Result[], failures: string[]): void {
  if (results.length > 0) printFigures(results);
  for (const failure of failures) console.log(failure);
}

function printFigures(results: Result[]): void {
  printTable(
    [
      { title: 'part', align: 'left' },
      { title: 'figure', align: 'left' },
      { title: 'unit', align: 'left' },
      { title: 'redis' },
      { title: 'shardis' },
      { title: 'judged' },
      { title: 'wanted' },
      { title: 'verdict', align: 'left' },
    ],
    results.map(({ part, title, unit, redis, shardis, target, verdict }) => [
      part,
      title,
      unit,
      shown(redis),
      shown(shardis),
      target === undefined ? '' : shown(target.measured),
      target === undefined ? '' : `${target.atMost ? '≤' : '≥'} ${shown(target.bound)}`,
      verdict,
    ]),
  );
}
