/**
 * DEBUG: what tests use to put the server into states that are hard to reach. In Redis it is one command that
 * reads its words itself, so what is wrong with them is answered with a text of its own. All of it needs the
 * option enable-debug-command.
 */
import { NO_SUCH_KEY, unknownSubcommandOrArity } from '../protocol/errors.ts';
import { ABSENT } from '../store/keyspace.ts';
import type { CommandFlag, CommandSpec } from './command.ts';
import { helpSubcommand } from './container-help.ts';
import type { ServerContext, ShardContext } from './context.ts';
import { token } from './declarations.ts';
import { encodingOf, serializedLength } from './encoding.ts';

const FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale'];

/** What all subcommands have in common; `words` is how many words the request must have. */
function subcommand(
  words: number,
  declared: Pick<CommandSpec, 'name' | 'summary' | 'arguments' | 'keys' | 'placement'>,
): CommandSpec {
  return {
    ...declared,
    group: 'server',
    since: '1.0.0',
    complexity: 'O(1)',
    arity: -2,
    flags: FLAGS,
    guardedBy: 'enable-debug-command',
    check: (args) => (args.count === words ? undefined : unknownSubcommandOrArity(args.text(1), 'debug')),
  };
}

export const debug: CommandSpec = {
  name: 'debug',
  group: 'server',
  since: '1.0.0',
  summary: 'A container for debugging commands',
  complexity: 'Depends on subcommand',
  arity: -2,
  flags: FLAGS,
  guardedBy: 'enable-debug-command',
  isCountedWhole: true,
  // Runs for the words that name no subcommand.
  placement: { at: 'server', handler: refuse },
  subcommands: [
    subcommand(3, {
      name: 'object',
      summary: 'Shows details of the value at a key',
      keys: { first: 2, last: 2, step: 1, flags: ['RO'] },
      arguments: [{ name: 'key', type: 'key' }],
      placement: { at: 'key', handler: object },
    }),
    subcommand(3, {
      name: 'set-active-expire',
      summary: 'Whether keys that have expired are looked for in the background',
      arguments: [{ name: 'enabled', type: 'oneof', arguments: [token('0'), token('1')] }],
      placement: { at: 'every', handler: setActiveExpire, merge: 'ok' },
    }),
    subcommand(3, {
      name: 'sleep',
      summary: 'Stops all shards for that many seconds; decimals are allowed',
      arguments: [{ name: 'seconds', type: 'double' }],
      placement: { at: 'every', handler: sleep, merge: 'ok' },
    }),
    helpSubcommand({ since: '1.0.0', group: 'server', guardedBy: 'enable-debug-command' }),
  ],
};

function refuse({ args, reply }: ServerContext): void {
  reply.error(unknownSubcommandOrArity(args.text(1), 'debug'));
}

/** As C's strtod and atoi, which Redis reads these words with: what is no number counts as 0. */
function lenientNumber(text: string): number {
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? value : 0;
}

function sleep(context: ShardContext): void {
  context.sleep(lenientNumber(context.args.text(2)) * 1000);
  context.reply.ok();
}

function setActiveExpire(context: ShardContext): void {
  context.activeExpire = Math.trunc(lenientNumber(context.args.text(2))) !== 0;
  context.reply.ok();
}

function object({ keyspace, args, db, hash, reply }: ShardContext): void {
  const ref = keyspace.peek(db, args.bytes, args.starts[2]!, args.ends[2]!, hash);
  if (ref === ABSENT) {
    reply.error(NO_SUCH_KEY);
    return;
  }
  const fields = [
    `at:0x${(ref >>> 0).toString(16).padStart(12, '0')}`,
    'refcount:1',
    `encoding:${encodingOf(keyspace, ref)}`,
    `serializedlength:${serializedLength(keyspace, ref)}`,
    `lru:${keyspace.access(ref)}`,
    `lru_seconds_idle:${keyspace.idleSeconds(ref)}`,
  ];
  reply.simple(`Value ${fields.join(' ')}`);
}
