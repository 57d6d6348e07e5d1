/** What is done about connections once a second: room that they do not use is given back, and some are closed. */
import type { Connection } from './connection.ts';

/** After so long room in a connection's buffer that is not used is given back. */
const IDLE_BUFFER_MS = 2000;

export interface SweepHost {
  isOverLimit(connection: Connection): boolean;
  note(message: string): void;
}

/** Closes connections that have sent nothing for `idleMsMax` (0: whatever they did), or take too little of their output. */
export function sweepConnections(
  connections: Iterable<Connection>,
  idleMsMax: number,
  host: SweepHost,
): void {
  const now = Date.now();
  for (const connection of connections) {
    const idleMs = now - connection.lastActiveMs;
    if (idleMs > IDLE_BUFFER_MS) connection.trimUnparsed();
    if (idleMsMax > 0 && idleMs > idleMsMax && isIdle(connection)) {
      host.note(`Closing idle client ${connection.describe()}`);
      connection.kill();
    } else if (connection.outputBytes > 0 && host.isOverLimit(connection)) {
      connection.kill();
    }
  }
}

/** Whether the connection waits for its client, and not the client for us; subscribers and monitors just listen. */
function isIdle({ type, isMonitor, hasPendingReplies, isHeld }: Connection): boolean {
  return type === 'normal' && !isMonitor && !hasPendingReplies && !isHeld;
}
