/** The part of a keyspace that makes room: which policy is in force, and its victims' removal. */
import type { EvictionPolicyName } from '../base/eviction-policies.ts';
import { ACCESS_COUNTER } from './access.ts';
import { makePolicy } from './eviction/policies.ts';
import type { EvictionOptions, EvictionPolicy } from './eviction/policy.ts';
import { KeyspaceSteps } from './keyspace-steps.ts';

const STANDARD: EvictionOptions = { samples: 5, lfuLogFactor: 10, lfuDecayMinutes: 1 };

export abstract class KeyspaceEviction extends KeyspaceSteps {
  evictionPolicy: EvictionPolicyName = 'noeviction';
  /** There is a limit at which entries are evicted. */
  hasLimit = false;
  /** Whether the policy evicts by use, so that files are to say how much entries were used. */
  keepsUse = false;
  private eviction: EvictionPolicy = makePolicy('noeviction', this, STANDARD);

  /** As in Redis, where values that are one object for all keys could not say when one of them was used. */
  get sharesIntegers(): boolean {
    return !(this.hasLimit && /-(lru|lfu)$/.test(this.evictionPolicy));
  }

  /** What the policy takes of memory for itself. */
  get evictionBytes(): number {
    return this.eviction.bytes;
  }

  /** Sets the policy and what is to be set of it, at any time: nothing is lost, and the same policy goes on where it was. */
  setEviction(name: EvictionPolicyName, options: EvictionOptions): void {
    const isOther = name !== this.evictionPolicy;
    this.evictionPolicy = name;
    this.keepsUse = /-(lru|lfu|s3fifo|sieve)$/.test(name);
    // What has queues depends on no option, and would have to fill them again.
    if (isOther || this.arrivals === undefined) this.eviction = makePolicy(name, this, options);
    this.arrivals = this.eviction.arrivals;
    this.accessRule.set(this.eviction.access, options.lfuLogFactor, options.lfuDecayMinutes);
  }

  /**
   * Removes one entry, of any database, that the policy chooses; false: there is none that may go. To the journal it is deleted;
   * `onEvicted` is told just before.
   */
  evict(): boolean {
    const { eviction } = this;
    if (!eviction.choose()) return false;
    const { db, ref, hash } = eviction.victim;
    this.statistics.evicted++;
    this.options.onEvicted?.(db, ref, hash);
    this.deleteEntry(db, ref, hash);
    return true;
  }

  // ---------------------------------------------------------------- what is known of an entry's use

  /** Whether the policy counts uses (lfu): then `frequency` tells, otherwise `idleSeconds`. */
  get countsUses(): boolean {
    return this.accessRule.kind === ACCESS_COUNTER;
  }

  /** The logarithmic counter, 0 to 255, less what it has fallen since the last use. */
  frequency(ref: number): number {
    return this.accessRule.frequency(this.access(ref), this.options.now());
  }

  idleSeconds(ref: number): number {
    return this.accessRule.idleSeconds(this.access(ref), this.options.now());
  }

  setFrequency(ref: number, counter: number): void {
    this.setAccess(ref, this.accessRule.counting(counter, this.options.now()));
  }

  /** Makes an entry look unused for so many seconds. */
  setIdle(ref: number, seconds: number): void {
    this.setAccess(ref, this.accessRule.idleFor(seconds, this.options.now()));
  }
}
