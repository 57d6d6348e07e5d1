/**
 * Reading sockets into one reused buffer.
 *
 * A socket's `data` events cost a fresh 64 KB buffer and a walk through the streams for every read, more than the
 * rest of a small command. `net.Socket` can read into a buffer of ours (`onread`), but only when it is made, not
 * for sockets that a server has accepted. So the accepted socket's handle moves to a new socket, as Node's own
 * cluster module does. Where that is not possible, `data` events serve.
 */
import { Socket } from 'node:net';
import { isTls, readTlsInto } from './tls-socket.ts';

/** Called with the bytes `[0, length)` of each read; the next read overwrites them. */
export type ReadCallback = (bytes: Uint8Array, length: number) => void;

interface WithHandle {
  _handle: { useUserBuffer?: unknown } | null;
}

/** Returns the socket to use in place of `accepted`, which must be paused. It is half-open and paused as well. */
export function readInto(accepted: Socket, buffer: Uint8Array, received: ReadCallback): Socket {
  if (isTls(accepted)) {
    readTlsInto(accepted, buffer, received);
    return accepted;
  }
  const holder = accepted as unknown as WithHandle;
  const handle = holder._handle;
  if (typeof handle?.useUserBuffer !== 'function') {
    accepted.allowHalfOpen = true;
    accepted.on('data', (bytes: Buffer) => received(bytes, bytes.length));
    accepted.pause();
    return accepted;
  }
  const options = {
    handle,
    allowHalfOpen: true,
    pauseOnCreate: true,
    onread: {
      buffer,
      callback(length: number, bytes: Uint8Array): boolean {
        received(bytes, length);
        return true;
      },
    },
  };
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
  holder._handle = null;
  // Without its handle this only takes the old object off the server's count of connections.
  accepted.destroy();
  return socket;
}
