/** What commands of lists, hashes, sorted sets, places, HyperLogLogs and streams refuse, word for word as Redis says it; see errors.ts. */
import { quoted } from './errors.ts';

export const HASH_VALUE_NOT_AN_INTEGER = 'ERR hash value is not an integer';
export const HASH_VALUE_NOT_A_FLOAT = 'ERR hash value is not a float';
/** Of Redis 7.4, with its own spellings. */
export const FIELDS_MISSING = 'ERR Mandatory argument FIELDS is missing or not at the right position';
export const FIELDS_MISMATCH = 'ERR The `numfields` parameter must match the number of arguments';
export const FIELDS_NOT_POSITIVE = 'ERR Number of fields must be a positive integer';
export const NUMFIELDS_NOT_POSITIVE = 'ERR Parameter `numFields` should be greater than 0';
export const LPOS_RANK_ZERO =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list";
export const LPOS_COUNT_NEGATIVE = "ERR COUNT can't be negative";
export const LPOS_MAXLEN_NEGATIVE = "ERR MAXLEN can't be negative";
export const SCORE_NOT_A_NUMBER = 'ERR resulting score is not a number (NaN)';
export const ZADD_XX_AND_NX = 'ERR XX and NX options at the same time are not compatible';
export const ZADD_GT_LT_AND_NX = 'ERR GT, LT, and/or NX options at the same time are not compatible';
export const ZADD_INCR_PAIRS = 'ERR INCR option supports a single increment-element pair';
export const RANGE_NOT_FLOATS = 'ERR min or max is not a float';
export const RANGE_NOT_STRINGS = 'ERR min or max not valid string range item';
export const LIMIT_OF_RANKS =
  'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX';
export const WITHSCORES_BY_LEX = 'ERR syntax error, WITHSCORES not supported in combination with BYLEX';
export const WEIGHT_NOT_A_FLOAT = 'ERR weight value is not a float';
export const INVALID_STREAM_ID = 'ERR Invalid stream ID specified as stream command argument';
export const INVALID_INTERVAL_START = 'ERR invalid start ID for the interval';
export const INVALID_INTERVAL_END = 'ERR invalid end ID for the interval';
export const UNIT_UNSUPPORTED = 'ERR unsupported unit provided. please use M, KM, FT, MI';
export const RADIUS_NOT_NUMERIC = 'ERR need numeric radius';
export const RADIUS_NEGATIVE = 'ERR radius cannot be negative';
export const WIDTH_NOT_NUMERIC = 'ERR need numeric width';
export const HEIGHT_NOT_NUMERIC = 'ERR need numeric height';
export const BOX_NEGATIVE = 'ERR height or width cannot be negative';
export const GEO_MEMBER_MISSING = 'ERR could not decode requested zset member';
export const GEO_ANY_WITHOUT_COUNT = 'ERR the ANY argument requires COUNT argument';
export const COUNT_TOO_LOW = 'ERR COUNT must be > 0';
export const NOT_A_HYPERLOGLOG = 'WRONGTYPE Key is not a valid HyperLogLog string value.';
export const HYPERLOGLOG_CORRUPT = 'INVALIDOBJ Corrupted HLL object detected';
export const HYPERLOGLOG_NOT_SPARSE = 'ERR HLL encoding is not sparse';

/** What commands of streams refuse. */
export const STREAM = {
  zeroId: 'ERR The ID specified in XADD must be greater than 0-0',
  idTooLow: 'ERR The ID specified in XADD is equal or smaller than the target stream top item',
  exhausted: 'ERR The stream has exhausted the last possible ID, unable to add more items',
  tooLarge: 'ERR Elements are too large to be stored',
  twoStrategies: 'ERR syntax error, MAXLEN and MINID options at the same time are not compatible',
  maxLenNegative: 'ERR The MAXLEN argument must be >= 0.',
  limitNegative: 'ERR The LIMIT argument must be >= 0.',
  limitAlone: 'ERR syntax error, LIMIT cannot be used without specifying a trimming strategy',
  limitExact: 'ERR syntax error, LIMIT cannot be used without the special ~ option',
  noStrategy: 'ERR syntax error, XTRIM must be called with a trimming strategy',
  entriesAddedNegative: 'ERR entries_added must be positive',
  lastBelowGivenMaxDeleted:
    'ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id',
  lastBelowMaxDeleted: 'ERR The ID specified in XSETID is smaller than current max_deleted_entry_id',
  lastBelowTop: 'ERR The ID specified in XSETID is smaller than the target stream top item',
  entriesAddedBelowLength:
    'ERR The entries_added specified in XSETID is smaller than the target stream length',
  groupOutsideOfGroupRead: 'ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.',
  noAckOutsideOfGroupRead: 'ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.',
  missingGroup: 'ERR Missing GROUP option for XREADGROUP',
  dollarInGroup:
    'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.',
  newOutsideOfGroup:
    'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.',
  entriesReadNegative: 'ERR value for ENTRIESREAD must be positive or -1',
  noKeyForGroup:
    'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.',
  groupExists: 'BUSYGROUP Consumer Group name already exists',
  countNotPositive: 'ERR COUNT must be > 0',
} as const;

/** `command` is `xread` or `xreadgroup`. */
export function unbalancedStreams(command: string): string {
  const symbol = command === 'xreadgroup' ? '>' : '$';
  return `ERR Unbalanced '${command}' list of streams: for each stream key an ID or '${symbol}' must be specified.`;
}

export function noGroupAt(key: string, group: string): string {
  return `NOGROUP No such key '${quoted(key, key.length)}' or consumer group '${quoted(group, group.length)}'`;
}

export function noGroupToRead(key: string, group: string): string {
  return `${noGroupAt(key, group)} in XREADGROUP with GROUP option`;
}

export function noSuchGroup(key: string, group: string): string {
  return `NOGROUP No such consumer group '${quoted(group, group.length)}' for key name '${quoted(key, key.length)}'`;
}

/** `what` is `min-idle-time argument` or `IDLE option argument`, and the like. */
export function invalidClaimArgument(what: string, command: string): string {
  return `ERR Invalid ${what} for ${command}`;
}

export function unrecognizedClaimOption(option: string): string {
  return `ERR Unrecognized XCLAIM option '${quoted(option, option.length)}'`;
}

/** As C's `%f` has it. */
function sixDecimals(value: number): string {
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}

export function invalidPlace(longitude: number, latitude: number): string {
  return `ERR invalid longitude,latitude pair ${sixDecimals(longitude)},${sixDecimals(latitude)}`;
}

/** `what` are words that say to store the result. */
export function geoStoreConflict(what: string): string {
  return `ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`;
}

export function geoNotOneOrigin(command: string): string {
  return `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${command}`;
}

export function geoNotOneArea(command: string): string {
  return `ERR exactly one of BYRADIUS and BYBOX can be specified for ${command}`;
}

/** A word that is no subcommand of PFDEBUG. */
export function unknownPfdebug(subcommand: string): string {
  return `ERR Unknown PFDEBUG subcommand '${quoted(subcommand, subcommand.length)}'`;
}

/** `why` is what PFSELFTEST has found. */
export function selfTestFailed(why: string): string {
  return `ERR TESTFAILED ${why}`;
}

export function inputKeyNeeded(command: string): string {
  return `ERR at least 1 input key is needed for '${command}' command`;
}
