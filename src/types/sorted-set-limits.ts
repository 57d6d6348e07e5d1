/** `zset-max-listpack-entries` and `zset-max-listpack-value`: up to where a sorted set has its packed form. */

/** The packed form counts its members in two bytes. */
const ENTRIES_MAX = 0xffff;

export class SortedSetLimits {
  /** Members. */
  entries = 128;
  /** Bytes of a member. */
  value = 64;

  /** Whether a sorted set of so many members, the longest of so many bytes, is too large for the packed form. */
  exceeds(entries: number, value: number): boolean {
    return entries > this.entries || value > this.value || entries > ENTRIES_MAX;
  }
}
