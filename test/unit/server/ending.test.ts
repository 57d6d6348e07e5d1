import { beforeEach, expect, test } from 'vitest';
import type { SaveRule } from '../../../src/config/save-rules.ts';
import { Ending } from '../../../src/server/ending.ts';
import { settled } from '../persistence/fake-runner.ts';

/** What happened, in order. */
let events: string[];
let rules: SaveRule[];
let finishDump: (isWritten: boolean) => void;
let ending: Ending;

beforeEach(() => {
  events = [];
  rules = [];
  ending = new Ending({
    snapshots: {
      end: async () => void events.push('end'),
      finalDump: () => {
        events.push('dump');
        return new Promise((resolve) => {
          finishDump = resolve;
        });
      },
      resume: () => events.push('resume'),
      abort: () => {
        events.push('abort');
        finishDump?.(false);
      },
    },
    writes: { start: (mode) => events.push(`hold ${mode}`), end: () => events.push('release') },
    rules: () => rules,
    note: (level, message) => level === 'warning' && events.push(message),
    stop: async () => void events.push('stop'),
  });
});

test('without rules the server just ends', async () => {
  expect(await ending.begin({})).toBe(true);
  expect(events).toEqual(['hold write', 'end', 'stop']);
});

test.each([
  ['SAVE', [], 'save'],
  ['rules', [{ seconds: 1, changes: 1 }], undefined],
] as const)('with %s it writes a dump first', async (_title, given, dump) => {
  rules = [...given];
  const ended = ending.begin({ ...(dump && { dump }) });
  await settled();
  expect(events).toEqual(['hold write', 'end', 'dump']);
  finishDump(true);
  expect(await ended).toBe(true);
  expect(events.slice(3)).toEqual(['stop']);
});

test('NOSAVE writes none whatever the rules say', async () => {
  rules = [{ seconds: 1, changes: 1 }];
  expect(await ending.begin({ dump: 'nosave' })).toBe(true);
  expect(events).toEqual(['hold write', 'end', 'stop']);
});

test('a dump that fails keeps the server, for those too who asked later, and it may end another time', async () => {
  const both = [ending.begin({ dump: 'save' }), ending.begin({ dump: 'nosave' })];
  await settled();
  finishDump(false);
  expect(await Promise.all(both)).toEqual([false, false]);
  expect(events.slice(3)).toEqual(["Error trying to save the DB, can't exit.", 'resume', 'release']);
  expect(await ending.begin({})).toBe(true);
});

test('FORCE ends it all the same', async () => {
  const ended = ending.begin({ dump: 'save', isForced: true });
  await settled();
  finishDump(false);
  expect(await ended).toBe(true);
  expect(events.slice(3)).toEqual(['Error trying to save the DB. Exit anyway.', 'stop']);
});

test('ABORT calls it off while the dump is written, even one with FORCE', async () => {
  expect(ending.callOff()).toBe(false);
  const ended = ending.begin({ dump: 'save', isForced: true });
  await settled();
  expect(ending.callOff()).toBe(true);
  expect(ending.callOff()).toBe(false);
  expect(await ended).toBe(false);
  expect(events.slice(3)).toEqual(['abort', 'resume', 'release']);
  expect(ending.callOff()).toBe(false);
});
