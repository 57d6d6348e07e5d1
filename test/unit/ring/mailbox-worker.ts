/** The threads of mailbox.test.ts: owners that park for transactions in order, callers that call them. */
import { parentPort, workerData } from 'node:worker_threads';
import { Mailbox } from '../../../src/ring/mailbox.ts';
import { Random } from '../../support/random.ts';

export interface MailboxTask {
  readonly role: 'owner' | 'caller';
  readonly memory: SharedArrayBuffer;
  /** The transactions that this thread takes part in, in order. */
  readonly transactions: readonly number[];
  readonly seed: number;
  /** Message lengths are at most so many bytes. */
  readonly bytesMax: number;
}

const CALLS = 3;

/** Every byte of the answer differs from the call's, so that a piece that got lost or mixed up shows. */
function answerTo(message: Uint8Array): Uint8Array {
  return message.map((byte) => byte ^ 0x5a);
}

function own(mailbox: Mailbox, { transactions }: MailboxTask): number {
  let calls = 0;
  for (const transaction of transactions) {
    mailbox.park(
      transaction,
      (message) => {
        calls++;
        return answerTo(message);
      },
      new Mailbox(Mailbox.memory()),
    );
  }
  return calls;
}

function call(mailbox: Mailbox, { transactions, seed, bytesMax }: MailboxTask): number {
  const random = new Random(seed);
  let right = 0;
  for (const transaction of transactions) {
    mailbox.awaitParked(transaction);
    for (let i = 0; i < CALLS; i++) {
      const message = new Uint8Array(random.between(0, bytesMax)).map(
        (_, at) => (at * 7 + transaction) & 0xff,
      );
      if (Buffer.compare(mailbox.call(message), answerTo(message)) === 0) right++;
    }
    mailbox.release();
  }
  return right;
}

const task = workerData as MailboxTask;
const mailbox = new Mailbox(task.memory);
parentPort!.postMessage(task.role === 'owner' ? own(mailbox, task) : call(mailbox, task));
