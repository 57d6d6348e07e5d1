/** Directories that cannot be used, and files that are damaged, cut short or left over. */
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { diskFiles } from '../../../src/wal/files.ts';
import { ShardLog } from '../../../src/wal/recovery.ts';
import type { Client } from '../../support/client.ts';
import { freePort } from '../../support/server.ts';
import { expectSame, Kept, runAll, stateOf } from './kept.ts';

let kept: Kept;
afterEach(() => kept.remove());

/** It ends with code 1 and one line on standard error. */
async function expectRefusal(
  shards: number,
  text: string | RegExp,
  args: readonly string[] = [],
): Promise<void> {
  const { code, stderr } = await kept.startAndFail(shards, args);
  const line = stderr.trimEnd();
  // The whole output is compared, so that a failure shows all of it.
  expect(line).toMatch(/^shardis: .*$/);
  if (typeof text === 'string') expect(line).toContain(text);
  else expect(line).toMatch(text);
  expect(code).toBe(1);
}

async function fill(client: Client, count = 200): Promise<void> {
  for (let i = 0; i < count; i += 10) {
    // Several records, not one.
    await runAll(
      client,
      Array.from({ length: 10 }, (_, at) => ['SET', `key:${i + at}`, `value ${i + at} `.repeat(10)]),
    );
  }
}

/** Changes the byte in the middle of the first place where `text` is found. */
function damage(file: string, text: string): number {
  const bytes = readFileSync(file);
  const at = bytes.indexOf(text) + Math.floor(text.length / 2);
  expect(at).toBeGreaterThan(text.length);
  bytes[at] = bytes[at]! ^ 0x20;
  writeFileSync(file, bytes);
  return at;
}

describe('a directory', () => {
  beforeEach(() => {
    kept = new Kept({ shards: 2 });
  });

  test('is used by one server at a time, and free when that was killed', async () => {
    await kept.start();
    await expectRefusal(2, `${kept.directory} is in use by the process with pid ${kept.server.pid}`);
    await expectRefusal(1, 'is in use', ['--appendonly', 'no', '--save', '60 1']);
    expect(await kept.client.command('SET', 'a', 1)).toBe('OK');
    await kept.kill();
    expect(existsSync(kept.file('shardis.lock'))).toBe(true);
    await kept.start();
    expect(await kept.client.command('GET', 'a')).toBe('1');
    await kept.shutDown();
    expect(existsSync(kept.file('shardis.lock'))).toBe(false);
  });

  test('that cannot be made or written to is refused', async () => {
    writeFileSync(kept.file('plain'), '');
    await expectRefusal(1, `cannot use the data directory ${kept.file('plain/x')}`, [
      '--dir',
      kept.file('plain/x'),
    ]);
    await expectRefusal(1, `cannot use the data directory ${kept.file('plain')}`, [
      '--dir',
      kept.file('plain'),
    ]);
    await expectRefusal(1, 'cannot use the data directory /proc/shardis', ['--dir', '/proc/shardis']);
  });

  test('that is not needed is not made', async () => {
    const port = await freePort();
    const words = ['--port', String(port), '--appendonly', 'no', '--save', '', '--dir', kept.file('none')];
    await kept.start(2, words.slice(2));
    await fill(kept.client);
    expect(existsSync(kept.file('none'))).toBe(false);
    await kept.shutDown();
    expect(existsSync(kept.file('none'))).toBe(false);
    expect(kept.files()).toEqual([]);
  });

  test('whose manifest is damaged is refused as it is', async () => {
    await kept.start();
    await fill(kept.client);
    const state = await stateOf(kept.client);
    await kept.shutDown();
    const manifest = readFileSync(kept.file('manifest.json'));
    const before = kept.files();
    for (const bytes of [manifest.subarray(0, 40), Buffer.from('garbage\n'), Buffer.alloc(0)]) {
      writeFileSync(kept.file('manifest.json'), bytes);
      await expectRefusal(2, /manifest\.json is damaged at byte \d+: /);
      // And by one that has another number of shards, which would write files of its own.
      await expectRefusal(3, /manifest\.json is damaged at byte \d+: /);
    }
    const other = manifest.toString().replace('"shards":2', '"shards":1');
    writeFileSync(kept.file('manifest.json'), other);
    await expectRefusal(2, 'the checksum is wrong');
    expect(kept.files()).toEqual(before);
    writeFileSync(kept.file('manifest.json'), manifest);
    await kept.start();
    expectSame(await stateOf(kept.client), state);
  });

  test('is freed of what a crash has left, and of nothing else', async () => {
    await kept.start();
    await fill(kept.client);
    const state = await stateOf(kept.client);
    await kept.kill();
    const before = kept.files();
    const left = ['base-2-0.rdb', 'base-2-1.rdb', 'manifest.json.tmp', 'temp-12345-1-0.rdb', 'wal-7-3.log'];
    for (const name of left) writeFileSync(kept.file(name), 'REDIS0011 and then it was over');
    const mine = ['notes.txt', 'base.rdb', 'wal.log', 'temp.rdb', 'dump.rdb.bak'];
    for (const name of mine) writeFileSync(kept.file(name), 'mine');
    await kept.start();
    expectSame(await stateOf(kept.client), state);
    expect(kept.files()).toEqual([...before, ...mine].sort());
    await kept.rewrite();
    for (const name of mine) expect(readFileSync(kept.file(name), 'utf8')).toBe('mine');
    await kept.kill();
    await kept.start(1);
    expectSame(await stateOf(kept.client), state);
  });
});

describe('files', () => {
  // The damage is in those of the last one.
  const shards = 2;
  const last = shards - 1;
  const args = ['--appendfsync', 'always'];
  beforeEach(() => {
    kept = new Kept({ shards, args });
  });

  function segment(): string {
    return kept.files(new RegExp(`^wal-${last}-`)).at(-1)!;
  }

  test('a segment that is damaged in its middle is refused, and nothing is changed', async () => {
    await kept.start();
    await fill(kept.client);
    await kept.kill();
    const file = kept.file(segment());
    const whole = readFileSync(file);
    // One that is surely in the middle: others of the same shard come before and behind it.
    const names = Array.from({ length: 200 }, (_, i) => `key:${i}`).filter((name) => whole.includes(name));
    damage(file, `value ${names[names.length >> 1]!.slice(4)} value`);
    const damaged = readFileSync(file);
    await expectRefusal(
      shards,
      new RegExp(`${segment()} is damaged at byte \\d+: the checksum of a record is wrong`),
    );
    await expectRefusal(shards + 1, new RegExp(`${segment()} is damaged at byte \\d+`));
    expect(readFileSync(file).equals(damaged)).toBe(true);
    writeFileSync(file, whole);
    await kept.start();
    expect(await kept.client.command('DBSIZE')).toBe(200);
  });

  test('a torn end is cut off, which the log of the server says', async () => {
    await kept.start();
    await fill(kept.client);
    const log = () => ShardLog.scan(diskFiles, kept.directory, last, Number(segment().split(/[-.]/)[2]));
    await kept.kill();
    const file = kept.file(segment());
    const { size } = statSync(file);
    const { records } = log();
    // The last record is what was being written when the machine stopped: half of it is there.
    const used = readFileSync(file).findLastIndex((byte) => byte !== 0);
    const bytes = readFileSync(file);
    bytes.fill(0, used - 20);
    writeFileSync(file, bytes);
    await expectRefusal(shards, /was not written completely \(.*\), and aof-load-truncated is no/, [
      '--aof-load-truncated',
      'no',
    ]);
    expect(statSync(file).size).toBe(size);
    await kept.start();
    expect(kept.server.output()).toMatch(/from byte \d+ on was not written completely/);
    const count = (await kept.client.command('DBSIZE')) as number;
    expect(count).toBeLessThan(200);
    await fill(kept.client);
    await kept.kill();
    expect(log().records).toBeGreaterThan(records - 1);
    await kept.start(shards, ['--aof-load-truncated', 'no']);
    expect(await kept.client.command('DBSIZE')).toBe(200);
  });

  test('a file that is cut off in a record is torn as well', async () => {
    await kept.start();
    await fill(kept.client);
    await kept.shutDown();
    const file = kept.file(segment());
    truncateSync(file, statSync(file).size - 16);
    await kept.start();
    expect(kept.server.output()).toContain('was not written completely');
    expect(await kept.client.command('DBSIZE')).toBeLessThan(200);
  });

  test('a damaged, missing or unfinished base is refused', async () => {
    await kept.start();
    await fill(kept.client);
    await kept.rewrite();
    await fill(kept.client);
    await kept.kill();
    const name = kept.files(new RegExp(`^base-\\d+-${last}\\.rdb$`))[0]!;
    const file = kept.file(name);
    const whole = readFileSync(file);
    damage(file, 'value 1');
    await expectRefusal(shards, name);
    await expectRefusal(shards + 1, name);
    writeFileSync(file, whole.subarray(0, whole.length >> 1));
    await expectRefusal(shards, name);
    writeFileSync(file, '');
    await expectRefusal(shards, name);
    writeFileSync(file, whole);
    await kept.start();
    expect(await kept.client.command('DBSIZE')).toBe(200);
  });

  test('a log for more databases than there are is refused', async () => {
    await kept.start();
    await runAll(kept.client, [
      ['SELECT', 9],
      ['SET', 'a', 1],
      ['SET', 'b', 1],
      ['SET', 'c', 1],
    ]);
    await kept.kill();
    await expectRefusal(shards, 'databases', ['--databases', '4']);
    await kept.start();
    await kept.rewrite();
    await kept.kill();
    await expectRefusal(shards, 'databases', ['--databases', '4']);
  });

  test('records of a later time are loaded and written on: the clock may be set back', async () => {
    await kept.start();
    await fill(kept.client);
    await kept.kill();
    const first = Number(segment().split(/[-.]/)[2]);
    const options = { shards, policy: 'always' as const };
    const writer = ShardLog.scan(diskFiles, kept.directory, last, first).openWriter(options);
    const hour = 3_600_000;
    for (let record = 0; record < 3; record++) {
      writer.effects.flush(5);
      writer.commit(Date.now() + hour * 24 * 365);
    }
    writer.close(Date.now() + hour * 24 * 365);
    await kept.start();
    expect(await kept.client.command('DBSIZE')).toBe(200);
    await runAll(kept.client, [
      ['SET', 'now', 1],
      ['MSET', ...Array.from({ length: 20 }, (_, i) => [`m${i}`, i]).flat()],
    ]);
    await kept.kill();
    await kept.start();
    expect(await kept.client.command('DBSIZE')).toBe(221);
  });
});
