/** What a command is to a connection, before anybody looks at what it does. */
import type { Command } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import type { Connection } from './connection.ts';

/** EXEC. */
export function isExecution({ placement }: Command): boolean {
  return placement?.at === 'transaction' && placement.step === 'execute';
}

/** Whether the command is kept for EXEC. */
export function isQueued({ transaction }: Connection, { isNeverQueued }: Command): boolean {
  return transaction !== undefined && !isNeverQueued;
}

/**
 * A web page can make a browser post to any port, and the lines of its request would be commands. As in Redis, the
 * words that every such request has end the connection.
 */
export function isHttpRequest(args: Arguments): boolean {
  return args.is(0, 'post') || args.is(0, 'host:');
}
