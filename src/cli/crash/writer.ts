/** Writes to a server on one connection until it is told to stop or the connection is gone. */
import { Connection } from '../connection.ts';
import { isOnTheWay, sentFor } from './block.ts';
import { encodeAll, lineOf } from './exchange.ts';
import type { History } from './history.ts';

/** What is told of everything that is sent and acknowledged. */
export interface WriterLog {
  sent(words: readonly string[], nowMs: number): void;
  acknowledged(nowMs: number): void;
}

export interface WriterOptions {
  readonly port: number;
  readonly history: History;
  /** The next command; undefined: there are no more. */
  next(nowMs: number): readonly string[] | undefined;
  /** How many commands to send at once, asked for before each time. */
  depth(): number;
  readonly log?: WriterLog;
}

export interface Writer {
  /** Sends no more; what is in flight is still acknowledged. */
  stop(): void;
  /** Resolves when all is acknowledged or the connection is gone, to a wrong reply if there was one. */
  readonly done: Promise<string | undefined>;
}

/** Rejects with ConnectionError when no connection can be made. */
export async function startWriter(options: WriterOptions): Promise<Writer> {
  const { port, history, next, depth, log } = options;
  const connection = await Connection.open({ host: '127.0.0.1', port, db: 0 });
  let isStopped = false;
  /** How many replies the commands that are sent will have, and how many of the oldest have come. */
  const replies: number[] = [];
  let received = 0;
  const done = new Promise<string | undefined>((resolve) => {
    const end = (wrong?: string) => {
      isStopped = true;
      connection.destroy();
      resolve(wrong);
    };
    const send = () => {
      const commands: (readonly string[])[] = [];
      for (let left = isStopped ? 0 : depth(); left > 0; left--) {
        const nowMs = Date.now();
        const words = next(nowMs);
        if (words === undefined) break;
        history.send(words, nowMs);
        log?.sent(words, nowMs);
        const sent = sentFor(words);
        replies.push(sent.length);
        commands.push(...sent);
      }
      if (commands.length === 0) end();
      else void connection.sendRaw(encodeAll(commands));
    };
    connection.onLost = () => end();
    connection.onStray = (reply) => {
      const nowMs = Date.now();
      const line = lineOf(reply);
      if (++received < (replies[0] ?? 0)) {
        if (!isOnTheWay(line)) end(`a command of a transaction was answered ${line}`);
        return;
      }
      replies.shift();
      received = 0;
      const wrong = history.acknowledge(line, nowMs);
      if (wrong !== undefined) return end(wrong);
      log?.acknowledged(nowMs);
      if (history.unanswered === 0) send();
    };
    send();
  });
  return {
    done,
    stop: () => {
      isStopped = true;
    },
  };
}
