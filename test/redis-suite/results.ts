/**
 * What Redis's own Tcl tests said of this server when they were last run from outside against it, beside what they say of a real
 * Redis in the same way: results.json holds the outcome, reasons.json why a test that Redis passes does not pass here.
 *
 * results.json is written by take-in.ts; `npm run docs` makes the tables of docs/compatibility.md of both.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../support/paths.ts';

/** Of one file of tests: how many Redis passes, how many of those pass here, and the names of the others. */
export interface FileResult {
  readonly file: string;
  readonly passes: number;
  readonly of: number;
  readonly missing: readonly string[];
}

export interface SuiteResults {
  /** The day of the run, and the version of the tests. */
  readonly date: string;
  readonly suite: string;
  readonly shards: number;
  readonly files: readonly FileResult[];
}

/** By reason, the tests. */
export type Reasons = Readonly<Record<string, readonly string[]>>;

const FOLDER = path.join(repositoryRoot, 'test/redis-suite');
export const RESULTS_FILE: string = path.join(FOLDER, 'results.json');

export function readResults(): SuiteResults {
  return JSON.parse(readFileSync(RESULTS_FILE, 'utf8')) as SuiteResults;
}

export function readReasons(): Reasons {
  return JSON.parse(readFileSync(path.join(FOLDER, 'reasons.json'), 'utf8')) as Reasons;
}

/** The names of tests that do not pass and for which no reason is given. */
export function unexplained(results: SuiteResults, reasons: Reasons): string[] {
  const explained = new Set(Object.values(reasons).flat());
  return results.files.flatMap(({ missing }) => missing).filter((name) => !explained.has(name));
}

/** The part of docs/compatibility.md: a table of the files, then the tests that do not pass, by reason. */
export function suiteTables(): string {
  const results = readResults();
  const missing = new Set(results.files.flatMap((file) => file.missing));
  const sum = (of: (file: FileResult) => number) =>
    results.files.reduce((total, file) => total + of(file), 0);
  const passes = sum((file) => file.passes);
  const all = sum((file) => file.of);
  const rows = results.files.map((file) => `| \`${file.file}\` | ${file.passes} of ${file.of} |`);
  const lines = [
    `Tests of Redis ${results.suite}, run on ${results.date} against a server with ${results.shards} shards:`,
    '',
    '| file | passes, of what a real Redis passes |',
    '|---|---|',
    ...rows,
    `| **all** | **${passes} of ${all} (${((100 * passes) / all).toFixed(1)} %)** |`,
  ];
  for (const [reason, names] of Object.entries(readReasons())) {
    const here = names.filter((name) => missing.has(name)).sort();
    if (here.length === 0) continue;
    lines.push('', `${reason}:`, '', ...here.map((name) => `- ${quoted(name)}`));
  }
  return `${lines.join('\n')}\n`;
}

/** As code, whatever quotes are in it. */
function quoted(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}
