/** allkeys-lfu and volatile-lfu: what was used least, among samples, by counters that grow with the logarithm of the uses and fall with time. */
import { ACCESS_COUNTER, COUNTER_MAX } from '../access.ts';
import { ACCESS_MASK } from '../layout.ts';
import { SampledEviction } from './sampled.ts';

export class LfuEviction extends SampledEviction {
  readonly access = ACCESS_COUNTER;

  protected override score(ref: number, nowMs: number): number {
    const { accessRule, entries } = this.target;
    return COUNTER_MAX - accessRule.frequency(entries.word(ref, 2) & ACCESS_MASK, nowMs);
  }
}
