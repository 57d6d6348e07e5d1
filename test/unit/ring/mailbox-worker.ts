/** The threads of mailbox.test.ts: owners that park for transactions in order, callers that call them. */
import { parentPort, workerData } from 'node:worker_threads';
import { Mailbox, OtherShardGone } from '../../../src/ring/mailbox.ts';
import { Random } from '../../support/random.ts';

export interface MailboxTask {
  /** The mortal ones die in the middle of a call: the one while it answers, the other instead of calling again. */
  readonly role: 'owner' | 'caller' | 'mortal owner' | 'mortal caller';
  readonly memory: SharedArrayBuffer;
  /** The caller's own mailbox. */
  readonly callers: SharedArrayBuffer;
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

function own(mailbox: Mailbox, { transactions, callers, role }: MailboxTask): number {
  let calls = 0;
  for (const transaction of transactions) {
    mailbox.park(
      transaction,
      (message) => {
        calls++;
        if (role === 'mortal owner') throw new Error('the owner dies');
        return answerTo(message);
      },
      new Mailbox(callers),
    );
  }
  return calls;
}

/** Whether the calls, one a transaction, found that the owner has died. */
function callMortal(mailbox: Mailbox, { transactions }: MailboxTask): number {
  let gone = 0;
  for (const transaction of transactions) {
    if (!mailbox.awaitParked(transaction)) {
      gone++;
      continue;
    }
    try {
      mailbox.call(new Uint8Array(100_000));
    } catch (error) {
      if (!(error instanceof OtherShardGone)) throw error;
      gone++;
    }
    mailbox.release();
  }
  return gone;
}

function call(mailbox: Mailbox, { transactions, seed, bytesMax, role }: MailboxTask): number {
  const random = new Random(seed);
  let right = 0;
  for (const transaction of transactions) {
    mailbox.awaitParked(transaction);
    if (role === 'mortal caller') throw new Error('the caller dies');
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
const runs = task.role.endsWith('owner') ? own : task.bytesMax === 0 ? callMortal : call;
parentPort!.postMessage(runs(mailbox, task));
