/**
 * DEBUG: what tests use to put the server into states that are hard to reach. In Redis it is one command that
 * reads its words itself, so what is wrong with them is answered with a text of its own. All of it needs the
 * option enable-debug-command.
 */
import { unknownSubcommandOrArity } from '../../protocol/errors.ts';
import type { CommandSpec, ServerHandler } from '../command.ts';
import { helpSubcommand } from '../container-help.ts';
import type { ServerContext } from '../context.ts';
import { KEY, KEYS, token } from '../declarations.ts';
import { FLAGS, subcommand } from './declare.ts';
import { digestOfShard, digestOfValues, mergeDigests } from './digest.ts';
import { inertSubcommands } from './inert.ts';
import { populate } from './populate.ts';
import { PROTOCOL_TYPES, protocol } from './protocol.ts';
import * as server from './server.ts';
import * as values from './values.ts';

const ANY_NUMBER = Number.POSITIVE_INFINITY;
const STRING = { name: 'string', type: 'string' } as const;
const AT_KEY = { first: 2, last: 2, step: 1, flags: ['RO'] } as const;
const FULL = { ...token('FULL'), optional: true };

const ofValues: readonly CommandSpec[] = [
  subcommand(3, {
    name: 'object',
    summary: 'Shows details of the value at a key',
    keys: AT_KEY,
    arguments: [KEY],
    placement: { at: 'key', handler: values.object },
  }),
  subcommand(3, {
    name: 'sdslen',
    summary: 'Shows the lengths of a key and of the string at it',
    keys: AT_KEY,
    arguments: [KEY],
    placement: { at: 'key', handler: values.sdsLength },
  }),
  subcommand(3, {
    name: 'listpack',
    summary: 'Prints a listpack; no value here is one',
    keys: AT_KEY,
    arguments: [KEY],
    placement: { at: 'key', handler: values.listpack },
  }),
  subcommand([3, 4], {
    name: 'quicklist',
    summary: 'Prints a quicklist; no value here is one',
    keys: AT_KEY,
    arguments: [KEY, { name: 'full', type: 'integer', optional: true }],
    placement: { at: 'key', handler: values.quicklist },
  }),
  subcommand([3, ANY_NUMBER], {
    name: 'htstats-key',
    summary: 'Shows figures of the hash table at a key; no value here is one',
    keys: AT_KEY,
    arguments: [KEY, FULL],
    placement: { at: 'key', handler: values.hashTableOfKey },
  }),
  subcommand(2, {
    name: 'digest',
    summary: 'Shows a signature of all data: the same for the same data, and the same as in Redis',
    placement: { at: 'every', handler: digestOfShard, merge: mergeDigests },
  }),
  subcommand([3, ANY_NUMBER], {
    name: 'digest-value',
    summary: 'Shows a signature of the value at each key',
    keys: { first: 2, last: -1, step: 1, flags: ['RO'] },
    arguments: [KEYS],
    placement: { at: 'keys', handler: digestOfValues, merge: 'by-key' },
  }),
  subcommand([3, 5], {
    name: 'populate',
    summary: 'Makes keys with the names <prefix>:<number> where there are none',
    arguments: [
      { name: 'count', type: 'integer' },
      { name: 'prefix', type: 'string', optional: true },
      { name: 'size', type: 'integer', optional: true },
    ],
    placement: { at: 'every', handler: populate, merge: 'ok' },
  }),
];

/** One that runs in the acceptor. */
function onServer(
  words: Parameters<typeof subcommand>[0],
  name: string,
  summary: string,
  handler: ServerHandler,
  specs: CommandSpec['arguments'] = [],
): CommandSpec {
  return subcommand(words, {
    name,
    summary,
    arguments: specs,
    placement: { at: 'server', handler, afterReplies: true },
  });
}

const delay = [{ name: 'milliseconds', type: 'integer', optional: true }] as const;

const ofTheServer: readonly CommandSpec[] = [
  subcommand(3, {
    name: 'set-active-expire',
    summary: 'Whether keys that have expired are looked for in the background',
    arguments: [{ name: 'enabled', type: 'oneof', arguments: [token('0'), token('1')] }],
    placement: { at: 'every', handler: server.setActiveExpire, merge: 'ok' },
  }),
  subcommand(3, {
    name: 'sleep',
    summary: 'Stops all shards for that many seconds; decimals are allowed',
    arguments: [{ name: 'seconds', type: 'double' }],
    placement: { at: 'every', handler: server.sleep, merge: 'ok' },
  }),
  subcommand(3, {
    name: 'shard-crash',
    summary: "Ends a shard's thread as an error in it would: what follows is up to on-shard-crash",
    arguments: [{ name: 'index', type: 'integer' }],
    placement: { at: 'chosen', choose: server.shardOfWord, handler: server.crashShard },
  }),
  onServer(3, 'protocol', 'Answers with a reply of the given type', protocol, [
    {
      name: 'type',
      type: 'oneof',
      arguments: PROTOCOL_TYPES.map((name) => ({ name, type: 'pure-token', token: name })),
    },
  ]),
  onServer(3, 'error', 'Answers with an error of that text', server.error, [STRING]),
  onServer(3, 'log', 'Writes a line to the log', server.log, [{ ...STRING, name: 'message' }]),
  onServer(
    2,
    'config-rewrite-force-all',
    'As CONFIG REWRITE, but writes all options, also those at their default',
    server.rewriteAll,
  ),
  onServer([3, ANY_NUMBER], 'htstats', 'Counts the keys of a database', server.hashTables, [
    { name: 'dbid', type: 'integer' },
    FULL,
  ]),
  onServer(2, 'structsize', 'Shows the width of a word', server.structSize),
  onServer(2, 'client-eviction', 'Shows pools of client eviction, which is off', server.clientEviction),
  onServer(2, 'stringmatch-test', 'Matches made-up patterns with made-up strings', server.stringMatchTest),
  onServer(4, 'stringmatch-len', 'Whether a pattern matches a string', server.stringMatchLength, [
    { name: 'pattern', type: 'pattern' },
    STRING,
  ]),
  onServer([2, ANY_NUMBER], 'reload', 'Writes a dump, empties memory and loads the dump', server.reload, [
    { name: 'option', type: 'string', optional: true, multiple: true },
  ]),
  onServer([2, ANY_NUMBER], 'loadaof', 'Empties memory and loads what the log has', server.loadAof),
  onServer([2, 3], 'restart', 'Starts anew; an error', server.restart, delay),
  onServer([2, 3], 'crash-and-recover', 'Crashes and starts anew; an error', server.restart, delay),
  onServer([2, ANY_NUMBER], 'segfault', 'Crashes the server with SIGSEGV', server.crash('SIGSEGV')),
  onServer([2, ANY_NUMBER], 'panic', 'Crashes the server with SIGABRT', server.crash('SIGABRT')),
  onServer([2, ANY_NUMBER], 'assert', 'Crashes the server with SIGABRT', server.crash('SIGABRT')),
  onServer([2, ANY_NUMBER], 'oom', 'Crashes the server with SIGABRT', server.crash('SIGABRT')),
];

export const debug: CommandSpec = {
  name: 'debug',
  group: 'server',
  since: '1.0.0',
  summary: 'A container for debugging commands',
  complexity: 'Depends on subcommand',
  arity: -2,
  flags: FLAGS,
  guardedBy: 'enable-debug-command',
  readsOwnWords: true,
  // Runs for the words that name no subcommand.
  placement: { at: 'server', handler: refuse },
  subcommands: [
    ...ofValues,
    ...ofTheServer,
    ...inertSubcommands,
    helpSubcommand({ since: '1.0.0', group: 'server', guardedBy: 'enable-debug-command' }),
  ],
};

function refuse({ args, reply }: ServerContext): void {
  reply.error(unknownSubcommandOrArity(args.text(1), 'debug'));
}
