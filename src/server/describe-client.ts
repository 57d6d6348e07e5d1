/** The line of CLIENT LIST for a connection, in the fields and order of Redis 7.2. */
import type { Connection } from './connection.ts';

export function describeClient(connection: Connection, nowMs: number): string {
  const fields: [string, string | number][] = [
    ['id', connection.id],
    ['addr', connection.address],
    ['laddr', connection.localAddress],
    ['fd', -1],
    ['name', connection.name],
    ['age', Math.max(0, Math.floor((nowMs - connection.createdAtMs) / 1000))],
    ['idle', Math.max(0, Math.floor((nowMs - connection.lastActiveMs) / 1000))],
    ['flags', flagsOf(connection)],
    ['db', connection.db],
    ['sub', 0],
    ['psub', 0],
    ['ssub', 0],
    ['multi', -1],
    ['qbuf', connection.unparsedLength],
    ['qbuf-free', connection.unparsed.length - connection.unparsedLength],
    ['argv-mem', 0],
    ['multi-mem', 0],
    ['rbs', connection.reply.limit],
    ['rbp', connection.reply.position],
    ['obl', connection.reply.position],
    ['oll', 0],
    ['omem', connection.outputBytes],
    ['tot-mem', connection.unparsed.length + connection.reply.limit + connection.outputBytes],
    ['events', 'r'],
    ['cmd', connection.lastCommand],
    ['user', connection.user.name],
    ['redir', -1],
    ['resp', connection.resp],
    ['lib-name', connection.libraryName],
    ['lib-ver', connection.libraryVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(' ');
}

function flagsOf(connection: Connection): string {
  let flags = '';
  if (connection.isClosing) flags += 'c';
  if (connection.isUnixSocket) flags += 'U';
  if (connection.noEvict) flags += 'e';
  if (connection.noTouch) flags += 'T';
  return flags === '' ? 'N' : flags;
}
