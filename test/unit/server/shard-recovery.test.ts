/** When a shard that dies is started again, and when the server gives up. */
import { expect, test, vi } from 'vitest';
import { createConfig } from '../../../src/config/load.ts';
import { ShardStatistics } from '../../../src/ring/shard-statistics.ts';
import type { ShardLink } from '../../../src/server/shard-link.ts';
import { ShardRecovery } from '../../../src/server/shard-recovery.ts';
import { ShardStates } from '../../../src/server/shard-states.ts';

const SERVING = { kind: 'status', state: 'serving' } as const;

function recovering(shards: number, option: 'restart' | 'exit' = 'restart') {
  const config = createConfig({ shards, 'on-shard-crash': option, appendonly: false });
  const states = new ShardStates(shards, { notice: () => {} });
  for (let shard = 0; shard < shards; shard++) states.accept(shard, SERVING);
  const events: string[] = [];
  const recovery = new ShardRecovery({
    config,
    states,
    lose: ({ index }) => events.push(`lose ${index}`),
    restart: (shard) => events.push(`restart ${shard}`),
    giveUp: (message) => events.push(`end: ${message}`),
    warn: (message) => events.push(message),
  });
  const links = Array.from({ length: shards }, (_, index) => {
    const statistics = new ShardStatistics(ShardStatistics.memory(config.get('databases')));
    statistics.setDatabase(3, 12, 0, 0);
    return { index, statistics } as ShardLink;
  });
  return {
    states,
    events,
    died: (shard: number) => recovery.died(links[shard]!, 'Error: gone\n    at work'),
  };
}

test('a shard that dies is started again, and the log says what is lost', () => {
  const { states, events, died } = recovering(2);
  died(1);
  expect(events).toEqual([
    'lose 1',
    'shard 1 died: Error: gone\n    at work\nIt is started again. Nothing of it is on disk: its 12 keys are lost.',
    'restart 1',
  ]);
  expect([states.stateOf(0), states.stateOf(1), states.restarts]).toEqual(['serving', 'down', 1]);
});

test('with exit the server ends at the first death', () => {
  const { events, died } = recovering(2, 'exit');
  died(0);
  expect(events).toEqual(['end: shard 0 died: Error: gone\n    at work']);
});

test('the fifth death within a minute ends the server, whichever shards died', () => {
  vi.useFakeTimers();
  try {
    const { states, events, died } = recovering(2);
    const dieAndServe = (shard: number) => {
      died(shard);
      states.accept(shard, SERVING);
    };
    for (const shard of [0, 1, 0, 1]) dieAndServe(shard);
    vi.advanceTimersByTime(60_000);
    for (const shard of [0, 0, 1, 1]) dieAndServe(shard);
    expect(events.filter((event) => event.startsWith('end'))).toEqual([]);
    died(0);
    expect(events.at(-1)).toBe('end: shard 0 died: Error: gone (shards died 5 times within 60 seconds)');
  } finally {
    vi.useRealTimers();
  }
});

test('a shard that dies three times without having served in between ends the server', () => {
  const { states, events, died } = recovering(1);
  died(0);
  const load = { kind: 'status', state: 'loading', loadedBytes: 0, totalBytes: 9, keys: 0 } as const;
  for (let i = 0; i < 2; i++) {
    states.accept(0, load);
    died(0);
  }
  expect(events.at(-1)).toBe('restart 0');
  states.accept(0, load);
  died(0);
  expect(events.at(-1)).toBe('end: shard 0 died: Error: gone (it died 3 times before it served)');
});
