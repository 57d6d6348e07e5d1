/** The verbs in plain words: PUT, DELETE, SIZE, FLUSH. */
import { expect, test } from 'vitest';
import { describeServed, SYNTAX_ERROR, wrongArity } from './served.ts';

describeServed('Plain verbs', (served) => {
  const { run, connect } = served;

  test('PUT stores, GET returns, DELETE deletes', async () => {
    expect(await run('PUT', 'key', 'value')).toBe('OK');
    expect(await run('GET', 'key')).toBe('value');
    expect(await run('PUT', 'other', '\0\xff')).toBe('OK');
    expect(await run('DELETE', 'key', 'other', 'missing')).toBe(2);
    expect(await run('GET', 'key')).toBe(null);
  });

  test('PUT removes an expiry and takes no options', async () => {
    await run('SET', 'key', 'v', 'EX', 100);
    expect(await run('PUT', 'key', 'w')).toBe('OK');
    expect(await run('TTL', 'key')).toBe(-1);
    expect(await run('PUT', 'key', 'v', 'EX', 10)).toEqual(wrongArity('put'));
    expect(await run('PUT', 'key')).toEqual(wrongArity('put'));
    expect(await run('DELETE')).toEqual(wrongArity('delete'));
  });

  test('SIZE counts the keys and FLUSH deletes them', async () => {
    await run('MSET', 'a', '1', 'b', '2', 'c', '3');
    expect(await run('SIZE')).toBe(3);
    expect(await run('FLUSH', 'foo')).toEqual(SYNTAX_ERROR);
    expect(await run('FLUSH')).toBe('OK');
    expect(await run('SIZE')).toBe(0);
    expect(await run('SIZE', 'x')).toEqual(wrongArity('size'));
  });

  test('work as lines typed at a socket', async () => {
    const client = await connect();
    client.send(
      'PUT greeting "hello world"\r\nget greeting\r\nsize\r\ndelete greeting nothing\r\nflush\r\nsize\r\n',
    );
    const replies = [];
    for (let i = 0; i < 6; i++) replies.push(await client.reply());
    expect(replies).toEqual(['OK', 'hello world', 1, 1, 'OK', 0]);
    client.destroy();
  });
});
