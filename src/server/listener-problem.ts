/** What connections that are sent things unasked may not do. */
import type { Command } from '../commands/table.ts';
import { MONITOR_AT_KEYS, notForSubscribers } from '../protocol/errors.ts';
import type { Connection } from './connection.ts';

/** The text of the error when a connection that listens to channels, or is shown every command, may not run `command`. */
export function listenerProblem(connection: Connection, command: Command): string | undefined {
  const { subscriptions, resp, isMonitor } = connection;
  // In RESP2 a message looks like a reply.
  if (subscriptions !== undefined && resp === 2 && !command.allowedToSubscribers) {
    return notForSubscribers(command.fullName);
  }
  return isMonitor && touchesKeys(command) ? MONITOR_AT_KEYS : undefined;
}

function touchesKeys({ flags }: Command): boolean {
  return flags.includes('write') || flags.includes('readonly') || flags.includes('may_replicate');
}
