import { expect, test } from 'vitest';
import { startServer } from './support/server.ts';

test('big', async () => {
  const s = await startServer({
    shards: 3,
    args: process.env.SERVER_UNDER_TEST ? [] : ['--enable-debug-command', 'yes'],
  });
  const c = await s.client();
  const big = 'z'.repeat(64 * 1024 * 1024);
  let t = Date.now();
  expect(await c.command('SET', 'big', big)).toBe('OK');
  console.log('set', Date.now() - t);
  t = Date.now();
  expect(((await c.command('GET', 'big')) as string).length).toBe(big.length);
  console.log('get', Date.now() - t);
  t = Date.now();
  const r = await c.pipeline([
    ['APPEND', 'big', 'x'],
    ['GETSET', 'big', 'small'],
    ['MGET', 'a', 'big'],
    ['GET', 'big'],
  ]);
  expect((r[1] as string).length).toBe(big.length + 1);
  expect(r[3]).toBe('small');
  console.log('rest', Date.now() - t);
  t = Date.now();
  const many = Array.from({ length: 200 }, (_, i) => ['SET', `m${i}`, 'y'.repeat(300_000)]);
  const c2 = await s.client();
  const [a, b] = await Promise.all([
    c.pipeline(many),
    c2.pipeline(Array.from({ length: 3000 }, (_, i) => ['INCR', 'n'])),
  ]);
  expect(new Set(a)).toEqual(new Set(['OK']));
  expect(b).toEqual(Array.from({ length: 3000 }, (_, i) => i + 1));
  const g = await c.pipeline(many.map(([, k]) => ['GET', k!]));
  expect(new Set(g.map((x) => (x as string).length))).toEqual(new Set([300_000]));
  const mg = (await c.command('MGET', ...many.map(([, k]) => k!))) as string[];
  expect(mg.every((x) => x.length === 300_000)).toBe(true);
  console.log('many', Date.now() - t);
  t = Date.now();
  const words = Array.from({ length: 300_000 }, (_, i) => `k${i}`);
  expect(await c.pipeline([['DEL', ...words]])).toEqual([0]);
  expect(await c.pipeline([['EXISTS', ...words]])).toEqual([0]);
  expect(((await c.pipeline([['MGET', ...words]]))[0] as unknown[]).length).toBe(300_000);
  console.log('words', Date.now() - t);
  t = Date.now();
  expect(await c.pipeline([['MSET', ...words.flatMap((w) => [w, w])]])).toEqual(['OK']);
  expect((await c.pipeline([['MGET', ...words]]))[0] as unknown[]).toEqual(words);
  expect(((await c.pipeline([['KEYS', '*']]))[0] as unknown[]).length).toBe(300_000 + 202);
  console.log('words', Date.now() - t);
  t = Date.now();
  console.log((await s.close()).code, s.output());
}, 120000);
