/** Calls between threads through a mailbox: whole messages of any length, each caller with its own transaction. */
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
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
  const unused = Mailbox.memory();
  const all = Array.from({ length: transactions }, (_, i) => i + 1);
  const tasks: MailboxTask[] = [
    { role: 'owner', memory, callers: unused, transactions: all, seed: 0, bytesMax },
  ];
  for (let caller = 0; caller < callers; caller++) {
    const own = all.filter((transaction) => transaction % callers === caller);
    tasks.push({ role: 'caller', memory, callers: unused, transactions: own, seed: caller + 1, bytesMax });
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

describe('when a thread has died', () => {
  const task = { seed: 1, bytesMax: 0 };

  test('a caller gives up the call that it waits for, and what it would have to wait for next', async () => {
    const memory = Mailbox.memory();
    const callers = Mailbox.memory();
    const calling = run({ ...task, role: 'caller', memory, callers, transactions: [1, 2] });
    const owning = run({ ...task, role: 'mortal owner', memory, callers, transactions: [1] });
    await expect(owning).rejects.toThrow('the owner dies');
    new Mailbox(memory).abandon();
    expect(await calling).toBe(2);
  });

  test('an owner that is parked for it goes on with the next transaction', async () => {
    const memory = Mailbox.memory();
    const callers = Mailbox.memory();
    const owning = run({ ...task, role: 'owner', memory, callers, transactions: [1, 2] });
    const calling = run({ ...task, role: 'mortal caller', memory, callers, bytesMax: 9, transactions: [1] });
    await expect(calling).rejects.toThrow('the caller dies');
    new Mailbox(callers).abandon();
    expect(await owning).toBe(0);
  });

  test('the mailbox of its successor is as a new one', async () => {
    const memory = Mailbox.memory();
    const callers = Mailbox.memory();
    const owning = run({ ...task, role: 'mortal owner', memory, callers, transactions: [7] });
    const calling = run({ ...task, role: 'caller', memory, callers, transactions: [7] });
    await expect(owning).rejects.toThrow('the owner dies');
    new Mailbox(memory).abandon();
    expect(await calling).toBe(1);
    new Mailbox(memory).renew();
    const again = [
      run({ ...task, role: 'owner', memory, callers, bytesMax: 50, transactions: [8, 9] }),
      run({ ...task, role: 'caller', memory, callers, bytesMax: 50, transactions: [8, 9] }),
    ];
    expect(await Promise.all(again)).toEqual([6, 6]);
  });
});
