/** What needs clients that no test can connect as: other users, types and addresses. */
import { beforeEach, describe, expect, test } from 'vitest';
import { ReplyError } from '../../support/client.ts';
import { ALICE, FakeClient, FakeServer } from './fake-server.ts';

let server: FakeServer;
let other: FakeClient;
let replica: FakeClient;
let alice: FakeClient;

beforeEach(() => {
  server = new FakeServer();
  other = new FakeClient(2);
  replica = new FakeClient(3);
  replica.type = 'replica';
  alice = new FakeClient(4);
  alice.user = ALICE;
  server.others.push(other, replica, alice);
});

/** The numbers of the clients that were closed at once. */
function killed(): number[] {
  return [...server.clients()].filter(({ events }) => events.includes('kill')).map(({ id }) => id);
}

describe('CLIENT KILL', () => {
  test('with an address answers OK and closes that client', () => {
    expect(server.run('CLIENT', 'KILL', '10.0.0.1:2')).toBe('OK');
    expect(killed()).toEqual([2]);
  });

  test('with filters counts those that pass all of them and spares oneself', () => {
    expect(server.run('CLIENT', 'KILL', 'TYPE', 'normal', 'LADDR', '127.0.0.1:6379')).toBe(2);
    expect(killed()).toEqual([2, 4]);
    expect(server.client.events).toEqual([]);
  });

  test('knows replicas by their old name as well', () => {
    expect(server.run('CLIENT', 'KILL', 'type', 'SLAVE')).toBe(1);
    expect(killed()).toEqual([3]);
  });

  test('finds the connections of a user', () => {
    expect(server.run('CLIENT', 'KILL', 'USER', 'alice')).toBe(1);
    expect(killed()).toEqual([4]);
    expect(server.run('CLIENT', 'KILL', 'USER', 'bob')).toEqual(new ReplyError("ERR No such user 'bob'"));
  });

  test('of oneself answers before it closes', () => {
    expect(server.run('CLIENT', 'KILL', 'ID', 1, 'SKIPME', 'no')).toBe(1);
    expect(server.run('CLIENT', 'KILL', '10.0.0.1:1')).toBe('OK');
    expect(server.client.events).toEqual(['close after replies', 'close after replies']);
  });

  test('closes nobody when a later filter is wrong', () => {
    expect(server.run('CLIENT', 'KILL', 'TYPE', 'normal', 'TYPE', 'odd')).toEqual(
      new ReplyError("ERR Unknown client type 'odd'"),
    );
    expect(killed()).toEqual([]);
  });
});

describe('CLIENT KILL MAXAGE', () => {
  // All of them are a minute old.
  test('closes those that are at least so old', () => {
    expect(server.run('CLIENT', 'KILL', 'MAXAGE', 3600)).toBe(0);
    expect(server.run('CLIENT', 'KILL', 'MAXAGE', 59, 'TYPE', 'replica')).toBe(1);
    expect(killed()).toEqual([3]);
    expect(server.run('CLIENT', 'KILL', 'MAXAGE', 1)).toBe(3);
    expect(server.client.events).toEqual([]);
  });

  test.each([
    ['abc', 'ERR maxage is not an integer or out of range'],
    ['0', 'ERR maxage should be greater than 0'],
    ['-1', 'ERR maxage should be greater than 0'],
  ])('refuses %s', (age, message) => {
    expect(server.run('CLIENT', 'KILL', 'MAXAGE', age, 'ID', 2)).toEqual(new ReplyError(message));
  });
});

describe('CLIENT UNBLOCK', () => {
  test('ends the wait of one that waits', () => {
    other.isBlocked = true;
    expect(server.run('CLIENT', 'UNBLOCK', 2)).toBe(1);
    expect(server.run('CLIENT', 'UNBLOCK', 2, 'timeout')).toBe(1);
    expect(server.run('CLIENT', 'UNBLOCK', 2, 'ERROR')).toBe(1);
    expect(other.events).toEqual(['unblock', 'unblock', 'unblock with error']);
    expect(server.run('CLIENT', 'UNBLOCK', 3)).toBe(0);
    expect(server.run('CLIENT', 'UNBLOCK', 99)).toBe(0);
  });
});

describe('CLIENT PAUSE', () => {
  test('is of all commands unless it is said to be of writes', () => {
    server.run('CLIENT', 'PAUSE', 100);
    server.run('CLIENT', 'PAUSE', 100, 'write');
    server.run('CLIENT', 'UNPAUSE');
    expect(server.events).toEqual(['pause all', 'pause write', 'unpause']);
  });
});

describe('CLIENT LIST', () => {
  test('lists all, those of a type, or those with given numbers in that order', () => {
    expect(server.run('CLIENT', 'LIST')).toBe('id=1\nid=2\nid=3\nid=4\n');
    expect(server.run('CLIENT', 'LIST', 'TYPE', 'replica')).toBe('id=3\n');
    expect(server.run('CLIENT', 'LIST', 'ID', 4, 99, 2)).toBe('id=4\nid=2\n');
    expect(server.run('CLIENT', 'LIST', 'TYPE', 'pubsub')).toBe('');
  });
});

describe('CLIENT REPLY', () => {
  test('answers only ON', () => {
    expect(server.run('CLIENT', 'REPLY', 'OFF')).toBe(undefined);
    expect(server.client.replyMode).toBe('off');
    expect(server.run('CLIENT', 'REPLY', 'ON')).toBe('OK');
    expect(server.run('CLIENT', 'REPLY', 'SKIP')).toBe(undefined);
    expect(server.client.replyMode).toBe('skip-next');
  });

  test('SKIP does not turn replies on again that are off', () => {
    server.run('CLIENT', 'REPLY', 'OFF');
    server.run('CLIENT', 'REPLY', 'SKIP');
    expect(server.client.replyMode).toBe('off');
  });
});

test('HELLO answers that the client must authenticate, and does so with AUTH', () => {
  server.client.isAuthenticated = false;
  expect(String(server.run('HELLO', 3))).toContain('NOAUTH HELLO must be called');
  expect(server.client.resp).toBe(2);
  expect(server.run('HELLO', 3, 'AUTH', 'default', 'wrong', 'SETNAME', 'me')).toEqual(
    new ReplyError('WRONGPASS invalid username-password pair or user is disabled.'),
  );
  expect(server.client.name).toBe('');
  expect(server.run('HELLO', 3, 'AUTH', 'default', 'right', 'SETNAME', 'me')).toBeInstanceOf(Map);
  expect(server.client).toMatchObject({ isAuthenticated: true, name: 'me', resp: 3 });
});

test('SHUTDOWN answers nothing when it succeeds, and does nothing when its options contradict', () => {
  expect(server.run('SHUTDOWN', 'SAVE', 'NOSAVE')).toEqual(new ReplyError('ERR syntax error'));
  expect(server.run('SHUTDOWN', 'ABORT', 'NOW')).toEqual(new ReplyError('ERR syntax error'));
  expect(server.run('SHUTDOWN', 'LATER')).toEqual(new ReplyError('ERR syntax error'));
  expect(server.run('SHUTDOWN', 'ABORT')).toEqual(new ReplyError('ERR No shutdown in progress.'));
  expect(server.events).toEqual([]);
  expect(server.run('SHUTDOWN', 'nosave', 'NOW', 'FORCE')).toBe(undefined);
  expect(server.events).toEqual(['defer', 'shutdown {"dump":"nosave","isForced":true}']);
});
