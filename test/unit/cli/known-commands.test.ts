import { describe, expect, test } from 'vitest';
import {
  answerTo,
  follow,
  holdsSecret,
  isAnsweredWithText,
  newConnectionState,
} from '../../../src/cli/known-commands.ts';
import type { Reply } from '../../../src/protocol/reply-decoder.ts';

const OK: Reply = { type: 'simple', text: 'OK' };
const ERROR: Reply = { type: 'error', text: 'ERR no' };
const NULL: Reply = { type: 'null' };

/** The state after commands that were answered like this. */
function stateAfter(...steps: readonly [line: string, reply: Reply | undefined][]) {
  const state = newConnectionState();
  for (const [line, reply] of steps) follow(state, line.split(' '), reply);
  return state;
}

describe('the state of the connection', () => {
  test('knows the database', () => {
    expect(stateAfter(['SELECT 3', OK]).db).toBe(3);
    expect(stateAfter(['select 99', ERROR]).db).toBe(0);
    expect(stateAfter(['select 3', OK], ['reset', { type: 'simple', text: 'RESET' }]).db).toBe(0);
  });

  test('returns to its database when a transaction is given up', () => {
    const queued: Reply = { type: 'simple', text: 'QUEUED' };
    const begun: [string, Reply][] = [
      ['select 1', OK],
      ['multi', OK],
      ['select 5', queued],
    ];
    expect(stateAfter(...begun)).toMatchObject({ isInTransaction: true, db: 5 });
    expect(stateAfter(...begun, ['exec', { type: 'array', items: [OK] }])).toMatchObject({
      isInTransaction: false,
      db: 5,
    });
    expect(stateAfter(...begun, ['exec', NULL])).toMatchObject({ isInTransaction: false, db: 1 });
    expect(stateAfter(...begun, ['exec', ERROR])).toMatchObject({ isInTransaction: false, db: 1 });
    expect(stateAfter(...begun, ['discard', OK])).toMatchObject({ isInTransaction: false, db: 1 });
    expect(stateAfter(...begun, ['multi', ERROR])).toMatchObject({ isInTransaction: true });
  });

  test('knows the protocol', () => {
    expect(stateAfter(['hello 3', { type: 'map', items: [] }]).resp).toBe(3);
    expect(
      stateAfter(['hello 3', { type: 'map', items: [] }], ['hello 2', { type: 'array', items: [] }]).resp,
    ).toBe(2);
    expect(stateAfter(['hello 3', ERROR]).resp).toBe(2);
  });

  test('knows when the server does not answer', () => {
    const replies = (line: string, state = newConnectionState()) => answerTo(line.split(' '), state).replies;
    expect(replies('client reply off')).toBe(0);
    const off = stateAfter(['client reply off', undefined]);
    expect(replies('get a', off)).toBe(0);
    expect(replies('client reply on', off)).toBe(1);
    const skip = stateAfter(['client reply skip', undefined]);
    expect(replies('get a', skip)).toBe(0);
    expect(replies('get a', stateAfter(['client reply skip', undefined], ['get a', undefined]))).toBe(1);
  });
});

test('commands that subscribe are answered once for each channel', () => {
  const state = newConnectionState();
  expect(answerTo(['SUBSCRIBE', 'a', 'b'], state)).toEqual({ replies: 2, confirmation: 'subscribe' });
  expect(answerTo(['punsubscribe'], state)).toEqual({ replies: 1, confirmation: 'punsubscribe' });
  expect(answerTo(['mget', 'a', 'b'], state)).toEqual({ replies: 1 });
});

test('texts of several lines are known', () => {
  expect(
    ['INFO', 'info server', 'client list', 'CLUSTER NODES'].map((l) => isAnsweredWithText(l.split(' '))),
  ).toEqual([true, true, true, true]);
  expect(['information', 'client id', 'get info'].map((l) => isAnsweredWithText(l.split(' ')))).toEqual([
    false,
    false,
    false,
  ]);
});

test.each([
  ['AUTH secret', true],
  ['3 auth secret', true],
  ['acl setuser me >secret', true],
  ['config set maxmemory 1 requirepass secret', true],
  ['CONFIG SET masterauth secret', true],
  ['hello 3 auth me secret', true],
  ['migrate h 1 k 0 10 AUTH secret', true],
  ['get auth', false],
  ['acl list', false],
  ['config get requirepass', false],
  ['hello 3', false],
])('%s holds a password: %s', (line, expected) => {
  expect(holdsSecret(line.split(' '))).toBe(expected);
});
