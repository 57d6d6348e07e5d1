/** ACL: who the users are and what they may do. All of it runs in the acceptor, over the interface AclService. */
import { randomBytes } from 'node:crypto';
import { Arguments } from '../protocol/arguments.ts';
import {
  ACL_BAD_USER_NAME,
  ACL_DEFAULT_USER_STAYS,
  ACL_GENPASS_BITS,
  ACL_NO_FILE,
  aclCommandNotFound,
  aclUnknownCategory,
  aclUserNotFound,
  NOT_AN_INTEGER,
  unknownSubcommandOrArity,
  wrongArity,
} from '../protocol/errors.ts';
import { CATEGORIES, categoriesOf } from './acl-categories.ts';
import type { AclLogEntry, AclSelectorReport } from './acl-service.ts';
import type { ArgumentSpec, CommandFlag, CommandSpec, ServerHandler } from './command.ts';
import { helpSubcommand } from './container-help.ts';
import type { ServerContext } from './context.ts';
import { token } from './declarations.ts';
import type { Command, CommandTable } from './table.ts';

const PLAIN_FLAGS: readonly CommandFlag[] = ['noscript', 'loading', 'stale'];
const ADMIN_FLAGS: readonly CommandFlag[] = ['admin', ...PLAIN_FLAGS];
const TO_ALL_NODES = ['request_policy:all_nodes', 'response_policy:all_succeeded'];

const USERNAME: ArgumentSpec = { name: 'username', type: 'string' };

const GENPASS_BITS_DEFAULT = 256;
const GENPASS_BITS_MAX = 4096;
const LOG_ENTRIES_DEFAULT = 10;
/** The word at which the command stands that ACL DRYRUN is asked about. */
const INNER = 3;

type Subcommand = Pick<CommandSpec, 'name' | 'summary' | 'arity'> &
  Partial<
    Pick<CommandSpec, 'since' | 'complexity' | 'flags' | 'arguments' | 'history' | 'tips' | 'secretWords'>
  > & {
    readonly handler: ServerHandler;
  };

/** Names of users and their rules are nobody else's business: the slow log hides them. */
function wordsBehindName({ count }: Arguments): number[] {
  return Array.from({ length: count - 2 }, (_, i) => i + 2);
}

/** What all subcommands have in common. */
function subcommand({ handler, ...declared }: Subcommand): CommandSpec {
  return {
    since: '6.0.0',
    complexity: 'O(N) where N is the number of users',
    flags: ADMIN_FLAGS,
    ...declared,
    group: 'server',
    placement: { at: 'server', handler },
  };
}

const ABOUT_USERS: readonly CommandSpec[] = [
  subcommand({
    name: 'deluser',
    secretWords: wordsBehindName,
    summary: 'Removes users and closes their connections',
    complexity: 'O(1) amortized time considering the typical user',
    arity: -3,
    arguments: [{ ...USERNAME, multiple: true }],
    tips: TO_ALL_NODES,
    handler: deleteUsers,
  }),
  subcommand({
    name: 'getuser',
    secretWords: wordsBehindName,
    summary: 'Returns the rules of a user',
    complexity: 'O(N) where N is the number of rules that the user has',
    arity: 3,
    arguments: [USERNAME],
    history: [
      ['6.2.0', 'Added Pub/Sub channel patterns.'],
      [
        '7.0.0',
        'Added selectors and changed the format of key and channel patterns from a list to their rule representation.',
      ],
    ],
    handler: getUser,
  }),
  subcommand({
    name: 'list',
    summary: 'Returns the rules of all users in the format of an ACL file',
    arity: 2,
    handler: ({ acl, reply }) =>
      writeTexts(
        reply,
        acl.users().map((user) => acl.line(user)),
      ),
  }),
  subcommand({
    name: 'setuser',
    secretWords: wordsBehindName,
    summary: 'Creates a user or changes one, by all of the rules or by none',
    complexity: 'O(N) where N is the number of rules',
    arity: -3,
    arguments: [USERNAME, { name: 'rule', type: 'string', optional: true, multiple: true }],
    history: [
      ['6.2.0', 'Added Pub/Sub channel patterns.'],
      ['7.0.0', 'Added selectors and key based permissions.'],
    ],
    tips: TO_ALL_NODES,
    handler: setUser,
  }),
  subcommand({
    name: 'users',
    summary: 'Returns the names of all users',
    arity: 2,
    handler: ({ acl, reply }) =>
      writeTexts(
        reply,
        acl.users().map(({ name }) => name),
      ),
  }),
  subcommand({
    name: 'whoami',
    summary: "Returns the name of the connection's user",
    complexity: 'O(1)',
    arity: 2,
    flags: PLAIN_FLAGS,
    handler: ({ client, reply }) => reply.bulkText(client.user.name),
  }),
];

const OTHERS: readonly CommandSpec[] = [
  subcommand({
    name: 'cat',
    summary: 'Returns the categories of commands, or the commands of one',
    complexity: 'O(1) since the categories and commands are a fixed set',
    arity: -2,
    flags: PLAIN_FLAGS,
    arguments: [{ name: 'category', type: 'string', optional: true }],
    handler: listCategories,
  }),
  subcommand({
    name: 'dryrun',
    since: '7.0.0',
    summary: 'Tells whether a user may run a command, without running it',
    complexity: 'O(1)',
    arity: -4,
    arguments: [
      USERNAME,
      { name: 'command', type: 'string' },
      { name: 'arg', type: 'string', optional: true, multiple: true },
    ],
    handler: dryRun,
  }),
  subcommand({
    name: 'genpass',
    summary: 'Returns a new password that nobody can guess',
    complexity: 'O(1)',
    arity: -2,
    flags: PLAIN_FLAGS,
    arguments: [{ name: 'bits', type: 'integer', optional: true }],
    handler: generatePassword,
  }),
  subcommand({
    name: 'load',
    summary: 'Reads the users from the ACL file again',
    arity: 2,
    handler: load,
  }),
  subcommand({
    name: 'log',
    summary: 'Returns what was denied lately, or forgets it',
    complexity: 'O(N) with N being the number of entries shown',
    arity: -2,
    arguments: [
      {
        name: 'operation',
        type: 'oneof',
        optional: true,
        arguments: [{ name: 'count', type: 'integer' }, token('RESET')],
      },
    ],
    history: [['7.2.0', 'Added entry ID, timestamp created, and timestamp last updated.']],
    handler: log,
  }),
  subcommand({
    name: 'save',
    summary: 'Writes the users to the ACL file',
    arity: 2,
    tips: TO_ALL_NODES,
    handler: save,
  }),
];

export const acl: CommandSpec = {
  name: 'acl',
  group: 'server',
  since: '6.0.0',
  summary: 'A container for commands about users and their permissions',
  complexity: 'Depends on subcommand',
  arity: -2,
  flags: [],
  subcommands: [
    ...[...ABOUT_USERS, ...OTHERS].sort((a, b) => (a.name < b.name ? -1 : 1)),
    helpSubcommand({ since: '6.0.0', group: 'server' }),
  ],
};

/** The containers' answer to too many words. True when it was given. */
function hasTooManyWords({ args, reply }: ServerContext, wordsMax: number): boolean {
  if (args.count <= wordsMax) return false;
  reply.error(unknownSubcommandOrArity(args.text(1), 'acl'));
  return true;
}

function writeTexts(reply: ServerContext['reply'], texts: readonly string[]): void {
  reply.array(texts.length);
  for (const text of texts) reply.bulkText(text);
}

// Users

function setUser({ acl, args, reply }: ServerContext): void {
  const name = args.text(2);
  const problem = /[\t-\r \0]/.test(name) ? ACL_BAD_USER_NAME : acl.setUser(name, args.texts(3));
  if (problem === undefined) reply.ok();
  else reply.error(problem);
}

function deleteUsers(context: ServerContext): void {
  const { acl, args, reply } = context;
  const names = args.texts(2);
  if (names.includes(acl.defaultUser.name)) {
    reply.error(ACL_DEFAULT_USER_STAYS);
    return;
  }
  reply.integer(names.filter((name) => acl.removeUser(name) !== undefined).length);
  closeStrangers(context);
}

/** Closes the connections of users that do not exist any more; the one that asked gets its reply first. */
function closeStrangers(context: ServerContext): void {
  const { acl } = context;
  for (const client of [...context.clients()]) {
    if (acl.findUser(client.user.name) === client.user) continue;
    client.user = acl.defaultUser;
    client.isAuthenticated = false;
    if (client === context.client) client.closeAfterReplies();
    else client.kill();
  }
}

function getUser({ acl, args, reply }: ServerContext): void {
  const user = acl.findUser(args.text(2));
  if (user === undefined) {
    reply.null();
    return;
  }
  const { flags, passwords, root, selectors } = acl.report(user);
  reply.map(6);
  reply.bulkText('flags');
  reply.set(flags.length);
  for (const flag of flags) reply.bulkText(flag);
  reply.bulkText('passwords');
  writeTexts(reply, passwords);
  writeSelector(reply, root);
  reply.bulkText('selectors');
  reply.array(selectors.length);
  for (const selector of selectors) {
    reply.map(3);
    writeSelector(reply, selector);
  }
}

/** Three entries of a map. */
function writeSelector(reply: ServerContext['reply'], selector: AclSelectorReport): void {
  for (const field of ['commands', 'keys', 'channels'] as const) {
    reply.bulkText(field);
    reply.bulkText(selector[field]);
  }
}

// What is there to be allowed

function listCategories(context: ServerContext): void {
  const { args, commands, reply } = context;
  if (hasTooManyWords(context, 3)) return;
  if (args.count === 2) {
    writeTexts(reply, CATEGORIES);
    return;
  }
  const category = args.text(2).toLowerCase();
  if (!CATEGORIES.includes(category)) {
    reply.error(aclUnknownCategory(args.text(2)));
    return;
  }
  const found = commands.all.filter((command) => categoriesOf(command).includes(category));
  writeTexts(
    reply,
    found.map(({ fullName }) => fullName),
  );
}

function dryRun({ acl, args, commands, reply }: ServerContext): void {
  const user = acl.findUser(args.text(2));
  if (user === undefined) {
    reply.error(aclUserNotFound(args.text(2)));
    return;
  }
  const inner = new Arguments();
  inner.setWords(Array.from({ length: args.count - INNER }, (_, i) => args.copy(INNER + i)));
  const command = findCommand(commands, inner);
  if (command === undefined) {
    reply.error(aclCommandNotFound(args.text(INNER)));
  } else if (command.arity > 0 ? inner.count !== command.arity : inner.count < -command.arity) {
    reply.error(wrongArity(command.fullName));
  } else {
    const denial = acl.explainDenial(user, command, inner);
    if (denial === undefined) reply.ok();
    else reply.bulkText(denial);
  }
}

function findCommand(commands: CommandTable, args: Arguments): Command | undefined {
  const command = commands.find(args);
  if (command === undefined || command.children.length === 0 || args.count === 1) return command;
  return commands.findSubcommand(command, args) ?? (command.readsOwnWords ? command : undefined);
}

function generatePassword(context: ServerContext): void {
  const { args, reply } = context;
  if (hasTooManyWords(context, 3)) return;
  const bits = args.count === 2 ? GENPASS_BITS_DEFAULT : args.integer(2);
  if (bits === undefined) {
    reply.error(NOT_AN_INTEGER);
  } else if (bits <= 0 || bits > GENPASS_BITS_MAX) {
    reply.error(ACL_GENPASS_BITS);
  } else {
    const digits = Math.ceil(Number(bits) / 4);
    reply.bulkText(
      randomBytes(Math.ceil(digits / 2))
        .toString('hex')
        .slice(0, digits),
    );
  }
}

// The log

function log(context: ServerContext): void {
  const { acl, args, reply } = context;
  if (hasTooManyWords(context, 3)) return;
  if (args.count === 3 && args.is(2, 'reset')) {
    acl.clearLog();
    reply.ok();
    return;
  }
  const count = args.count === 2 ? LOG_ENTRIES_DEFAULT : args.integer(2);
  if (count === undefined) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const entries = acl.log.slice(0, Math.max(0, Number(count)));
  const now = Date.now();
  reply.array(entries.length);
  for (const entry of entries) writeLogEntry(reply, entry, now);
}

function writeLogEntry(reply: ServerContext['reply'], entry: AclLogEntry, nowMs: number): void {
  reply.map(10);
  writeNumber(reply, 'count', entry.count);
  writeText(reply, 'reason', entry.reason);
  writeText(reply, 'context', entry.context);
  writeText(reply, 'object', entry.object);
  writeText(reply, 'username', entry.username);
  reply.bulkText('age-seconds');
  reply.double(Math.max(0, nowMs - entry.updatedAtMs) / 1000);
  writeText(reply, 'client-info', entry.clientInfo);
  writeNumber(reply, 'entry-id', entry.id);
  writeNumber(reply, 'timestamp-created', entry.createdAtMs);
  writeNumber(reply, 'timestamp-last-updated', entry.updatedAtMs);
}

function writeText(reply: ServerContext['reply'], name: string, text: string): void {
  reply.bulkText(name);
  reply.bulkText(text);
}

function writeNumber(reply: ServerContext['reply'], name: string, value: number): void {
  reply.bulkText(name);
  reply.integer(value);
}

// The file

function load(context: ServerContext): void {
  const { acl, reply } = context;
  const problem = acl.hasFile ? acl.load() : ACL_NO_FILE;
  if (problem !== undefined) {
    reply.error(problem);
    return;
  }
  reply.ok();
  closeStrangers(context);
}

function save({ acl, reply }: ServerContext): void {
  const problem = acl.hasFile ? acl.save() : ACL_NO_FILE;
  if (problem === undefined) reply.ok();
  else reply.error(problem);
}
