/**
 * Reading and writing TLS sockets with less around it, as socket-reader.ts and socket-writer.ts do for plain ones.
 *
 * Reading. Node reads into a buffer of ours only when it makes the socket itself, and TLS sockets here are made of accepted
 * ones. What `onread` would have set is set afterwards; where a socket looks otherwise than expected, `data` events serve.
 *
 * Writing. OpenSSL encrypts, and so copies, what it is given at once, but takes one write at a time and says that
 * it is done in the next turn. So the bytes of a turn go out in one write, and what comes before that is done waits
 * for it. Only then may the socket be ended: what it has not sent yet would be lost.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ReadCallback } from './socket-reader.ts';
import type { StreamHandle, WriteRequests, Writer } from './socket-writer.ts';

interface ReadHandle {
  useUserBuffer?: (buffer: Uint8Array) => void;
}

type WithSymbols = Record<symbol, unknown> & { readonly _handle: ReadHandle | null };

/** Without `instanceof`, which would load TLS for those who do not use it. */
export function isTls(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket;
}

/** Puts the socket, whose handshake has just been done, to reading into `buffer`; it is paused afterwards. */
export function readTlsInto(socket: TLSSocket, buffer: Uint8Array, received: ReadCallback): void {
  socket.pause();
  const inner = socket as unknown as WithSymbols;
  const bufferKey = symbolOf(socket, 'kBuffer');
  const callbackKey = symbolOf(socket, 'kBufferCb');
  const handle = inner._handle;
  // What came with the last bytes of the handshake may have been read already.
  const early: Buffer | null = socket.read();
  if (bufferKey === undefined || callbackKey === undefined || typeof handle?.useUserBuffer !== 'function') {
    if (early !== null) socket.unshift(early);
    socket.on('data', (bytes: Buffer) => received(bytes, bytes.length));
    socket.pause();
    return;
  }
  inner[bufferKey] = buffer;
  inner[callbackKey] = (length: number, bytes: Uint8Array): boolean => {
    received(bytes, length);
    return true;
  };
  handle.useUserBuffer(buffer);
  socket.pause();
  if (early !== null) setImmediate(() => received(early, early.length));
}

function symbolOf(socket: Socket, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === description);
}

/** Writes beyond this may be more than the kernel takes at once: they count as waiting until they are done. */
const LARGE_BYTES = 64 * 1024;

export class TlsSocketWriter implements Writer {
  readonly #socket: TLSSocket;
  readonly #requests: WriteRequests;
  readonly #handle: StreamHandle;
  readonly #drained: () => void;
  /** Bytes that OpenSSL has encrypted and not yet said to be gone; 0 when a write may be made. */
  #inFlightBytes = 0;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** What `end` was given, until all before it is out. */
  #ending: (() => void) | undefined;

  constructor(socket: TLSSocket, handle: StreamHandle, requests: WriteRequests, drained: () => void) {
    this.#socket = socket;
    this.#handle = handle;
    this.#requests = requests;
    this.#drained = drained;
    socket.on('drain', () => this.#next());
  }

  get willDrain(): boolean {
    return this.#inFlightBytes > 0 || this.#socket.writableNeedDrain;
  }

  get waitingBytes(): number {
    return this.#socket.writableLength + this.#inFlightBytes + this.#queuedBytes;
  }

  get waitingWrites(): number {
    return this.#queue.length + (this.#inFlightBytes > 0 ? 1 : 0) + (this.#socket.writableLength > 0 ? 1 : 0);
  }

  write(bytes: Uint8Array): number {
    if (this.#inFlightBytes > 0 || this.#queuedBytes > 0) {
      this.#queue.push(bytes);
      this.#queuedBytes += bytes.length;
      return this.waitingBytes;
    }
    if (!this.#requests.isReady || this.#socket.writableLength > 0) {
      if (!this.#requests.isReady) this.#requests.learnFrom(this.#handle);
      this.#socket.write(bytes);
      return this.waitingBytes;
    }
    if (!this.#writeNow(bytes)) return 0;
    return bytes.length > LARGE_BYTES ? bytes.length : 0;
  }

  end(ended: () => void): void {
    this.#ending = ended;
    if (this.#inFlightBytes === 0 && this.#queuedBytes === 0) this.#endNow();
  }

  #endNow(): void {
    const ended = this.#ending;
    this.#ending = undefined;
    if (ended !== undefined) this.#socket.end(ended);
  }

  #writeNow(bytes: Uint8Array): boolean {
    const request = this.#requests.create();
    request.oncomplete = this.#completed;
    this.#inFlightBytes = bytes.length;
    const error = this.#handle.writeBuffer!(request, bytes);
    if (error === 0) return true;
    this.#inFlightBytes = 0;
    this.#socket.destroy();
    return false;
  }

  readonly #completed = (status: number): void => {
    this.#inFlightBytes = 0;
    if (this.#socket.destroyed) return;
    if (status !== 0) this.#socket.destroy();
    else this.#next();
  };

  /** All that was written is gone: writes what has come since. */
  #next(): void {
    if (this.#inFlightBytes > 0) return;
    if (this.#queuedBytes > 0) {
      const bytes = this.#queue.length === 1 ? this.#queue[0]! : Buffer.concat(this.#queue);
      this.#queue = [];
      this.#queuedBytes = 0;
      this.#writeNow(bytes);
      return;
    }
    this.#drained();
    this.#endNow();
  }
}
