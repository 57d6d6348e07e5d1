/** The process of a load: takes one job from its parent, does it, answers the result, and ends. */
import { BenchError } from '../report.ts';
import { runPace } from './beside.ts';
import { runHandOver } from './hand-over.ts';
import type { Message } from './process.ts';
import { runPublish } from './publish.ts';
import { runTransactions } from './transactions.ts';

type Job = Parameters<typeof runTransactions | typeof runHandOver | typeof runPublish | typeof runPace>[0];

function say(message: Message<unknown>): void {
  process.send!(message);
}

function work(job: Job): Promise<unknown> {
  switch (job.kind) {
    case 'transactions':
      return runTransactions(job);
    case 'hand-over':
      return runHandOver(job);
    case 'publish':
      return runPublish(job);
    case 'pace':
      return runPace(job, {
        ready: () => say({ ready: true }),
        stopped: new Promise((resolve) => process.once('message', () => resolve())),
      });
  }
}

process.once('message', async (job: Job) => {
  try {
    say({ result: await work(job) });
  } catch (error) {
    say({ error: error instanceof BenchError ? error.message : String((error as Error).stack) });
  }
  process.disconnect();
});
process.once('disconnect', () => process.exit());
