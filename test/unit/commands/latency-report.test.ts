import { expect, test } from 'vitest';
import { doctorText, graphText } from '../../../src/commands/latency-report.ts';
import type { LatencyEvent } from '../../../src/commands/measurements.ts';

function event(
  name: string,
  ...values: readonly (readonly [unixSeconds: number, ms: number])[]
): LatencyEvent {
  const samples = values.map(([unixSeconds, ms]) => ({ unixSeconds, ms }));
  return { name, samples, maxMs: Math.max(...values.map(([, ms]) => ms)) };
}

const SITUATION = { thresholdMs: 10, slowerThanUs: 10_000, hz: 10, nowSeconds: 1100 };

test('the graph has a column for each sample, and under it how long ago it was', () => {
  const text = graphText(event('command', [1000, 10], [1090, 40], [1099, 120]), 1100);
  expect(text.split('\n')).toEqual([
    'command - high 120 ms, low 10 ms (all time high 120 ms)',
    '-'.repeat(80),
    '  #',
    '  #',
    ' _#',
    '_##',
    '',
    '111',
    'm0s',
    ' s',
    '',
  ]);
});

test('samples that are alike fill the graph, and many go on below', () => {
  const same = Array.from({ length: 90 }, (_, i) => [1000 + i, 7] as const);
  const lines = graphText(event('x', ...same), 90_000).split('\n');
  expect(lines.filter((line) => line === '#'.repeat(80))).toHaveLength(4);
  expect(lines.filter((line) => line === '#'.repeat(10))).toHaveLength(4);
  expect(graphText(event('x', [1, 7]), 90_000_000)).toContain('\nd\n');
});

test('the doctor describes each event and advises once', () => {
  const text = doctorText(
    [event('command', [1000, 20], [1050, 40]), event('expire-cycle', [1090, 15])],
    SITUATION,
  );
  expect(text).toContain(
    '1. command: 2 latency spikes (average 30ms, mean deviation 10ms, period 50.00 sec). Worst all time event 40ms.\n',
  );
  expect(text).toContain('2. expire-cycle: 1 latency spikes (average 15ms');
  expect(text).toContain('SLOWLOG GET');
  expect(text).toContain("'CONFIG SET hz 100'");
  expect(text.match(/Freeing a large value/g)).toHaveLength(1);
  expect(text).not.toContain('slowlog-log-slower-than');
});

test('the doctor looks at what the slow log is set to', () => {
  const events = [event('command', [1000, 20])];
  expect(doctorText(events, { ...SITUATION, slowerThanUs: -1 })).toContain('The slow log is off');
  expect(doctorText(events, { ...SITUATION, slowerThanUs: 20_000 })).toContain(
    "'CONFIG SET slowlog-log-slower-than 10000'",
  );
  expect(doctorText([event('expire-cycle', [1, 20])], { ...SITUATION, hz: 100 })).not.toContain('hz');
});

test('the doctor knows nothing better of events without advice, and says when there are none', () => {
  expect(doctorText([event('other', [1, 20])], SITUATION)).toContain('no simple advice');
  expect(doctorText([], SITUATION)).toMatch(/^Nothing was slow/);
  expect(doctorText([], { ...SITUATION, thresholdMs: 0 })).toContain('latency-monitor-threshold is 0');
});
