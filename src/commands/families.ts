/** All commands, by family. A new family is one more line here. */
import type { CommandSpec } from './command.ts';
import { counters } from './counters.ts';
import { expiry } from './expiry.ts';
import { keys } from './keys.ts';
import { plain } from './plain.ts';
import { scanning } from './scan.ts';
import { strings } from './strings.ts';

export const families: readonly CommandSpec[] = [
  ...strings,
  ...counters,
  ...keys,
  ...expiry,
  ...scanning,
  ...plain,
];
