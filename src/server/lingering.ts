/** Ending a socket so that what was sent arrives. */
import type { Socket } from 'node:net';
import type { Writer } from './socket-writer.ts';

/** How long a client has to close its side when it has got its last reply. */
const LINGER_MS = 1000;

/**
 * Sends the rest of the output and then closes. What the client still sends is read, and thrown away: closing with bytes
 * unread resets the connection, and replies that are on their way would be lost with it. `hasEnded` tells whether the client
 * has sent its last byte.
 */
export function endSocket(socket: Socket, writer: Writer, hasEnded: () => boolean): void {
  socket.resume();
  writer.end(() => {
    if (hasEnded()) socket.destroy();
    else setTimeout(() => socket.destroy(), LINGER_MS).unref();
  });
}
