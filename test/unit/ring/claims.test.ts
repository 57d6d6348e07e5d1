/** Claims: of all who want to end the wait of a client, one does. */
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { Claims, type Ending, GONE, SERVED, TIMED_OUT, Tickets } from '../../../src/ring/claims.ts';
import { repositoryRoot } from '../../support/paths.ts';
import type { ClaimsTask } from './claims-worker.ts';

const script = path.join(repositoryRoot, 'dist/test/unit/ring/claims-worker.js');

function claimAll(task: ClaimsTask): Promise<number[]> {
  const worker = new Worker(script, { workerData: task });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

test('a wait is ended once, and only by its own ticket', () => {
  const tickets = new Tickets(Claims.memory(8));
  const { claims } = tickets;
  const [first, second] = [tickets.take()!, tickets.take()!];
  expect(claims.isWaiting(first)).toBe(true);
  expect(claims.claim(first, TIMED_OUT)).toBe(true);
  expect(claims.claim(first, SERVED)).toBe(false);
  expect(claims.isWaiting(first)).toBe(false);
  expect(claims.isWaiting(second)).toBe(true);
  tickets.give(first);
  const third = tickets.take()!;
  expect(claims.isWaiting(third)).toBe(true);
  // In the place of the first one.
  expect(claims.claim(first, GONE)).toBe(false);
  expect(claims.isWaiting(first)).toBe(false);
  expect(claims.claim(third, GONE)).toBe(true);
  expect(claims.claim(second, SERVED)).toBe(true);
});

test('tickets are all different, and there are as many at a time as there are places', () => {
  const tickets = new Tickets(Claims.memory(8));
  const seen = new Set<number>();
  for (let round = 0; round < 50; round++) {
    const taken = Array.from({ length: 8 }, () => tickets.take()!);
    expect(tickets.take()).toBeUndefined();
    for (const ticket of taken) {
      expect(seen.has(ticket)).toBe(false);
      seen.add(ticket);
      tickets.give(ticket);
    }
  }
});

test('of several threads one gets each ticket', async () => {
  const memory = Claims.memory();
  const tickets = new Tickets(memory);
  const taken = Array.from({ length: 20_000 }, () => tickets.take()!);
  const endings: Ending[] = [SERVED, TIMED_OUT, GONE];
  const gate = new SharedArrayBuffer(8);
  new Int32Array(gate)[0] = endings.length;
  const got = await Promise.all(endings.map((ending) => claimAll({ memory, gate, tickets: taken, ending })));
  expect(got.flat().sort((a, b) => a - b)).toEqual(taken.sort((a, b) => a - b));
});
