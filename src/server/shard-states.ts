/**
 * What the acceptor knows of its shards' lives: whether each serves, how far those are that load, and how often each
 * has died. Only a shard that serves is sent requests.
 */
import type { LoadingReport } from '../commands/context.ts';
import type { LoadingProgress, StatusMessage } from '../ring/messages.ts';
import type { Log } from './log.ts';

/** `down` until its thread has said something of itself. */
export type ShardState = 'loading' | 'serving' | 'down';

/** How often the log says how far loading is. */
const PROGRESS_MS = 5000;
const NOTHING: LoadingProgress = { loadedBytes: 0, totalBytes: 0, keys: 0 };

interface Shard {
  state: ShardState;
  progress: LoadingProgress;
  restarts: number;
}

export class ShardStates {
  /** True until all shards have served at the same time: Redis's state while it loads. */
  isStarting = true;
  allServe = false;
  readonly #shards: readonly Shard[];
  readonly #log: Pick<Log, 'notice'>;
  readonly #changed: (() => void)[] = [];
  #isHeld = false;
  /** Since when shards load; undefined while none does. */
  #loadingSinceMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(shards: number, log: Pick<Log, 'notice'>) {
    this.#shards = Array.from({ length: shards }, () => ({ state: 'down', progress: NOTHING, restarts: 0 }));
    this.#log = log;
  }

  /** Until it is called with false, the server counts as starting although all shards serve. */
  holdStart(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#update();
  }

  /** Calls `loaded` once, when no shard has anything to load any more. */
  onLoaded(loaded: () => void): void {
    let isDone = false;
    const look = () => {
      if (isDone || !this.#shards.every(({ state }) => state === 'serving')) return;
      isDone = true;
      loaded();
    };
    this.onChange(look);
    look();
  }

  /** Has `changed` called whenever `isStarting` or a state may have changed. */
  onChange(changed: () => void): void {
    this.#changed.push(changed);
  }

  stateOf(shard: number): ShardState {
    return this.#shards[shard]!.state;
  }

  restartsOf(shard: number): number {
    return this.#shards[shard]!.restarts;
  }

  get restarts(): number {
    return this.#shards.reduce((sum, { restarts }) => sum + restarts, 0);
  }

  /** What a shard says of itself. */
  accept(index: number, message: StatusMessage): void {
    const shard = this.#shards[index]!;
    shard.state = message.state;
    if (message.state === 'loading') {
      shard.progress = message;
      if (this.#loadingSinceMs === undefined) this.#loadingBegins();
    } else if (shard.restarts > 0) {
      this.#log.notice(`shard ${index} serves again`);
    }
    this.#update();
  }

  /** The shard's thread has ended. */
  down(index: number): void {
    const shard = this.#shards[index]!;
    shard.state = 'down';
    shard.progress = NOTHING;
    this.#update();
  }

  /** The shard gets a new thread. */
  restarted(index: number): void {
    this.#shards[index]!.restarts++;
  }

  /** For INFO: only while the server starts. */
  get loading(): LoadingReport | undefined {
    if (!this.isStarting) return undefined;
    const { loadedBytes, totalBytes } = this.#progress();
    const startedAtMs = this.#loadingSinceMs ?? Date.now();
    return {
      startedAtMs,
      loadedBytes,
      totalBytes,
      etaSeconds: etaSeconds(startedAtMs, loadedBytes, totalBytes),
    };
  }

  /** To be called when the server stops. */
  close(): void {
    clearInterval(this.#timer);
  }

  #update(): void {
    this.allServe = !this.#isHeld && this.#shards.every(({ state }) => state === 'serving');
    if (this.allServe) this.isStarting = false;
    if (this.#loadingSinceMs !== undefined && !this.#shards.some(({ state }) => state === 'loading')) {
      this.#loadingEnds(this.#loadingSinceMs);
    }
    for (const changed of this.#changed) changed();
  }

  #progress(): LoadingProgress {
    const sum = (field: keyof LoadingProgress) =>
      this.#shards.reduce((total, { progress }) => total + progress[field], 0);
    return { loadedBytes: sum('loadedBytes'), totalBytes: sum('totalBytes'), keys: sum('keys') };
  }

  #loadingBegins(): void {
    this.#loadingSinceMs = Date.now();
    this.#timer = setInterval(() => this.#tell(), PROGRESS_MS);
    this.#timer.unref();
    this.#log.notice('loading the dataset');
  }

  #tell(): void {
    const { loadedBytes, totalBytes, keys } = this.#progress();
    const percent = totalBytes === 0 ? 0 : Math.floor((loadedBytes / totalBytes) * 100);
    const seconds = etaSeconds(this.#loadingSinceMs!, loadedBytes, totalBytes);
    this.#log.notice(
      `loading: ${loadedBytes} of ${totalBytes} bytes (${percent}%), ${keys} keys, about ${seconds} s to go`,
      { loadedBytes, totalBytes, keys },
    );
  }

  #loadingEnds(sinceMs: number): void {
    clearInterval(this.#timer);
    this.#loadingSinceMs = undefined;
    const { loadedBytes, keys } = this.#progress();
    for (const shard of this.#shards) shard.progress = NOTHING;
    // The shards that died meanwhile say so themselves.
    if (this.#shards.some(({ state }) => state === 'down')) return;
    const seconds = ((Date.now() - sinceMs) / 1000).toFixed(3);
    this.#log.notice(`loaded ${keys} keys, ${loadedBytes} bytes, in ${seconds} s`, { keys, loadedBytes });
  }
}

/** What Redis tells: from whole seconds, and 1 for the first of them. */
function etaSeconds(startedAtMs: number, loadedBytes: number, totalBytes: number): number {
  const elapsed = Math.floor(Date.now() / 1000) - Math.floor(startedAtMs / 1000);
  if (elapsed <= 0) return 1;
  return Math.floor((elapsed * Math.max(0, totalBytes - loadedBytes)) / (loadedBytes + 1));
}
