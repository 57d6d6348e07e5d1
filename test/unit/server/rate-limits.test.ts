/** How many commands pass, and when those go on that must wait. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Connection } from '../../../src/server/connection.ts';
import { RateLimits, type RateSettings } from '../../../src/server/rate-limits.ts';

const OFF: RateSettings = { ops: 0, burst: 0, userOps: 0, userBurst: 0, mode: 'error' };

let limits: RateLimits;
let events: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  limits = new RateLimits();
  events = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function connection(name: string, user = 'default'): Connection {
  const fake = { user: { name: user }, hold: () => {}, release: () => events.push(name) };
  return fake as unknown as Connection;
}

/** How many of `count` commands are taken now. */
function taken(of: Connection, count: number): number {
  let passed = 0;
  for (let i = 0; i < count; i++) {
    if (limits.refuses(of)) continue;
    passed++;
    limits.passed(of);
  }
  return passed;
}

describe('with errors', () => {
  test('a burst passes, and then as many as come back', () => {
    limits.configure({ ...OFF, ops: 10, burst: 5 });
    const a = connection('a');
    expect(taken(a, 20)).toBe(5);
    vi.advanceTimersByTime(100);
    expect(taken(a, 20)).toBe(1);
    vi.advanceTimersByTime(10_000);
    expect(taken(a, 20)).toBe(5);
  });

  test('without a burst as many as in a second may come at once', () => {
    limits.configure({ ...OFF, ops: 7 });
    expect(taken(connection('a'), 20)).toBe(7);
    expect(taken(connection('b'), 20)).toBe(7);
  });

  test('the connections of a user share a limit', () => {
    limits.configure({ ...OFF, userOps: 10 });
    expect(taken(connection('a'), 8)).toBe(8);
    expect(taken(connection('b'), 8)).toBe(2);
    expect(taken(connection('c', 'other'), 8)).toBe(8);
  });

  test('of both limits the stricter one counts, and a refused command costs neither', () => {
    limits.configure({ ...OFF, ops: 3, userOps: 5 });
    const a = connection('a');
    const b = connection('b');
    expect(taken(a, 10)).toBe(3);
    expect(taken(b, 10)).toBe(2);
  });

  test('a command that comes again pays once', () => {
    limits.configure({ ...OFF, ops: 2 });
    const a = connection('a');
    for (let i = 0; i < 10; i++) expect(limits.refuses(a)).toBe(false);
    limits.passed(a);
    expect(taken(a, 10)).toBe(1);
  });

  test('a change of the settings counts at once', () => {
    limits.configure({ ...OFF, ops: 1 });
    const a = connection('a');
    expect(taken(a, 3)).toBe(1);
    limits.configure({ ...OFF, ops: 2 });
    expect(taken(a, 3)).toBe(2);
    limits.configure(OFF);
    expect(limits.isActive).toBe(false);
  });
});

describe('with delay', () => {
  test('a command waits until its token has come back, and then runs', () => {
    limits.configure({ ...OFF, ops: 10, burst: 1, mode: 'delay' });
    const a = connection('a');
    expect(limits.refuses(a)).toBe(false);
    expect(limits.holds(a)).toBe(false);
    limits.passed(a);
    expect(limits.holds(a)).toBe(true);
    vi.advanceTimersByTime(99);
    expect(events).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(events).toEqual(['a']);
    expect(limits.holds(a)).toBe(false);
    limits.passed(a);
    expect(limits.holds(a)).toBe(true);
  });

  test('many connections of a user are served in their order, each once', () => {
    limits.configure({ ...OFF, userOps: 10, userBurst: 1, mode: 'delay' });
    const first = connection('first');
    expect(limits.holds(first)).toBe(false);
    limits.passed(first);
    const others = ['a', 'b', 'c'].map((name) => connection(name));
    for (const each of others) expect(limits.holds(each)).toBe(true);
    vi.advanceTimersByTime(101);
    expect(events).toEqual(['a']);
    vi.advanceTimersByTime(202);
    expect(events).toEqual(['a', 'b', 'c']);
    expect(limits.holds(first)).toBe(true);
  });

  test('a connection that goes while it waits gives its token back', () => {
    limits.configure({ ...OFF, userOps: 1, userBurst: 1, mode: 'delay' });
    const a = connection('a');
    limits.holds(a);
    limits.passed(a);
    const gone = connection('gone');
    expect(limits.holds(gone)).toBe(true);
    limits.forget(gone);
    vi.advanceTimersByTime(1000);
    expect(events).toEqual([]);
    expect(limits.holds(a)).toBe(false);
  });

  test('who waits goes on when the limit is taken away', () => {
    limits.configure({ ...OFF, ops: 1, mode: 'delay' });
    const a = connection('a');
    limits.holds(a);
    limits.passed(a);
    expect(limits.holds(a)).toBe(true);
    limits.configure(OFF);
    expect(events).toEqual(['a']);
    vi.advanceTimersByTime(5000);
    expect(events).toEqual(['a']);
  });
});
