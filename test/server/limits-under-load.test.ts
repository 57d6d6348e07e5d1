/** Pauses and limits that come and go while clients send pipelines: nothing is lost, doubled or out of order. */
import { expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import type { Client } from '../support/client.ts';
import { useServer } from './served.ts';
import { pause } from './waiting.ts';

const ROUNDS = 30;
const COMMANDS = 200;

forEachShardCount([1, 3], (shards) => {
  const server = useServer({ shards });

  test('every client gets its own replies in order', async () => {
    const control = await server().client();
    await control.command('CLIENT', 'SETNAME', 'control');
    const clients = await Promise.all(Array.from({ length: 6 }, () => server().client()));
    let isDone = false;
    const disturbing = disturb(control, () => isDone);
    await Promise.all(clients.map((client, number) => count(client, number)));
    isDone = true;
    await disturbing;
    for (const [number, client] of clients.entries()) {
      expect(await client.command('GET', `n:${number}`)).toBe(String(ROUNDS * COMMANDS));
      client.destroy();
    }
    control.destroy();
  });
});

/** Counts up by pipelines that mix reads, writes, commands over several shards and ones that run in the acceptor. */
async function count(client: Client, number: number): Promise<void> {
  let n = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const commands: string[][] = [];
    const expected: unknown[] = [];
    for (let i = 0; i < COMMANDS; i++) {
      n++;
      commands.push(['INCR', `n:${number}`], ['GET', `n:${number}`], ['ECHO', String(n)]);
      expected.push(n, String(n), String(n));
      if (i % 20 === 0) {
        commands.push(['MSET', `a:${number}`, String(n), `b:${number}`, '', `c:${number}`, String(n)]);
        commands.push(['MGET', `a:${number}`, `b:${number}`, `c:${number}`]);
        expected.push('OK', [String(n), '', String(n)]);
      }
    }
    expect(await client.pipeline(commands)).toEqual(expected);
  }
}

/** Switches pauses and limits on and off, none of which refuses a command. */
async function disturb(control: Client, isDone: () => boolean): Promise<void> {
  const set = (...words: (string | number)[]) => control.command('CONFIG', 'SET', ...words);
  expect(await set('rate-limit-mode', 'delay')).toBe('OK');
  const steps = [
    () => control.command('CLIENT', 'PAUSE', 10_000, 'WRITE'),
    () => control.command('CLIENT', 'UNPAUSE'),
    () => control.command('CLIENT', 'PAUSE', 5),
    () => set('rate-limit-ops', 20_000, 'rate-limit-burst', 10),
    () => set('max-value-size', '1mb'),
    () => set('rate-limit-ops', 0),
    () => set('rate-limit-user-ops', 50_000, 'rate-limit-user-burst', 5),
    () => control.command('CLIENT', 'PAUSE', 5, 'WRITE'),
    () => set('rate-limit-user-ops', 0),
    () => set('max-value-size', 0),
    () => set('maxmemory-clients', '1gb'),
  ];
  for (let step = 0; !isDone() || step % steps.length !== 0; step++) {
    expect(await steps[step % steps.length]!()).toBe('OK');
    await pause(3);
  }
  expect(await control.command('CLIENT', 'UNPAUSE')).toBe('OK');
}
