/**
 * What a request does to the keys it names, as a cache sees it, from what its command declares: its key flags, and the arguments that
 * are expiries. For those who watch traffic and run none of it.
 */
import { Arguments } from '../protocol/arguments.ts';
import type { ArgumentSpec, KeyFlag } from './command.ts';
import { flagsOfKey } from './command-description.ts';
import { keyWords } from './key-words.ts';
import { type Command, CommandTable } from './table.ts';

/**
 * - `reads`: hits or misses, and changes nothing
 * - `updates`: reads, and the key is there afterwards
 * - `takes`: reads, and the key is gone afterwards
 * - `writes`: without reading; the key is there afterwards
 * - `removes`: without reading
 * - `none`: nothing but its expiry may change
 */
export type KeyEffect = 'reads' | 'updates' | 'takes' | 'writes' | 'removes' | 'none';

/** What became of the expiry: a moment in milliseconds since 1970, `never`, or as it was. */
export type ExpiryEffect = number | 'never' | 'unchanged';

const SCALES: Readonly<Record<string, { readonly unitMs: number; readonly isAbsolute: boolean }>> = {
  seconds: { unitMs: 1000, isAbsolute: false },
  milliseconds: { unitMs: 1, isAbsolute: false },
  'unix-time-seconds': { unitMs: 1000, isAbsolute: true },
  'unix-time-milliseconds': { unitMs: 1, isAbsolute: true },
};

/** An argument that is an expiry: the word behind its token, or the word at its place. */
interface ExpiryArgument {
  readonly token: string | undefined;
  readonly word: number;
  readonly unitMs: number;
  readonly isAbsolute: boolean;
}

/** Those groups whose keys have one value, so that what takes that leaves no key behind; others take an element. */
const WHOLE_VALUES: readonly string[] = ['string', 'generic'];
/** Those whose expiries may be those of fields, or other times. */
const OTHER_TIMES: readonly string[] = ['hash', 'stream'];

export class KeyEffects {
  readonly #commands = new CommandTable();
  readonly #args = new Arguments();
  readonly #expiries = new Map<Command, readonly ExpiryArgument[]>();

  /**
   * Calls `onKey` for each key of a request whose first word is the command's name. What is no command that this version knows, what names no
   * keys and what looks at keys without using them (EXISTS, TTL) is left out.
   */
  read(
    words: readonly Uint8Array[],
    nowMs: number,
    onKey: (key: Uint8Array, effect: KeyEffect, expiry: ExpiryEffect) => void,
  ): void {
    const args = this.#args;
    args.setWords(words);
    const top = this.#commands.find(args);
    if (top === undefined) return;
    const command =
      top.children.length > 0 && words.length > 1 ? this.#commands.findSubcommand(top, args) : top;
    if (command?.keys === undefined || !isWhole(command, words.length)) return;
    if (command.leavesAccessTime === true || command.flags.includes('skip_monitor')) return;
    const { keys } = command;
    const texts = keys.flagsFor === undefined ? undefined : args.texts();
    for (const word of keyWords(keys, args)) {
      if (word >= words.length) return;
      const flags = texts === undefined ? flagsOfKey(keys, word, words.length) : keys.flagsFor!(texts);
      if (flags.includes('not_key')) continue;
      const effect = effectOf(command, flags);
      onKey(words[word]!, effect, this.#expiry(command, flags, args, nowMs));
    }
  }

  #expiry(command: Command, flags: readonly KeyFlag[], args: Arguments, nowMs: number): ExpiryEffect {
    if (!command.isWrite) return 'unchanged';
    for (const { token, word, unitMs, isAbsolute } of this.#expiriesOf(command)) {
      const at = token === undefined ? word : wordOf(args, token) + 1;
      if (at === 0 || at >= args.count) continue;
      const value = Number(args.text(at)) * unitMs;
      if (Number.isFinite(value)) return isAbsolute ? value : nowMs + value;
    }
    if (command.name === 'persist' || (!flags.includes('OW') && wordOf(args, 'persist') > 0)) return 'never';
    return flags.includes('OW') && wordOf(args, 'keepttl') < 0 ? 'never' : 'unchanged';
  }

  #expiriesOf(command: Command): readonly ExpiryArgument[] {
    let found = this.#expiries.get(command);
    if (found !== undefined) return found;
    found = OTHER_TIMES.includes(command.group) ? [] : expiryArguments(command.arguments ?? []);
    this.#expiries.set(command, found);
    return found;
  }
}

function isWhole({ arity }: Command, count: number): boolean {
  return arity > 0 ? count === arity : count >= -arity;
}

function effectOf({ group }: Command, flags: readonly KeyFlag[]): KeyEffect {
  const has = (flag: KeyFlag) => flags.includes(flag);
  if (has('RO')) return 'reads';
  if (has('RM')) return 'removes';
  if (has('OW')) return 'writes';
  const isWhole = WHOLE_VALUES.includes(group);
  if (has('access')) return has('delete') && isWhole ? 'takes' : 'updates';
  return group === 'generic' ? 'none' : 'writes';
}

/** The word that is `token` in any case, behind the first key; -1 when there is none. */
function wordOf(args: Arguments, token: string): number {
  for (let word = 2; word < args.count; word++) if (args.is(word, token)) return word;
  return -1;
}

function expiryArguments(specs: readonly ArgumentSpec[]): ExpiryArgument[] {
  return specs.flatMap((spec, i) => {
    const scale = SCALES[spec.name];
    if (scale !== undefined) return [{ token: spec.token?.toLowerCase(), word: i + 1, ...scale }];
    return spec.type === 'oneof' ? expiryArguments(spec.arguments ?? []).filter(({ token }) => token) : [];
  });
}
