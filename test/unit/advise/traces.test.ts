/** Each format of traces, whole and damaged. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { KIND, keyHash, NEVER, numberHash, RequestBatch } from '../../../src/advise/requests.ts';
import { formatOf, readTrace, type TraceFormat } from '../../../src/advise/trace/formats.ts';
import { commandReader } from '../../../src/cli/advise/command-reader.ts';
import { temporaryFolder } from '../../cli/data-directory.ts';

const folder = temporaryFolder();
const BINARY = Buffer.from('0000000100000002ffffffff00000001', 'hex');

function file(name: string, contents: string | Uint8Array): string {
  const at = path.join(folder, name);
  fs.writeFileSync(at, contents);
  return at;
}

interface Seen {
  readonly kind: number;
  readonly hash: number;
  readonly timeMs: number;
  readonly expiresAtMs: number;
  readonly weight: number;
}

async function read(at: string, format?: TraceFormat): Promise<Seen[]> {
  const seen: Seen[] = [];
  const batch = new RequestBatch(({ count, kinds, hashes, timesMs, expiresAtMs, weights }) => {
    for (let i = 0; i < count; i++) {
      seen.push({
        kind: kinds[i]!,
        hash: hashes[i]!,
        timeMs: timesMs[i]!,
        expiresAtMs: expiresAtMs[i]!,
        weight: weights[i]!,
      });
    }
  });
  await readTrace(at, format ?? (await formatOf(at)), commandReader(), batch);
  return seen;
}

const hash = (key: string) => keyHash(Buffer.from(key));
const hashes = async (at: string, format?: TraceFormat) => (await read(at, format)).map((one) => one.hash);

describe('binary', () => {
  const expected = [1, 2, -1, 1].map(numberHash);

  test('is known by its name or its contents, and read when it is compressed', async () => {
    expect(await hashes(file('a.trace', BINARY))).toEqual(expected);
    expect(await hashes(file('a', BINARY))).toEqual(expected);
    expect(await hashes(file('a.trace.gz', gzipSync(BINARY)))).toEqual(expected);
  });

  const hasXz = (() => {
    try {
      execFileSync('xz', ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();

  test.runIf(hasXz)('is read from .xz', async () => {
    const xz = execFileSync('xz', ['-c'], { input: BINARY });
    expect(await hashes(file('b.trace.xz', xz))).toEqual(expected);
    await expect(read(file('c.trace.xz', xz.subarray(0, 40)))).rejects.toThrow(/c\.trace\.xz is damaged: .*/);
  });

  test('that ends within a key is damaged there', async () => {
    await expect(read(file('d.trace', BINARY.subarray(0, 11)))).rejects.toThrow(
      'd.trace is damaged: it ends within the key at byte 8',
    );
    await expect(read(file('d.trace.gz', gzipSync(BINARY).subarray(0, 25)))).rejects.toThrow(/damaged/);
  });
});

test('text has a key a line, whatever ends it', async () => {
  expect(await hashes(file('a.txt', 'user:1\r\nuser:2\n\nuser 1\nlast'))).toEqual(
    ['user:1', 'user:2', 'user 1', 'last'].map(hash),
  );
});

test('lines longer than what is read at once are whole', async () => {
  const long = 'k'.repeat(700_000);
  expect(await hashes(file('long.keys', `a\n${long}\nb\n`))).toEqual(['a', long, 'b'].map(hash));
});

describe('csv', () => {
  test('has times, keys, sizes and times to live', async () => {
    const seen = await read(file('a.csv', 'time,key,size,ttl\n1,alpha,100,60\n2.5,"be,""ta",,\n3,gamma\n'));
    expect(seen).toEqual([
      { kind: KIND.load, hash: hash('alpha'), timeMs: 1000, expiresAtMs: 61_000, weight: 145 },
      { kind: KIND.load, hash: hash('be,"ta'), timeMs: 2500, expiresAtMs: NEVER, weight: Number.NaN },
      { kind: KIND.load, hash: hash('gamma'), timeMs: 3000, expiresAtMs: NEVER, weight: Number.NaN },
    ]);
  });

  test('is known by its contents', async () => {
    expect(await formatOf(file('some.log', '1.5,key\n2,key\n'))).toBe('csv');
  });

  test.each([
    ['1,a\nx,b\n', 'line 2, byte 4: the time is not a number'],
    ['1,a\n2\n', 'line 2, byte 4: there is no key'],
    ['1,a,big\n', 'line 1, byte 0: the size is not a number'],
    ['1,a,5,-1\n', 'line 1, byte 0: the time to live is not a number'],
    ['1,"a\n', 'line 1, byte 0: a quoted field does not end'],
  ])('%j is damaged', async (contents, message) => {
    await expect(read(file('bad.csv', contents))).rejects.toThrow(message);
  });
});

describe('what redis-cli MONITOR prints', () => {
  const line = (words: string, place = '0 127.0.0.1:5000') => `1700000000.500000 [${place}] ${words}\n`;
  const kinds = async (words: string, place?: string) =>
    (await read(file('m.monitor', `OK\n${line(words, place)}`))).map(({ kind }) => kind);
  const { read: reads, update, write, remove, expire } = KIND;

  test('is known by its contents', async () => {
    expect(await formatOf(file('traffic', `OK\n${line('"get" "a"')}`))).toBe('monitor');
    expect(await formatOf(file('traffic2', line('"get" "a"')))).toBe('monitor');
  });

  test.each([
    ['"GET" "a"', [reads]],
    ['"mget" "a" "b"', [reads, reads]],
    ['"hget" "a" "f"', [reads]],
    ['"incr" "a"', [update]],
    ['"set" "a" "1"', [write]],
    ['"set" "a" "1" "GET"', [update]],
    ['"mset" "a" "1" "b" "2"', [write, write]],
    ['"hset" "a" "f" "1"', [write]],
    ['"del" "a" "b"', [remove, remove]],
    ['"unlink" "a"', [remove]],
    ['"getdel" "a"', [reads, remove]],
    ['"expire" "a" "10"', [expire]],
    ['"exists" "a"', []],
    ['"ttl" "a"', []],
    ['"ping"', []],
    ['"get"', []],
    ['"nosuchcommand" "a"', []],
    ['"zinterstore" "d" "2" "a" "b"', [write, reads, reads]],
  ])('%s', async (words, expected) => {
    expect((await kinds(words)).sort()).toEqual([...expected].sort());
  });

  test.each([
    ['"set" "a" "1"', NEVER],
    ['"set" "a" "1" "EX" "10"', 1_700_000_010_500],
    ['"set" "a" "1" "px" "10"', 1_700_000_000_510],
    ['"set" "a" "1" "EXAT" "1800000000"', 1_800_000_000_000],
    ['"set" "a" "1" "KEEPTTL"', Number.NaN],
    ['"setex" "a" "5" "1"', 1_700_000_005_500],
    ['"psetex" "a" "5" "1"', 1_700_000_000_505],
    ['"expire" "a" "5"', 1_700_000_005_500],
    ['"pexpireat" "a" "1800000000000"', 1_800_000_000_000],
    ['"getex" "a" "EX" "5"', 1_700_000_005_500],
    ['"getex" "a" "PERSIST"', NEVER],
    ['"persist" "a"', NEVER],
    ['"incr" "a"', Number.NaN],
  ])('%s sets the expiry', async (words, expected) => {
    const [seen] = await read(file('e.monitor', line(words)));
    expect(Math.round(seen!.expiresAtMs)).toBe(expected);
  });

  test('quotes, databases, sockets and scripts', async () => {
    const seen = await read(
      file(
        'q.monitor',
        line('"get" "a\\"b\\x00\\n"') +
          line('"get" "a"', '3 unix:/run/redis.sock') +
          line('"get" "a"', '0 lua') +
          line('"get" "a"', '0 [::1]:5000'),
      ),
    );
    expect(seen.map((one) => one.hash === hash('a'))).toEqual([false, false, true, true]);
    expect(seen[0]!.hash).toBe(hash('a"b\0\n'));
  });

  test('a line that is none is damage, unless it is the last one, half written', async () => {
    const good = line('"get" "a"');
    await expect(read(file('x.monitor', `${good}rubbish\n${good}`))).rejects.toThrow(
      `x.monitor is damaged at line 2, byte ${good.length}: this is no line of MONITOR`,
    );
    expect(await read(file('y.monitor', `${good}${good.slice(0, -8)}`))).toHaveLength(1);
  });
});

test('files that cannot be read', async () => {
  await expect(formatOf(path.join(folder, 'nothing'))).rejects.toThrow('No such file or directory');
  await expect(formatOf(folder)).rejects.toThrow('Is a directory');
  await expect(formatOf(file('empty.trace', ''))).rejects.toThrow('is empty');
});
