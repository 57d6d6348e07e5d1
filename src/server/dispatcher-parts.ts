/** What a dispatcher is made of. */
import type { Acl } from '../acl/acl.ts';
import type { CommandTable } from '../commands/table.ts';
import type { Tickets } from '../ring/claims.ts';
import type { CommandGate } from './command-gate.ts';
import type { DirectReader } from './direct-reader.ts';
import type { LocalCommands } from './local-commands.ts';
import type { Measuring } from './measuring.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { Monitors } from './monitors.ts';
import type { Router } from './router.ts';
import type { RunPool } from './run.ts';
import type { Tracking } from './tracking.ts';
import type { LoggedTransactions } from './transactions.ts';

export interface DispatcherParts {
  readonly commands: CommandTable;
  readonly router: Router;
  readonly direct: DirectReader;
  readonly runs: RunPool;
  readonly local: LocalCommands;
  readonly gate: CommandGate;
  readonly memoryLimit: MemoryLimit;
  readonly monitors: Monitors;
  readonly acl: Acl;
  readonly measuring: Measuring;
  readonly tracking: Tracking;
  readonly loggedTransactions: LoggedTransactions;
  readonly tickets: Tickets;
  readonly databases: number;
}
