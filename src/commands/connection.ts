/** Commands about the connection itself: all run in the acceptor. */
import type { Arguments } from '../protocol/arguments.ts';
import {
  BAD_CLIENT_NAME,
  helloSyntaxError,
  NO_PASSWORD_SET,
  NOT_AUTHENTICATED_HELLO,
  PROTOCOL_VERSION_NOT_INTEGER,
  SYNTAX_ERROR,
  UNSUPPORTED_PROTOCOL,
  WRONG_PASSWORD,
  wrongArity,
} from '../protocol/errors.ts';
import { client, isPrintable } from './client.ts';
import { defineCommands } from './command.ts';
import type { ServerContext } from './context.ts';
import { databaseIndex } from './database-index.ts';
import { REDIS_VERSION } from './redis-version.ts';

export const connection = defineCommands([
  {
    name: 'ping',
    group: 'connection',
    since: '1.0.0',
    summary: 'Answers PONG, or the given text: shows that the server is alive',
    complexity: 'O(1)',
    arity: -1,
    flags: ['fast'],
    arguments: [{ name: 'message', type: 'string', optional: true }],
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    reportsDiskErrors: true,
    allowedToSubscribers: true,
    placement: { at: 'server', handler: ping },
  },
  {
    name: 'echo',
    group: 'connection',
    since: '1.0.0',
    summary: 'Returns the given text',
    complexity: 'O(1)',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    arguments: [{ name: 'message', type: 'string' }],
    placement: { at: 'server', handler: echo },
  },
  {
    name: 'select',
    group: 'connection',
    since: '1.0.0',
    summary: 'Chooses the logical database of the connection',
    complexity: 'O(1)',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    arguments: [{ name: 'index', type: 'integer' }],
    databaseAfter: (args, databases) => {
      const db = databaseIndex(args, 1, databases);
      return typeof db === 'string' ? undefined : db;
    },
    placement: { at: 'server', handler: select },
  },
  {
    name: 'auth',
    group: 'connection',
    since: '1.0.0',
    summary: 'Authenticates the connection',
    complexity: 'O(N) where N is the number of passwords defined for the user',
    arity: -2,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    arguments: [
      { name: 'username', type: 'string', since: '6.0.0', optional: true },
      { name: 'password', type: 'string' },
    ],
    secretWords: ({ count }) => Array.from({ length: Math.min(count, 3) - 1 }, (_, i) => i + 1),
    history: [['6.0.0', 'Added ACL style (username and password).']],
    placement: { at: 'server', handler: auth },
  },
  {
    name: 'hello',
    group: 'connection',
    since: '6.0.0',
    summary: 'Introduces the client and chooses the version of the protocol',
    complexity: 'O(1)',
    arity: -1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    arguments: [
      {
        name: 'arguments',
        type: 'block',
        optional: true,
        arguments: [
          { name: 'protover', type: 'integer' },
          {
            name: 'auth',
            type: 'block',
            token: 'AUTH',
            optional: true,
            arguments: [
              { name: 'username', type: 'string' },
              { name: 'password', type: 'string' },
            ],
          },
          { name: 'clientname', type: 'string', token: 'SETNAME', optional: true },
        ],
      },
    ],
    history: [
      [
        '6.2.0',
        "`protover` made optional; when called without arguments the command reports the current connection's context.",
      ],
    ],
    secretWords: secretsOfHello,
    // Pushes in the new protocol must not come before earlier replies in the old one.
    placement: { at: 'server', handler: hello, afterReplies: true },
  },
  {
    name: 'reset',
    group: 'connection',
    since: '6.2.0',
    summary: 'Puts the connection back to how it began',
    complexity: 'O(1)',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    allowedToSubscribers: true,
    isNeverQueued: true,
    placement: { at: 'server', handler: reset },
  },
  {
    name: 'quit',
    group: 'connection',
    since: '1.0.0',
    summary: 'Closes the connection after all replies have been sent',
    complexity: 'O(1)',
    arity: -1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
    deprecated: { since: '7.2.0', replacedBy: 'just closing the connection' },
    allowedToSubscribers: true,
    isNeverQueued: true,
    placement: { at: 'server', handler: quit },
  },
  client,
]);

function ping({ args, client, reply }: ServerContext): void {
  if (client.subscriptions !== undefined && client.resp === 2 && args.count <= 2) {
    // Clients of RESP2 that listen to channels take everything for an array.
    reply.array(2);
    reply.bulkText('pong');
    if (args.count === 1) reply.bulkText('');
    else reply.bulk(args.bytes, args.starts[1], args.ends[1]);
    return;
  }
  if (args.count === 1) reply.simple('PONG');
  else if (args.count === 2) reply.bulk(args.bytes, args.starts[1], args.ends[1]);
  else reply.error(wrongArity('ping'));
}

function echo({ args, reply }: ServerContext): void {
  reply.bulk(args.bytes, args.starts[1], args.ends[1]);
}

function select({ args, reply, client, config }: ServerContext): void {
  const db = databaseIndex(args, 1, config.get('databases'));
  if (typeof db === 'string') {
    reply.error(db);
  } else {
    client.db = db;
    reply.ok();
  }
}

function auth(context: ServerContext): void {
  const { args, reply, acl } = context;
  if (args.count > 3) {
    reply.error(SYNTAX_ERROR);
  } else if (args.count === 2 && acl.needsNoPassword) {
    reply.error(NO_PASSWORD_SET);
  } else {
    const user = args.count === 2 ? acl.defaultUser.name : args.text(1);
    if (logIn(context, user, args.text(args.count - 1))) reply.ok();
  }
}

/** Answers with an error and returns false when the pair is wrong. */
function logIn(context: ServerContext, user: string, password: string): boolean {
  const { acl, args, client, reply } = context;
  if (acl.authenticate(client, user, password, args.text(0))) return true;
  reply.error(WRONG_PASSWORD);
  return false;
}

interface HelloOptions {
  /** Undefined leaves the protocol as it is. */
  readonly resp: 2 | 3 | undefined;
  readonly user: string | undefined;
  readonly password: string;
  readonly name: string | undefined;
}

function hello(context: ServerContext): void {
  const { reply, client } = context;
  const options = readHello(context);
  if (typeof options === 'string') {
    reply.error(options);
    return;
  }
  if (options.user !== undefined && !logIn(context, options.user, options.password)) return;
  if (!client.isAuthenticated) {
    reply.error(NOT_AUTHENTICATED_HELLO);
    return;
  }
  if (options.name !== undefined) client.name = options.name;
  if (options.resp !== undefined) {
    client.resp = options.resp;
    // The reply itself is in the protocol that was asked for.
    reply.resp = options.resp;
  }
  reply.map(7);
  reply.bulkText('server');
  reply.bulkText('redis');
  reply.bulkText('version');
  reply.bulkText(REDIS_VERSION);
  reply.bulkText('proto');
  reply.integer(client.resp);
  reply.bulkText('id');
  reply.integer(client.id);
  reply.bulkText('mode');
  reply.bulkText('standalone');
  reply.bulkText('role');
  reply.bulkText('master');
  reply.bulkText('modules');
  reply.array(0);
}

/** As in Redis, up to the first word that is no option. */
function secretsOfHello(args: Arguments): number[] {
  const secrets: number[] = [];
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, 'auth') && i + 2 < args.count) {
      secrets.push(i + 1, i + 2);
      i += 2;
    } else if (args.is(i, 'setname') && i + 1 < args.count) {
      i++;
    } else {
      break;
    }
  }
  return secrets;
}

/** The words of HELLO, or the text of an error. */
function readHello({ args }: ServerContext): HelloOptions | string {
  let resp: 2 | 3 | undefined;
  let user: string | undefined;
  let password = '';
  let name: string | undefined;
  if (args.count > 1) {
    const version = args.integer(1);
    if (version === undefined) return PROTOCOL_VERSION_NOT_INTEGER;
    if (version !== 2 && version !== 3) return UNSUPPORTED_PROTOCOL;
    resp = version;
  }
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, 'auth') && i + 2 < args.count) {
      user = args.text(i + 1);
      password = args.text(i + 2);
      i += 2;
    } else if (args.is(i, 'setname') && i + 1 < args.count) {
      name = args.text(i + 1);
      if (!isPrintable(name)) return BAD_CLIENT_NAME;
      i++;
    } else {
      return helloSyntaxError(args.text(i));
    }
  }
  return { resp, user, password, name };
}

function reset(context: ServerContext): void {
  context.resetClient();
  context.reply.simple('RESET');
}

function quit({ reply, client }: ServerContext): void {
  reply.ok();
  client.closeAfterReplies();
}
