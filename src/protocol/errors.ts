/**
 * Every text that a client can see as an error, word for word as Redis says it; those of collections alone are in
 * collection-errors.ts. The first word is the error code that clients branch on.
 */

export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
export const SYNTAX_ERROR = 'ERR syntax error';
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const NOT_A_FLOAT = 'ERR value is not a valid float';
export const OVERFLOW = 'ERR increment or decrement would overflow';
export const DECREMENT_OVERFLOW = 'ERR decrement would overflow';
export const NAN_OR_INFINITY = 'ERR increment would produce NaN or Infinity';
export const INCREMENT_NOT_FINITE = 'ERR value is NaN or Infinity';
export const VALUE_OUT_OF_RANGE = 'ERR value is out of range';
export const INVALID_EXPIRE_NEGATIVE = 'ERR invalid expire time, must be >= 0';
export const STRING_TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';
export const NO_SUCH_KEY = 'ERR no such key';
export const INVALID_CURSOR = 'ERR invalid cursor';
export const INDEX_OUT_OF_RANGE = 'ERR index out of range';
export const KEY_COUNT_NOT_POSITIVE = 'ERR numkeys should be greater than 0';
export const TOO_MANY_KEYS = "ERR Number of keys can't be greater than number of args";
export const LIMIT_NEGATIVE = "ERR LIMIT can't be negative";
export const COUNT_NOT_POSITIVE = 'ERR count should be greater than 0';
export const OFFSET_OUT_OF_RANGE = 'ERR offset is out of range';
export const BIT_OFFSET_INVALID = 'ERR bit offset is not an integer or out of range';
export const BIT_INVALID = 'ERR bit is not an integer or out of range';
export const BITPOS_BIT_INVALID = 'ERR The bit argument must be 1 or 0.';
export const BITOP_NOT_ONE_SOURCE = 'ERR BITOP NOT must be called with a single source key.';
export const BITFIELD_TYPE_INVALID =
  'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.';
export const BITFIELD_OVERFLOW_INVALID = 'ERR Invalid OVERFLOW type specified';
export const BITFIELD_RO_ONLY_GET = 'ERR BITFIELD_RO only supports the GET subcommand';
export const KEY_MISSING = 'ERR The specified key does not exist';
export const LCS_NOT_STRINGS = 'ERR The specified keys must contain string values';
export const LCS_LEN_AND_IDX = 'ERR If you want both the length and indexes, please just use IDX.';
export const LCS_TOO_LARGE = 'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len';
export const LCS_OUT_OF_MEMORY = 'ERR Insufficient memory, failed allocating transient memory for LCS';
export const SAME_OBJECT = 'ERR source and destination objects are the same';
export const FIRST_DB_INVALID = 'ERR invalid first DB index';
export const SECOND_DB_INVALID = 'ERR invalid second DB index';
export const LFU_POLICY =
  'ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.';
export const NO_LFU_POLICY =
  'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.';
export const BUSY_KEY = 'BUSYKEY Target key name already exists.';
export const INVALID_TTL = 'ERR Invalid TTL value, must be >= 0';
export const INVALID_IDLE_TIME = 'ERR Invalid IDLETIME value, must be >= 0';
export const INVALID_FREQ = 'ERR Invalid FREQ value, must be >= 0 and <= 255';
export const BAD_DUMP_PAYLOAD = 'ERR DUMP payload version or checksum are wrong';
export const BAD_DATA_FORMAT = 'ERR Bad data format';
export const KEYS_WITH_KEY =
  'ERR When using MIGRATE KEYS option, the key argument must be set to the empty string';
export const MIGRATION_NOT_CONNECTED = 'IOERR error or timeout connecting to the client';
/** Redis, which stands still meanwhile, cannot come to this. */
export const CHANGED_DURING_MIGRATION =
  'ERR the key was changed again and again while it was migrated, and stays here';
export const DB_OUT_OF_RANGE = 'ERR DB index is out of range';
export const INT_OUT_OF_RANGE = 'ERR value is out of range, value must between -2147483648 and 2147483647';
export const NOT_AUTHENTICATED = 'NOAUTH Authentication required.';
export const NOT_AUTHENTICATED_HELLO =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time';
export const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';
export const NO_PASSWORD_SET =
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?';
export const UNSUPPORTED_PROTOCOL = 'NOPROTO unsupported protocol version';
export const PROTOCOL_VERSION_NOT_INTEGER = 'ERR Protocol version is not an integer or out of range';
export const BAD_CLIENT_NAME = 'ERR Client names cannot contain spaces, newlines or special characters.';
export const NO_SUCH_CLIENT = 'ERR No such client';
export const INVALID_CLIENT_ID = 'ERR Invalid client ID';
export const CLIENT_ID_TOO_LOW = 'ERR client-id should be greater than 0';
export const CLIENT_AGE_NOT_INTEGER = 'ERR maxage is not an integer or out of range';
export const CLIENT_AGE_TOO_LOW = 'ERR maxage should be greater than 0';
export const TIMEOUT_NOT_INTEGER = 'ERR timeout is not an integer or out of range';
export const TIMEOUT_NEGATIVE = 'ERR timeout is negative';
export const TIMEOUT_OUT_OF_RANGE = 'ERR timeout is out of range';
export const WRONG_PAUSE_MODE = 'ERR CLIENT PAUSE mode must be WRITE or ALL';
export const TIMEOUT_NOT_FLOAT = 'ERR timeout is not a float or out of range';
export const UNBLOCKED = 'UNBLOCKED client unblocked via CLIENT UNBLOCK';
export const WRONG_UNBLOCK_REASON = 'ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR';
export const RATE_LIMIT_EXCEEDED = 'ERR rate limit exceeded';
export const MAX_CLIENTS_REACHED = 'ERR max number of clients reached';
export const PROTECTED_MODE =
  'DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. ' +
  'In this mode connections are only accepted from the loopback interface. ' +
  'If you want to connect from external computers to Redis you may adopt one of the following solutions: ' +
  "1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface " +
  'by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible ' +
  'from internet if you do so. Use CONFIG REWRITE to make this change permanent. ' +
  '2) Alternatively you can just disable the protected mode by editing the Redis configuration file, ' +
  "and setting the protected mode option to 'no', and then restarting the server. " +
  "3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. " +
  '4) Set up an authentication password for the default user. ' +
  'NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside.';
export const CANNOT_LISTEN = 'Unable to listen on this port. Check server logs.';
export const CANNOT_BIND = 'Failed to bind to specified addresses.';
export const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";
export const LOADING = 'LOADING Redis is loading the dataset in memory';
/** Redis says no more when a dump could not be written. */
export const SAVE_FAILED = 'ERR';
export const SAVE_IN_PROGRESS = 'ERR Background save already in progress';
export const BASE_IN_PROGRESS = 'ERR Background append only file rewriting already in progress';
export const OTHER_SNAPSHOT_IN_PROGRESS =
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.";
export const DUMP_NOT_LOADED = 'ERR Error trying to load the RDB dump, check server logs.';
export const LOG_NOT_LOADED = 'ERR Error trying to load the AOF files, check server logs.';
export const AOF_NOT_STARTED = 'Unable to turn on AOF. Check server logs.';
export const DUMP_FAILED =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";
export const SHUTDOWN_FAILED = 'ERR Errors trying to SHUTDOWN. Check logs.';
export const NO_SHUTDOWN_IN_PROGRESS = 'ERR No shutdown in progress.';
export const MONITOR_IN_TRANSACTION = "ERR MONITOR isn't allowed for DENY BLOCKING client";
export const SSUBSCRIBE_IN_TRANSACTION = "ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client";
/** Redis counts clients that are shown every command among its replicas. */
export const MONITOR_AT_KEYS = "ERR Replica can't interact with the keyspace";
export const EXPIRE_NX_CONFLICT = 'ERR NX and XX, GT or LT options at the same time are not compatible';
export const EXPIRE_GT_LT_CONFLICT = 'ERR GT and LT options at the same time are not compatible';
export const SLOWLOG_COUNT_TOO_LOW = 'ERR count should be greater than or equal to -1';
export const INVALID_COMMAND = 'ERR Invalid command specified';
export const COMMAND_HAS_NO_KEYS = 'ERR The command has no key arguments';
export const INVALID_KEY_ARGUMENTS = 'ERR Invalid arguments specified for command';
export const INVALID_ARGUMENT_COUNT = 'ERR Invalid number of arguments specified for command';
export const NOT_POSITIVE = 'ERR value is out of range, must be positive';
export const NOT_IN_RESP2 = 'ERR RESP2 is not supported by this command';
export const WRONG_PROTOCOL_TYPE =
  'ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false';
export const INVALID_PACKED_THRESHOLD =
  'ERR argument must be a memory value bigger than 1 and smaller than 4gb';
export const NOT_A_LISTPACK = 'ERR Not a listpack encoded object.';
export const NOT_A_QUICKLIST = 'ERR Not a quicklist encoded object.';
export const NOT_AN_SDS = 'ERR Not an sds encoded string.';
export const NOT_A_HASH_TABLE =
  'ERR The value stored at the specified key is not represented using an hash table';
export const DATABASE_OUT_OF_RANGE = 'ERR Out of range database';
export const CLIENT_EVICTION_OFF = 'ERR maxmemory-clients is disabled.';
export const CANNOT_RESTART = 'ERR failed to restart the server. Check server logs.';
export const WRONG_RELOAD_OPTION = 'ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.';
export const CLUSTER_DISABLED = 'ERR This instance has cluster support disabled';
export const MODULE_NOT_LOADED = 'ERR Error loading the extension. Please check the server logs.';
export const NO_SUCH_MODULE = 'ERR Error unloading module: no such module with that name';
export const INVALID_MASTER_PORT = 'ERR Invalid master port';
export const NO_REPLICATION = 'ERR replication is not available in this version';
export const NO_FAILOVER = 'ERR No failover in progress.';
export const FAILOVER_NEEDS_REPLICAS = 'ERR FAILOVER requires connected replicas.';
export const FAILOVER_TIMEOUT_TOO_SMALL = 'ERR FAILOVER timeout must be greater than 0';
export const PSYNC_FAILOVER_TO_MASTER = "ERR PSYNC FAILOVER can't be sent to a master.";
export const WAITAOF_WITHOUT_AOF =
  'ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.';
export const NOT_ENOUGH_REPLICAS = 'NOREPLICAS Not enough good replicas to write.';
export const MULTI_NESTED = 'ERR MULTI calls can not be nested';
export const WATCH_IN_MULTI = 'ERR WATCH inside MULTI is not allowed';
export const NOT_IN_TRANSACTION = 'ERR Command not allowed inside a transaction';
export const TRANSACTION_SPOILED = 'EXECABORT Transaction discarded because of previous errors.';
export const NO_CONFIG_FILE = 'ERR The server is running without a config file';

/** Redis cuts what it quotes of a client's bytes at so many characters. */
const QUOTED_CHARS_MAX = 128;

/** What Redis shows of a client's bytes: as a C string they end at a NUL. */
export function quoted(text: string, charsMax = QUOTED_CHARS_MAX): string {
  const nul = text.indexOf('\0');
  return text.slice(0, nul < 0 ? charsMax : Math.min(nul, charsMax));
}

/** `command` in upper case. */
export function noTransaction(command: string): string {
  return `ERR ${command} without MULTI`;
}

/** EXEC is refused as a whole, with the error that any command would get. */
export function transactionDiscarded(error: string): string {
  return `EXECABORT Transaction discarded because of: ${error.replace(/^ERR /, '')}`;
}

/** A queued command that the user may no longer run. */
export function noLongerAllowed(reason: string): string {
  return `NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: ${reason}`;
}

/** `parts` are the command's name and its arguments as latin1 text. */
export function unknownCommand(parts: readonly string[]): string {
  const [name = '', ...rest] = parts;
  let words = '';
  for (const part of rest) {
    if (words.length >= QUOTED_CHARS_MAX) break;
    words += `'${quoted(part, QUOTED_CHARS_MAX - words.length)}' `;
  }
  return `ERR unknown command '${quoted(name)}', with args beginning with: ${words}`;
}

/** `command` is the full name of one that clients of RESP2 may not send while they listen to channels. */
export function notForSubscribers(command: string): string {
  return `ERR Can't execute '${command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`;
}

/** `container` is the command in upper case as Redis prints it in the hint. */
export function unknownSubcommand(subcommand: string, container: string): string {
  return `ERR unknown subcommand '${quoted(subcommand)}'. Try ${container.toUpperCase()} HELP.`;
}

/** The syntax error of container commands whose options are wrong, such as `DEBUG`. */
export function unknownSubcommandOrArity(subcommand: string, container: string): string {
  return `ERR unknown subcommand or wrong number of arguments for '${quoted(subcommand)}'. Try ${container.toUpperCase()} HELP.`;
}

/** `name` is the command's full name in lower case, `config|get` for a subcommand. */
export function wrongArity(name: string): string {
  return `ERR wrong number of arguments for '${name}' command`;
}

export function invalidExpireTime(command: string): string {
  return `ERR invalid expire time in '${command}' command`;
}

export function helloSyntaxError(option: string): string {
  return `ERR Syntax error in HELLO option '${quoted(option, option.length)}'`;
}

export function noLatencySamples(event: string): string {
  return `ERR No samples available for event '${quoted(event, event.length)}'`;
}

export function unknownClientType(type: string): string {
  return `ERR Unknown client type '${quoted(type, type.length)}'`;
}

export function noSuchUser(user: string): string {
  return `ERR No such user '${quoted(user, user.length)}'`;
}

/** `attribute` is `lib-name` or `lib-ver` as the client wrote it. */
export function badClientAttribute(attribute: string): string {
  return `ERR ${attribute} cannot contain spaces, newlines or special characters.`;
}

export function unknownReplconfOption(option: string): string {
  return `ERR Unrecognized REPLCONF option: ${quoted(option, option.length)}`;
}

/** `reason` is the system's: `No space left on device`. */
export function logFailed(reason: string): string {
  return `MISCONF Errors writing to the AOF file: ${reason}`;
}

/** For an integer beyond the bounds that are asked for. */
export function outOfRange(min: number | bigint, max: number | bigint): string {
  return `ERR value is out of range, value must between ${min} and ${max}`;
}

/** `command` is one that `option` guards. */
export function notAllowed(command: string, option: string): string {
  return `ERR ${command.toUpperCase()} command not allowed. If the ${option} option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.`;
}

/** `reason` is the system's: `Permission denied`. */
export function rewriteFailed(reason: string): string {
  return `ERR Rewriting config file: ${reason}`;
}

/** `doing` is `writing` or `reading`. */
export function migrationFailed(doing: string): string {
  return `IOERR error or timeout ${doing} to target instance`;
}

/** `error` is the one of the server that keys were sent to, without its dash. */
export function targetRefused(error: string): string {
  return `ERR Target instance replied with error: ${error}`;
}

export function unrecognizedOption(option: string): string {
  return `ERR Unrecognized option '${quoted(option, option.length)}'`;
}

export function unsupportedOption(option: string): string {
  return `ERR Unsupported option ${quoted(option, option.length)}`;
}

/** What CLIENT TRACKING and CLIENT CACHING refuse. */
export const TRACKING = {
  secondRedirect: 'ERR A client can only redirect to a single other client',
  noRedirectClient: 'ERR The client ID you want redirect to does not exist',
  prefixWithoutBroadcast: 'ERR PREFIX option requires BCAST mode to be enabled',
  optionWithBroadcast: 'ERR OPTIN and OPTOUT are not compatible with BCAST',
  bothOptions: "ERR You can't specify both OPTIN mode and OPTOUT mode",
  cachingWithoutTracking:
    'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
  overlappingPrefixes: (prefix: string, other: string) =>
    `ERR Prefix '${quoted(prefix, prefix.length)}' overlaps with another provided prefix '${quoted(other, other.length)}'. Prefixes for a single client must not overlap.`,
  otherBroadcast:
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
  otherOption:
    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.",
  cachingYes: 'ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.',
  cachingNo: 'ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.',
  overlapsExisting: (prefix: string, other: string) =>
    `ERR Prefix '${quoted(prefix, prefix.length)}' overlaps with an existing prefix '${quoted(other, other.length)}'. Prefixes for a single client must not overlap.`,
} as const;

/** `what` is `key` or `value`, `bytesMax` the limit that the option sets. */
export function tooLong(what: 'key' | 'value', bytesMax: number): string {
  return `ERR ${what} is longer than max-${what}-size (${bytesMax} bytes)`;
}

// Access control lists

/** What is wrong with a rule, in the words of ACL SETUSER. */
export const ACL_RULE = {
  syntax: 'Syntax error',
  unknownCommand: 'Unknown command or category name in ACL',
  keysAfterAll:
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns",
  channelsAfterAll:
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels",
  noSuchPassword: 'The password you are trying to remove from the user does not exist',
  badHash:
    'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters',
  duplicateUser: 'Duplicate user found. A user can only be defined once in config files',
  firstWordOfSubcommand: 'Allowing first-arg of a subcommand is not supported',
} as const;

export const ACL_BAD_USER_NAME = "ERR Usernames can't contain spaces or null characters";
export const ACL_DEFAULT_USER_STAYS = "ERR The 'default' user cannot be removed";
export const ACL_GENPASS_BITS =
  'ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096';
export const ACL_NO_FILE =
  'ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.';
export const ACL_SAVE_FAILED =
  'ERR There was an error trying to save the ACLs. Please check the server logs for more information';
export const ACL_KEY_DENIED = 'NOPERM No permissions to access a key';
export const ACL_CHANNEL_DENIED = 'NOPERM No permissions to access a channel';

export const SORT_BY_DENIED = 'ERR BY option of SORT denied due to insufficient ACL permissions.';
export const SORT_NOT_NUMBERS = "ERR One or more scores can't be converted into double";
export const SORT_GET_DENIED = 'ERR GET option of SORT denied due to insufficient ACL permissions.';

/** `why` is one of ACL_RULE. */
export function aclRuleError(rule: string, why: string): string {
  return `ERR Error in ACL SETUSER modifier '${quoted(rule, rule.length)}': ${why}`;
}

export function aclUnmatchedParenthesis(rule: string): string {
  return `ERR Unmatched parenthesis in acl selector starting at '${quoted(rule, rule.length)}'.`;
}

/** `command` is its full name. */
export function aclCommandDenied(user: string, command: string): string {
  return `NOPERM ${aclDeniedCommand(user, command)}`;
}

/** What ACL DRYRUN answers: no error, but the text of one. */
export function aclDeniedCommand(user: string, command: string): string {
  return `User ${user} has no permissions to run the '${command}' command`;
}

/** The same for a key or a channel. */
export function aclDeniedAccess(user: string, name: string, kind: 'key' | 'channel'): string {
  return `User ${user} has no permissions to access the '${name}' ${kind}`;
}

export function aclUserNotFound(user: string): string {
  return `ERR User '${quoted(user, user.length)}' not found`;
}

export function aclCommandNotFound(command: string): string {
  return `ERR Command '${quoted(command, command.length)}' not found`;
}

export function aclUnknownCategory(category: string): string {
  return `ERR Unknown category '${quoted(category)}'`;
}

/** What is wrong with an ACL file: `places` are sentences that each end with a space. */
export function aclFileErrors(places: readonly string[]): string {
  return `ERR ${places.join('')}WARNING: ACL errors detected, no change to the previously active ACL rules was performed`;
}

export function aclFileUnreadable(path: string, reason: string): string {
  return `ERR Error loading ACLs, opening file '${path}': ${reason}`;
}

export const PROTOCOL = {
  invalidMultibulkLength: 'ERR Protocol error: invalid multibulk length',
  invalidBulkLength: 'ERR Protocol error: invalid bulk length',
  tooBigMultibulkCount: 'ERR Protocol error: too big mbulk count string',
  tooBigBulkCount: 'ERR Protocol error: too big bulk count string',
  tooBigInline: 'ERR Protocol error: too big inline request',
  unbalancedQuotes: 'ERR Protocol error: unbalanced quotes in request',
  unauthenticatedMultibulkLength: 'ERR Protocol error: unauthenticated multibulk length',
  unauthenticatedBulkLength: 'ERR Protocol error: unauthenticated bulk length',
  /** `got` is the character found where a bulk string's `$` must stand. */
  expectedDollar: (got: string) => `ERR Protocol error: expected '$', got '${got}'`,
} as const;

/** Redis sends people to its log for the reason, which stands here. */
export function cannotUpdateTls(why: string): string {
  return `Unable to update TLS configuration. Check server logs. (${why})`;
}
