/** COMMAND and its subcommands: what the server says of its own commands, all of it from their declarations. */
import { fromLatin1 } from '../base/bytes.ts';
import { globMatches } from '../base/glob.ts';
import { Arguments } from '../protocol/arguments.ts';
import {
  COMMAND_HAS_NO_KEYS,
  INVALID_ARGUMENT_COUNT,
  INVALID_COMMAND,
  INVALID_KEY_ARGUMENTS,
  SYNTAX_ERROR,
  unknownSubcommand,
} from '../protocol/errors.ts';
import { categoriesOf } from './acl-categories.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands, type ServerHandler } from './command.ts';
import {
  flagsOfKey,
  shownChildren,
  writeCommandInfo,
  writeKeyFlags,
  writeManyDocs,
} from './command-description.ts';
import { helpSubcommand } from './container-help.ts';
import type { ServerContext } from './context.ts';
import { keyWords } from './key-words.ts';
import type { Command, CommandTable } from './table.ts';

/** The word at which the command stands that COMMAND GETKEYS is asked about. */
const INNER = 2;

const COMMAND_NAMES: readonly ArgumentSpec[] = [
  { name: 'command-name', type: 'string', optional: true, multiple: true },
];
const FULL_COMMAND: readonly ArgumentSpec[] = [
  { name: 'command', type: 'string' },
  { name: 'arg', type: 'string', optional: true, multiple: true },
];

interface Subcommand {
  readonly name: string;
  readonly since: string;
  readonly summary: string;
  readonly complexity: string;
  readonly arity: number;
  readonly handler: ServerHandler;
  readonly arguments?: readonly ArgumentSpec[];
  readonly history?: CommandSpec['history'];
  readonly tips?: CommandSpec['tips'];
}

/** What all subcommands have in common. */
function subcommand({ handler, ...declared }: Subcommand): CommandSpec {
  return {
    ...declared,
    group: 'server',
    flags: ['loading', 'stale'],
    categories: ['connection'],
    placement: { at: 'server', handler },
  };
}

export const introspection = defineCommands([
  {
    name: 'command',
    group: 'server',
    since: '2.8.13',
    summary: 'Returns detailed information about all commands',
    complexity: 'O(N) where N is the number of commands',
    arity: -1,
    flags: ['loading', 'stale'],
    categories: ['connection'],
    tips: ['nondeterministic_output_order'],
    placement: { at: 'server', handler: describeAll },
    subcommands: [
      subcommand({
        name: 'count',
        since: '2.8.13',
        summary: 'Returns how many commands there are',
        complexity: 'O(1)',
        arity: 2,
        handler: (context) => context.reply.integer(context.commands.top.length),
      }),
      subcommand({
        name: 'docs',
        since: '7.0.0',
        summary: 'Returns the documentation of one, several or all commands',
        complexity: 'O(N) where N is the number of commands',
        arity: -2,
        arguments: COMMAND_NAMES,
        tips: ['nondeterministic_output_order'],
        handler: docs,
      }),
      subcommand({
        name: 'getkeys',
        since: '2.8.13',
        summary: 'Returns the keys among the words of a command',
        complexity: 'O(N) where N is the number of words',
        arity: -3,
        arguments: FULL_COMMAND,
        handler: getKeys,
      }),
      subcommand({
        name: 'getkeysandflags',
        since: '7.0.0',
        summary: 'Returns the keys among the words of a command, each with what is done to it',
        complexity: 'O(N) where N is the number of words',
        arity: -3,
        arguments: FULL_COMMAND,
        handler: getKeysAndFlags,
      }),
      subcommand({
        name: 'info',
        since: '2.8.13',
        summary: 'Returns detailed information about one, several or all commands',
        complexity: 'O(N) where N is the number of commands',
        arity: -2,
        history: [['7.0.0', 'Allowed to be called with no argument to get info on all commands.']],
        arguments: COMMAND_NAMES,
        tips: ['nondeterministic_output_order'],
        handler: info,
      }),
      subcommand({
        name: 'list',
        since: '7.0.0',
        summary: 'Returns the names of commands, all or those that a filter lets through',
        complexity: 'O(N) where N is the number of commands',
        arity: -2,
        arguments: [
          {
            name: 'filterby',
            type: 'oneof',
            token: 'FILTERBY',
            optional: true,
            arguments: [
              { name: 'module-name', type: 'string', token: 'MODULE' },
              { name: 'category', type: 'string', token: 'ACLCAT' },
              { name: 'pattern', type: 'pattern', token: 'PATTERN' },
            ],
          },
        ],
        tips: ['nondeterministic_output_order'],
        handler: list,
      }),
      helpSubcommand({ since: '5.0.0', group: 'server', categories: ['connection'] }),
    ],
  },
]);

function describeAll(context: ServerContext): void {
  if (context.args.count > 1) {
    context.reply.error(unknownSubcommand(context.args.text(1), context.command.name));
    return;
  }
  writeInfos(context, context.commands.top);
}

function info(context: ServerContext): void {
  const { args, commands } = context;
  if (args.count === 2) writeInfos(context, commands.top);
  else writeInfos(context, namedCommands(context));
}

function writeInfos({ reply }: ServerContext, commands: readonly (Command | undefined)[]): void {
  reply.array(commands.length);
  for (const command of commands) {
    if (command === undefined) reply.null();
    else writeCommandInfo(reply, command);
  }
}

/** The commands that the words from the third on name, `config|get` for a subcommand. */
function namedCommands({ args, commands }: ServerContext): (Command | undefined)[] {
  return args.texts(INNER).map((name) => {
    const command = commands.byCalledName(name.toLowerCase());
    return command?.container?.readsOwnWords ? undefined : command;
  });
}

function docs(context: ServerContext): void {
  const { args, commands, reply } = context;
  const all = args.count === 2 ? commands.top : namedCommands(context);
  // Unlike COMMAND INFO this leaves out what does not exist.
  writeManyDocs(
    reply,
    all.filter((command) => command !== undefined),
  );
}

function list({ args, commands, reply }: ServerContext): void {
  let matches: (command: Command) => boolean = () => true;
  if (args.count === 5 && args.is(2, 'filterby')) {
    if (args.is(3, 'module')) {
      matches = () => false;
    } else if (args.is(3, 'aclcat')) {
      const category = args.text(4).toLowerCase();
      matches = (command) => categoriesOf(command).includes(category);
    } else if (args.is(3, 'pattern')) {
      const pattern = args.copy(4);
      matches = ({ fullName }) => globMatches(pattern, fromLatin1(fullName), 0, fullName.length, true);
    } else {
      reply.error(SYNTAX_ERROR);
      return;
    }
  } else if (args.count !== 2) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const names = commands.top
    .flatMap((command) => [command, ...shownChildren(command)])
    .filter(matches)
    .map((command) => command.fullName);
  reply.array(names.length);
  for (const name of names) reply.bulkText(name);
}

function getKeys(context: ServerContext): void {
  const found = findKeys(context);
  if (found === undefined) return;
  const { args, reply } = context;
  reply.array(found.words.length);
  for (const word of found.words) reply.bulk(args.bytes, args.starts[word], args.ends[word]);
}

function getKeysAndFlags(context: ServerContext): void {
  const found = findKeys(context);
  if (found === undefined) return;
  const { args, reply } = context;
  reply.array(found.words.length);
  for (const word of found.words) {
    reply.array(2);
    reply.bulk(args.bytes, args.starts[word], args.ends[word]);
    writeKeyFlags(reply, found.flagsOf(word));
  }
}

/** The words of the request that are keys of the command within it. Undefined after an error reply. */
function findKeys({ args, commands, reply }: ServerContext) {
  const names = args.texts(INNER);
  const command = findInner(commands, names);
  const keys = command?.keys;
  const count = names.length;
  if (command === undefined) {
    reply.error(INVALID_COMMAND);
  } else if (keys === undefined || keys.flags.includes('not_key')) {
    reply.error(COMMAND_HAS_NO_KEYS);
  } else if (command.arity > 0 ? count !== command.arity : count < -command.arity) {
    reply.error(INVALID_ARGUMENT_COUNT);
  } else {
    const inner = new Arguments();
    inner.setWords(names.map((_, word) => args.copy(word + INNER)));
    const words = keyWords(keys, inner).map((word) => word + INNER);
    if (words.length === 0) {
      reply.error(INVALID_KEY_ARGUMENTS);
      return undefined;
    }
    const flagsOf = (word: number) => keys.flagsFor?.(names) ?? flagsOfKey(keys, word - INNER, count);
    return { words, flagsOf };
  }
  return undefined;
}

/** The command or subcommand that `words` begin with. */
function findInner(commands: CommandTable, words: readonly string[]): Command | undefined {
  const top = commands.byCalledName(words[0]!.toLowerCase());
  // In a request a subcommand is a word of its own: `config|get` names nothing there.
  if (top === undefined || top.container !== undefined) return undefined;
  if (top.children.length === 0 || words.length === 1) return top;
  return commands.byName(`${top.name}|${words[1]!.toLowerCase()}`);
}
