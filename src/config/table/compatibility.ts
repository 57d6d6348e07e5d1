/**
 * Options of Redis that say how its own insides work. Configuration files have them, and tools and Redis's test
 * suite set them, so they are taken, shown and rewritten; nothing here has the insides that they are about.
 */
import { boolean, count, INT_MAX, integer, MB, memory, oneOf, text, UINT_MAX } from '../kinds.ts';
import { inert } from '../row.ts';
import { fileName, flagSet, integers } from '../word-kinds.ts';

const INT_MIN = -(2 ** 31);
const anyInt = integer(0, INT_MAX);
const onSignal = flagSet(
  'default',
  ['save', 'nosave', 'now', 'force'],
  ['save', 'nosave'],
  "shutdown options SAVE and NOSAVE can't be used simultaneously",
);
const FIXED = { mutable: false };
const HIDDEN = { isHidden: true };

const encodings = {
  'list-compress-depth': inert(anyInt, 0, 'pieces at the ends of a list that are not compressed'),
};

const memoryUse = {
  activerehashing: inert(boolean(), true, 'whether idle time goes into growing hash tables'),
  'active-defrag-max-scan-fields': inert(
    count(1),
    1000,
    'fields that one step looks at; collections move whole',
  ),
  'jemalloc-bg-thread': inert(boolean(), true, 'whether Jemalloc frees memory in the background'),
  'lazyfree-lazy-eviction': inert(boolean(), false, 'whether evicted values are freed in the background'),
  'lazyfree-lazy-expire': inert(boolean(), false, 'whether expired values are freed in the background'),
  'lazyfree-lazy-server-del': inert(boolean(), false, 'whether replaced values are freed in the background'),
  'lazyfree-lazy-user-del': inert(boolean(), false, 'whether DEL frees in the background'),
  'lazyfree-lazy-user-flush': inert(boolean(), false, 'whether FLUSHALL frees in the background'),
};

const files = {
  'rdb-del-sync-files': inert(boolean(), false, 'whether snapshots for replicas are removed'),
  'rdb-save-incremental-fsync': inert(boolean(), true, 'whether snapshots are synced in steps'),
  'rdb-key-save-delay': inert(integer(INT_MIN, INT_MAX), 0, 'microseconds to wait for each key', HIDDEN),
  'key-load-delay': inert(integer(INT_MIN, INT_MAX), 0, 'microseconds to wait for each key', HIDDEN),
  'loading-process-events-interval-bytes': inert(
    memory({ min: 1024 }),
    2 * MB,
    'bytes between looks at clients',
    HIDDEN,
  ),
  'sanitize-dump-payload': inert(oneOf('no', 'yes', 'clients'), 'no', 'whether RESTORE looks into values'),
  appendfilename: inert(fileName('appendfilename'), 'appendonly.aof', 'name of the append-only file', FIXED),
  appenddirname: inert(fileName('appenddirname'), 'appendonlydir', 'folder of append-only files', FIXED),
  'no-appendfsync-on-rewrite': inert(boolean(), false, 'whether rewriting puts off syncing'),
  'aof-use-rdb-preamble': inert(boolean(), true, 'whether append-only files begin with a snapshot'),
  'aof-timestamp-enabled': inert(boolean(), false, 'whether append-only files hold times'),
  'aof-rewrite-incremental-fsync': inert(boolean(), true, 'whether rewriting is synced in steps'),
  'aof-disable-auto-gc': inert(boolean(), false, 'whether old files stay', HIDDEN),
};

const system = {
  'io-threads': inert(integer(1, 128), 1, 'threads that read and write sockets', FIXED),
  'io-threads-do-reads': inert(boolean(), false, 'whether these threads also read', FIXED),
  'dynamic-hz': inert(boolean(), true, 'whether many clients make background cycles more frequent'),
  'busy-reply-threshold': inert(count(0), 5000, 'milliseconds after which a script counts as busy', {
    aliases: ['lua-time-limit'],
  }),
  'watchdog-period': inert(anyInt, 0, 'milliseconds after which a slow command is logged', HIDDEN),
  'shutdown-on-sigint': inert(onSignal, [], 'how SIGINT ends the server'),
  'shutdown-on-sigterm': inert(onSignal, [], 'how SIGTERM ends the server'),
  'crash-log-enabled': inert(boolean(), true, 'whether a crash is logged'),
  'crash-memcheck-enabled': inert(boolean(), true, 'whether a crash tests the memory'),
  'use-exit-on-panic': inert(boolean(), false, 'whether a panic exits', HIDDEN),
  'set-proc-title': inert(boolean(), true, 'whether the process has a title', FIXED),
  'proc-title-template': inert(
    text('template'),
    '{title} {listen-addr} {server-mode}',
    'title of the process',
  ),
  'always-show-logo': inert(boolean(), false, 'whether there is a logo in the log', FIXED),
  'locale-collate': inert(text('locale'), '', 'order of strings in scripts and SORT'),
  'disable-thp': inert(boolean(), true, 'whether transparent huge pages are off', FIXED),
  'oom-score-adj': inert(
    oneOf('no', 'yes', 'relative', 'absolute'),
    'no',
    'whether the kernel is told which process to end first',
  ),
  'oom-score-adj-values': inert(
    integers(3, -2000, 2000, 'Invalid oom-score-adj-values, elements must be between -2000 and 2000.'),
    [0, 200, 800],
    'what it is told',
  ),
  'ignore-warnings': inert(text('warnings'), '', 'warnings about the machine to leave out'),
  supervised: inert(oneOf('upstart', 'systemd', 'auto', 'no'), 'no', 'who is told of the start', FIXED),
  'syslog-ident': inert(text('name'), 'redis', 'name in syslog', FIXED),
  'syslog-facility': inert(
    oneOf(
      ...(['user', 'local0', 'local1', 'local2', 'local3'] as const),
      ...(['local4', 'local5', 'local6', 'local7'] as const),
    ),
    'local0',
    'facility in syslog',
    FIXED,
  ),
  server_cpulist: inert(text('cores'), '', 'cores of the main thread', FIXED),
  bio_cpulist: inert(text('cores'), '', 'cores of background threads', FIXED),
  aof_rewrite_cpulist: inert(text('cores'), '', 'cores of the rewriting process', FIXED),
  bgsave_cpulist: inert(text('cores'), '', 'cores of the saving process', FIXED),
  'bind-source-addr': inert(text('address'), '', 'address that connections go out from'),
  'socket-mark-id': inert(integer(0, UINT_MAX), 0, 'mark of the sockets', FIXED),
};

export const compatibility = { ...encodings, ...memoryUse, ...files, ...system };
