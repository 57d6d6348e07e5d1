/**
 * One TCP port on any number of addresses, which can be changed while the server runs: the new sockets are opened
 * first, and the old ones closed when nothing else speaks against the change. Where old and new are in each
 * other's way (`127.0.0.1` and then `0.0.0.0` of the same port), the old ones close first and are opened again if
 * the new ones fail.
 */
import type { Server } from 'node:net';
import { type Accepted, type AcceptOptions, ListenError, listenTcp } from './listening-socket.ts';

/** A change of the listening sockets that is ready; exactly one of the two is to be called. */
export interface Move {
  /** Closes what will not be listened on any more, already now: somebody else needs the port. */
  release(): void;
  commit(): void;
  /** Throws ListenError when an old address cannot be had any more. */
  abort(): Promise<void>;
}

export class PortListener {
  /** 0 while it listens on no port. */
  port = 0;
  readonly #options: AcceptOptions;
  readonly #accepted: Accepted;
  /** By the address as `bind` has it. */
  #servers = new Map<string, Server>();

  constructor(options: AcceptOptions, accepted: Accepted) {
    this.#options = options;
    this.#accepted = accepted;
  }

  /** Listens on a port, 0 for any free one, the same for all addresses. Throws ListenError; then nothing listens. */
  async open(port: number, bind: readonly string[]): Promise<void> {
    const opened = new Map<string, Server>();
    this.port = await this.#openAll(port, new Set(bind), opened);
    this.#servers = opened;
  }

  /** Gets ready to listen on `port` (0 for none) of `bind` instead. Throws ListenError; then all is as before. */
  async move(port: number, bind: readonly string[]): Promise<Move> {
    const wanted = new Set(port === 0 ? [] : bind);
    const isKept = (address: string) => port === this.port && wanted.has(address);
    const kept = new Map([...this.#servers].filter(([address]) => isKept(address)));
    const leaving = new Map([...this.#servers].filter(([address]) => !isKept(address)));
    const missing = new Set([...wanted].filter((address) => !kept.has(address)));
    const opened = new Map<string, Server>();
    let isClosed = false;
    const release = () => {
      isClosed = true;
      closeAll(leaving);
    };
    const restore = async () => {
      closeAll(opened);
      if (!isClosed) return;
      const again = new Map<string, Server>();
      await this.#openAll(this.port, new Set(leaving.keys()), again);
      this.#servers = new Map([...kept, ...again]);
    };
    try {
      await this.#openAll(port, missing, opened);
    } catch (error) {
      if (!isTaken(error) || port !== this.port || leaving.size === 0) throw error;
      release();
      await this.#openAll(port, missing, opened).catch(async (again: unknown) => {
        await restore();
        throw again;
      });
    }
    return {
      release,
      commit: () => {
        closeAll(leaving);
        this.#servers = new Map([...kept, ...opened]);
        this.port = port;
      },
      abort: restore,
    };
  }

  /** Accepts no more connections. The server's own count of them does not matter here. */
  close(): void {
    closeAll(this.#servers);
    this.#servers.clear();
  }

  /** Returns the port; when it throws, it has closed what it opened. */
  async #openAll(port: number, bind: ReadonlySet<string>, opened: Map<string, Server>): Promise<number> {
    let actual = port;
    try {
      for (const address of bind) {
        const server = await listenTcp(address, actual, this.#options, this.#accepted);
        if (server === undefined) continue;
        opened.set(address, server);
        const bound = server.address();
        if (bound !== null && typeof bound === 'object') actual = bound.port;
      }
    } catch (error) {
      closeAll(opened);
      opened.clear();
      throw error;
    }
    return actual;
  }
}

/** Whether listening failed because somebody has the port. */
export function isTaken(error: unknown): boolean {
  return error instanceof ListenError && error.code === 'EADDRINUSE';
}

function closeAll(servers: ReadonlyMap<string, Server>): void {
  for (const server of servers.values()) server.close();
}
