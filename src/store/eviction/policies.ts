/** Which policy stands behind which name. */
import type { EvictionPolicyName } from '../../base/eviction-policies.ts';
import { NoEviction } from './noeviction.ts';
import type { EvictionOptions, EvictionPolicy, EvictionTarget } from './policy.ts';
import { RandomEviction } from './random.ts';

export function makePolicy(
  name: EvictionPolicyName,
  target: EvictionTarget,
  _options: EvictionOptions,
): EvictionPolicy {
  if (name === 'noeviction') return new NoEviction();
  return new RandomEviction(target, name.startsWith('volatile-'));
}
