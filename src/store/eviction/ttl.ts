/** volatile-ttl: what expires first, among samples. */
import { ACCESS_CLOCK } from '../access.ts';
import { SampledEviction } from './sampled.ts';

export class TtlEviction extends SampledEviction {
  readonly access = ACCESS_CLOCK;

  protected override moment(): number {
    return 0;
  }

  protected override score(ref: number): number {
    return -this.target.entries.expiry(ref);
  }
}
