/** CLIENT: what connections are there, and what they want to be known by. */
import { BAD_CLIENT_NAME, badClientAttribute, SYNTAX_ERROR, unrecognizedOption } from '../protocol/errors.ts';
import { clientKill } from './client-kill.ts';
import { clientList } from './client-list.ts';
import { clientPause, clientUnblock, clientUnpause } from './client-pause.ts';
import { ADMIN_FLAGS, ON_OR_OFF, subcommand } from './client-subcommand.ts';
import { clientCaching, clientGetRedir, clientTracking, clientTrackingInfo } from './client-tracking.ts';
import type { ArgumentSpec, CommandSpec } from './command.ts';
import { helpSubcommand } from './container-help.ts';
import type { ServerContext } from './context.ts';
import { token } from './declarations.ts';

const SETINFO_ATTRIBUTES: readonly ArgumentSpec[] = [
  { name: 'libname', type: 'string', token: 'LIB-NAME' },
  { name: 'libver', type: 'string', token: 'LIB-VER' },
];

export const client: CommandSpec = {
  name: 'client',
  group: 'connection',
  since: '2.4.0',
  summary: 'A container for commands about connections',
  complexity: 'Depends on subcommand',
  arity: -2,
  flags: [],
  keepsCachingMode: true,
  subcommands: [
    clientCaching,
    subcommand({
      name: 'getname',
      since: '2.6.9',
      summary: 'Returns the name of the connection',
      arity: 2,
      handler: getName,
    }),
    clientGetRedir,
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
    clientKill,
    clientList,
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
    clientPause,
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
    clientTracking,
    clientTrackingInfo,
    clientUnblock,
    clientUnpause,
    helpSubcommand({ since: '5.0.0', group: 'connection' }),
  ],
};

/** Whether a name can stand in a line of CLIENT LIST: no spaces, no control characters, ASCII only. */
export function isPrintable(text: string): boolean {
  return /^[!-~]*$/.test(text);
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
