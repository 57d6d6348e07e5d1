/**
 * What becomes of the server when a shard's thread ends by itself: with `on-shard-crash restart` the shard gets a new
 * one while all others serve, unless that happens too often; with `exit` the server ends.
 */
import type { Config } from '../config/config.ts';
import type { ShardLink } from './shard-link.ts';
import type { ShardStates } from './shard-states.ts';

/** So many deaths within the window, of whichever shards, end the server. */
const DEATHS_MAX = 5;
const WINDOW_MS = 60_000;
/** A shard that dies so often in a row before it serves ends the server. */
const LOADING_DEATHS_MAX = 3;

/** What this needs of the server. */
export interface RecoveryHost {
  readonly config: Config;
  readonly states: ShardStates;
  /** Gives up all that the acceptor had under way with the shard. */
  lose(link: ShardLink): void;
  restart(shard: number): void;
  /** Ends the server; `message` says why. */
  giveUp(message: string): void;
  warn(message: string): void;
}

export class ShardRecovery {
  readonly #host: RecoveryHost;
  #deathsMs: number[] = [];
  /** By shard: how often it has died since it served. */
  readonly #unserved = new Map<number, number>();

  constructor(host: RecoveryHost) {
    this.#host = host;
  }

  died(link: ShardLink, reason: string): void {
    const { config, states } = this.#host;
    const { index } = link;
    const message = `shard ${index} died: ${reason}`;
    if (config.get('on-shard-crash') === 'exit') {
      this.#host.giveUp(message);
      return;
    }
    const hadServed = states.stateOf(index) === 'serving';
    const keys = keysOf(link, config.get('databases'));
    states.down(index);
    this.#host.lose(link);
    const limit = this.#tooOften(index, hadServed, Date.now());
    if (limit !== undefined) {
      this.#host.giveUp(`${message.split('\n')[0]} (${limit})`);
      return;
    }
    this.#host.warn(`${message}\n${this.#outlook(hadServed, keys)}`);
    states.restarted(index);
    this.#host.restart(index);
  }

  #outlook(hadServed: boolean, keys: number): string {
    if (this.#host.config.get('appendonly')) return 'It is started again and loads its keys from disk.';
    if (!hadServed) return 'It is started again.';
    return `It is started again. Nothing of it is on disk: its ${keys} keys are lost.`;
  }

  /** Why a shard must not be started once more, undefined when it may. */
  #tooOften(shard: number, hadServed: boolean, nowMs: number): string | undefined {
    this.#deathsMs = [...this.#deathsMs.filter((atMs) => nowMs - atMs < WINDOW_MS), nowMs];
    const unserved = hadServed ? 0 : (this.#unserved.get(shard) ?? 0) + 1;
    this.#unserved.set(shard, unserved);
    if (unserved >= LOADING_DEATHS_MAX) return `it died ${unserved} times before it served`;
    const deaths = this.#deathsMs.length;
    if (deaths >= DEATHS_MAX) return `shards died ${deaths} times within ${WINDOW_MS / 1000} seconds`;
    return undefined;
  }
}

function keysOf({ statistics }: ShardLink, databases: number): number {
  let keys = 0;
  for (let db = 0; db < databases; db++) keys += statistics.database(db).keys;
  return keys;
}
