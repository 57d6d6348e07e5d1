/** The commands of sets. */
import type { CommandSpec } from '../command.ts';
import { setAlgebra } from './algebra.ts';
import { setMembers } from './members.ts';
import { setMoving } from './moving.ts';
import { setRandom } from './random.ts';
import { setScanning } from './scanning.ts';

export const sets: readonly CommandSpec[] = [
  ...setMembers,
  ...setRandom,
  ...setMoving,
  ...setAlgebra,
  ...setScanning,
];
