/** What rules depend on besides themselves: the commands there are, and the configuration. */
import type { KeyFlag } from '../commands/command.ts';
import type { CommandTable } from '../commands/table.ts';
import { READ, WRITE } from './key-matcher.ts';

/** The need of a command without keys. */
export const NO_KEYS = -1;
/** The need of a command whose key flags depend on its words. */
export const DEPENDS = -2;
/** The need of a command whose keys are not all used alike, or are not all at fixed places. */
export const OF_EACH = -3;

export class RuleContext {
  readonly commands: CommandTable;
  /** What new selectors may do with channels: the option acl-pubsub-default. */
  readonly allowsChannels: () => boolean;
  /** By command number, what a user needs for its keys: READ, WRITE, BOTH, 0, or one of the constants above. */
  readonly needs: Int8Array;

  constructor(commands: CommandTable, allowsChannels: () => boolean) {
    this.commands = commands;
    this.allowsChannels = allowsChannels;
    this.needs = Int8Array.from(commands.all, ({ keys }) => {
      if (keys === undefined) return NO_KEYS;
      if (keys.find !== undefined || keys.specifications !== undefined) return OF_EACH;
      if (keys.flags.includes('not_key')) return NO_KEYS;
      return keys.flagsFor === undefined ? needOf(keys.flags) : DEPENDS;
    });
  }
}

/** What a user needs for a key that is used as the flags say. */
export function needOf(flags: readonly KeyFlag[]): number {
  let need = 0;
  for (const flag of flags) {
    if (flag === 'access') need |= READ;
    else if (flag === 'update' || flag === 'insert' || flag === 'delete') need |= WRITE;
  }
  return need;
}
