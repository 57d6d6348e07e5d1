import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HISTORY_LINES_MAX, History, historyFile } from '../../../src/cli/history.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'shardis-history-'));
  file = path.join(folder, 'history');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('lines are there again at the next start, the newest first', () => {
  const history = new History(file);
  expect(history.load()).toEqual([]);
  history.add('get a');
  history.add('set é "b c"');
  expect(new History(file).load()).toEqual(['set é "b c"', 'get a']);
});

test('only the owner can read the file', () => {
  new History(file).add('get a');
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a file that has grown long is cut at its beginning', () => {
  const lines = Array.from({ length: 2 * HISTORY_LINES_MAX + 1 }, (_, i) => `get ${i}`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  const loaded = new History(file).load();
  expect(loaded).toHaveLength(HISTORY_LINES_MAX);
  expect(loaded[0]).toBe(lines.at(-1));
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(HISTORY_LINES_MAX + 1);
});

test('a history that cannot be kept disturbs nobody', () => {
  const history = new History(path.join(folder, 'missing', 'file'));
  history.add('get a');
  expect(history.load()).toEqual([]);
  expect(new History(undefined).load()).toEqual([]);
});

test('the file is in the home folder, or where the environment says', () => {
  expect(historyFile({ HOME: '/home/me' })).toBe('/home/me/.shardis_history');
  expect(historyFile({ HOME: '/home/me', SHARDIS_HISTORY: '/tmp/h' })).toBe('/tmp/h');
  expect(historyFile({ HOME: '/home/me', SHARDIS_HISTORY: '' })).toBeUndefined();
});
