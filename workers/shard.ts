/** The entry of a shard's thread. */
import { workerData } from 'node:worker_threads';
import type { ShardSetup } from '../src/ring/messages.ts';
import { Shard } from '../src/shard/shard.ts';

new Shard(workerData as ShardSetup).run();
