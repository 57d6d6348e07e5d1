/**
 * The commands that a selector allows: a bit for each number of the command table, and for commands that are
 * allowed only with certain first words (`+select|0`) those words. Beside the bits stand the rules they came from,
 * because ACL GETUSER, LIST and SAVE show rules, and bits cannot be turned back into them.
 */
import { lowerText } from '../base/bytes.ts';
import { categoriesOf } from '../commands/acl-categories.ts';
import type { Command, CommandTable } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';

const BITS = 32;
const NO_WORDS: readonly string[] = [];

export class CommandSet {
  readonly #bits: Uint32Array;
  /** By command number, in lower case. */
  #firstWords: Map<number, readonly string[]> | undefined;
  /** The rules after the last that concerned all commands, such as `+get` and `-@write`. */
  #rules: readonly string[] = [];
  /** The last rule for all commands allowed them. */
  #beginsWithAll = false;

  /** `size` is the number of commands. */
  constructor(size: number) {
    this.#bits = new Uint32Array(Math.ceil(size / BITS));
  }

  copy(): CommandSet {
    const copy = new CommandSet(this.#bits.length * BITS);
    copy.#bits.set(this.#bits);
    copy.#firstWords = this.#firstWords === undefined ? undefined : new Map(this.#firstWords);
    copy.#rules = this.#rules;
    copy.#beginsWithAll = this.#beginsWithAll;
    return copy;
  }

  /** Whether all commands are allowed, whatever their words. */
  isComplete(commands: CommandTable): boolean {
    return commands.all.every(({ id }) => this.#has(id));
  }

  allows(command: Command, args: Arguments): boolean {
    return this.#has(command.id) || (this.#firstWords !== undefined && this.#allowsWord(command.id, args));
  }

  #has(id: number): boolean {
    return (this.#bits[id >>> 5]! & (1 << (id & 31))) !== 0;
  }

  #allowsWord(id: number, args: Arguments): boolean {
    if (args.count < 2) return false;
    for (const word of this.#firstWords?.get(id) ?? NO_WORDS) if (args.is(1, word)) return true;
    return false;
  }

  setAll(isAllowed: boolean): void {
    this.#bits.fill(isAllowed ? 0xffffffff : 0);
    this.#firstWords = undefined;
    this.#rules = [];
    this.#beginsWithAll = isAllowed;
  }

  /** A container means its subcommands too. */
  setCommand(command: Command, isAllowed: boolean): void {
    this.#set(command, isAllowed);
    this.#note(command.fullName, isAllowed);
  }

  setCategory(category: string, isAllowed: boolean, commands: CommandTable): void {
    for (const command of commands.all) {
      if (categoriesOf(command).includes(category)) this.#set(command, isAllowed);
    }
    this.#note(`@${category}`, isAllowed);
  }

  /** Allows a command when its first argument is `word`. */
  allowFirstWord(command: Command, word: string): void {
    const lower = lowerText(word);
    this.#firstWords ??= new Map();
    const words = this.#firstWords.get(command.id) ?? [];
    if (!words.includes(lower)) this.#firstWords.set(command.id, [...words, lower]);
    this.#note(`${command.fullName}|${lower}`, true);
  }

  #set(command: Command, isAllowed: boolean): void {
    this.#firstWords?.delete(command.id);
    for (const { id } of [command, ...command.children]) {
      const bit = 1 << (id & 31);
      if (isAllowed) this.#bits[id >>> 5]! |= bit;
      else this.#bits[id >>> 5]! &= ~bit;
    }
  }

  /** Puts a rule at the end. It replaces one for the same name, and those for parts of it. */
  #note(name: string, isAllowed: boolean): void {
    const rest = this.#rules.filter((rule) => {
      const other = rule.slice(1);
      return other !== name && !other.startsWith(`${name}|`);
    });
    this.#rules = [...rest, `${isAllowed ? '+' : '-'}${name}`];
  }

  /** The rules that lead to this set. */
  describe(): string {
    return [this.#beginsWithAll ? '+@all' : '-@all', ...this.#rules].join(' ');
  }
}
