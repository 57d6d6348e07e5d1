/**
 * The time before a shard serves: what is on disk goes into its keyspace, in slices. Between them it reads its control
 * lane and says how far it is; requests wait in their lane, where the acceptor puts none before the shard serves.
 */
import type { MessagePort } from 'node:worker_threads';
import type { LoadingProgress, StatusMessage } from '../ring/messages.ts';

const SLICE_MS = 100;

/** What is on disk cannot be loaded, which the main thread has been told: it ends the server, and knows why. */
export class LoadRefused extends Error {}

/** What fills a shard's keyspace. */
export interface Loader extends LoadingProgress {
  /**
   * Loads for about `budgetMs`. Returns true when there is nothing left. What it throws ends the shard, `LoadRefused`
   * without another word.
   */
  step(budgetMs: number): boolean;
}

/** Loads all that `loader` has, and calls `between` after each slice; false from it ends the loading. */
export function loadAll(
  loader: Loader,
  port: Pick<MessagePort, 'postMessage'>,
  between: () => boolean,
): void {
  tellLoading(port, loader);
  let isDone = false;
  while (!isDone) {
    isDone = loader.step(SLICE_MS);
    tellLoading(port, loader);
    if (!between()) return;
  }
}

export function tellLoading(port: Pick<MessagePort, 'postMessage'>, progress: LoadingProgress): void {
  const { loadedBytes, totalBytes, keys } = progress;
  port.postMessage({
    kind: 'status',
    state: 'loading',
    loadedBytes,
    totalBytes,
    keys,
  } satisfies StatusMessage);
}

export function tellServing(port: Pick<MessagePort, 'postMessage'>): void {
  port.postMessage({ kind: 'status', state: 'serving' } satisfies StatusMessage);
}
