/**
 * Writing to sockets with less around it.
 *
 * `socket.write` queues the chunk and defers a callback for every write, which costs about as much as parsing and
 * answering a small command. Nearly all our writes are taken by the kernel at once, so nothing needs to be queued. Here
 * the stream's handle is called as `net.Socket` itself calls it.
 *
 * The class of write requests is not public. It is learnt from the first write that a socket makes in the ordinary
 * way; where a handle looks otherwise than expected, `socket.write` goes on serving.
 */
import type { Socket } from 'node:net';
import { isTls, TlsSocketWriter } from './tls-socket.ts';

export interface WriteRequest {
  /** Called when a write that did not complete at once has done so; may be absent. */
  oncomplete?: (status: number) => void;
  /** The bytes, so that their memory stays until then. */
  buffer?: Uint8Array;
}

export interface StreamHandle {
  writeBuffer?: (request: WriteRequest, bytes: Uint8Array) => number;
  /** Bytes that the kernel has not taken yet. */
  readonly writeQueueSize?: number;
}

/** What an acceptor knows of write requests; one for all its sockets. */
export class WriteRequests {
  #class: (new () => WriteRequest) | undefined;

  /** True once a request can be made. */
  get isReady(): boolean {
    return this.#class !== undefined;
  }

  /** Learns the class from the next ordinary write to `handle`. */
  learnFrom(handle: StreamHandle): void {
    const write = handle.writeBuffer;
    if (write === undefined || Object.hasOwn(handle, 'writeBuffer')) return;
    handle.writeBuffer = (request, bytes) => {
      delete handle.writeBuffer;
      this.#class = request.constructor as new () => WriteRequest;
      return write.call(handle, request, bytes);
    };
  }

  /** A new request for each write: the handle may keep it even when the kernel has taken all bytes. */
  create(): WriteRequest {
    return new this.#class!();
  }
}

/** What a connection writes through. */
export interface Writer {
  /** Bytes that wait to be taken by the kernel. */
  readonly waitingBytes: number;
  /** In how many pieces they wait. */
  readonly waitingWrites: number;
  /** Bytes wait, and it will be said when they have been taken. */
  readonly willDrain: boolean;
  /**
   * Writes `bytes`. Returns how many bytes now wait, of these and earlier ones: 0 when the memory of `bytes` may be
   * used again. Errors end the socket, which says so by its events.
   */
  write(bytes: Uint8Array): number;
  /** Ends the socket's writing side when all has been sent; calls `ended` then. */
  end(ended: () => void): void;
}

/** The writer for a socket. `drained` is called when all that waited has been taken by the kernel. */
export function writerOf(socket: Socket, requests: WriteRequests, drained: () => void): Writer {
  const handle = (socket as unknown as { _handle?: StreamHandle })._handle;
  const isUsable = typeof handle?.writeBuffer === 'function' && typeof handle.writeQueueSize === 'number';
  if (isUsable && isTls(socket)) return new TlsSocketWriter(socket, handle, requests, drained);
  return new SocketWriter(socket, isUsable ? handle : undefined, requests, drained);
}

class SocketWriter implements Writer {
  readonly #socket: Socket;
  readonly #requests: WriteRequests;
  readonly #handle: StreamHandle | undefined;
  /** Called when all that waited has been taken by the kernel. */
  readonly #drained: () => void;
  #waitingWrites = 0;

  constructor(
    socket: Socket,
    handle: StreamHandle | undefined,
    requests: WriteRequests,
    drained: () => void,
  ) {
    this.#socket = socket;
    this.#handle = handle;
    this.#requests = requests;
    this.#drained = drained;
    socket.on('drain', drained);
  }

  get waitingWrites(): number {
    return this.#waitingWrites + (this.#socket.writableLength > 0 ? 1 : 0);
  }

  get willDrain(): boolean {
    return this.#waitingWrites > 0 || this.#socket.writableNeedDrain;
  }

  get waitingBytes(): number {
    const own = this.#socket.writableLength;
    return this.#waitingWrites === 0 ? own : own + (this.#handle?.writeQueueSize ?? 0);
  }

  write(bytes: Uint8Array): number {
    const handle = this.#handle;
    if (handle === undefined || !this.#requests.isReady || this.#socket.writableLength > 0) {
      if (handle !== undefined && !this.#requests.isReady) this.#requests.learnFrom(handle);
      this.#socket.write(bytes);
      return this.waitingBytes;
    }
    const request = this.#requests.create();
    const error = handle.writeBuffer!(request, bytes);
    if (error !== 0) {
      this.#socket.destroy();
      return 0;
    }
    const waiting = handle.writeQueueSize!;
    if (waiting === 0) return 0;
    request.oncomplete = this.#completed;
    request.buffer = bytes;
    this.#waitingWrites++;
    return waiting;
  }

  end(ended: () => void): void {
    // The system ends the stream after the writes that it still has.
    this.#socket.end(ended);
  }

  readonly #completed = (status: number): void => {
    this.#waitingWrites--;
    if (status !== 0) this.#socket.destroy();
    else if (this.#waitingWrites === 0) this.#drained();
  };
}
