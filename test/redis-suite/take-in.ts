/**
 * `node dist/test/redis-suite/take-in.js RUN.json BASELINE.json…`: takes the outcome of a run of Redis's Tcl tests into
 * results.json. RUN is of a run against shardis with two shards, the others of runs of the same tests against a real Redis; each is
 * `{ "started": …, "files": [{ "file": …, "tests": [{ "name": …, "status": "ok" | … }] }] }`. Files of which Redis passes nothing
 * are left out.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type FileResult, RESULTS_FILE, readReasons, type SuiteResults, unexplained } from './results.ts';

interface Run {
  readonly started: string;
  readonly files: readonly {
    readonly file: string;
    readonly tests: readonly { readonly name: string; readonly status: string }[];
  }[];
}

const SHARDS = 2;
const SUITE = '7.2.6';

function read(file: string): Run {
  return JSON.parse(readFileSync(file, 'utf8')) as Run;
}

/** By file, how often a test of each name passed: names occur several times. */
function passedOf(run: Run): Map<string, Map<string, number>> {
  const files = new Map<string, Map<string, number>>();
  for (const { file, tests } of run.files) {
    const passed = new Map<string, number>();
    for (const { name, status } of tests) if (status === 'ok') passed.set(name, (passed.get(name) ?? 0) + 1);
    files.set(file, passed);
  }
  return files;
}

function compare(file: string, theirs: Map<string, number>, ours: Map<string, number>): FileResult {
  const missing = [...theirs].flatMap(([name, times]) =>
    new Array<string>(Math.max(0, times - (ours.get(name) ?? 0))).fill(name),
  );
  const of = [...theirs.values()].reduce((sum, times) => sum + times, 0);
  return { file, passes: of - missing.length, of, missing };
}

const [runFile, ...baselineFiles] = process.argv.slice(2);
if (runFile === undefined || baselineFiles.length === 0) {
  console.error('usage: node dist/test/redis-suite/take-in.js RUN.json BASELINE.json…');
  process.exit(1);
}
const run = read(runFile);
const ours = passedOf(run);
// Where several have a file, the first one counts.
const theirs = new Map(baselineFiles.toReversed().flatMap((file) => [...passedOf(read(file))]));
const files = [...ours.keys()]
  .filter((file) => (theirs.get(file)?.size ?? 0) > 0)
  .sort()
  .map((file) => compare(file, theirs.get(file)!, ours.get(file)!));
const results: SuiteResults = { date: run.started.slice(0, 10), suite: SUITE, shards: SHARDS, files };
writeFileSync(RESULTS_FILE, `${JSON.stringify(results, undefined, 2)}\n`);
for (const name of unexplained(results, readReasons())) console.log(`no reason in reasons.json: ${name}`);
