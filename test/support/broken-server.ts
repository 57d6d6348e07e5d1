/**
 * A server that is broken on purpose, to see whether a test notices. It runs in this process, where its parts can be
 * reached, so that the product needs no switch for it.
 */
import { createConfig, type Options } from '../../src/config/load.ts';
import { silentLog } from '../../src/server/log.ts';
import { Server } from '../../src/server/server.ts';
import { version } from '../../src/version.ts';
import { shardWorkerUrl } from '../../workers/urls.ts';

/**
 * What keeps a shard's memory from being read past what is under way, as its link has it: transactions with parts on several
 * shards (`guards`), those that one shard executes (`epoch`), and commands that have a place in an order with those on other shards
 * (`orderGuards`).
 */
export type Guard = 'guards' | 'epoch' | 'orderGuards';

export interface InProcessServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts a server whose `lost` guards always read 0. Without any it is a server as others are. */
export async function startInProcess(
  options: Options,
  lost: readonly Guard[] = [],
): Promise<InProcessServer> {
  const server = await Server.start({
    config: createConfig({ port: 0, appendonly: false, save: '', ...options }),
    log: silentLog,
    version,
    shardWorkerUrl,
    pickFreePort: true,
  });
  for (const link of server.shards.links) {
    // What is counted goes nowhere, so that the count stays what is read.
    for (const guard of lost) Object.defineProperty(link, guard, { get: () => 0, set: () => {} });
  }
  return { port: server.port, close: () => server.close() };
}
