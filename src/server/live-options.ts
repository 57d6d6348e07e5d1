/** Options that the running server follows: what changes when CONFIG SET changes them. */
import type { PubSubService } from '../commands/pub-sub-service.ts';
import type { Config } from '../config/config.ts';
import type { Acceptor } from './acceptor.ts';
import type { AcceptorOptions } from './acceptor-parts.ts';
import type { DirectReader } from './direct-reader.ts';
import { publishKeyspaceEvents } from './keyspace-events.ts';
import type { Log } from './log.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { ShardLink } from './shard-link.ts';

export interface Followers {
  readonly config: Config;
  readonly log: Log;
  readonly links: readonly ShardLink[];
  readonly direct: DirectReader;
  readonly acceptor: Acceptor;
  readonly options: AcceptorOptions;
  readonly pubSub: PubSubService;
  readonly memoryLimit: MemoryLimit;
}

/** Puts the options in force as they are now, and with every change. */
export function followConfig(followers: Followers): void {
  const { config, log, links, direct, acceptor, options, pubSub, memoryLimit } = followers;
  direct.follow(config);
  publishKeyspaceEvents(acceptor, config, pubSub);
  config.onChange(['proto-max-bulk-len', 'client-query-buffer-limit', 'maxclients'], () => {
    options.limits.bulkBytesMax = config.get('proto-max-bulk-len');
    options.limits.queryBufferBytesMax = config.get('client-query-buffer-limit');
    options.limits.clientsMax = config.get('maxclients');
  });
  config.onChange('client-output-buffer-limit', () => {
    options.outputLimit.classes = config.get('client-output-buffer-limit');
  });
  limitClientMemory(config, acceptor);
  config.onChange(['maxmemory-clients', 'maxmemory'], () => limitClientMemory(config, acceptor));
  memoryLimit.bytesMax = config.get('maxmemory');
  config.onChange('maxmemory', () => {
    memoryLimit.bytesMax = config.get('maxmemory');
    warnOfLimit(config.get('maxmemory'), memoryLimit, log);
  });
  config.onChange('loglevel', () => log.setLevel(config.get('loglevel')));
  config.onShardChange((name, value) => {
    for (const link of links) link.send({ kind: 'option', name, value });
  });
}

function warnOfLimit(bytesMax: number, limit: MemoryLimit, log: Log): void {
  const used = limit.usedBytes;
  if (bytesMax === 0 || used <= bytesMax) return;
  log.warning(
    `the new maxmemory (${bytesMax}) is less than what is used (${used}): by maxmemory-policy, keys will be evicted or writes refused`,
  );
}

function limitClientMemory(config: Config, acceptor: Acceptor): void {
  const limit = config.get('maxmemory-clients');
  const bytes = limit.percent === 0 ? limit.bytes : (config.get('maxmemory') * limit.percent) / 100;
  acceptor.memory.setLimit(bytes);
  if (acceptor.memory.isOver) acceptor.endTurnSoon();
}
