/** allkeys-random and volatile-random: any entry, each with the same chance. */
import { type EvictionPolicy, type EvictionTarget, Victim } from './policy.ts';
import { Sampler } from './sampling.ts';

export class RandomEviction implements EvictionPolicy {
  readonly victim = new Victim();
  readonly #sampler: Sampler;

  constructor(target: EvictionTarget, isVolatile: boolean) {
    this.#sampler = new Sampler(target, isVolatile);
  }

  choose(): boolean {
    return this.#sampler.draw(this.victim);
  }
}
