/** What monitors are shown of commands that scripts run, and of the clock. */
import { beforeEach, expect, test, vi } from 'vitest';
import { CommandTable } from '../../../src/commands/table.ts';
import { Arguments } from '../../../src/protocol/arguments.ts';
import type { Connection } from '../../../src/server/connection.ts';
import { Monitors } from '../../../src/server/monitors.ts';
import { FakeClient } from '../commands/fake-server.ts';

const table = new CommandTable();
let watched: boolean[];
let monitors: Monitors;
let client: FakeClient;

beforeEach(() => {
  watched = [];
  monitors = new Monitors(
    (isWatched) => watched.push(isWatched),
    () => '/run/s',
  );
  client = new FakeClient(1);
  monitors.add(client);
  return () => vi.useRealTimers();
});

function connection(fields: Partial<Connection> = {}): Connection {
  return { db: 4, address: '10.0.0.9:1', isUnixSocket: false, ...fields } as Connection;
}

function request(
  ...words: string[]
): [command: NonNullable<ReturnType<CommandTable['find']>>, args: Arguments] {
  const args = new Arguments();
  args.setWords(words.map((word) => Buffer.from(word, 'latin1')));
  return [table.find(args)!, args];
}

function shown(): string[] {
  return client.events.splice(0).map((event) => event.replace(/^push \+\d+\.\d{6} /, ''));
}

test('where a command came from', () => {
  monitors.show(connection(), ...request('GET', 'k'));
  monitors.show(connection({ isUnixSocket: true }), ...request('GET', 'k'));
  monitors.showInScript(connection(), ...request('GET', 'k'));
  expect(shown()).toEqual([
    '[4 10.0.0.9:1] "GET" "k"\r\n',
    '[4 unix:/run/s] "GET" "k"\r\n',
    '[4 lua] "GET" "k"\r\n',
  ]);
});

test('no command that administers is shown, wherever it comes from', () => {
  monitors.show(connection(), ...request('SHUTDOWN'));
  monitors.showInScript(connection(), ...request('SHUTDOWN'));
  expect(shown()).toEqual([]);
});

test('the time follows the clock of the system when that is set', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2040, 0, 1) });
  monitors.show(connection(), ...request('GET', 'k'));
  expect(client.events[0]).toContain(`push +${Date.UTC(2040, 0, 1) / 1000}.`);
});

test('whether anybody watches is told when it changes', () => {
  const other = new FakeClient(2);
  monitors.add(other);
  monitors.forget(client);
  expect(client.isMonitor).toBe(false);
  monitors.forget(client);
  expect(watched).toEqual([true, true]);
  expect(monitors.hasClients).toBe(true);
  monitors.forget(other);
  expect(watched).toEqual([true, true, false]);
});
