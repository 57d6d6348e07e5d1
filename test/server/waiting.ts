/** Waiting for what happens in another process. */
import { Client } from '../support/client.ts';

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves when `condition` holds; throws with `what` when it does not within `msMax`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  msMax = 20_000,
): Promise<void> {
  const deadline = Date.now() + msMax;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`did not happen within ${msMax} ms: ${what}`);
    await pause(10);
  }
}

/** A connection to a server that may still be starting. */
export async function connectWhenUp(port: number): Promise<Client> {
  let client: Client | undefined;
  await until('the server listens', async () => {
    client = await Client.connect(port).catch(() => undefined);
    return client !== undefined;
  });
  return client!;
}
