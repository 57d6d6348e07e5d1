/**
 * `accounting`: what collections really take of memory beside what the server counts for them.
 *
 * Each row is a process of its own, which makes collections as a shard does, changes them, and answers what has come since then: what
 * the engine says of its heap and of the buffers outside of it, NATIVE_BYTES for each such buffer (which the engine allocates beside
 * it, and does not tell; found by the resident size of a million of them), and what is counted. Free room in the pools that small
 * blocks come from is shown apart, as the server does (it is in allocator_active, not in used_memory).
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { CASES } from './accounting/cases.ts';
import type { Measurement } from './accounting/measurement.ts';
import {
  BenchError,
  environment,
  format,
  printHeader,
  printJson,
  printTable,
  progress,
  progressDone,
} from './report.ts';

export interface AccountingOptions {
  /** Only those whose titles have this. */
  only?: string;
  json?: boolean;
}

const DIFFERENCE_MAX = 0.05;

interface Row extends Measurement {
  title: string;
}

async function measure(title: string): Promise<Row> {
  const child = fork(new URL('./accounting/measurement.js', import.meta.url), [title], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  let measurement: Measurement | undefined;
  child.once('message', (message) => {
    measurement = message as Measurement;
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (measurement === undefined) throw new BenchError(`the measurement of ${title} ended with ${code}`);
  return { title, ...measurement };
}

function differenceOf({ realBytes, slackBytes, countedBytes }: Row): number {
  return countedBytes / (realBytes - slackBytes) - 1;
}

export async function runAccounting(options: AccountingOptions): Promise<void> {
  const env = environment();
  const rows: Row[] = [];
  for (const { title } of CASES) {
    if (options.only !== undefined && !title.includes(options.only)) continue;
    progress(title);
    rows.push(await measure(title));
  }
  progressDone();
  if (options.json) {
    printJson('accounting', env, { results: rows });
    return;
  }
  printHeader('accounting', env, [
    'real: heap and buffers, as the engine says, and what it takes beside the buffers; each row in a process of its own',
  ]);
  printTable(
    [
      { title: 'structure', align: 'left' },
      { title: 'n' },
      { title: 'real bytes' },
      { title: 'free in pools' },
      { title: 'counted bytes' },
      { title: 'counted/n' },
      { title: 'difference' },
      { title: '', align: 'left' },
    ],
    rows.map((row) => [
      row.title,
      format(row.elements),
      format(row.realBytes),
      format(row.slackBytes),
      format(row.countedBytes),
      format(row.countedBytes / row.elements, 1),
      `${format(differenceOf(row) * 100, 1)} %`,
      Math.abs(differenceOf(row)) <= DIFFERENCE_MAX ? 'ok' : 'miss',
    ]),
  );
}
