/** `maxmemory` without eviction: while the keys take more, commands that may add to them are refused. */
import type { Command } from '../commands/table.ts';
import type { ShardLink } from './shard-link.ts';

export class MemoryLimit {
  /** 0 for no limit. */
  bytesMax = 0;
  readonly #links: readonly ShardLink[];

  constructor(links: readonly ShardLink[]) {
    this.#links = links;
  }

  refuses(command: Command): boolean {
    return this.bytesMax > 0 && command.flags.includes('denyoom') && this.#usedBytes() > this.bytesMax;
  }

  /** What the shards had published when they last answered. */
  #usedBytes(): number {
    let bytes = 0;
    for (const { statistics } of this.#links)
      bytes += statistics.get('entryBytes') + statistics.get('indexBytes');
    return bytes;
  }
}
