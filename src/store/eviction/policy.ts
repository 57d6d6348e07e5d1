/** What an eviction policy is: one object a keyspace, made when the policy is set, in whose place another may come at any time. */
import type { Database } from '../database.ts';
import type { Entries } from '../entries.ts';

/** `maxmemory-samples`, `lfu-log-factor`, `lfu-decay-time`. */
export interface EvictionOptions {
  readonly samples: number;
  readonly lfuLogFactor: number;
  readonly lfuDecayMinutes: number;
}

/** What a policy sees of a keyspace. */
export interface EvictionTarget {
  readonly databases: readonly Database[];
  readonly entries: Entries;
  now(): number;
}

export interface EvictionPolicy {
  /** Where `choose` leaves the victim. Valid until the next change of the keyspace. */
  readonly victim: Victim;
  /** Chooses the next entry to go; false: there is none that may. The caller removes it. */
  choose(): boolean;
}

/** An entry of a keyspace, whose slot's hash is `hash`. */
export class Victim {
  db = 0;
  ref = 0;
  hash = 0;
}
