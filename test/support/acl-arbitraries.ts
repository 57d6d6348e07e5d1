/** Random users and random commands for the tests that hold them against the model. */
import fc from 'fast-check';
import { categoriesOf } from '../../src/commands/acl-categories.ts';
import { flagsOfKey } from '../../src/commands/command-description.ts';
import { keyWords } from '../../src/commands/key-words.ts';
import type { Command, CommandTable } from '../../src/commands/table.ts';
import { Arguments } from '../../src/protocol/arguments.ts';
import type { ModelCommand, ModelKey, ModelSelectors } from './acl-model.ts';

/** The keys of all requests. */
export const KEYS: readonly string[] = [
  '',
  'a',
  'ab',
  'abc',
  'b',
  'key:1',
  'key:2',
  'key:10',
  '{t}a',
  '{t}b',
  'x*',
];

const PATTERNS = [
  ...[
    'a',
    'ab',
    'a*',
    'ab*',
    'a?',
    '?',
    'key:*',
    'key:?',
    'key:[13]',
    'key:[^1]',
    'k*1*',
    '{t}*',
    '{t}a',
    'x\\*',
    'x*',
  ],
  ...['**', '*b', '*:*', '', 'none'],
];

const KEY_RULES = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('allkeys', '~*') },
  { weight: 2, arbitrary: fc.constant('resetkeys') },
  {
    weight: 12,
    arbitrary: fc
      .tuple(fc.constantFrom('~', '~', '%R~', '%W~', '%RW~', '%r~'), fc.constantFrom(...PATTERNS))
      .map(([sign, pattern]) => sign + pattern),
  },
);

/** Rules about commands: of all kinds, for any name of the table. */
function commandRules(table: CommandTable): fc.Arbitrary<string> {
  const names = table.all.map(({ fullName }) => fullName);
  const categories = [...new Set(table.all.flatMap((command) => categoriesOf(command)))];
  const sign = fc.constantFrom('+', '-');
  const join = ([a, b]: readonly [string, string]) => a + b;
  return fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom('+@all', '-@all', 'allcommands', 'nocommands', '+@ALL') },
    {
      weight: 4,
      arbitrary: fc.tuple(sign, fc.constantFrom(...categories.map((name) => `@${name}`))).map(join),
    },
    { weight: 5, arbitrary: fc.tuple(sign, fc.constantFrom(...names)).map(join) },
    { weight: 1, arbitrary: fc.constantFrom('+select|0', '+get|a', '+SET|ab', '+echo|1') },
  );
}

/** Rules that are all valid, one after the other. */
function selectorRules(table: CommandTable): fc.Arbitrary<readonly string[]> {
  const rule = fc.oneof({ weight: 3, arbitrary: commandRules(table) }, { weight: 2, arbitrary: KEY_RULES });
  // Half of them begin with everything, so that commands of all kinds come to run.
  const beginning = fc.constantFrom([], [], ['+@all'], ['+@all', '~*'], ['+@read', '+@write', '~a*']);
  return fc
    .tuple(beginning, fc.array(rule, { maxLength: 8 }))
    .map(([first, rest]) => valid([...first, ...rest]));
}

/** Patterns behind `allkeys` are an error, and left out. */
function valid(rules: readonly string[]): readonly string[] {
  let all = false;
  return rules.filter((rule) => {
    if (rule === 'allkeys' || rule === '~*') all = true;
    else if (rule === 'resetkeys') all = false;
    else if (/^[~%]/.test(rule)) return !all;
    return true;
  });
}

/** The rules of a root selector and of up to two more. */
export function userSelectors(table: CommandTable): fc.Arbitrary<ModelSelectors> {
  return fc
    .tuple(selectorRules(table), fc.array(selectorRules(table), { maxLength: 2 }))
    .map(([root, others]) => [root, ...others]);
}

/** The words behind the name in ACL SETUSER. */
export function setUserWords([root, ...others]: ModelSelectors): string[] {
  return [...root!, ...others.map((rules) => `(${rules.map(inSelector).join(' ')})`)];
}

/** Within parentheses words may need quotes. */
function inSelector(rule: string): string {
  return /[\\"']/.test(rule) ? `"${rule.replace(/[\\"]/g, '\\$&')}"` : rule;
}

/** A request for `command` that has as many words as it must have, or a few more; its keys are some of KEYS. */
function request(command: Command): fc.Arbitrary<readonly string[]> {
  const name = command.fullName.split('|');
  const { arity, keys } = command;
  const step = keys?.step ?? 1;
  const more = arity > 0 ? fc.constant(0) : fc.integer({ min: 0, max: 4 }).map((times) => times * step);
  // Some are options, and some may become keys by them.
  const word = fc.constantFrom('1', '0', 'x', 'GET', 'NX', '100', 'hello', 'STORE', 'BY', 'a', 'key:1', 'u8');
  return more.chain((extra) => {
    const count = Math.max(Math.abs(arity) + extra, name.length);
    const last = keys === undefined ? 0 : keys.last < 0 ? count + keys.last : keys.last;
    const words = Array.from({ length: count }, (_, i): fc.Arbitrary<string> => {
      if (i < name.length) return fc.constantFrom(name[i]!, name[i]!.toUpperCase());
      const isKey = keys !== undefined && i >= keys.first && i <= last && (i - keys.first) % step === 0;
      return isKey ? fc.constantFrom(...KEYS) : word;
    });
    return fc.tuple(...words);
  });
}

/** A command by its full name, and the words that ask for it. */
export interface Request {
  readonly name: string;
  readonly words: readonly string[];
}

/** One of all commands that can be asked for, but for those that use channels: the users here have none. */
export function anyRequest(table: CommandTable): fc.Arbitrary<Request> {
  const runnable = table.all.filter(
    ({ placement, channels }) => placement !== undefined && channels === undefined,
  );
  return fc.constantFrom(...runnable.keys()).chain((index) => {
    const command = runnable[index]!;
    return request(command)
      .filter((words) => isItself(command, words))
      .map((words) => ({ name: command.fullName, words }));
  });
}

/** The second word of a container's own request must not be taken for a subcommand. */
function isItself(command: Command, words: readonly string[]): boolean {
  if (command.children.length === 0 || words.length === 1) return true;
  return (
    command.readsOwnWords === true && !command.children.some(({ name }) => name === words[1]!.toLowerCase())
  );
}

export function modelCommand(command: Command): ModelCommand {
  return {
    fullName: command.fullName,
    categories: new Set(categoriesOf(command)),
    containerCategories: new Set(command.container === undefined ? [] : categoriesOf(command.container)),
    runsWithoutLogIn: command.flags.includes('no_auth'),
  };
}

/** The keys of a request, and what it does with each. */
export function modelKeys({ keys }: Command, words: readonly string[]): ModelKey[] {
  if (keys === undefined || keys.flags.includes('not_key')) return [];
  const args = new Arguments();
  args.setWords(words.map((word) => Buffer.from(word, 'latin1')));
  return keyWords(keys, args)
    .filter((word) => word < words.length)
    .map((word) => {
      const flags = keys.flagsFor?.(words) ?? flagsOfKey(keys, word, words.length);
      const isRead = flags.includes('access');
      const isWritten = flags.some((flag) => ['update', 'insert', 'delete'].includes(flag));
      return { key: words[word]!, isRead, isWritten };
    });
}
