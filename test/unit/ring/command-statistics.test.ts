import { expect, test } from 'vitest';
import { LATENCY_BUCKETS, LatencyHistogram } from '../../../src/base/latency-histogram.ts';
import { type CommandFigures, CommandStatistics } from '../../../src/ring/command-statistics.ts';
import { ErrorStatistics } from '../../../src/ring/error-statistics.ts';

function nothing(): CommandFigures {
  return { calls: 0, microseconds: 0, rejected: 0, failed: 0, latencies: new Float64Array(LATENCY_BUCKETS) };
}

test('the sum over threads has what each of them counted', () => {
  const memories = [CommandStatistics.memory(3), CommandStatistics.memory(3)];
  const [first, second] = memories.map((memory) => new CommandStatistics(memory));
  first!.called(2, 1500);
  first!.called(2, 500, 4);
  second!.called(2, 1_000_000);
  second!.rejected(2);
  second!.failed(2);
  second!.failed(1);
  const sum = nothing();
  // As another thread sees them.
  for (const memory of memories) new CommandStatistics(memory).addTo(sum, 2);
  expect(sum).toMatchObject({ calls: 6, rejected: 1, failed: 1 });
  expect(sum.microseconds).toBeCloseTo(1003.5);
  const histogram = new LatencyHistogram(sum.latencies);
  expect(histogram.total).toBe(6);
  expect(histogram.percentileNs(100)).toBeGreaterThanOrEqual(1_000_000);
  expect([0, 1, 2].map((id) => second!.has(id))).toEqual([false, true, true]);
  expect(first!.has(1)).toBe(false);
});

test('without latency tracking only the histogram stays empty', () => {
  const statistics = new CommandStatistics(CommandStatistics.memory(1));
  statistics.tracksLatency = false;
  statistics.called(0, 2000, 2);
  const sum = nothing();
  statistics.addTo(sum, 0);
  expect(sum).toMatchObject({ calls: 2, microseconds: 4 });
  expect(new LatencyHistogram(sum.latencies).total).toBe(0);
});

test('error codes and their counts come over to a reader', () => {
  const memory = ErrorStatistics.memory(4);
  const writer = new ErrorStatistics(memory);
  const reader = new ErrorStatistics(memory);
  expect([...reader.read()]).toEqual([]);
  const counts = new Map([['ERR', 3]]);
  writer.publish(counts);
  counts.set('A'.repeat(31), 1).set('ERR', 4);
  writer.publish(counts);
  expect([...reader.read()]).toEqual([
    ['ERR', 4],
    ['A'.repeat(31), 1],
  ]);
});
