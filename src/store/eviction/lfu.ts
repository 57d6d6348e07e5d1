/** allkeys-lfu and volatile-lfu: what was used least, among samples, by counters that grow with the logarithm of the uses and fall with time. */
import { ACCESS_COUNTER, COUNTER_MAX, minutesOf } from '../access.ts';
import { ACCESS_MASK } from '../layout.ts';
import { SampledEviction } from './sampled.ts';

export class LfuEviction extends SampledEviction {
  readonly access = ACCESS_COUNTER;

  protected override moment(nowMs: number): number {
    return minutesOf(nowMs);
  }

  protected override score(ref: number, minutes: number): number {
    const { accessRule, entries } = this.target;
    return COUNTER_MAX - accessRule.frequencyAt(entries.word(ref, 2) & ACCESS_MASK, minutes);
  }
}
