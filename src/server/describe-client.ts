/** The line of CLIENT LIST for a connection, in the fields and order of Redis 7.2. */
import { memoryOf } from './client-memory.ts';
import type { Connection } from './connection.ts';

export function describeClient(connection: Connection, nowMs: number): string {
  const { parser, unparsed, unparsedLength, subscriptions } = connection;
  const fields: [string, string | number][] = [
    ['id', connection.id],
    ['addr', connection.address],
    ['laddr', connection.localAddress],
    ['fd', connection.descriptor],
    ['name', connection.name],
    ['age', Math.max(0, Math.floor((nowMs - connection.createdAtMs) / 1000))],
    ['idle', Math.max(0, Math.floor((nowMs - connection.lastActiveMs) / 1000))],
    ['flags', flagsOf(connection)],
    ['db', connection.db],
    ['sub', subscriptions?.channels.size ?? 0],
    ['psub', subscriptions?.patterns.size ?? 0],
    ['ssub', subscriptions?.shardChannels.size ?? 0],
    ['multi', connection.transaction?.length ?? -1],
    ['qbuf', queryBytes(connection)],
    ['qbuf-free', unparsed.length - unparsedLength],
    ['argv-mem', parser?.wordBytes ?? 0],
    ['multi-mem', connection.transaction?.memoryBytes ?? 0],
    ['rbs', connection.reply.limit],
    ['rbp', connection.reply.position],
    ['obl', connection.reply.position],
    ['oll', connection.queuedWrites],
    ['omem', connection.queuedBytes],
    ['tot-mem', memoryOf(connection)],
    ['events', eventsOf(connection)],
    ['cmd', connection.lastCommand],
    ['user', connection.user.name],
    ['redir', connection.tracking?.redirect ?? -1],
    ['resp', connection.resp],
    ['lib-name', connection.libraryName],
    ['lib-ver', connection.libraryVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(' ');
}

/**
 * Bytes that wait to be parsed, or those of the command that runs. Words of an unfinished command that have been read in
 * full are counted apart, as the memory of arguments.
 */
function queryBytes({ parser, unparsedLength }: Connection): number {
  const commandBytes = parser?.commandBytes ?? 0;
  return parser?.isInsideCommand ? unparsedLength - commandBytes : Math.max(unparsedLength, commandBytes);
}

/** What is waited for at the socket: bytes to read, room to write. */
function eventsOf(connection: Connection): string {
  return (connection.isReading ? 'r' : '') + (connection.queuedWrites > 0 ? 'w' : '');
}

function flagsOf(connection: Connection): string {
  let flags = '';
  if (connection.isMonitor) flags += 'O';
  if (connection.subscriptions !== undefined) flags += 'P';
  if (connection.transaction !== undefined) flags += 'x';
  if (connection.tracking !== undefined) flags += 't';
  if (connection.tracking?.isRedirectBroken) flags += 'R';
  if (connection.tracking?.isBroadcast) flags += 'B';
  if (connection.isHeld) flags += 'b';
  if (connection.isClosing) flags += 'c';
  if (connection.isUnixSocket) flags += 'U';
  if (connection.noEvict) flags += 'e';
  if (connection.noTouch) flags += 'T';
  return flags === '' ? 'N' : flags;
}
