import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DirectoryInUse, LockFile } from '../../../src/wal/lock-file.ts';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'shardis-lock-'));
  path = join(directory, 'shardis.lock');
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

test('a directory has one holder, which the refusal names', () => {
  const lock = LockFile.acquire(directory);
  expect(() => LockFile.acquire(directory)).toThrow(DirectoryInUse);
  expect(() => LockFile.acquire(directory)).toThrow(
    `${directory} is in use by the process with pid ${process.pid}`,
  );
  expect(readdirSync(directory)).toEqual(['shardis.lock']);
  lock.release();
  expect(existsSync(path)).toBe(false);
  LockFile.acquire(directory).release();
});

test('the lock of a process that lives is respected', () => {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore' });
  try {
    writeFileSync(path, JSON.stringify({ pid: child.pid, started: '' }));
    expect(() => LockFile.acquire(directory)).toThrow(`pid ${child.pid}`);
  } finally {
    child.kill();
  }
});

test.each([
  ['of a process that is dead', () => JSON.stringify({ pid: spawnSync('true').pid, started: 'x' })],
  ['that a crash left empty', () => ''],
])('a lock %s is taken over', (_name, text) => {
  writeFileSync(path, text());
  const lock = LockFile.acquire(directory);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
  expect(readdirSync(directory)).toEqual(['shardis.lock']);
  lock.release();
});

test.runIf(process.platform === 'linux')(
  'a lock whose pid belongs to another process by now is taken over',
  () => {
    writeFileSync(path, JSON.stringify({ pid: process.ppid, started: 'another boot 1' }));
    LockFile.acquire(directory).release();
  },
);

test('releasing leaves the lock of another process alone', () => {
  const lock = LockFile.acquire(directory);
  writeFileSync(path, 'somebody else');
  lock.release();
  expect(readFileSync(path, 'utf8')).toBe('somebody else');
});
