/** Cuts a command on several keys by shard: which words go where. */
import type { Command } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import type { Router } from './router.ts';
import type { ShardLink } from './shard-link.ts';

export interface Cut {
  readonly parts: readonly { readonly link: ShardLink; readonly words: readonly number[] }[];
  /** The part of each key, in the command's order. */
  readonly partOfKey: readonly number[];
}

const NO_WORDS: readonly number[] = [];

/** The word of the last key of a command whose keys have fixed places. */
export function lastKeyWord(command: Command, args: Arguments): number {
  const { last } = command.keys!;
  return last < 0 ? args.count + last : last;
}

/** The parts of a command placed at `keys`, and for one placed at `every` all words for each shard. */
export function cut(router: Router, command: Command, args: Arguments): Cut {
  const { keys } = command;
  if (command.placement?.at === 'every') {
    const words = Array.from({ length: args.count - 1 }, (_, i) => i + 1);
    return { parts: router.links.map((link) => ({ link, words })), partOfKey: [] };
  }
  const { first, step } = keys!;
  const last = lastKeyWord(command, args);
  const { links } = router;
  // The words before the keys, the name of a subcommand, go to all.
  const before = first === 1 ? NO_WORDS : Array.from({ length: first - 1 }, (_, i) => i + 1);
  const parts: { link: ShardLink; words: number[] }[] = [];
  const partOfLink: (number | undefined)[] = new Array(links.length);
  const partOfKey: number[] = [];
  for (let key = first; key <= last; key += step) {
    const link = router.linkOf(args, key);
    let part = partOfLink[link.index];
    if (part === undefined) {
      part = parts.length;
      partOfLink[link.index] = part;
      parts.push({ link, words: before.slice() });
    }
    const { words } = parts[part]!;
    for (let word = key; word < key + step; word++) words.push(word);
    partOfKey.push(part);
  }
  return { parts, partOfKey };
}
