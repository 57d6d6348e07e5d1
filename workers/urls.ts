/**
 * Where the files of worker threads are. Threads need built JavaScript: when this module itself runs from its
 * TypeScript source (as in tests), it points at the build beside it.
 */
const built = import.meta.url.endsWith('.ts') ? '../dist/workers/' : './';

export const shardWorkerUrl = new URL(`${built}shard.js`, import.meta.url);
