/** What a connection is told when it is made: whose it is, and who serves it. */
import type { ChunkPool } from './chunk-pool.ts';
import type { Connection } from './connection.ts';
import type { RunPool } from './run.ts';
import type { WriteRequests } from './socket-writer.ts';

/** What a connection needs of the acceptor that serves it. */
export interface ConnectionHost {
  /** For replies. */
  readonly chunks: ChunkPool;
  /** For unparsed bytes, by rising size; larger ones are not pooled. */
  readonly rests: readonly ChunkPool[];
  readonly runs: RunPool;
  readonly writeRequests: WriteRequests;
  /** Called when a connection that waited can go on: its unparsed bytes are to be parsed. */
  resumed(connection: Connection): void;
  /** Called once when the connection is gone. */
  closed(connection: Connection): void;
  /** Called when a connection has something to flush at the end of the turn. */
  touch(connection: Connection): void;
  /** Output buffer limit check: the reason to close, or undefined. */
  outputLimitExceeded(connection: Connection, bytes: number): boolean;
  /** Called when the connection's buffers have grown or shrunk. */
  memoryChanged(connection: Connection): void;
  /** Every command must be asked for before it is routed: see command-gate.ts. */
  readonly checksCommands: boolean;
  readonly traffic: { outputBytes: number; writes: number };
}

export interface ConnectionAddresses {
  /** The client's IP address, empty for a Unix socket. */
  readonly host: string;
  readonly address: string;
  readonly localAddress: string;
  /** The client is on this machine. */
  readonly isLocal: boolean;
  readonly isUnixSocket: boolean;
}
