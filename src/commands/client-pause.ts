/** CLIENT PAUSE and UNPAUSE, which stop and go on with everybody's commands, and UNBLOCK, which ends one's wait. */
import { INT64_MAX } from '../base/numbers.ts';
import type { Arguments } from '../protocol/arguments.ts';
import {
  NOT_AN_INTEGER,
  TIMEOUT_NEGATIVE,
  TIMEOUT_NOT_INTEGER,
  TIMEOUT_OUT_OF_RANGE,
  unknownSubcommandOrArity,
  WRONG_PAUSE_MODE,
  WRONG_UNBLOCK_REASON,
} from '../protocol/errors.ts';
import { ADMIN_FLAGS, CLIENT_ID, subcommand } from './client-subcommand.ts';
import type { CommandSpec } from './command.ts';
import type { ServerContext } from './context.ts';
import { token } from './declarations.ts';

export const clientPause: CommandSpec = subcommand({
  name: 'pause',
  since: '3.0.0',
  summary: 'Lets commands wait, all of them or those that write, for so many milliseconds',
  arity: -3,
  flags: ADMIN_FLAGS,
  arguments: [
    { name: 'timeout', type: 'integer' },
    {
      name: 'mode',
      type: 'oneof',
      since: '6.2.0',
      optional: true,
      arguments: [token('WRITE'), token('ALL')],
    },
  ],
  history: [['6.2.0', '`CLIENT PAUSE WRITE` mode added along with the `mode` option.']],
  check: atMostFourWords,
  handler: pause,
});

export const clientUnpause: CommandSpec = subcommand({
  name: 'unpause',
  since: '6.2.0',
  summary: 'Lets the commands go on that wait because of CLIENT PAUSE',
  complexity: 'O(N) Where N is the number of paused clients',
  arity: 2,
  flags: ADMIN_FLAGS,
  handler: (context) => {
    context.unpauseClients();
    context.reply.ok();
  },
});

export const clientUnblock: CommandSpec = subcommand({
  name: 'unblock',
  since: '5.0.0',
  summary: 'Ends the wait of a connection that a blocking command keeps waiting',
  complexity: 'O(log N) where N is the number of client connections',
  arity: -3,
  flags: ADMIN_FLAGS,
  arguments: [
    CLIENT_ID,
    { name: 'unblock-type', type: 'oneof', optional: true, arguments: [token('TIMEOUT'), token('ERROR')] },
  ],
  check: atMostFourWords,
  afterReplies: true,
  handler: unblock,
});

/** In Redis these two read their words themselves: one too many is not told as an error of arity. */
function atMostFourWords(args: Arguments): string | undefined {
  return args.count > 4 ? unknownSubcommandOrArity(args.text(1), 'client') : undefined;
}

function pause(context: ServerContext): void {
  const { args, reply } = context;
  const isWrite = args.count === 4 && args.is(3, 'write');
  if (args.count === 4 && !isWrite && !args.is(3, 'all')) {
    reply.error(WRONG_PAUSE_MODE);
    return;
  }
  const duration = args.integer(2);
  const now = Date.now();
  if (duration === undefined) {
    reply.error(TIMEOUT_NOT_INTEGER);
  } else if (duration < 0) {
    reply.error(TIMEOUT_NEGATIVE);
  } else if (BigInt(duration) > INT64_MAX - BigInt(now)) {
    reply.error(TIMEOUT_OUT_OF_RANGE);
  } else {
    context.pauseClients(isWrite ? 'write' : 'all', now + Number(duration));
    reply.ok();
  }
}

function unblock(context: ServerContext): void {
  const { args, reply } = context;
  const withError = args.count === 4 && args.is(3, 'error');
  if (args.count === 4 && !withError && !args.is(3, 'timeout')) {
    reply.error(WRONG_UNBLOCK_REASON);
    return;
  }
  const id = args.integer(2);
  if (id === undefined) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  for (const each of context.clients()) {
    if (each.id !== id) continue;
    reply.integer(each.unblock(withError) ? 1 : 0);
    return;
  }
  reply.integer(0);
}
