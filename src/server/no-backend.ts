/** The backend of a server that keeps nothing on disk: snapshots of nothing succeed. */
import type { PersistenceBackend } from './persistence.ts';

const NOTHING = { keys: 0, bytes: 0, writeMs: 0, syncMs: 0, copiedBytes: 0 };

export const noBackend: PersistenceBackend = {
  runner: { run: async () => NOTHING, abort: () => {} },
  changes: () => 0,
  log: () => ({ isEnabled: false, unsyncedBytes: 0, pendingSyncs: 0, delayedSyncs: 0, shards: [] }),
  load: () => ({ ms: 0, keys: 0, dumpKeysExpired: 0, dumpKeysLoaded: 0 }),
  startLog: async () => 'there is no log',
  stopLog: async () => {},
  loadDump: async () => false,
  reloadLog: async () => false,
};
