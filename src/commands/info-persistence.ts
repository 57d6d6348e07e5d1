/** The fields of INFO's section persistence: dumps, the log, and what each shard has of it. */
import { type Field, type InfoSource, percentage } from './info-fields.ts';

/** Redis forks for a snapshot and tells what the two processes have copied; here it is what had to be preserved. */
export function snapshotFields({ report }: InfoSource): Field[] {
  const { dump, base, load, log, ...rest } = report.persistence;
  return [
    ['current_cow_peak', rest.copiedBytes],
    ['current_cow_size', rest.copiedBytes],
    ['current_cow_size_age', 0],
    ['current_fork_perc', Math.min(percentage(rest.keysWritten, rest.keysTotal), 100).toFixed(2)],
    ['current_save_keys_processed', rest.keysWritten],
    ['current_save_keys_total', rest.keysTotal],
    ['rdb_changes_since_last_save', rest.changesSinceSave],
    ['rdb_bgsave_in_progress', Number(dump.isRunning)],
    ['rdb_last_save_time', rest.lastSaveSeconds],
    ['rdb_last_bgsave_status', status(dump.isLastOk)],
    ['rdb_last_bgsave_time_sec', dump.lastSeconds],
    ['rdb_current_bgsave_time_sec', dump.currentSeconds],
    ['rdb_saves', dump.count],
    ['rdb_last_cow_size', dump.copiedBytes],
    ['rdb_last_load_keys_expired', load.dumpKeysExpired],
    ['rdb_last_load_keys_loaded', load.dumpKeysLoaded],
    ['aof_enabled', Number(log.isEnabled)],
    ['aof_rewrite_in_progress', Number(base.isRunning)],
    ['aof_rewrite_scheduled', Number(base.isScheduled)],
    ['aof_last_rewrite_time_sec', base.lastSeconds],
    ['aof_current_rewrite_time_sec', base.currentSeconds],
    ['aof_last_bgrewrite_status', status(base.isLastOk)],
    ['aof_rewrites', base.count],
    ['aof_rewrites_consecutive_failures', base.consecutiveFailures],
    ['aof_last_write_status', status(log.problem === undefined)],
    ['aof_last_cow_size', base.copiedBytes],
    ['module_fork_in_progress', 0],
    ['module_fork_last_cow_size', 0],
  ];
}

/** As in Redis only where there is a log. */
export function logFields({ report }: InfoSource): Field[] {
  const { log, logBytesAtBase } = report.persistence;
  if (!log.isEnabled) return [];
  return [
    ['aof_current_size', log.shards.reduce((sum, shard) => sum + shard.walBytes + shard.baseBytes, 0)],
    ['aof_base_size', logBytesAtBase],
    ['aof_pending_rewrite', 0],
    ['aof_buffer_length', log.unsyncedBytes],
    ['aof_pending_bio_fsync', log.pendingSyncs],
    ['aof_delayed_fsync', log.delayedSyncs],
  ];
}

/** Milliseconds where Redis has seconds. */
export function diskTimeFields({ report }: InfoSource): Field[] {
  const { lastSnapshotMs, lastSnapshotSyncMs, load } = report.persistence;
  return [
    ['snapshot_last_ms', Math.round(lastSnapshotMs)],
    ['snapshot_last_sync_ms', Math.round(lastSnapshotSyncMs)],
    ['load_last_ms', Math.round(load.ms)],
    ['load_last_keys', load.keys],
  ];
}

/** Not `shard0`, which is in the section of shards: clients put all fields into one table. */
export function shardLogFields({ report }: InfoSource): Field[] {
  return report.persistence.log.shards.map(({ walBytes, baseBytes, segments, lastSyncMs, isOk }, index) => [
    `wal_shard${index}`,
    `wal_bytes=${walBytes},base_bytes=${baseBytes},segments=${segments},last_sync_ms=${lastSyncMs.toFixed(3)},status=${status(isOk)}`,
  ]);
}

function status(isOk: boolean): string {
  return isOk ? 'ok' : 'err';
}
