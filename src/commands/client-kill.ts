/** CLIENT KILL: closing connections, the one with an address or all that pass a row of filters. */
import {
  CLIENT_AGE_NOT_INTEGER,
  CLIENT_AGE_TOO_LOW,
  CLIENT_ID_TOO_LOW,
  NO_SUCH_CLIENT,
  noSuchUser,
  SYNTAX_ERROR,
  unknownClientType,
} from '../protocol/errors.ts';
import type { AclUser } from './acl-service.ts';
import { ADMIN_FLAGS, CLIENT_ID, CLIENT_TYPES, subcommand, typeByName } from './client-subcommand.ts';
import type { ArgumentSpec, CommandSpec } from './command.ts';
import type { Client, ServerContext } from './context.ts';
import { token } from './declarations.ts';

const KILL_FILTERS: readonly ArgumentSpec[] = [
  { ...CLIENT_ID, token: 'ID', optional: true },
  {
    name: 'client-type',
    type: 'oneof',
    token: 'TYPE',
    since: '2.8.12',
    optional: true,
    arguments: CLIENT_TYPES,
  },
  { name: 'username', type: 'string', token: 'USER', optional: true },
  { name: 'addr', type: 'string', token: 'ADDR', optional: true },
  { name: 'laddr', type: 'string', token: 'LADDR', since: '6.2.0', optional: true },
  {
    name: 'skipme',
    type: 'oneof',
    token: 'SKIPME',
    optional: true,
    arguments: [token('YES'), token('NO')],
  },
  { name: 'maxage', type: 'integer', token: 'MAXAGE', since: '7.4.0', optional: true },
];

export const clientKill: CommandSpec = subcommand({
  name: 'kill',
  since: '2.4.0',
  summary: 'Closes connections: the one with an address, or all that pass the filters',
  complexity: 'O(N) where N is the number of client connections',
  arity: -3,
  flags: ADMIN_FLAGS,
  arguments: [
    {
      name: 'filter',
      type: 'oneof',
      arguments: [
        { name: 'ip:port', type: 'string' },
        { name: 'new-format', type: 'oneof', since: '2.8.12', multiple: true, arguments: KILL_FILTERS },
      ],
    },
  ],
  history: [
    ['2.8.12', 'Added new filter format.'],
    ['2.8.12', '`ID` option.'],
    ['3.2.0', 'Added `master` type in for `TYPE` option.'],
    ['5.0.0', 'Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility.'],
    ['6.2.0', '`LADDR` option.'],
    ['7.4.0', '`MAXAGE` option.'],
  ],
  afterReplies: true,
  handler: kill,
});

/** What CLIENT KILL is asked to close; undefined filters let everyone pass. */
interface KillFilter {
  id?: number | bigint;
  type?: string;
  user?: AclUser;
  address?: string;
  localAddress?: string;
  /** Seconds that a connection must have existed. */
  minAge?: number | bigint;
  skipMe: boolean;
}

function kill(context: ServerContext): void {
  const { args, reply, client } = context;
  const isOldForm = args.count === 3;
  const filter = isOldForm ? { address: args.text(2), skipMe: false } : readKillFilter(context);
  if (typeof filter === 'string') {
    reply.error(filter);
    return;
  }
  const found = [...context.clients()].filter((each) => matches(filter, each, client));
  if (!isOldForm) reply.integer(found.length);
  else if (found.length === 0) reply.error(NO_SUCH_CLIENT);
  else reply.ok();
  for (const each of found) {
    // One's own connection still gets the reply.
    if (each === client) client.closeAfterReplies();
    else each.kill();
  }
}

function matches(filter: KillFilter, candidate: Client, self: Client): boolean {
  return (
    (filter.address === undefined || candidate.address === filter.address) &&
    (filter.localAddress === undefined || candidate.localAddress === filter.localAddress) &&
    (filter.type === undefined || candidate.type === filter.type) &&
    (filter.id === undefined || candidate.id === filter.id) &&
    (filter.user === undefined || candidate.user === filter.user) &&
    (filter.minAge === undefined || ageSeconds(candidate) >= filter.minAge) &&
    !(filter.skipMe && candidate === self)
  );
}

function ageSeconds(client: Client): number {
  return Math.floor((Date.now() - client.createdAtMs) / 1000);
}

/** The filters of the new form, or the text of an error. */
function readKillFilter(context: ServerContext): KillFilter | string {
  const { args } = context;
  const filter: KillFilter = { skipMe: true };
  for (let i = 2; i < args.count; i += 2) {
    if (i + 1 === args.count) return SYNTAX_ERROR;
    const value = args.text(i + 1);
    if (args.is(i, 'id')) {
      const id = args.integer(i + 1);
      if (id === undefined || id < 1) return CLIENT_ID_TOO_LOW;
      filter.id = id;
    } else if (args.is(i, 'type')) {
      filter.type = typeByName(value);
      if (filter.type === undefined) return unknownClientType(value);
    } else if (args.is(i, 'user')) {
      const user = context.acl.findUser(value);
      if (user === undefined) return noSuchUser(value);
      filter.user = user;
    } else if (args.is(i, 'addr')) {
      filter.address = value;
    } else if (args.is(i, 'laddr')) {
      filter.localAddress = value;
    } else if (args.is(i, 'maxage')) {
      const age = args.integer(i + 1);
      if (age === undefined) return CLIENT_AGE_NOT_INTEGER;
      if (age < 1) return CLIENT_AGE_TOO_LOW;
      filter.minAge = age;
    } else if (args.is(i, 'skipme') && (args.is(i + 1, 'yes') || args.is(i + 1, 'no'))) {
      filter.skipMe = args.is(i + 1, 'yes');
    } else {
      return SYNTAX_ERROR;
    }
  }
  return filter;
}
