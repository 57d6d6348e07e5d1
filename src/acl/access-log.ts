/** What ACL LOG shows: what was denied lately. The same thing done again within a minute counts on one entry. */
import type { AclDenial, AclLogEntry } from '../commands/acl-service.ts';

const GROUPED_MS_MAX = 60_000;
/** Among how many of the newest entries one looks for the same thing. */
const GROUPED_ENTRIES_MAX = 10;

export type Denied = Pick<AclLogEntry, 'reason' | 'context' | 'object' | 'username' | 'clientInfo'>;

export class AccessLog {
  /** How often each reason came up, also when the entries are gone. */
  readonly denials: Record<AclDenial, number> = { auth: 0, command: 0, key: 0, channel: 0 };
  readonly #lengthMax: () => number;
  #entries: AclLogEntry[] = [];
  #nextId = 0;

  /** `lengthMax` is asked when something is added. */
  constructor(lengthMax: () => number) {
    this.#lengthMax = lengthMax;
  }

  /** The newest first. */
  get entries(): readonly AclLogEntry[] {
    return this.#entries;
  }

  clear(): void {
    this.#entries = [];
  }

  add(denied: Denied, nowMs: number): void {
    this.denials[denied.reason]++;
    const index = this.#entries.findIndex(
      (entry, i) =>
        i < GROUPED_ENTRIES_MAX && isSame(entry, denied) && nowMs - entry.updatedAtMs <= GROUPED_MS_MAX,
    );
    if (index >= 0) {
      const [entry] = this.#entries.splice(index, 1);
      const { clientInfo } = denied;
      this.#entries.unshift({ ...entry!, clientInfo, count: entry!.count + 1, updatedAtMs: nowMs });
      return;
    }
    const fresh = { id: this.#nextId++, count: 1, createdAtMs: nowMs, updatedAtMs: nowMs };
    this.#entries.unshift({ ...denied, ...fresh });
    this.#entries.length = Math.min(this.#entries.length, this.#lengthMax());
  }
}

function isSame(a: Denied, b: Denied): boolean {
  return (
    a.reason === b.reason && a.context === b.context && a.object === b.object && a.username === b.username
  );
}
