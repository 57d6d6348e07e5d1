/**
 * MULTI, EXEC, DISCARD, WATCH and UNWATCH. The acceptor queues what a client sends behind MULTI; EXEC sends all of it to the
 * shards concerned (see server/client-transactions.ts), which run it without a break (shard/transactions.ts).
 */
import { MULTI_NESTED, noTransaction } from '../protocol/errors.ts';
import { type CommandSpec, defineCommands } from './command.ts';
import type { ShardContext } from './context.ts';
import { allKeys, KEYS } from './declarations.ts';

const IN_TRANSACTIONS = {
  group: 'transactions',
  complexity: 'O(1)',
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
} as const satisfies Partial<CommandSpec>;

export const transactions = defineCommands([
  {
    ...IN_TRANSACTIONS,
    name: 'multi',
    since: '1.2.0',
    summary: 'Begins a transaction: the commands that follow are queued until EXEC',
    arity: 1,
    isNeverQueued: true,
    placement: {
      at: 'server',
      handler: (context) => {
        if (context.beginTransaction()) context.reply.ok();
        else context.reply.error(MULTI_NESTED);
      },
    },
  },
  {
    ...IN_TRANSACTIONS,
    name: 'discard',
    since: '2.0.0',
    summary: 'Forgets the queued commands of a transaction',
    complexity: 'O(N), when N is the number of queued commands',
    arity: 1,
    isNeverQueued: true,
    placement: {
      at: 'server',
      handler: (context) => {
        if (context.discardTransaction()) context.reply.ok();
        else context.reply.error(noTransaction('DISCARD'));
      },
    },
  },
  {
    ...IN_TRANSACTIONS,
    name: 'exec',
    since: '1.2.0',
    summary: 'Runs the queued commands of a transaction, all at one moment',
    complexity: 'Depends on commands in the transaction',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'skip_slowlog'],
    isNeverQueued: true,
    hasLongReply: true,
    placement: { at: 'transaction', step: 'execute', handler: ({ transactions }) => transactions.run() },
  },
  {
    ...IN_TRANSACTIONS,
    name: 'watch',
    since: '2.2.0',
    summary: 'Lets the next transaction run only if the given keys have not changed by then',
    complexity: 'O(1) for every key.',
    arity: -2,
    keys: allKeys('RO'),
    arguments: [KEYS],
    isNeverQueued: true,
    leavesAccessTime: true,
    placement: { at: 'transaction', step: 'watch', handler: watch },
  },
  {
    ...IN_TRANSACTIONS,
    name: 'unwatch',
    since: '2.2.0',
    summary: 'Forgets the keys that the connection watches',
    arity: 1,
    placement: { at: 'transaction', step: 'unwatch', handler: unwatch },
  },
]);

/** The request to a shard has the client's number in front of the keys. */
function watch({ args, reply, transactions }: ShardContext): void {
  transactions.watch(Number(args.text(1)), 2);
  reply.ok();
}

/** The request to a shard has the client's number. The reply says whether a key that it watched has changed. */
function unwatch({ args, reply, transactions }: ShardContext): void {
  reply.integer(transactions.unwatch(Number(args.text(1))) ? 1 : 0);
}
