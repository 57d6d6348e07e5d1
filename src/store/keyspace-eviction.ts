/** The part of a keyspace that makes room: which policy is in force, and its victims' removal. */
import type { EvictionPolicyName } from '../base/eviction-policies.ts';
import { makePolicy } from './eviction/policies.ts';
import type { EvictionOptions, EvictionPolicy } from './eviction/policy.ts';
import { KeyspaceSteps } from './keyspace-steps.ts';

const STANDARD: EvictionOptions = { samples: 5, lfuLogFactor: 10, lfuDecayMinutes: 1 };

export abstract class KeyspaceEviction extends KeyspaceSteps {
  evictionPolicy: EvictionPolicyName = 'noeviction';
  private eviction: EvictionPolicy = makePolicy('noeviction', this, STANDARD);

  /** Sets the policy and what is to be set of it, at any time: nothing is lost. */
  setEviction(name: EvictionPolicyName, options: EvictionOptions): void {
    this.evictionPolicy = name;
    this.eviction = makePolicy(name, this, options);
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
}
