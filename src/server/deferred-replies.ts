/**
 * Replies that come later than their command: a place in the connection's order is taken now and filled when
 * there is something to say. Until then the connection takes no more commands, as Redis keeps a blocked client.
 */
import { ReplyBuffer, type ReplyWriter } from '../protocol/reply-writer.ts';
import type { Connection } from './connection.ts';
import type { Run, RunPool } from './run.ts';

export class DeferredReplies {
  readonly #runs: RunPool;
  /** Told when a connection has something to send, and how many error replies are among it. */
  readonly #answered: (connection: Connection, errors: number) => void;
  readonly #waiting = new Map<Run, Connection>();

  constructor(runs: RunPool, answered: (connection: Connection, errors: number) => void) {
    this.#runs = runs;
    this.#answered = answered;
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
      write(buffer.writer);
      const bytes = buffer.take();
      connection.receive(run, bytes, 0, bytes.length);
      connection.runDone(run);
      this.#answered(connection, buffer.writer.errors);
    };
  }

  /** Gives up all places without a reply: the server stops, and nobody must wait for them. */
  drop(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [run, connection] of waiting) {
      connection.runDone(run);
      this.#answered(connection, 0);
    }
  }
}
