/** All hand-written cases by family. */
import type { Cases } from './case.ts';
import { acl } from './cases/acl.ts';
import { administration } from './cases/administration.ts';
import { bitmaps } from './cases/bitmaps.ts';
import { blocking } from './cases/blocking.ts';
import { connection } from './cases/connection.ts';
import { counters } from './cases/counters.ts';
import { dumping } from './cases/dumping.ts';
import { errors } from './cases/errors.ts';
import { expiry } from './cases/expiry.ts';
import { geo } from './cases/geo.ts';
import { hashes } from './cases/hashes.ts';
import { hyperloglogs } from './cases/hyperloglogs.ts';
import { keys } from './cases/keys.ts';
import { lists } from './cases/lists.ts';
import { measured } from './cases/measured.ts';
import { persistence } from './cases/persistence.ts';
import { pubsub, pubsubStreams } from './cases/pubsub.ts';
import { passwordStreams, rawStreams } from './cases/raw-streams.ts';
import { scanning } from './cases/scan.ts';
import { server } from './cases/server.ts';
import { sets } from './cases/sets.ts';
import { severalKeys } from './cases/several-keys.ts';
import { sortedSets } from './cases/sorted-sets.ts';
import { streamGroups } from './cases/stream-groups.ts';
import { streams } from './cases/streams.ts';
import { strings } from './cases/strings.ts';
import { transactions } from './cases/transactions.ts';

export const families: Readonly<Record<string, Cases>> = {
  strings,
  hashes,
  lists,
  streams,
  sortedSets,
  streamGroups,
  sets,
  blocking,
  counters,
  bitmaps,
  hyperloglogs,
  geo,
  severalKeys,
  keys,
  expiry,
  dumping,
  scanning,
  connection,
  pubsub,
  server,
  administration,
  measured,
  persistence,
  errors,
  acl,
  transactions,
};

export { passwordStreams, pubsubStreams, rawStreams };
