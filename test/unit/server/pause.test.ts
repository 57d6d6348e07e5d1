/** When a pause ends, and which commands it stops. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CommandTable } from '../../../src/commands/table.ts';
import type { Connection } from '../../../src/server/connection.ts';
import { Pause } from '../../../src/server/pause.ts';

const table = new CommandTable();
const get = table.byName('get')!;
const set = table.byName('set')!;
const ping = table.byName('ping')!;

let changes: string[];
let pause: Pause;

beforeEach(() => {
  vi.useFakeTimers();
  changes = [];
  pause = new Pause(() => changes.push(pause.mode));
});
afterEach(() => {
  vi.useRealTimers();
});

/** A connection that writes what happens to it into `events`. */
function connection(name: string, events: string[]): Connection {
  const fake = { hold: () => events.push(`${name} waits`), release: () => events.push(`${name} goes on`) };
  return fake as unknown as Connection;
}

test('WRITE stops commands that write, ALL stops all', () => {
  expect([get, set, ping].map((command) => pause.stops(command))).toEqual([false, false, false]);
  pause.start('write', Date.now() + 1000);
  expect([get, set, ping].map((command) => pause.stops(command))).toEqual([false, true, false]);
  pause.start('all', Date.now() + 1000);
  expect([get, set, ping].map((command) => pause.stops(command))).toEqual([true, true, true]);
});

test('it ends by itself, and those that wait go on in their order', () => {
  const events: string[] = [];
  pause.start('all', Date.now() + 1000);
  for (const name of ['a', 'b', 'c']) pause.hold(connection(name, events));
  const gone = connection('gone', events);
  pause.hold(gone);
  pause.forget(gone);
  expect(pause.heldCount).toBe(3);
  vi.advanceTimersByTime(999);
  expect(pause.mode).toBe('all');
  vi.advanceTimersByTime(1);
  expect(pause.mode).toBe('none');
  expect(changes).toEqual(['all', 'none']);
  expect(events.slice(4)).toEqual(['a goes on', 'b goes on', 'c goes on']);
  expect(pause.heldCount).toBe(0);
});

test('of two pauses the longer time and the stricter mode count', () => {
  pause.start('all', Date.now() + 1000);
  pause.start('write', Date.now() + 5000);
  vi.advanceTimersByTime(1500);
  expect(pause.mode).toBe('all');
  pause.start('all', Date.now() + 10);
  vi.advanceTimersByTime(3499);
  expect(pause.mode).toBe('all');
  vi.advanceTimersByTime(1);
  expect(pause.mode).toBe('none');
  // What is over has no say in the next one.
  pause.start('write', Date.now() + 100);
  expect(pause.mode).toBe('write');
});

test('a pause of no time is over at once, and one beyond the reach of timers lasts', () => {
  pause.start('all', Date.now());
  expect(pause.mode).toBe('none');
  pause.start('write', Date.now() + 2 ** 40);
  vi.advanceTimersByTime(2 ** 32);
  expect(pause.mode).toBe('write');
  pause.end();
  expect(pause.mode).toBe('none');
  expect(pause.untilMs).toBe(0);
});
