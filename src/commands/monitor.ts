/** MONITOR: showing a client every command. It runs in the acceptor, over the interface MonitorService. */
import { MONITOR_IN_TRANSACTION } from '../protocol/errors.ts';
import { defineCommands } from './command.ts';
import type { ServerContext } from './context.ts';

export const monitoring = defineCommands([
  {
    name: 'monitor',
    group: 'server',
    since: '1.0.0',
    summary: 'Shows the client every command that the server runs, as it runs',
    complexity: 'O(1), and for each later command O(N) where N is the number of clients that are shown it',
    arity: 1,
    flags: ['admin', 'noscript', 'loading', 'stale'],
    // The first line must not come before the reply, which waits for earlier ones.
    placement: { at: 'server', handler: monitor, afterReplies: true },
  },
]);

function monitor({ client, isInTransaction, monitors, reply }: ServerContext): void {
  if (isInTransaction) {
    reply.error(MONITOR_IN_TRANSACTION);
    return;
  }
  // As in Redis, there is no reply to asking again.
  if (client.isMonitor) return;
  monitors.add(client);
  reply.ok();
}
