/** One conversation of raw bytes with a server, for what no client library would send. */
import type { RunningServer } from './server.ts';

const REPLY_MS_MAX = 10_000;

/** Sends `bytes` cut at `cuts`, closes our side, and returns all that came back until the server closed. */
export async function exchange(
  server: RunningServer,
  bytes: Buffer,
  cuts: readonly number[] = [],
): Promise<string> {
  const client = await server.client();
  let isHanging = false;
  const timer = setTimeout(() => {
    isHanging = true;
    client.destroy();
  }, REPLY_MS_MAX);
  let from = 0;
  for (const to of [...cuts, bytes.length].sort((a, b) => a - b)) {
    client.send(bytes.subarray(from, to));
    from = to;
    if (cuts.length > 0) await new Promise((resolve) => setImmediate(resolve));
  }
  client.end();
  const received = await client.receivedUntilClosed();
  clearTimeout(timer);
  if (isHanging)
    throw new Error(`the server did not close after ${JSON.stringify(bytes.toString('latin1'))}`);
  return received;
}
