/** The threads of claims.test.ts: each claims all tickets and tells which it got. */
import { parentPort, workerData } from 'node:worker_threads';
import { Claims, type Ending } from '../../../src/ring/claims.ts';

export interface ClaimsTask {
  readonly memory: SharedArrayBuffer;
  /** Where the threads wait for each other: how many there are, and how many have come. */
  readonly gate: SharedArrayBuffer;
  readonly tickets: readonly number[];
  readonly ending: Ending;
}

const { memory, gate, tickets, ending } = workerData as ClaimsTask;
const claims = new Claims(memory);
const cells = new Int32Array(gate);
Atomics.add(cells, 1, 1);
while (Atomics.load(cells, 1) < cells[0]!);
parentPort!.postMessage(tickets.filter((ticket) => claims.claim(ticket, ending)));
