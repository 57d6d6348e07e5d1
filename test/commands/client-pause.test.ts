/** CLIENT PAUSE, UNPAUSE and UNBLOCK: their words. What a pause does is in test/server/pause.test.ts. */
import { expect, test } from 'vitest';
import { describeServed, error, NOT_AN_INTEGER, wrongArity } from './served.ts';

function tooManyWords(name: string) {
  return error(`ERR unknown subcommand or wrong number of arguments for '${name}'. Try CLIENT HELP.`);
}

describeServed('CLIENT PAUSE, UNPAUSE and UNBLOCK', ({ run }) => {
  test('CLIENT PAUSE takes milliseconds and a mode', async () => {
    expect(await run('CLIENT', 'PAUSE', 0)).toBe('OK');
    expect(await run('CLIENT', 'PAUSE', 1, 'all')).toBe('OK');
    expect(await run('CLIENT', 'PAUSE', 1, 'WRITE')).toBe('OK');
    expect(await run('CLIENT', 'UNPAUSE')).toBe('OK');
    expect(await run('CLIENT', 'UNPAUSE')).toBe('OK');
  });

  test.each([
    [[], wrongArity('client|pause')],
    [['abc'], error('ERR timeout is not an integer or out of range')],
    [['1.5'], error('ERR timeout is not an integer or out of range')],
    [['-1'], error('ERR timeout is negative')],
    [['9223372036854775807'], error('ERR timeout is out of range')],
    [['10', 'foo'], error('ERR CLIENT PAUSE mode must be WRITE or ALL')],
    [['abc', 'foo'], error('ERR CLIENT PAUSE mode must be WRITE or ALL')],
    [['10', 'WRITE', 'x'], tooManyWords('PAUSE')],
  ])('CLIENT PAUSE %j is an error', async (words, expected) => {
    expect(await run('CLIENT', 'PAUSE', ...words)).toEqual(expected);
    expect(await run('SET', 'k', 'v')).toBe('OK');
  });

  test('CLIENT UNPAUSE takes no more words', async () => {
    expect(await run('CLIENT', 'UNPAUSE', 'x')).toEqual(wrongArity('client|unpause'));
  });

  test('CLIENT UNBLOCK finds nobody who waits', async () => {
    const id = Number(await run('CLIENT', 'ID'));
    expect(await run('CLIENT', 'UNBLOCK', id)).toBe(0);
    expect(await run('CLIENT', 'UNBLOCK', id, 'TIMEOUT')).toBe(0);
    expect(await run('CLIENT', 'UNBLOCK', 123456, 'error')).toBe(0);
  });

  test.each([
    [[], wrongArity('client|unblock')],
    [['abc'], NOT_AN_INTEGER],
    [['1', 'foo'], error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')],
    [['abc', 'foo'], error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')],
    [['1', 'ERROR', 'x'], tooManyWords('UNBLOCK')],
  ])('CLIENT UNBLOCK %j is an error', async (words, expected) => {
    expect(await run('CLIENT', 'UNBLOCK', ...words)).toEqual(expected);
  });
});
