/** What an acceptor is made of, and what it asks of the server that it belongs to. */
import type { Acl } from '../acl/acl.ts';
import type { ParserLimits } from '../protocol/request-parser.ts';
import type { WakeWord } from '../ring/wake-word.ts';
import type { CommandGate } from './command-gate.ts';
import type { Connection } from './connection.ts';
import type { ConnectionAddresses } from './connection-host.ts';
import type { DirectReader } from './direct-reader.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Measuring } from './measuring.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { OutputLimit } from './output-limit.ts';
import type { RunPool } from './run.ts';
import type { ShardLink } from './shard-link.ts';

/** What the acceptor asks of the server it belongs to. */
export interface AcceptorOptions {
  readonly limits: ParserLimits & { queryBufferBytesMax: number; clientsMax: number };
  readonly outputLimit: OutputLimit;
  readonly acl: Acl;
  /** The error for a client that may not be served, undefined for all others. */
  refusal(addresses: ConnectionAddresses): string | undefined;
  nextClientId(): number;
  /** Who must know that a connection is gone. */
  readonly listeners: readonly { forget(connection: Connection): void }[];
  /** Says something of a connection in the log. */
  note(message: string, level?: 'verbose' | 'notice' | 'warning'): void;
}

export interface AcceptorParts {
  readonly links: readonly ShardLink[];
  readonly dispatcher: Dispatcher;
  readonly direct: DirectReader;
  readonly runs: RunPool;
  readonly wake: WakeWord;
  readonly gate: CommandGate;
  readonly measuring: Measuring;
  readonly memoryLimit: MemoryLimit;
}
