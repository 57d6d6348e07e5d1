/** Runs the same tests against servers with different numbers of shards. */
import { describe } from 'vitest';

export function forEachShardCount(counts: readonly number[], body: (shards: number) => void): void {
  for (const shards of counts) {
    describe(shards === 1 ? 'with 1 shard' : `with ${shards} shards`, () => body(shards));
  }
}
