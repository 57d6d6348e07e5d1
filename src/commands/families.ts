/** All commands, by family. A new family is one more line here. */
import { acl } from './acl.ts';
import { bitfields } from './bitfields.ts';
import { bitmaps } from './bitmaps.ts';
import { cluster } from './cluster.ts';
import type { CommandSpec } from './command.ts';
import { connection } from './connection.ts';
import { counters } from './counters.ts';
import { databases } from './databases.ts';
import { dumping } from './dumping.ts';
import { expiry } from './expiry.ts';
import { geo } from './geo/geo.ts';
import { hashes } from './hashes/hashes.ts';
import { hyperloglogDebugging } from './hyperloglog-debugging.ts';
import { hyperloglogs } from './hyperloglogs.ts';
import { introspection } from './introspection.ts';
import { keys } from './keys.ts';
import { lists } from './lists/lists.ts';
import { migrating } from './migrating.ts';
import { modules } from './modules.ts';
import { monitoring } from './monitor.ts';
import { objects } from './objects.ts';
import { persistence } from './persistence.ts';
import { plain } from './plain.ts';
import { pubSub } from './pub-sub.ts';
import { ranges } from './ranges.ts';
import { renaming } from './renaming.ts';
import { replication } from './replication.ts';
import { scanning } from './scan.ts';
import { server } from './server.ts';
import { sets } from './sets/sets.ts';
import { sorting } from './sort.ts';
import { sortedSets } from './sorted-sets/sorted-sets.ts';
import { streams } from './streams/streams.ts';
import { stringPairs } from './string-pairs.ts';
import { strings } from './strings.ts';
import { transactions } from './transactions.ts';

export const families: readonly CommandSpec[] = [
  ...strings,
  ...counters,
  ...ranges,
  ...stringPairs,
  ...bitmaps,
  ...bitfields,
  ...hyperloglogs,
  ...hyperloglogDebugging,
  ...geo,
  ...lists,
  ...hashes,
  ...sortedSets,
  ...streams,
  ...sets,
  ...keys,
  ...renaming,
  ...objects,
  ...dumping,
  ...migrating,
  ...databases,
  ...expiry,
  ...scanning,
  ...sorting,
  ...plain,
  ...transactions,
  ...connection,
  ...pubSub,
  ...server,
  ...monitoring,
  ...persistence,
  ...replication,
  ...modules,
  ...cluster,
  ...introspection,
  acl,
];
