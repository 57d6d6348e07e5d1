import { expect, test, vi } from 'vitest';
import { ShardStates } from '../../../src/server/shard-states.ts';

function withLog(shards: number) {
  const lines: string[] = [];
  const states = new ShardStates(shards, { notice: (line) => lines.push(line) });
  return { states, lines };
}

const SERVING = { kind: 'status', state: 'serving' } as const;

function loading(loadedBytes: number, totalBytes: number, keys: number) {
  return { kind: 'status', state: 'loading', loadedBytes, totalBytes, keys } as const;
}

test('the server starts until all shards have served, and never again', () => {
  const { states, lines } = withLog(2);
  const changed = vi.fn();
  states.onChange(changed);
  expect([states.stateOf(0), states.isStarting, states.allServe]).toEqual(['down', true, false]);
  states.accept(0, SERVING);
  expect([states.stateOf(0), states.isStarting, states.allServe]).toEqual(['serving', true, false]);
  states.accept(1, SERVING);
  expect([states.isStarting, states.allServe]).toEqual([false, true]);
  states.down(1);
  states.restarted(1);
  expect([states.stateOf(1), states.isStarting, states.allServe]).toEqual(['down', false, false]);
  expect(states.loading).toBeUndefined();
  states.accept(1, SERVING);
  expect([states.allServe, states.restarts, states.restartsOf(0), states.restartsOf(1)]).toEqual([
    true,
    1,
    0,
    1,
  ]);
  expect(changed).toHaveBeenCalledTimes(4);
  expect(lines).toEqual(['shard 1 serves again']);
});

test('the figures of loading are those of all shards, in the log and for INFO', () => {
  vi.useFakeTimers({ now: 1_000_000 });
  try {
    const { states, lines } = withLog(3);
    states.accept(0, SERVING);
    states.accept(1, loading(0, 600, 0));
    states.accept(2, loading(100, 400, 5));
    expect(states.loading).toEqual({
      startedAtMs: 1_000_000,
      loadedBytes: 100,
      totalBytes: 1000,
      etaSeconds: 1,
    });
    states.accept(1, loading(149, 600, 9));
    vi.advanceTimersByTime(5000);
    expect(states.loading).toMatchObject({ loadedBytes: 249, totalBytes: 1000, etaSeconds: 15 });
    states.accept(1, loading(600, 600, 30));
    states.accept(1, SERVING);
    states.accept(2, loading(400, 400, 20));
    states.accept(2, SERVING);
    expect(states.loading).toBeUndefined();
    vi.advanceTimersByTime(60_000);
    expect(lines).toEqual([
      'loading the dataset',
      'loading: 249 of 1000 bytes (24%), 14 keys, about 15 s to go',
      'loaded 50 keys, 1000 bytes, in 5.000 s',
    ]);
  } finally {
    vi.useRealTimers();
  }
});
