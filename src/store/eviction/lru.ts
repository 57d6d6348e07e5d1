/** allkeys-lru and volatile-lru: what was not used for longest, among samples. The clock counts seconds, as in Redis. */
import { ACCESS_CLOCK } from '../access.ts';
import { ACCESS_MASK, accessClock } from '../layout.ts';
import { SampledEviction } from './sampled.ts';

export class LruEviction extends SampledEviction {
  readonly access = ACCESS_CLOCK;

  protected override moment(nowMs: number): number {
    return accessClock(nowMs);
  }

  protected override score(ref: number, clock: number): number {
    return (clock - this.target.entries.word(ref, 2)) & ACCESS_MASK;
  }
}
