/** `user` lines: the one directive that is no option and may come any number of times. */
import { expect, test } from 'vitest';
import { run } from './loading.ts';

test('users come from the file, the environment and flags, in this order, with where they stand', () => {
  const { users, ignored, config } = run({
    argv: ['redis.conf', '--user', 'dan', 'on', '>x', '--user', 'erin on'],
    env: { SHARDIS_USER: 'carol on' },
    files: { 'redis.conf': 'port 1\nuser alice on >p ~*\nUSER bob off\n' },
  });
  expect(users).toEqual([
    { origin: 'redis.conf:2: user', words: ['alice', 'on', '>p', '~*'] },
    { origin: 'redis.conf:3: USER', words: ['bob', 'off'] },
    { origin: 'SHARDIS_USER', words: ['carol', 'on'] },
    { origin: '--user', words: ['dan', 'on', '>x'] },
    { origin: '--user', words: ['erin', 'on'] },
  ]);
  expect(ignored).toEqual([]);
  expect(config.matching(['user'])).toEqual([]);
});
