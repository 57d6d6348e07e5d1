/** All commands, by family. A new family is one more line here. */

import { cluster } from './cluster.ts';
import type { CommandSpec } from './command.ts';
import { connection } from './connection.ts';
import { counters } from './counters.ts';
import { expiry } from './expiry.ts';
import { introspection } from './introspection.ts';
import { keys } from './keys.ts';
import { modules } from './modules.ts';
import { plain } from './plain.ts';
import { replication } from './replication.ts';
import { scanning } from './scan.ts';
import { server } from './server.ts';
import { strings } from './strings.ts';

export const families: readonly CommandSpec[] = [
  ...strings,
  ...counters,
  ...keys,
  ...expiry,
  ...scanning,
  ...plain,
  ...connection,
  ...server,
  ...replication,
  ...modules,
  ...cluster,
  ...introspection,
];
