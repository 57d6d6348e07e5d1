/**
 * The directives of Redis 7.2's redis.conf. Those that are not options of shardis (yet) are noted and passed
 * over, so that a user may come with the config file they have; a directive that stands neither here nor in
 * the table of options is a mistake.
 */

const DIRECTIVES = `
  loadmodule rename-command user aclfile acllog-max-len acl-pubsub-default requirepass masterauth
  masteruser enable-protected-configs enable-debug-command enable-module-command protected-mode

  bind bind-source-addr port tcp-backlog tcp-keepalive timeout unixsocket unixsocketperm socket-mark-id
  maxclients io-threads io-threads-do-reads

  tls-port tls-cert-file tls-key-file tls-key-file-pass tls-client-cert-file tls-client-key-file
  tls-client-key-file-pass tls-dh-params-file tls-ca-cert-file tls-ca-cert-dir tls-auth-clients
  tls-replication tls-cluster tls-protocols tls-ciphers tls-ciphersuites tls-prefer-server-ciphers
  tls-session-caching tls-session-cache-size tls-session-cache-timeout

  daemonize supervised pidfile loglevel logfile syslog-enabled syslog-ident syslog-facility
  crash-log-enabled crash-memcheck-enabled databases always-show-logo set-proc-title proc-title-template
  locale-collate disable-thp oom-score-adj oom-score-adj-values server_cpulist bio_cpulist
  aof_rewrite_cpulist bgsave_cpulist server-cpulist bio-cpulist aof-rewrite-cpulist bgsave-cpulist
  ignore-warnings propagation-error-behavior

  save stop-writes-on-bgsave-error rdbcompression rdbchecksum sanitize-dump-payload dbfilename dir
  rdb-del-sync-files rdb-save-incremental-fsync appendonly appendfilename appenddirname appendfsync
  no-appendfsync-on-rewrite auto-aof-rewrite-percentage auto-aof-rewrite-min-size aof-load-truncated
  aof-use-rdb-preamble aof-timestamp-enabled aof-rewrite-incremental-fsync aof-disable-auto-gc

  replicaof slaveof replica-serve-stale-data slave-serve-stale-data replica-read-only slave-read-only
  replica-priority slave-priority replica-lazy-flush slave-lazy-flush replica-ignore-maxmemory
  slave-ignore-maxmemory replica-announced replica-announce-ip slave-announce-ip replica-announce-port
  slave-announce-port replica-ignore-disk-write-errors repl-diskless-sync repl-diskless-sync-delay
  repl-diskless-sync-max-replicas repl-diskless-load repl-ping-replica-period repl-ping-slave-period
  repl-timeout repl-disable-tcp-nodelay repl-backlog-size repl-backlog-ttl min-replicas-to-write
  min-slaves-to-write min-replicas-max-lag min-slaves-max-lag

  maxmemory maxmemory-policy maxmemory-samples maxmemory-eviction-tenacity maxmemory-clients
  lfu-log-factor lfu-decay-time active-expire-effort tracking-table-max-keys lazyfree-lazy-eviction
  lazyfree-lazy-expire lazyfree-lazy-server-del lazyfree-lazy-user-del lazyfree-lazy-user-flush
  activedefrag active-defrag-ignore-bytes active-defrag-threshold-lower active-defrag-threshold-upper
  active-defrag-cycle-min active-defrag-cycle-max active-defrag-max-scan-fields jemalloc-bg-thread

  shutdown-timeout shutdown-on-sigint shutdown-on-sigterm lua-time-limit busy-reply-threshold
  slowlog-log-slower-than slowlog-max-len latency-monitor-threshold latency-tracking
  latency-tracking-info-percentiles notify-keyspace-events

  cluster-enabled cluster-config-file cluster-node-timeout cluster-port cluster-replica-validity-factor
  cluster-slave-validity-factor cluster-migration-barrier cluster-allow-replica-migration
  cluster-require-full-coverage cluster-replica-no-failover cluster-slave-no-failover
  cluster-allow-reads-when-down cluster-allow-pubsubshard-when-down cluster-link-sendbuf-limit
  cluster-announce-ip cluster-announce-hostname cluster-announce-human-nodename cluster-announce-port
  cluster-announce-tls-port cluster-announce-bus-port cluster-preferred-endpoint-type

  hash-max-listpack-entries hash-max-listpack-value hash-max-ziplist-entries hash-max-ziplist-value
  list-max-listpack-size list-max-ziplist-size list-compress-depth set-max-intset-entries
  set-max-listpack-entries set-max-listpack-value zset-max-listpack-entries zset-max-listpack-value
  zset-max-ziplist-entries zset-max-ziplist-value hll-sparse-max-bytes stream-node-max-bytes
  stream-node-max-entries activerehashing client-output-buffer-limit client-query-buffer-limit
  proto-max-bulk-len hz dynamic-hz list-max-ziplist-entries list-max-ziplist-value gopher-enabled

  cluster-ping-interval rdb-key-save-delay key-load-delay loading-process-events-interval-bytes
  watchdog-period use-exit-on-panic
`;

export const redisDirectives: ReadonlySet<string> = new Set(DIRECTIVES.trim().split(/\s+/));
