/**
 * How expendable the next victims of a shard's policy are, so that shards can be compared: the base-2 logarithm of a factor by
 * which its keys should rather go than others. It is the most that some random keys have, the sort of key that the policy finds,
 * smoothed over time.
 *
 *   lru   idle for twice as long: 16 times as expendable
 *   lfu   a counter lower by 1: 4 times
 *   ttl   half the time to live: 16 times
 *   other policies   all keys are equal
 */
import { Sampler } from '../store/eviction/sampler.ts';
import type { Keyspace } from '../store/keyspace.ts';

const SAMPLES = 16;
const IDLE_POWER = 4;
const LEVELS_PER_COUNT = 2;
/** The part that a new sample has in the level. */
const FRESH_PART = 1 / 4;

export class VictimLevel {
  readonly #keyspace: Keyspace;
  readonly #drawn = { db: 0, ref: 0, hash: 0 };
  #policy = '';
  #sampler: Sampler | undefined;
  #level = 0;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  /** The level now. */
  sample(): number {
    const { evictionPolicy } = this.#keyspace;
    const isNew = evictionPolicy !== this.#policy;
    if (isNew) {
      this.#policy = evictionPolicy;
      this.#sampler = isMeasured(evictionPolicy)
        ? new Sampler(this.#keyspace, evictionPolicy.startsWith('volatile-'))
        : undefined;
      this.#level = 0;
    }
    if (this.#sampler === undefined) return 0;
    const found = this.#highest(this.#sampler);
    this.#level = isNew ? found : this.#level + (found - this.#level) * FRESH_PART;
    return this.#level;
  }

  #highest(sampler: Sampler): number {
    let highest = -Infinity;
    for (let i = 0; i < SAMPLES; i++) {
      if (!sampler.draw(this.#drawn)) return this.#level;
      highest = Math.max(highest, this.#levelOf(this.#drawn.ref));
    }
    return highest;
  }

  #levelOf(ref: number): number {
    const keyspace = this.#keyspace;
    if (this.#policy.endsWith('-lru')) return IDLE_POWER * Math.log2(1 + keyspace.idleSeconds(ref));
    if (this.#policy.endsWith('-lfu')) return -LEVELS_PER_COUNT * keyspace.frequency(ref);
    return -IDLE_POWER * Math.log2(1 + Math.max(0, keyspace.expiry(ref) - keyspace.now()));
  }
}

function isMeasured(policy: string): boolean {
  return /-(lru|lfu|ttl)$/.test(policy);
}
