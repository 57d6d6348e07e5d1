/** What the subcommands of DEBUG have in common. */
import { unknownSubcommandOrArity } from '../../protocol/errors.ts';
import type { CommandFlag, CommandSpec } from '../command.ts';

export const FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale'];

/** Anything that differs from one subcommand to the next. */
type Declared = Pick<CommandSpec, 'name' | 'summary' | 'arguments' | 'keys' | 'placement' | 'hasLongReply'>;

/** `words` is how many words the request must have, or the least and the most. */
export function subcommand(
  words: number | readonly [min: number, max: number],
  declared: Declared,
): CommandSpec {
  const [min, max] = typeof words === 'number' ? [words, words] : words;
  return {
    ...declared,
    group: 'server',
    since: '1.0.0',
    complexity: 'O(1)',
    arity: -2,
    flags: FLAGS,
    guardedBy: 'enable-debug-command',
    check: (args) =>
      args.count >= min && args.count <= max ? undefined : unknownSubcommandOrArity(args.text(1), 'debug'),
  };
}

/** As C's strtod and atoi, which Redis reads these words with: what is no number counts as 0. */
export function lenientNumber(text: string): number {
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? value : 0;
}
