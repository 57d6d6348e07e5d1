/** noeviction: nothing goes. */
import { ACCESS_CLOCK } from '../access.ts';
import { type EvictionPolicy, Victim } from './policy.ts';

export class NoEviction implements EvictionPolicy {
  readonly access = ACCESS_CLOCK;
  readonly victim = new Victim();
  readonly arrivals = undefined;
  readonly bytes = 0;

  choose(): boolean {
    return false;
  }
}
