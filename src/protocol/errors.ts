/**
 * Every text that a client can see as an error, word for word as Redis says it. The first word is the error
 * code that clients branch on.
 */

export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
export const SYNTAX_ERROR = 'ERR syntax error';
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const NOT_A_FLOAT = 'ERR value is not a valid float';
export const OVERFLOW = 'ERR increment or decrement would overflow';
export const DECREMENT_OVERFLOW = 'ERR decrement would overflow';
export const NAN_OR_INFINITY = 'ERR increment would produce NaN or Infinity';
export const STRING_TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';
export const NO_SUCH_KEY = 'ERR no such key';
export const INVALID_CURSOR = 'ERR invalid cursor';
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
export const MAX_CLIENTS_REACHED = 'ERR max number of clients reached';
export const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";
export const NO_SHUTDOWN_IN_PROGRESS = 'ERR No shutdown in progress.';
export const EXPIRE_NX_CONFLICT = 'ERR NX and XX, GT or LT options at the same time are not compatible';
export const EXPIRE_GT_LT_CONFLICT = 'ERR GT and LT options at the same time are not compatible';
export const INVALID_COMMAND = 'ERR Invalid command specified';
export const COMMAND_HAS_NO_KEYS = 'ERR The command has no key arguments';
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
export const NOTHING_ON_DISK = 'ERR not available in this version, which keeps nothing on disk';
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
export const TIMEOUT_NOT_AN_INTEGER = 'ERR timeout is not an integer or out of range';
export const TIMEOUT_NEGATIVE = 'ERR timeout is negative';
export const TIMEOUT_OUT_OF_RANGE = 'ERR timeout is out of range';
export const NO_CONFIG_FILE = 'ERR The server is running without a config file';

/** Redis cuts what it quotes of a client's bytes at so many characters. */
const QUOTED_CHARS_MAX = 128;

/** What Redis shows of a client's bytes: as a C string they end at a NUL. */
function quoted(text: string, charsMax = QUOTED_CHARS_MAX): string {
  const nul = text.indexOf('\0');
  return text.slice(0, nul < 0 ? charsMax : Math.min(nul, charsMax));
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

/** For an integer beyond the bounds that are asked for. */
export function outOfRange(min: number, max: number): string {
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

export function unrecognizedOption(option: string): string {
  return `ERR Unrecognized option '${quoted(option, option.length)}'`;
}

export function unsupportedOption(option: string): string {
  return `ERR Unsupported option ${quoted(option, option.length)}`;
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
