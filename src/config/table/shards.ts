/** Options: how the keys are divided. */
import { availableParallelism } from 'node:os';
import { boolean, integer, KB, MB, memory, oneOf } from '../kinds.ts';
import { row } from '../row.ts';

export const shards = {
  shards: row({
    kind: integer(1, 256),
    default: () => Math.max(1, availableParallelism() - 1),
    defaultText: 'cores less one',
    mutable: false,
    affects: ['server'],
    group: 'Shards',
    help: 'worker threads, each of which owns a part of the keys',
  }),
  'virtual-nodes': row({
    kind: integer(1, 1024),
    default: 160,
    mutable: false,
    affects: ['server'],
    group: 'Shards',
    help: 'points of each shard on the hash ring',
  }),
  databases: row({
    kind: integer(1, 256),
    default: 16,
    mutable: false,
    affects: ['server', 'shards'],
    group: 'Shards',
    help: 'logical databases for SELECT',
  }),
  'lane-size': row({
    kind: memory({ min: 64 * KB, max: 64 * MB, isPowerOfTwo: true }),
    default: 512 * KB,
    mutable: false,
    affects: ['server', 'shards'],
    group: 'Shards',
    help: 'bytes of the lane of requests to each shard, and of the lane of replies from it',
  }),
  'on-shard-crash': row({
    kind: oneOf('restart', 'exit'),
    default: 'restart',
    mutable: true,
    affects: ['server'],
    group: 'Shards',
    help: 'what follows when a worker thread ends by itself: it is started again, or the server ends',
  }),
  'direct-reads': row({
    kind: boolean(),
    default: true,
    mutable: true,
    affects: ['server'],
    group: 'Shards',
    help: "read strings straight from a shard's memory, without a hop to its thread",
  }),
};
