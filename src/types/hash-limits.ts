/** `hash-max-listpack-entries` and `hash-max-listpack-value`: up to where a hash is packed. */

const DEFAULT_ENTRIES = 512;
const DEFAULT_VALUE_BYTES = 64;
/** What the packed form can count. */
const COUNT_MAX = 0xffff;

export class HashLimits {
  /** Fields of a packed hash. */
  entries = DEFAULT_ENTRIES;
  /** Bytes of a field or a value in one. */
  valueBytes = DEFAULT_VALUE_BYTES;

  setEntries(entries: number): void {
    this.entries = Math.min(entries, COUNT_MAX);
  }
}
