/** Which folder may import which: the table of the design, held against every import statement. */
import { expect, test } from 'vitest';
import { sourceFiles } from './sources.ts';

/** `.` is the files right in src: the command line and the embeddable API. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ['base'],
  config: ['base'],
  ring: ['base'],
  types: ['base'],
  rdb: ['types', 'base'],
  wal: ['rdb', 'base'],
  store: ['types', 'base'],
  persistence: ['wal', 'rdb', 'ring', 'config', 'protocol', 'base'],
  commands: ['store', 'types', 'protocol', 'config', 'rdb', 'base'],
  acl: ['commands', 'config', 'protocol', 'base'],
  shard: ['commands', 'store', 'wal', 'rdb', 'ring', 'protocol', 'config', 'base'],
  server: ['acl', 'commands', 'persistence', 'ring', 'protocol', 'config', 'base', 'store/view.ts'],
  // Tools for a data directory load it as shards do, without any.
  cli: [
    'advise',
    'persistence',
    'wal',
    'rdb',
    'ring',
    'config',
    'protocol',
    'base',
    'store',
    'shard/keyspace-loader.ts',
    'commands/redis-version.ts',
  ],
  advise: ['config', 'base'],
  workers: ['shard', 'wal', 'rdb', 'ring', 'config', 'base'],
  '.': ['server', 'cli', 'config', 'workers/urls.ts', '.'],
};

/** Where people start the program, and where its threads begin. */
const ENTRIES = ['src/main.ts', 'src/index.ts', 'workers/shard.ts'];

/** Sources that run elsewhere: what writes the README's tables, and what tests hold the data against. */
const OUTSIDE_THE_SERVER = ['src/config/options-table.ts', 'src/store/verify.ts'];

const files = sourceFiles('src', 'workers');
const byPath = new Map(files.map((file) => [file.path, file]));

/** `store` for src/store/view.ts, `workers` for workers/shard.ts, `.` for src/main.ts. */
function layerOf(path: string): string {
  if (path.startsWith('workers/')) return 'workers';
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? '.';
}

function mayImport(from: string, to: string): boolean {
  const allowed = LAYERS[layerOf(from)]!;
  return (
    layerOf(from) === layerOf(to) || allowed.includes(layerOf(to)) || allowed.includes(to.replace('src/', ''))
  );
}

test('every folder of src has its place in the table of layers', () => {
  expect(files.filter((file) => !(layerOf(file.path) in LAYERS)).map((file) => file.path)).toEqual([]);
});

test('every import leads to a file', () => {
  const missing = files.flatMap((file) =>
    file.imports.filter((to) => !byPath.has(to)).map((to) => `${file.path} imports ${to}`),
  );
  expect(missing).toEqual([]);
  expect(files.flatMap((file) => file.imports).length).toBeGreaterThan(files.length);
});

test('each folder imports only the layers below it', () => {
  const wrong = files.flatMap((file) =>
    file.imports.filter((to) => !mayImport(file.path, to)).map((to) => `${file.path} imports ${to}`),
  );
  expect(wrong).toEqual([]);
});

test('no file imports itself by way of others, types aside', () => {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) cycles.push([...trail.slice(seenAt), path].join(' → '));
    if (seenAt >= 0 || done.has(path)) return;
    for (const next of byPath.get(path)?.runtimeImports ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const file of files) visit(file.path, []);
  expect(cycles).toEqual([]);
});

test('every source file is used', () => {
  const reached = new Set<string>();
  const visit = (path: string) => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const next of byPath.get(path)?.imports ?? []) visit(next);
  };
  for (const entry of ENTRIES) visit(entry);
  const byTests = new Set(sourceFiles('test').flatMap((file) => file.imports));
  for (const path of OUTSIDE_THE_SERVER) if (byTests.has(path)) visit(path);
  expect(files.filter((file) => !reached.has(file.path)).map((file) => file.path)).toEqual([]);
});
