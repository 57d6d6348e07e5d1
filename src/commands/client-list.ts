/** CLIENT LIST: what connections are there. */
import { INVALID_CLIENT_ID, SYNTAX_ERROR, unknownClientType } from '../protocol/errors.ts';
import { ADMIN_FLAGS, CLIENT_ID, CLIENT_TYPES, subcommand, typeByName } from './client-subcommand.ts';
import type { CommandSpec } from './command.ts';
import type { Client, ServerContext } from './context.ts';

export const clientList: CommandSpec = subcommand({
  name: 'list',
  since: '2.4.0',
  summary: 'Lists the open connections',
  complexity: 'O(N) where N is the number of client connections',
  arity: -2,
  flags: ADMIN_FLAGS,
  arguments: [
    {
      name: 'client-type',
      type: 'oneof',
      token: 'TYPE',
      since: '5.0.0',
      optional: true,
      arguments: CLIENT_TYPES,
    },
    { ...CLIENT_ID, token: 'ID', since: '6.2.0', optional: true, multiple: true },
  ],
  history: [
    ['2.8.12', 'Added unique client `id` field.'],
    ['5.0.0', 'Added optional `TYPE` filter.'],
    ['6.0.0', 'Added `user` field.'],
    ['6.2.0', 'Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter.'],
    ['7.0.0', 'Added `resp`, `multi-mem`, `rbs` and `rbp` fields.'],
    ['7.0.3', 'Added `ssub` field.'],
    ['7.2.0', 'Added `lib-name` and `lib-ver` fields.'],
  ],
  tips: ['nondeterministic_output'],
  afterReplies: true,
  handler: list,
});

function list(context: ServerContext): void {
  const { args, reply } = context;
  if (args.count === 2) {
    describe(context, [...context.clients()]);
  } else if (args.count === 4 && args.is(2, 'type')) {
    const type = typeByName(args.text(3));
    if (type === undefined) reply.error(unknownClientType(args.text(3)));
    else
      describe(
        context,
        [...context.clients()].filter((each) => each.type === type),
      );
  } else if (args.count > 3 && args.is(2, 'id')) {
    listById(context);
  } else {
    reply.error(SYNTAX_ERROR);
  }
}

/** Lists in the order of the numbers asked for, and a client twice that is asked for twice, as Redis does. */
function listById(context: ServerContext): void {
  const { args, reply } = context;
  const byId = new Map<number | bigint, Client>();
  for (const each of context.clients()) byId.set(each.id, each);
  const found: Client[] = [];
  for (let i = 3; i < args.count; i++) {
    const id = args.integer(i);
    if (id === undefined) {
      reply.error(INVALID_CLIENT_ID);
      return;
    }
    const client = byId.get(id);
    if (client !== undefined) found.push(client);
  }
  describe(context, found);
}

function describe({ reply }: ServerContext, clients: readonly Client[]): void {
  reply.verbatim('txt', clients.map((each) => `${each.describe()}\n`).join(''));
}
