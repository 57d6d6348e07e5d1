/** SLOWLOG: the commands that took long. */
import { SLOWLOG_COUNT_TOO_LOW, unknownSubcommandOrArity } from '../protocol/errors.ts';
import type { CommandFlag, CommandSpec } from './command.ts';
import { helpSubcommand } from './container-help.ts';
import type { ServerContext } from './context.ts';

const FLAGS: readonly CommandFlag[] = ['admin', 'loading', 'stale'];
const COUNT_DEFAULT = 10;

export const slowlog: CommandSpec = {
  name: 'slowlog',
  group: 'server',
  since: '2.2.12',
  summary: 'A container for commands about the slow log',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: [],
  subcommands: [
    {
      name: 'get',
      group: 'server',
      since: '2.2.12',
      summary: 'Returns the newest entries of the slow log: 10 unless told, all for -1',
      complexity: 'O(N) where N is the number of entries returned',
      arity: -2,
      flags: FLAGS,
      arguments: [{ name: 'count', type: 'integer', optional: true }],
      history: [['4.0.0', 'Added client IP address, port and name to the reply.']],
      tips: ['request_policy:all_nodes', 'nondeterministic_output'],
      placement: { at: 'server', handler: get, afterReplies: true },
    },
    {
      name: 'len',
      group: 'server',
      since: '2.2.12',
      summary: 'Returns how many entries the slow log has',
      complexity: 'O(1)',
      arity: 2,
      flags: FLAGS,
      tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
      placement: {
        at: 'server',
        handler: ({ reply, measurements }) => reply.integer(measurements.slowLog.length),
        afterReplies: true,
      },
    },
    {
      name: 'reset',
      group: 'server',
      since: '2.2.12',
      summary: 'Deletes all entries of the slow log',
      complexity: 'O(N) where N is the number of entries in the slowlog',
      arity: 2,
      flags: FLAGS,
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      placement: { at: 'server', handler: reset, afterReplies: true },
    },
    helpSubcommand({ since: '6.2.0', group: 'server' }),
  ],
};

function get({ args, reply, measurements: { slowLog } }: ServerContext): void {
  if (args.count > 3) {
    reply.error(unknownSubcommandOrArity(args.text(1), 'slowlog'));
    return;
  }
  const count = args.count === 2 ? COUNT_DEFAULT : args.integer(2);
  if (count === undefined || count < -1) {
    reply.error(SLOWLOG_COUNT_TOO_LOW);
    return;
  }
  const entries = slowLog.newest(count < 0 ? slowLog.length : Number(count));
  reply.array(entries.length);
  for (const { id, unixSeconds, microseconds, words, address, name } of entries) {
    reply.array(6);
    reply.integer(id);
    reply.integer(unixSeconds);
    reply.integer(microseconds);
    reply.array(words.length);
    for (const word of words) reply.bulk(word);
    reply.bulkText(address);
    reply.bulkText(name);
  }
}

function reset({ reply, measurements }: ServerContext): void {
  measurements.slowLog.reset();
  reply.ok();
}
