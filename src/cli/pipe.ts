/**
 * Mass insertion (`--pipe`): what stands on standard input goes to the server as it is, as fast as the server takes
 * it, while its replies are counted. A last ECHO with a random text tells when all of them have come.
 */
import { randomBytes } from 'node:crypto';
import type { Reply } from '../protocol/reply-decoder.ts';
import { encodeCommand } from './connection.ts';
import type { Surroundings } from './modes.ts';

/** Counts replies until the one that answers the last ECHO. */
export class PipeTally {
  readonly mark = randomBytes(10).toString('hex');
  errors = 0;
  replies = 0;
  lastReplyAtMs = Date.now();
  /** Resolves when the ECHO is answered. */
  readonly done: Promise<void>;
  readonly #complain: (line: string) => void;
  #finish: () => void = () => {};

  constructor(complain: (line: string) => void) {
    this.#complain = complain;
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  take(reply: Reply): void {
    this.lastReplyAtMs = Date.now();
    if (reply.type === 'bulk' && reply.text === this.mark) this.#finish();
    else if (reply.type !== 'push') this.replies++;
    if (reply.type === 'error') {
      this.errors++;
      this.#complain(reply.text);
    }
  }
}

/**
 * Sends `input` and waits for all replies, which `tally` must be given. `timeoutMs`: how long the server may be
 * silent after all is sent; 0 for ever. Returns the exit code.
 */
export async function pipe(
  { client, printer, complain, lost }: Surroundings,
  input: AsyncIterable<Uint8Array>,
  tally: PipeTally,
  timeoutMs: number,
): Promise<number> {
  const isLost = lost.then(() => 'lost' as const);
  const sent = (async () => {
    for await (const chunk of input) {
      if (!client.isConnected) break;
      await client.sendRaw(chunk);
    }
    return 'sent' as const;
  })();
  if ((await Promise.race([sent, isLost])) === 'sent') {
    // Should the input end within a line, it ends here and not with the ECHO.
    await client.sendRaw(Buffer.concat([Buffer.from('\r\n'), encodeCommand(['ECHO', tally.mark])]));
    printer.write('All data transferred. Waiting for the last reply...\n');
  }
  const end = await Promise.race([tally.done, isLost, silence(tally, timeoutMs)]);
  if (end === undefined) printer.write('Last reply received from server.\n');
  if (end === 'lost') {
    complain((await lost).message);
    tally.errors++;
  }
  if (end === 'silent') {
    complain(`No replies for ${timeoutMs / 1000} seconds: exiting.`);
    tally.errors++;
  }
  printer.write(`errors: ${tally.errors}, replies: ${tally.replies}\n`);
  return tally.errors === 0 ? 0 : 1;
}

function silence(tally: PipeTally, timeoutMs: number): Promise<'silent'> {
  return new Promise((resolve) => {
    if (timeoutMs === 0) return;
    tally.lastReplyAtMs = Date.now();
    const timer = setInterval(() => {
      if (Date.now() - tally.lastReplyAtMs <= timeoutMs) return;
      clearInterval(timer);
      resolve('silent');
    }, 100);
    timer.unref();
  });
}
