/** Sets of what was read from an RDB file. */
import { MemberSet } from '../types/set.ts';
import type { SetLimits } from '../types/set-limits.ts';
import type { SetValue } from './values.ts';

export function buildSet({ members }: SetValue, limits: SetLimits): MemberSet {
  const set = new MemberSet(limits);
  for (const member of members) set.add(member, 0, member.length);
  return set;
}
