/** `shardis check`: finds what is wrong with the files of a data directory, and repairs it. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { runToEnd } from '../server/processes.ts';
import { mainScript } from '../support/paths.ts';
import { converse } from '../support/programs.ts';
import { flip, startOn, temporaryFolder, withServer } from './data-directory.ts';

const KEYS = 60;
const SHARDS = 2;
const folder = temporaryFolder();
const original = path.join(folder, 'original');
let copies = 0;

/** A copy of a directory with `KEYS` keys in its bases, and as many in its logs, one record each. */
function copy(): string {
  const directory = path.join(folder, `copy-${++copies}`);
  cpSync(original, directory, { recursive: true });
  return directory;
}

/** The only file whose name matches. */
function file(directory: string, pattern: RegExp): string {
  const names = readdirSync(directory).filter((name) => pattern.test(name));
  expect(names).toHaveLength(1);
  return path.join(directory, names[0]!);
}

/** How many keys of `log:` and `base:` a server finds. */
function found(directory: string): Promise<{ log: number; base: number }> {
  return withServer(directory, SHARDS, async (client) => {
    const of = async (prefix: string) => {
      let keys = 0;
      for (let i = 0; i < KEYS; i++) {
        const value = await client.command('GET', `${prefix}:${i}`);
        if (value === null) continue;
        expect(value).toBe(`${prefix}-${'v'.repeat(i)}`);
        keys++;
      }
      return keys;
    };
    return { log: await of('log'), base: await of('base') };
  });
}

function check(directory: string, ...flags: string[]) {
  return runToEnd(['check', ...flags, directory]);
}

beforeAll(async () => {
  await withServer(original, SHARDS, async (client) => {
    for (let i = 0; i < KEYS; i++) await client.command('SET', `base:${i}`, `base-${'v'.repeat(i)}`);
  });
  // Another number of shards makes the server write bases.
  await withServer(original, SHARDS + 1, async () => {});
  await withServer(original, SHARDS, async (client) => {
    for (let i = 0; i < KEYS; i++) await client.command('SET', `log:${i}`, `log-${'v'.repeat(i)}`);
  });
});

describe('a directory that is whole', () => {
  test('is well, with a line for each file', async () => {
    const { code, stdout } = await check(original);
    expect(stdout).toMatch(/^manifest\.json +ok: generation \d+, 2 shards$/m);
    expect(stdout.match(/^base-\S+ +ok: \d+ keys, /gm)).toHaveLength(SHARDS);
    expect(stdout.match(/^wal-\S+ +ok: \d+ records, /gm)).toHaveLength(SHARDS);
    expect(stdout).toMatch(/^all is well$/m);
    expect(code).toBe(0);
  });

  test('is not touched by --repair', async () => {
    const directory = copy();
    const before = readdirSync(directory).sort();
    expect((await check(directory, '--repair', '--yes')).code).toBe(0);
    expect(readdirSync(directory).sort()).toEqual(before);
  });

  test('may have a torn end', async () => {
    const directory = copy();
    const log = file(directory, /^wal-0/);
    truncateSync(log, readFileSync(log).length - 5);
    const { code, stdout } = await check(directory);
    expect(stdout).toMatch(/^wal-0-\S+ +ok, torn at byte [\d,]+: a record is longer than the file/m);
    expect(code).toBe(0);
    expect(await found(directory)).toEqual({ log: KEYS - 1, base: KEYS });
  });
});

describe('a damaged log', () => {
  async function damaged(): Promise<{ directory: string; lost: number }> {
    const directory = copy();
    const log = file(directory, /^wal-1/);
    flip(log, 64 + 60);
    const { code, stdout } = await check(directory);
    const [, offset, lost] =
      /^wal-1-\S+ +DAMAGED at byte ([\d,]+): the checksum of a record is wrong; behind it (\d+) whole/m.exec(
        stdout,
      ) ?? [];
    expect(offset).toBe('64');
    expect(code).toBe(1);
    return { directory, lost: Number(lost) };
  }

  test('is located, and what it loses is told and then lost', async () => {
    const { directory, lost } = await damaged();
    const before = readFileSync(file(directory, /^wal-1/));
    const { code, stdout } = await check(directory, '--repair', '--yes');
    expect(stdout).toContain(`${lost} whole records in`);
    expect(code).toBe(0);
    expect(readFileSync(file(directory, /^wal-1.*damaged/))).toEqual(before);
    expect((await check(directory)).stdout).toMatch(/^all is well$/m);
    // The one that was damaged is not whole, and was not counted.
    expect(await found(directory)).toEqual({ log: KEYS - lost - 1, base: KEYS });
  });

  test('stays as it is without consent', async () => {
    const { directory } = await damaged();
    const { code, stderr } = await check(directory, '--repair');
    expect(stderr).toContain('--yes');
    expect(code).toBe(1);
    expect(readdirSync(directory).filter((name) => name.includes('damaged'))).toEqual([]);
    const command = `${process.execPath} ${mainScript} check --repair ${directory}`;
    expect((await converse(command, /\[y\/N\]/, ['n'])).output).toContain('nothing was changed');
    expect((await check(directory)).code).toBe(1);
    expect((await converse(command, /\[y\/N\]/, ['y'])).output).toContain('a server can start from it');
    expect((await check(directory)).code).toBe(0);
  });

  test('costs other shards their parts of writes that it had a part of, and says so', async () => {
    const directory = copy();
    await withServer(directory, SHARDS, async (client) => {
      const words = Array.from({ length: 20 }, (_, i) => [`both:${i}`, 'x']).flat();
      await client.command('MSET', ...words);
      await client.command('MSET', ...words);
    });
    flip(file(directory, /^wal-1/), 64 + 60);
    const { stdout } = await check(directory, '--repair', '--yes');
    expect(stdout).toContain('the last 2 records of the log of shard 0');
    expect(
      await withServer(directory, SHARDS, (client) => client.command('EXISTS', 'both:0', 'both:1')),
    ).toBe(0);
  });
});

describe('a damaged base', () => {
  test('keeps what stands before the damage', async () => {
    const directory = copy();
    const base = file(directory, /^base-.*-0\.rdb$/);
    const { length } = readFileSync(base);
    truncateSync(base, Math.floor(length / 2));
    const { code, stdout } = await check(directory);
    expect(stdout).toMatch(/^base-\S+ +DAMAGED at byte [\d,]+, .*\d+ keys before it can be read/m);
    expect(code).toBe(1);
    const repaired = await check(directory, '--repair', '--yes');
    const [, lost, stay] = /about (\d+) keys?, .*; (\d+) keys before it stay/.exec(repaired.stdout) ?? [];
    expect(repaired.code).toBe(0);
    expect((await check(directory)).code).toBe(0);
    const { base: left, log } = await found(directory);
    expect(left).toBe(KEYS - Number(lost));
    expect(Number(stay)).toBeGreaterThan(0);
    expect(log).toBe(KEYS);
  });

  test('whose values changed is found by its checksum', async () => {
    const directory = copy();
    const base = file(directory, /^base-.*-1\.rdb$/);
    flip(base, readFileSync(base).lastIndexOf('vvvvvv'));
    const { code, stdout } = await check(directory);
    expect(stdout).toContain('reading the checksum');
    expect(code).toBe(1);
    expect((await check(directory, '--repair', '--yes')).stdout).toContain('nothing tells where');
    expect((await check(directory)).code).toBe(0);
  });

  test('that is missing cannot be repaired', async () => {
    const directory = copy();
    const base = path.basename(file(directory, /^base-.*-1\.rdb$/));
    writeFileSync(
      path.join(directory, 'manifest.json'),
      readFileSync(path.join(directory, 'manifest.json'), 'utf8'),
    );
    const other = path.join(folder, 'without-base');
    cpSync(directory, other, { recursive: true, filter: (name) => path.basename(name) !== base });
    const { code, stdout } = await check(other, '--repair', '--yes');
    expect(stdout).toContain(`${base} cannot be repaired`);
    expect(code).toBe(1);
  });
});

test('a damaged manifest is damage', async () => {
  const directory = copy();
  flip(path.join(directory, 'manifest.json'), 30);
  const { code, stdout } = await check(directory);
  expect(stdout).toMatch(/^manifest\.json +DAMAGED at byte 0/m);
  expect(code).toBe(1);
});

test('a damaged dump keeps what stands before the damage', async () => {
  const directory = path.join(folder, 'dump');
  mkdirSync(directory);
  const base = readFileSync(file(original, /^base-.*-0\.rdb$/));
  writeFileSync(path.join(directory, 'dump.rdb'), base.subarray(0, base.length - 20));
  expect((await check(directory)).code).toBe(1);
  expect((await check(directory, '--repair', '--yes')).code).toBe(0);
  expect((await check(directory)).stdout).toMatch(/^dump\.rdb +ok: \d+ keys/m);
});

test('what cannot be looked at', async () => {
  const missing = path.join(folder, 'missing');
  expect(await check(missing)).toMatchObject({ code: 2 });
  expect(existsSync(missing)).toBe(false);
  expect(await check(original, '--wrong')).toMatchObject({ code: 2 });
  const directory = copy();
  const server = await startOn(directory, SHARDS);
  const { code, stderr } = await check(directory);
  expect(stderr).toContain(`in use by the process with pid ${server.pid}`);
  expect(code).toBe(2);
  await server.close();
  const empty = path.join(folder, 'empty');
  mkdirSync(empty);
  expect(await check(empty)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('neither a log nor a dump'),
  });
});
