/** allkeys-random and volatile-random: any entry, each with the same chance. */
import { ACCESS_CLOCK } from '../access.ts';
import { type EvictionPolicy, type EvictionTarget, Victim } from './policy.ts';
import { Sampler } from './sampler.ts';

export class RandomEviction implements EvictionPolicy {
  readonly access = ACCESS_CLOCK;
  readonly victim = new Victim();
  readonly arrivals = undefined;
  readonly bytes = 0;
  readonly #sampler: Sampler;

  constructor(target: EvictionTarget, isVolatile: boolean) {
    this.#sampler = new Sampler(target, isVolatile);
  }

  choose(): boolean {
    return this.#sampler.draw(this.victim);
  }
}
