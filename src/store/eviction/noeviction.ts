/** noeviction: nothing goes. */
import { type EvictionPolicy, Victim } from './policy.ts';

export class NoEviction implements EvictionPolicy {
  readonly victim = new Victim();

  choose(): boolean {
    return false;
  }
}
