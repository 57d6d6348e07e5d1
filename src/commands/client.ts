/** CLIENT: what connections are there, and what they want to be known by. */
import {
  BAD_CLIENT_NAME,
  badClientAttribute,
  CLIENT_ID_TOO_LOW,
  INVALID_CLIENT_ID,
  NO_SUCH_CLIENT,
  noSuchUser,
  SYNTAX_ERROR,
  unknownClientType,
  unrecognizedOption,
} from '../protocol/errors.ts';
import type { AclUser } from './acl-service.ts';
import type { ArgumentSpec, CommandFlag, CommandSpec, ServerHandler } from './command.ts';
import { helpSubcommand } from './container-help.ts';
import type { Client, ServerContext } from './context.ts';
import { token } from './declarations.ts';

const PLAIN_FLAGS: readonly CommandFlag[] = ['noscript', 'loading', 'stale'];
const ADMIN_FLAGS: readonly CommandFlag[] = ['admin', ...PLAIN_FLAGS];

const CLIENT_TYPES: readonly ArgumentSpec[] = [
  token('NORMAL'),
  token('MASTER'),
  token('REPLICA'),
  token('PUBSUB'),
];
const ON_OR_OFF: ArgumentSpec = { name: 'enabled', type: 'oneof', arguments: [token('ON'), token('OFF')] };
const CLIENT_ID: ArgumentSpec = { name: 'client-id', type: 'integer' };

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
];

const SETINFO_ATTRIBUTES: readonly ArgumentSpec[] = [
  { name: 'libname', type: 'string', token: 'LIB-NAME' },
  { name: 'libver', type: 'string', token: 'LIB-VER' },
];

interface Subcommand {
  readonly name: string;
  readonly since: string;
  readonly summary: string;
  readonly complexity?: string;
  readonly arity: number;
  readonly flags?: readonly CommandFlag[];
  readonly arguments?: readonly ArgumentSpec[];
  readonly history?: CommandSpec['history'];
  readonly tips?: readonly string[];
  readonly handler: ServerHandler;
  readonly afterReplies?: boolean;
}

/** What all subcommands have in common. */
function subcommand({ handler, afterReplies = false, ...declared }: Subcommand): CommandSpec {
  return {
    complexity: 'O(1)',
    flags: PLAIN_FLAGS,
    ...declared,
    group: 'connection',
    placement: { at: 'server', handler, afterReplies },
  };
}

export const client: CommandSpec = {
  name: 'client',
  group: 'connection',
  since: '2.4.0',
  summary: 'A container for commands about connections',
  complexity: 'Depends on subcommand',
  arity: -2,
  flags: [],
  subcommands: [
    subcommand({
      name: 'getname',
      since: '2.6.9',
      summary: 'Returns the name of the connection',
      arity: 2,
      handler: getName,
    }),
    subcommand({
      name: 'id',
      since: '5.0.0',
      summary: 'Returns the unique number of the connection',
      arity: 2,
      handler: ({ reply, client }) => reply.integer(client.id),
    }),
    subcommand({
      name: 'info',
      since: '6.2.0',
      summary: 'Returns information about the connection',
      arity: 2,
      tips: ['nondeterministic_output'],
      handler: ({ reply, client }) => reply.verbatim('txt', `${client.describe()}\n`),
    }),
    subcommand({
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
        [
          '5.0.0',
          'Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility.',
        ],
        ['6.2.0', '`LADDR` option.'],
      ],
      afterReplies: true,
      handler: kill,
    }),
    subcommand({
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
    }),
    subcommand({
      name: 'no-evict',
      since: '7.0.0',
      summary: 'Keeps the connection from being closed to save memory',
      arity: 3,
      flags: ADMIN_FLAGS,
      arguments: [ON_OR_OFF],
      handler: (context) => setSwitch(context, 'noEvict'),
    }),
    subcommand({
      name: 'no-touch',
      since: '7.2.0',
      summary: "Lets the connection's commands leave the access times of keys as they are",
      arity: 3,
      arguments: [ON_OR_OFF],
      handler: (context) => setSwitch(context, 'noTouch'),
    }),
    subcommand({
      name: 'reply',
      since: '3.2.0',
      summary: 'Tells the server whether to send replies',
      arity: 3,
      arguments: [{ name: 'action', type: 'oneof', arguments: [token('ON'), token('OFF'), token('SKIP')] }],
      handler: setReplyMode,
    }),
    subcommand({
      name: 'setinfo',
      since: '7.2.0',
      summary: 'Sets what the connection tells about its client library',
      arity: 4,
      arguments: [{ name: 'attr', type: 'oneof', arguments: SETINFO_ATTRIBUTES }],
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      handler: setInfo,
    }),
    subcommand({
      name: 'setname',
      since: '2.6.9',
      summary: 'Sets the name of the connection',
      arity: 3,
      arguments: [{ name: 'connection-name', type: 'string' }],
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      handler: setName,
    }),
    helpSubcommand({ since: '5.0.0', group: 'connection' }),
  ],
};

/** Whether a name can stand in a line of CLIENT LIST: no spaces, no control characters, ASCII only. */
export function isPrintable(text: string): boolean {
  return /^[!-~]*$/.test(text);
}

/** The canonical name of a type that CLIENT LIST and KILL can be asked for, or undefined. */
function typeByName(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (lower === 'slave') return 'replica';
  return ['normal', 'master', 'replica', 'pubsub'].includes(lower) ? lower : undefined;
}

function getName({ reply, client }: ServerContext): void {
  if (client.name === '') reply.null();
  else reply.bulkText(client.name);
}

function setName({ args, reply, client }: ServerContext): void {
  const name = args.text(2);
  if (!isPrintable(name)) {
    reply.error(BAD_CLIENT_NAME);
    return;
  }
  client.name = name;
  reply.ok();
}

function setInfo({ args, reply, client }: ServerContext): void {
  const isName = args.is(2, 'lib-name');
  const value = args.text(3);
  if (!isName && !args.is(2, 'lib-ver')) {
    reply.error(unrecognizedOption(args.text(2)));
  } else if (!isPrintable(value)) {
    reply.error(badClientAttribute(args.text(2)));
  } else {
    if (isName) client.libraryName = value;
    else client.libraryVersion = value;
    reply.ok();
  }
}

function setSwitch({ args, reply, client }: ServerContext, field: 'noEvict' | 'noTouch'): void {
  const isOn = args.is(2, 'on');
  if (!isOn && !args.is(2, 'off')) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  client[field] = isOn;
  reply.ok();
}

/** Only ON is answered. What the mode does to later commands is the dispatcher's business. */
function setReplyMode({ args, reply, client }: ServerContext): void {
  if (args.is(2, 'on')) {
    client.replyMode = 'on';
    reply.ok();
  } else if (args.is(2, 'off')) {
    client.replyMode = 'off';
  } else if (args.is(2, 'skip')) {
    // Off stays off: SKIP must not turn replies on again after the next command.
    if (client.replyMode !== 'off') client.replyMode = 'skip-next';
  } else {
    reply.error(SYNTAX_ERROR);
  }
}

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

/** What CLIENT KILL is asked to close; undefined filters let everyone pass. */
interface KillFilter {
  id?: number | bigint;
  type?: string;
  user?: AclUser;
  address?: string;
  localAddress?: string;
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
    !(filter.skipMe && candidate === self)
  );
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
    } else if (args.is(i, 'skipme') && (args.is(i + 1, 'yes') || args.is(i + 1, 'no'))) {
      filter.skipMe = args.is(i + 1, 'yes');
    } else {
      return SYNTAX_ERROR;
    }
  }
  return filter;
}
