/**
 * A selector: one set of rules that says which commands may run, on which keys and which channels. A user has a
 * root selector and any number of others, and may run what any one of them allows as a whole.
 *
 * Rules are texts of one character a byte. `apply` follows Redis's ACLSetSelector; `check` is what each command
 * of a restricted user goes through, and allocates nothing unless the flags of the keys depend on the words.
 */
import { fromLatin1, latin1, lowerText } from '../base/bytes.ts';
import { splitWords } from '../base/words.ts';
import { CATEGORIES } from '../commands/acl-categories.ts';
import type { KeyPositions } from '../commands/command.ts';
import { flagsOfKey } from '../commands/command-description.ts';
import { keyWords } from '../commands/key-words.ts';
import type { Command } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { ACL_RULE } from '../protocol/errors.ts';
import { CommandSet } from './command-set.ts';
import { BOTH, KeyMatcher, type KeyRule, READ, WRITE } from './key-matcher.ts';
import { Pattern } from './pattern.ts';
import { DEPENDS, NO_KEYS, needOf, OF_EACH, type RuleContext } from './rule-context.ts';

/** Results of a check, in the order in which one is preferred as the reason given to the client. */
export const ALLOWED = 0;
export const COMMAND_DENIED = 1;
export const KEY_DENIED = 2;
export const CHANNEL_DENIED = 3;

/** No option of a command that its key flags depend on is longer. */
const OPTION_CHARS_MAX = 32;

export class Selector {
  /** The word that the last denied key or channel stands at. */
  deniedWord = 0;
  readonly #context: RuleContext;
  #commands: CommandSet;
  #allKeys = false;
  #keys: readonly KeyRule[] = [];
  /** The key rules made ready, once a command has needed them. */
  #matcher: KeyMatcher | undefined;
  #allChannels: boolean;
  #channels: readonly Pattern[] = [];

  /** A selector that allows nothing, channels aside where the configuration says so. */
  constructor(context: RuleContext) {
    this.#context = context;
    this.#commands = new CommandSet(context.commands.all.length);
    this.#allChannels = context.allowsChannels();
  }

  /** What stands between the parentheses of a rule. Returns what is wrong with it, in the words of ACL_RULE. */
  static parse(text: string, context: RuleContext): Selector | string {
    const selector = new Selector(context);
    const bytes = fromLatin1(text);
    // Unbalanced quotes leave nothing, as in Redis.
    for (const word of splitWords(bytes, 0, bytes.length) ?? []) {
      const problem = selector.apply(latin1(word, 0, word.length));
      if (problem !== undefined) return problem;
    }
    return selector;
  }

  copy(): Selector {
    const copy = new Selector(this.#context);
    copy.#commands = this.#commands.copy();
    copy.#allKeys = this.#allKeys;
    copy.#keys = this.#keys;
    copy.#allChannels = this.#allChannels;
    copy.#channels = this.#channels;
    return copy;
  }

  /** Whether it allows everything. */
  get isUnrestricted(): boolean {
    return this.#allKeys && this.#allChannels && this.#commands.isComplete(this.#context.commands);
  }

  // Rules

  /** Takes one rule. Returns what is wrong with it, in the words of ACL_RULE; then nothing has changed. */
  apply(rule: string): string | undefined {
    switch (lowerText(rule)) {
      case 'allkeys':
      case '~*':
        return this.#setKeys(true);
      case 'resetkeys':
        return this.#setKeys(false);
      case 'allchannels':
      case '&*':
        return this.#setChannels(true);
      case 'resetchannels':
        return this.#setChannels(false);
      case 'allcommands':
      case '+@all':
        return this.#setCommands(true);
      case 'nocommands':
      case '-@all':
        return this.#setCommands(false);
    }
    switch (rule[0]) {
      case '~':
        return this.#addKeys(rule.slice(1), BOTH);
      case '%':
        return this.#addKeysWithRights(rule);
      case '&':
        return this.#addChannels(rule.slice(1));
      case '+':
      case '-':
        return this.#changeCommands(rule.slice(1), rule[0] === '+');
      default:
        return ACL_RULE.syntax;
    }
  }

  #setKeys(areAllAllowed: boolean): undefined {
    this.#allKeys = areAllAllowed;
    this.#keys = [];
    this.#matcher = undefined;
  }

  #setChannels(areAllAllowed: boolean): undefined {
    this.#allChannels = areAllAllowed;
    this.#channels = [];
  }

  #setCommands(areAllAllowed: boolean): undefined {
    this.#commands.setAll(areAllAllowed);
  }

  /** `%R~`, `%W~`, `%RW~` and the pattern. */
  #addKeysWithRights(rule: string): string | undefined {
    if (this.#allKeys) return ACL_RULE.keysAfterAll;
    const tilde = rule.indexOf('~');
    // Without a tilde it is the empty pattern, which only the empty key matches, as in Redis.
    const end = tilde < 0 ? rule.length : tilde;
    const letters = rule.slice(1, end).toUpperCase();
    if (!['R', 'W', 'RW', 'WR'].includes(letters)) return ACL_RULE.syntax;
    const rights = (letters.includes('R') ? READ : 0) | (letters.includes('W') ? WRITE : 0);
    return this.#addKeys(rule.slice(end + 1), rights);
  }

  #addKeys(text: string, rights: number): string | undefined {
    if (this.#allKeys) return ACL_RULE.keysAfterAll;
    if (hasSpaces(text)) return ACL_RULE.syntax;
    this.#matcher = undefined;
    const known = this.#keys.find(({ pattern }) => pattern.text === text);
    this.#keys =
      known === undefined
        ? [...this.#keys, { pattern: new Pattern(text), rights }]
        : this.#keys.map((rule) => (rule === known ? { ...rule, rights: rule.rights | rights } : rule));
    return undefined;
  }

  #addChannels(text: string): string | undefined {
    if (this.#allChannels) return ACL_RULE.channelsAfterAll;
    if (hasSpaces(text)) return ACL_RULE.syntax;
    if (!this.#channels.some((pattern) => pattern.text === text)) {
      this.#channels = [...this.#channels, new Pattern(text)];
    }
    return undefined;
  }

  /** `name` is what follows the sign: `get`, `@read`, `config|get`, `select|0`. */
  #changeCommands(name: string, isAllowed: boolean): string | undefined {
    const { commands } = this.#context;
    const lower = lowerText(name);
    if (lower.startsWith('@')) {
      const category = lower.slice(1);
      if (!CATEGORIES.includes(category)) return ACL_RULE.unknownCommand;
      this.#commands.setCategory(category, isAllowed, commands);
      return undefined;
    }
    const bar = name.lastIndexOf('|');
    if (bar < 0 || !isAllowed) {
      const command = commands.byName(lower);
      if (command === undefined) return ACL_RULE.unknownCommand;
      this.#commands.setCommand(command, isAllowed);
      return undefined;
    }
    const container = commands.byName(lower.slice(0, bar));
    const word = name.slice(bar + 1);
    if (container === undefined) return ACL_RULE.unknownCommand;
    if (container.container !== undefined) return ACL_RULE.firstWordOfSubcommand;
    if (word === '' || hasSpaces(word)) return ACL_RULE.syntax;
    const subcommand = commands.byName(lower);
    if (subcommand !== undefined) this.#commands.setCommand(subcommand, true);
    else if (container.children.length > 0 && !container.readsOwnWords) return ACL_RULE.unknownCommand;
    else this.#commands.allowFirstWord(container, word);
    return undefined;
  }

  // Descriptions: rules that would make the selector again

  get commandRules(): string {
    return this.#commands.describe();
  }

  get keyRules(): string {
    if (this.#allKeys) return '~*';
    return this.#keys.map(({ pattern, rights }) => `${keySign(rights)}${pattern.text}`).join(' ');
  }

  get channelRules(): string {
    return this.#allChannels ? '&*' : this.#channels.map(({ text }) => `&${text}`).join(' ');
  }

  describe(): string {
    const channels = this.#allChannels ? '&*' : `resetchannels ${this.channelRules}`.trimEnd();
    return [this.keyRules, channels, this.commandRules].filter((part) => part !== '').join(' ');
  }

  // Checks

  /** ALLOWED, or the first of the reasons against it that Redis finds, with `deniedWord`. */
  check(command: Command, args: Arguments): number {
    if (!this.#commands.allows(command, args) && !command.withoutAuthentication) return COMMAND_DENIED;
    const need = this.#context.needs[command.id]!;
    if (!this.#allKeys && need !== NO_KEYS) {
      const denied = this.#deniedKey(command.keys!, need, args);
      if (denied > 0) {
        this.deniedWord = denied;
        return KEY_DENIED;
      }
    }
    if (!this.#allChannels && command.channels !== undefined) {
      const denied = this.#deniedChannel(command, args);
      if (denied > 0) {
        this.deniedWord = denied;
        return CHANNEL_DENIED;
      }
    }
    return ALLOWED;
  }

  /** The word of the first key that may not be used so; 0 when there is none. */
  #deniedKey(keys: KeyPositions, commandNeed: number, args: Arguments): number {
    this.#matcher ??= new KeyMatcher(this.#keys);
    const matcher = this.#matcher;
    if (commandNeed === OF_EACH) return deniedOfEach(matcher, keys, args);
    const { bytes, starts, ends } = args;
    // A request may lack words that its handler will ask for.
    const last = Math.min(keys.last < 0 ? args.count + keys.last : keys.last, args.count - 1);
    let isExact = commandNeed !== DEPENDS;
    let need = isExact ? commandNeed : BOTH;
    for (let word = keys.first; word <= last; word += keys.step) {
      if (matcher.allows(bytes, starts[word]!, ends[word]!, need)) continue;
      if (isExact) return word;
      // Only now is it worth finding out whether the words ask for less than everything.
      need = needOf(keys.flagsFor!(optionWords(args)));
      isExact = true;
      if (!matcher.allows(bytes, starts[word]!, ends[word]!, need)) return word;
    }
    return 0;
  }

  /** Whether it allows the command, and to read any key besides those it names. */
  allowsReadingAll(command: Command, args: Arguments): boolean {
    const readsAll =
      this.#allKeys ||
      this.#keys.some(({ pattern, rights }) => pattern.text === '*' && (rights & READ) !== 0);
    return readsAll && this.check(command, args) === ALLOWED;
  }

  /** The word of the first channel that may not be used; 0 when there is none. */
  #deniedChannel({ channels }: Command, args: Arguments): number {
    if (channels === undefined) return 0;
    const last = Math.min(channels.last < 0 ? args.count + channels.last : channels.last, args.count - 1);
    for (let word = channels.first; word <= last; word++) {
      const isPattern = channels.arePatterns === true;
      if (!this.allowsChannel(args.bytes, args.starts[word]!, args.ends[word]!, isPattern)) return word;
    }
    return 0;
  }

  /** Whether it allows the channel `bytes[start, end)`, or the very same pattern. */
  allowsChannel(bytes: Uint8Array, start: number, end: number, isPattern: boolean): boolean {
    if (this.#allChannels) return true;
    return this.#channels.some((pattern) =>
      isPattern ? pattern.isSpelled(bytes, start, end) : pattern.matches(bytes, start, end),
    );
  }

  /** The patterns of channels it allows; `*` for all. */
  get channels(): readonly string[] {
    return this.#allChannels ? ['*'] : this.#channels.map(({ text }) => text);
  }
}

/** As `#deniedKey` for keys that are not all used alike. */
function deniedOfEach(matcher: KeyMatcher, keys: KeyPositions, args: Arguments): number {
  const { bytes, starts, ends } = args;
  for (const word of keyWords(keys, args)) {
    if (word >= args.count) continue;
    const flags = keys.flagsFor?.(optionWords(args)) ?? flagsOfKey(keys, word, args.count);
    if (flags.includes('not_key')) continue;
    if (!matcher.allows(bytes, starts[word]!, ends[word]!, needOf(flags))) return word;
  }
  return 0;
}

/** White space and zero bytes: rules could not be shown as a line any more. */
export function hasSpaces(text: string): boolean {
  return /[\t-\r \0]/.test(text);
}

function keySign(rights: number): string {
  if (rights === BOTH) return '~';
  return rights === READ ? '%R~' : '%W~';
}

/** The words for `flagsFor`, which looks for options among them; long ones are values and cut. */
function optionWords(args: Arguments): string[] {
  const words: string[] = [];
  for (let i = 0; i < args.count; i++) {
    const start = args.starts[i]!;
    words.push(latin1(args.bytes, start, Math.min(args.ends[i]!, start + OPTION_CHARS_MAX)));
  }
  return words;
}
