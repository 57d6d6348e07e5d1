/** The time as a shard's commands see it: read once a batch, so that a batch lives in one moment. */
export class ShardClock {
  /** Milliseconds since 1970. */
  nowMs = Date.now();

  update(): void {
    this.nowMs = Date.now();
  }
}
