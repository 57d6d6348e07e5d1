/** Replies that do not fit into a lane, to transactions that shards are held for and that are to be logged. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Kept } from './kept.ts';

const KEYS = Array.from({ length: 12 }, (_, i) => `key:${i}`);
const LONG = 'x'.repeat(40_000);

let kept: Kept;
beforeEach(() => {
  kept = new Kept({ shards: 3 });
});
afterEach(() => kept.remove());

describe.each(['always', 'everysec'])('with appendfsync %s', (policy) => {
  test('a transaction that writes on several shards and reads more than a lane holds is answered', async () => {
    const client = await kept.start(3, ['--appendfsync', policy, '--lane-size', '64kb']);
    for (const key of KEYS) expect(await client.command('SET', key, LONG)).toBe('OK');
    for (const [i, key] of KEYS.entries()) {
      const other = KEYS[(i + 1) % KEYS.length]!;
      const reads = KEYS.map((each) => ['GET', each]);
      const block = [['MULTI'], ...reads, ['COPY', key, other, 'REPLACE'], ...reads, ['EXEC']];
      const replies = await client.pipeline(block);
      const values = KEYS.map(() => LONG);
      expect(replies.at(-1)).toEqual([...values, 1, ...values]);
    }
    await kept.kill();
    expect(await (await kept.start()).command('MGET', ...KEYS)).toEqual(KEYS.map(() => LONG));
  });
});
