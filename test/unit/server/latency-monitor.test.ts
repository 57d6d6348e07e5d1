import { expect, test } from 'vitest';
import { LatencyMonitor } from '../../../src/server/latency-monitor.ts';

function monitor(thresholdMs: number): LatencyMonitor {
  const created = new LatencyMonitor();
  created.thresholdMs = thresholdMs;
  return created;
}

test('keeps the worst of each second, and only what is slow', () => {
  const latency = monitor(10);
  latency.add('command', 9, 100);
  expect(latency.all()).toEqual([]);
  latency.add('command', 10, 100);
  latency.add('command', 30, 100);
  latency.add('command', 20, 100);
  latency.add('command', 15, 102);
  latency.add('other', 11, 102);
  expect(latency.event('command')).toEqual({
    name: 'command',
    samples: [
      { unixSeconds: 100, ms: 30 },
      { unixSeconds: 102, ms: 15 },
    ],
    maxMs: 30,
  });
  expect(latency.all().map(({ name }) => name)).toEqual(['command', 'other']);
  expect(latency.event('Command')).toBeUndefined();
});

test('keeps 160 seconds, but the worst of all', () => {
  const latency = monitor(1);
  latency.add('command', 500, 1);
  for (let second = 2; second <= 170; second++) latency.add('command', second, second);
  const { samples, maxMs } = latency.event('command')!;
  expect(samples).toHaveLength(160);
  expect(samples[0]).toEqual({ unixSeconds: 11, ms: 11 });
  expect(maxMs).toBe(500);
});

test('keeps nothing without a threshold', () => {
  const latency = monitor(0);
  latency.add('command', 1e6);
  expect(latency.all()).toEqual([]);
});

test('forgets one event by its name in any case, or all', () => {
  const latency = monitor(1);
  for (const name of ['a', 'b', 'c']) latency.add(name, 5);
  expect(latency.reset('B')).toBe(1);
  expect(latency.reset('nope')).toBe(0);
  expect(latency.reset()).toBe(2);
  expect(latency.all()).toEqual([]);
});
