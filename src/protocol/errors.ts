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
export const NO_SHUTDOWN_IN_PROGRESS = 'ERR No shutdown in progress.';
export const EXPIRE_NX_CONFLICT = 'ERR NX and XX, GT or LT options at the same time are not compatible';
export const EXPIRE_GT_LT_CONFLICT = 'ERR GT and LT options at the same time are not compatible';
export const INVALID_COMMAND = 'ERR Invalid command specified';
export const COMMAND_HAS_NO_KEYS = 'ERR The command has no key arguments';
export const INVALID_ARGUMENT_COUNT = 'ERR Invalid number of arguments specified for command';
export const DEBUG_NOT_ALLOWED =
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.';

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

/** Redis sends people to its log for the reason, which stands here. */
export function cannotUpdateTls(why: string): string {
  return `Unable to update TLS configuration. Check server logs. (${why})`;
}
