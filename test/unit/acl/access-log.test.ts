import { expect, test } from 'vitest';
import { AccessLog, type Denied } from '../../../src/acl/access-log.ts';

function denied(object: string, changes: Partial<Denied> = {}): Denied {
  return { context: 'toplevel', reason: 'key', object, username: 'u', clientInfo: 'id=1', ...changes };
}

test('the same thing within a minute of the last time counts on one entry', () => {
  const log = new AccessLog(() => 10);
  log.add(denied('a'), 1_000);
  log.add(denied('b'), 2_000);
  log.add(denied('a', { clientInfo: 'id=2' }), 61_000);
  expect(log.entries).toMatchObject([
    { object: 'a', count: 2, id: 0, clientInfo: 'id=2', createdAtMs: 1_000, updatedAtMs: 61_000 },
    { object: 'b', count: 1, id: 1 },
  ]);
  log.add(denied('a'), 121_001);
  expect(log.entries.map(({ object, id, count }) => [object, id, count])).toEqual([
    ['a', 2, 1],
    ['a', 0, 2],
    ['b', 1, 1],
  ]);
  expect(log.denials).toEqual({ auth: 0, command: 0, key: 4, channel: 0 });
});

test('another reason, object or user is another thing', () => {
  const log = new AccessLog(() => 10);
  for (const changes of [{}, { reason: 'channel' }, { object: 'b' }, { username: 'v' }] as const) {
    log.add(denied('a', changes), 0);
  }
  expect(log.entries.map(({ count }) => count)).toEqual([1, 1, 1, 1]);
});

test('only the ten newest entries are looked through', () => {
  const log = new AccessLog(() => 100);
  for (let i = 0; i < 11; i++) log.add(denied(`${i}`), 0);
  log.add(denied('1'), 1);
  log.add(denied('0'), 2);
  expect(log.entries.slice(0, 2)).toMatchObject([
    { object: '0', count: 1 },
    { object: '1', count: 2 },
  ]);
});
