/**
 * A client's connection as cheap as Node makes it: all sockets of a process read into one buffer, nothing is made for
 * a read, and what comes is compared with what must come as one run of bytes.
 */
import net from 'node:net';
import { BenchError } from '../report.ts';

const READ_BYTES = 64 * 1024;
const SILENCE_MS_MAX = 20_000;
const shared = Buffer.alloc(READ_BYTES);

/** Connects, and hands every read on in the shared buffer, which holds something else after `onRead` returns. */
export function connect(
  port: number,
  onRead: (bytes: Buffer, count: number) => void,
  onFailure: (why: string) => void,
): Promise<net.Socket> {
  return new Promise((resolve) => {
    const socket = net.connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (count) => {
          onRead(shared, count);
          return true;
        },
      },
    });
    socket.once('error', (error) => onFailure(error.message));
    socket.once('close', () => onFailure('the server closed a connection'));
    socket.once('connect', () => resolve(socket));
  });
}

/**
 * What a connection must receive: `period` again and again. Counts the bytes that came as they must; the first wrong
 * ones throw a BenchError that shows them.
 */
export class Expected {
  readonly #pattern: Buffer;
  readonly #period: number;
  #at = 0;

  constructor(period: Buffer) {
    this.#period = period.length;
    const times = Math.ceil(READ_BYTES / period.length) + 1;
    this.#pattern = Buffer.concat(Array.from({ length: times }, () => period));
  }

  /** Bytes of the period that the next read begins after. */
  get at(): number {
    return this.#at;
  }

  take(bytes: Buffer, count: number): void {
    const from = this.#at;
    if (this.#pattern.compare(bytes, 0, count, from, from + count) !== 0) {
      const at = bytes.subarray(0, count).findIndex((byte, index) => byte !== this.#pattern[from + index]);
      const shown = bytes.toString('latin1', Math.max(0, at - 20), Math.min(count, at + 80));
      throw new BenchError(`an unexpected reply, near ${JSON.stringify(shown)}`);
    }
    this.#at = (from + count) % this.#period;
  }
}

/**
 * Gives `work` a way to end with an error, and ends with it too when `moved` says the same after 20 s: a lost reply
 * must not be a benchmark that never ends.
 */
export function untilDone<T>(
  moved: () => number,
  work: (done: (value: T) => void, fail: (why: unknown) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let before = moved();
    const watch = setInterval(() => {
      if (moved() === before) fail(`no reply for ${SILENCE_MS_MAX / 1000} s`);
      before = moved();
    }, SILENCE_MS_MAX);
    const done = (value: T) => {
      clearInterval(watch);
      resolve(value);
    };
    const fail = (why: unknown) => {
      clearInterval(watch);
      reject(why instanceof Error ? why : new BenchError(String(why)));
    };
    work(done, fail);
  });
}

/** Closes connections whose end is no failure. */
export function close(sockets: net.Socket[]): void {
  for (const socket of sockets) socket.removeAllListeners('close').destroy();
}
