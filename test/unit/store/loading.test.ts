/** Loading makes the entries that writing makes. */
import { expect, test } from 'vitest';
import { loadString } from '../../../src/store/loading.ts';
import { verify } from '../../../src/store/verify.ts';
import { contentOf } from './changes.ts';
import { NO_EXPIRY, pattern, TestKeyspace } from './harness.ts';

test('a loaded keyspace is the same as one that was written, with expiries and raw flags', () => {
  const written = new TestKeyspace();
  const loaded = new TestKeyspace();
  for (let i = 0; i < 3_000; i++) {
    const key = Buffer.from(`key:${i}`);
    const value = pattern(i % 700, i);
    const expiresAt = i % 3 === 0 ? written.nowMs + i : NO_EXPIRY;
    const isRaw = i % 5 === 0;
    written.set(`key:${i}`, value, expiresAt, i % 2);
    if (isRaw) written.write(`key:${i}`, value.length, new Uint8Array(0), i % 2);
    const hash = loaded.hash(`key:${i}`);
    // As part of a larger buffer, with an unsigned hash.
    const bytes = Buffer.concat([Buffer.from('??'), key, value]);
    const end = 2 + key.length;
    const { keyspace } = loaded;
    loadString(keyspace, i % 2, bytes, 2, end, hash >>> 0, bytes, end, bytes.length, expiresAt, isRaw);
  }
  verify(loaded.keyspace);
  expect(contentOf(loaded.keyspace)).toEqual(contentOf(written.keyspace));
  expect(loaded.get('key:2')).toEqual(pattern(2, 2));
  loaded.nowMs += 10_000;
  expect(loaded.keyspace.expireCycle(1000)).toBe(1_000);
});
