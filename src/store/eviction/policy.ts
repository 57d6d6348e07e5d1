/** What an eviction policy is: one object a keyspace, made when the policy is set, in whose place another may come at any time. */
import type { AccessKind, AccessRule } from '../access.ts';
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
  readonly accessRule: AccessRule;
  now(): number;
  random(): number;
}

export interface EvictionPolicy {
  /** What it wants the access words to say. */
  readonly access: AccessKind;
  /** Where `choose` leaves the victim. Valid until the next change of the keyspace. */
  readonly victim: Victim;
  /** Set if it wants to be told of each entry that may be chosen from now on: a new one, or one that got an expiry. */
  readonly arrivals: Arrivals | undefined;
  /** What it takes of memory itself. */
  readonly bytes: number;
  /** Chooses the next entry to go; false: there is none that may. The caller removes it. */
  choose(): boolean;
}

/** Is told of entries that may be chosen from now on. */
export interface Arrivals {
  /** Only of those with an expiry. */
  readonly isVolatile: boolean;
  /** `hash` is that of the entry's slot. */
  arrived(hash: number): void;
  /** Very many have come at once, and it was told of none of them. */
  manyArrived(): void;
}

/** An entry of a keyspace, whose slot's hash is `hash`. */
export class Victim {
  db = 0;
  ref = 0;
  hash = 0;
}
