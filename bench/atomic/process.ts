/**
 * A process of its own for a load: the parent's side. The child (client-process.ts) gets one job, may say that it is
 * under way, answers the result, and ends.
 */
import { fork } from 'node:child_process';
import { BenchError } from '../report.ts';
import { track } from '../servers.ts';

/** What a child says; it is told the job first, and `stop` when it has no end of its own. */
export type Message<Result> = { ready: true } | { result: Result } | { error: string };

export interface Running<Result> {
  /** Resolves when the load is on; only for jobs that say so. */
  ready: Promise<void>;
  result: Promise<Result>;
  stop(): void;
}

/** Starts `job` in a process. A reply that is not the expected one makes `result` fail with a BenchError. */
export function start<Result>(job: { kind: string }): Running<Result> {
  const child = fork(new URL('./client-process.js', import.meta.url), { stdio: 'inherit' });
  track(child);
  let isReady = () => {};
  let fail = (_why: string) => {};
  const ready = new Promise<void>((resolve, reject) => {
    isReady = resolve;
    fail = (why) => reject(new BenchError(why));
  });
  const result = new Promise<Result>((resolve, reject) => {
    const failReady = fail;
    fail = (why) => {
      failReady(why);
      reject(new BenchError(why));
    };
    child.on('message', (message: Message<Result>) => {
      if ('ready' in message) isReady();
      else if ('result' in message) resolve(message.result);
      else fail(message.error);
    });
  });
  // Whoever waits for one of them alone must not be ended by the other.
  ready.catch(() => {});
  result.catch(() => {});
  child.once('error', (error) => fail(error.message));
  child.once('exit', (code, signal) =>
    fail(`the load's process ended early (${signal ?? `exit code ${code}`})`),
  );
  child.send(job);
  return { ready, result, stop: () => child.send('stop') };
}

export function run<Result>(job: { kind: string }): Promise<Result> {
  return start<Result>(job).result;
}
