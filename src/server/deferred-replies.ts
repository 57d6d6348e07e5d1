/**
 * Replies that come later than their command: a place in the connection's order is taken now and filled when
 * there is something to say. Until then the connection takes no more commands, as Redis keeps a blocked client.
 */
import type { ErrorTally } from '../protocol/error-tally.ts';
import { ReplyBuffer, type ReplyWriter } from '../protocol/reply-writer.ts';
import type { Connection } from './connection.ts';
import type { Run, RunPool } from './run.ts';

export class DeferredReplies {
  readonly #runs: RunPool;
  readonly #tally: ErrorTally;
  /** Told when a connection has something to send. */
  readonly #answered: (connection: Connection) => void;
  readonly #waiting = new Map<Run, Connection>();

  constructor(runs: RunPool, tally: ErrorTally, answered: (connection: Connection) => void) {
    this.#runs = runs;
    this.#tally = tally;
    this.#answered = answered;
  }

  /** How many replies are still to come. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Takes the next place of the order of `connection`; what is returned fills it, once. */
  take(connection: Connection): (write: (reply: ReplyWriter) => void) => void {
    const run = this.#runs.take(connection);
    run.isSilent = connection.replyMode !== 'on';
    const { resp } = connection;
    connection.appendRun(run);
    connection.awaitReplies();
    this.#waiting.set(run, connection);
    let isOpen = true;
    return (write) => {
      // A place that was given up may be somebody else's by now.
      if (!isOpen || this.#waiting.get(run) !== connection) return;
      isOpen = false;
      this.#waiting.delete(run);
      const buffer = new ReplyBuffer();
      buffer.writer.resp = resp;
      buffer.writer.tally = this.#tally;
      write(buffer.writer);
      const bytes = buffer.take();
      connection.receive(run, bytes, 0, bytes.length);
      connection.runDone(run);
      this.#answered(connection);
    };
  }

  /** Gives up all places without a reply: the server stops, and nobody must wait for them. */
  drop(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [run, connection] of waiting) {
      connection.runDone(run);
      this.#answered(connection);
    }
  }
}
