/**
 * The embeddable server.
 *
 * ```ts
 * import { createServer } from 'shardis';
 *
 * const server = await createServer({ port: 0, shards: 2 });
 * console.log(server.port);
 * await server.close();
 * ```
 */
import { shardWorkerUrl } from '../workers/urls.ts';
import { createConfig, type Options } from './config/load.ts';
import { type Log, openLog, silentLog } from './server/log.ts';
import { Server } from './server/server.ts';
import { version } from './version.ts';

export type { Options } from './config/load.ts';
export type { Log } from './server/log.ts';

export interface EmbeddedServer {
  /** The TCP port it listens on. */
  readonly port: number;
  /** `redis://host:port`, for clients. */
  readonly url: string;
  /** Resolves when the server has stopped, whoever asked for it; rejects when a shard died. */
  readonly stopped: Promise<void>;
  /** As SHUTDOWN: a dump where `save` has rules; no new commands; replies are sent; all threads are joined. */
  close(): Promise<void>;
}

/** Options by the names of the configuration file, and where the log goes: nowhere, unless one is given. */
export type CreateServerOptions = Options & { readonly log?: Log | 'console' };

/**
 * Starts a server in this process and resolves when it accepts connections. Port 0, the default here, picks a
 * free one. Nothing is kept on disk unless `appendonly: true` or rules of `save` ask for it, with `dir` for where. Throws an Error with a one-line message for an invalid option or an address that cannot be used.
 */
export async function createServer(options: CreateServerOptions = {}): Promise<EmbeddedServer> {
  const { log, ...rest } = options;
  const config = createConfig({ port: 0, appendonly: false, save: '', ...rest });
  const chosenLog =
    log === 'console' ? await openLog(config.get('loglevel'), config.get('logfile')) : (log ?? silentLog);
  let settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  const stopped = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // An embedder who does not look at it must not be ended by an unhandled rejection.
  stopped.catch(() => {});
  const server = await Server.start({
    config,
    log: chosenLog,
    version,
    shardWorkerUrl,
    pickFreePort: true,
    stopped: (reason) =>
      reason.kind === 'asked' ? settle!.resolve() : settle!.reject(new Error(reason.message)),
  });
  const host = config.get('bind')[0] ?? '127.0.0.1';
  return { port: server.port, url: `redis://${host}:${server.port}`, stopped, close: () => server.close() };
}
