/** `stream-node-max-bytes` and `stream-node-max-entries`: how large one node of a stream gets. */

/** No node gets larger, whatever the options say, and no entry either. */
export const NODE_BYTES_MAX: number = 2 ** 30;

export class StreamLimits {
  /** Bytes of a node as Redis counts them; 0: no other limit than NODE_BYTES_MAX. */
  bytes = 4096;
  /** Entries of a node, deleted ones as well; 0: no limit. */
  entries = 100;

  /** How many entries trimming about to a length removes at once where no LIMIT is given. */
  get trimmedMax(): number {
    const wanted = 100 * this.entries;
    return wanted <= 0 ? 10000 : Math.min(wanted, 1000000);
  }
}
