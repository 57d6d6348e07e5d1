/** allkeys-lru and volatile-lru: what was not used for longest, among samples. The clock counts seconds, as in Redis. */
import { ACCESS_CLOCK } from '../access.ts';
import { ACCESS_MASK } from '../layout.ts';
import { SampledEviction } from './sampled.ts';

export class LruEviction extends SampledEviction {
  readonly access = ACCESS_CLOCK;

  protected override score(ref: number, nowMs: number): number {
    const { accessRule, entries } = this.target;
    return accessRule.idleSeconds(entries.word(ref, 2) & ACCESS_MASK, nowMs);
  }
}
