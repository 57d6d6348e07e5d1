/** Calls between threads through a mailbox: whole messages of any length, each caller with its own transaction. */
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { Mailbox } from '../../../src/ring/mailbox.ts';
import { repositoryRoot } from '../../support/paths.ts';
import type { MailboxTask } from './mailbox-worker.ts';

const script = path.join(repositoryRoot, 'dist/test/unit/ring/mailbox-worker.js');

function run(task: MailboxTask): Promise<number> {
  const worker = new Worker(script, { workerData: task });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function exchange(transactions: number, callers: number, bytesMax: number): Promise<number[]> {
  const memory = Mailbox.memory();
  const all = Array.from({ length: transactions }, (_, i) => i + 1);
  const tasks: MailboxTask[] = [{ role: 'owner', memory, transactions: all, seed: 0, bytesMax }];
  for (let caller = 0; caller < callers; caller++) {
    const own = all.filter((transaction) => transaction % callers === caller);
    tasks.push({ role: 'caller', memory, transactions: own, seed: caller + 1, bytesMax });
  }
  return Promise.all(tasks.map(run));
}

test('every call of several callers gets its own answer, in the order of the transactions', async () => {
  const [served, ...right] = await exchange(600, 3, 200);
  expect(served).toBe(1800);
  expect(right).toEqual([600, 600, 600]);
});

test('messages and answers longer than the mailbox travel in pieces', async () => {
  const [served, ...right] = await exchange(12, 2, 300_000);
  expect(served).toBe(36);
  expect(right).toEqual([18, 18]);
});
