#!/usr/bin/env node
/**
 * The `shardis` command: reads the options, starts the server, and ends with a clear line and an exit code. As
 * `shardis cli` it is a client instead, as `shardis bench` it puts a server to the test, as `shardis check`, `import`
 * and `export` it works on the files of one that does not run, and as `shardis advise` it tells which cache would serve some traffic best.
 */
import { shardWorkerUrl } from '../workers/urls.ts';
import { loadConfig } from './config/load.ts';
import { type Log, openLog } from './server/log.ts';
import { Server } from './server/server.ts';
import { version } from './version.ts';

/** Prints one line and ends the process. */
function fail(message: string): never {
  process.stderr.write(`shardis: ${message}\n`);
  process.exit(1);
}

async function openLogOrFail(level: Parameters<typeof openLog>[0], file: string): Promise<Log> {
  try {
    return await openLog(level, file);
  } catch (error) {
    return fail(`cannot write the log file ${file}: ${(error as Error).message}`);
  }
}

type Tool = (argv: readonly string[]) => Promise<number>;

/** What is no server, by its word; loaded only when it is asked for. */
const tools = new Map<string | undefined, () => Promise<Tool>>([
  ['check', async () => (await import('./cli/disk/check.ts')).runCheck],
  ['import', async () => (await import('./cli/disk/import.ts')).runImport],
  ['export', async () => (await import('./cli/disk/export.ts')).runExport],
  ['advise', async () => (await import('./cli/advise/command.ts')).runAdvise],
]);

async function main(): Promise<void> {
  if (process.argv[2] === 'cli') {
    // Loaded only here: the server needs none of it.
    const { runCli } = await import('./cli/cli.ts');
    process.exit(await runCli(process.argv.slice(3)));
  }
  if (process.argv[2] === 'bench') {
    const { runBench } = await import('./cli/crash/command.ts');
    process.exit(await runBench(process.argv.slice(3)));
  }
  const tool = tools.get(process.argv[2]);
  if (tool !== undefined) process.exit(await (await tool())(process.argv.slice(3)));
  const loaded = loadConfig({
    argv: process.argv.slice(2),
    env: process.env,
    version,
  });
  if (loaded.kind === 'exit') {
    (loaded.code === 0 ? process.stdout : process.stderr).write(loaded.output);
    process.exit(loaded.code);
  }
  const { config } = loaded;
  const log = await openLogOrFail(config.get('loglevel'), config.get('logfile'));
  for (const { message } of loaded.ignored) log.warning(message);
  const server = await Server.start({
    config,
    users: loaded.users,
    log,
    version,
    shardWorkerUrl,
    configFile: loaded.configFile,
    stopped: (reason) => {
      if (reason.kind === 'shard-died') fail(reason.message.split('\n')[0]!);
      log.notice('shardis is now ready to exit, bye bye...');
      process.exit(0);
    },
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) endOn(signal, server, log);
  announce(server, log);
}

/** As SHUTDOWN without words. Whoever insists with a second Ctrl+C does not wait for the last dump. */
function endOn(signal: 'SIGTERM' | 'SIGINT', server: Server, log: Log): void {
  let isUndecided = false;
  process.on(signal, () => {
    if (isUndecided && signal === 'SIGINT') {
      log.warning('You insist... exiting now.');
      process.exit(1);
    }
    isUndecided = true;
    log.notice(`Received ${signal}, shutting down`);
    void server.shutdown({}).then((ended) => {
      isUndecided = false;
      if (!ended) {
        log.warning(`${signal} received but errors trying to shut down the server, check the logs`);
      }
    });
  });
}

function announce(server: Server, log: Log): void {
  const { config } = server;
  const hosts = config.get('bind');
  const places = server.port === 0 ? [] : hosts.map((host) => `${host}:${server.port}`);
  if (server.tlsPort !== 0) places.push(...hosts.map((host) => `${host}:${server.tlsPort} (TLS)`));
  if (config.get('unixsocket') !== '') places.push(config.get('unixsocket'));
  const memoryMb = Math.round(process.memoryUsage.rss() / 1024 / 1024);
  const state = server.shardStates.allServe ? 'ready' : 'loading, and listens';
  log.notice(
    `shardis ${version} ${state} on ${places.join(', ')} with ${config.get('shards')} ${config.get('shards') === 1 ? 'shard' : 'shards'}, ${memoryMb} MB resident`,
    {
      addresses: places,
      shards: config.get('shards'),
      rssBytes: process.memoryUsage.rss(),
      version,
      node: process.version,
    },
  );
}

main().catch((error: unknown) => {
  // One line, whatever it is; what is behind an unexpected one is for the log of whoever looks for it.
  const message = error instanceof Error ? error.message : String(error);
  fail(message.split('\n')[0]!);
});
