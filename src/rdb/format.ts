/**
 * The numbers of the RDB format.
 *
 *     "REDIS" version(4 digits)
 *     { AUX name value }
 *     { SELECTDB n  RESIZEDB keys expires  { [EXPIRETIME_MS ms] [IDLE s | FREQ n] type key value } }
 *     EOF crc64(8, since version 5)
 *
 * A length is 1, 2, 5 or 9 bytes: its two top bits say which, and with both set a string follows in a packed form (an
 * integer, or LZF). Lengths are big-endian, all else is little-endian.
 */

/** The newest version that is read (Redis 7.4), and the one that is written (Redis 7.0, which 7.2 reads too). */
export const RDB_VERSION_MAX = 12;
export const RDB_VERSION_WRITTEN = 10;
/** Files of older versions have no checksum behind their end. */
export const CHECKSUM_SINCE_VERSION = 5;
export const CHECKSUM_BYTES = 8;

export const OPCODE_SLOT_INFO = 244;
export const OPCODE_FUNCTION = 245;
export const OPCODE_FUNCTION_PRE_GA = 246;
export const OPCODE_MODULE_AUX = 247;
export const OPCODE_IDLE = 248;
export const OPCODE_FREQ = 249;
export const OPCODE_AUX = 250;
export const OPCODE_RESIZEDB = 251;
export const OPCODE_EXPIRETIME_MS = 252;
export const OPCODE_EXPIRETIME = 253;
export const OPCODE_SELECTDB = 254;
export const OPCODE_EOF = 255;

export const VALUE_STRING = 0;
export const VALUE_LIST = 1;
export const VALUE_SET = 2;
/** Scores are decimal texts. */
export const VALUE_SORTED_SET = 3;
export const VALUE_HASH = 4;
export const VALUE_SORTED_SET_2 = 5;
export const VALUE_MODULE_PRE_GA = 6;
export const VALUE_MODULE = 7;
export const VALUE_HASH_ZIPMAP = 9;
export const VALUE_LIST_ZIPLIST = 10;
export const VALUE_SET_INTSET = 11;
export const VALUE_SORTED_SET_ZIPLIST = 12;
export const VALUE_HASH_ZIPLIST = 13;
export const VALUE_LIST_QUICKLIST = 14;
export const VALUE_STREAM = 15;
export const VALUE_HASH_LISTPACK = 16;
export const VALUE_SORTED_SET_LISTPACK = 17;
export const VALUE_LIST_QUICKLIST_2 = 18;
export const VALUE_STREAM_2 = 19;
export const VALUE_SET_LISTPACK = 20;
export const VALUE_STREAM_3 = 21;
/** Hashes whose fields may expire; before 7.4.0 without the smallest expiry in front. */
export const VALUE_HASH_EXPIRIES_PRE_GA = 22;
export const VALUE_HASH_LISTPACK_EXPIRIES_PRE_GA = 23;
export const VALUE_HASH_EXPIRIES = 24;
export const VALUE_HASH_LISTPACK_EXPIRIES = 25;

/** First bytes of long lengths and of packed strings. */
export const LENGTH_14_BITS = 0x40;
export const LENGTH_32_BITS = 0x80;
export const LENGTH_64_BITS = 0x81;
export const STRING_INT8 = 0xc0;
export const STRING_INT16 = 0xc1;
export const STRING_INT32 = 0xc2;
export const STRING_LZF = 0xc3;

export const MODULE_END = 0;
export const MODULE_SIGNED = 1;
export const MODULE_UNSIGNED = 2;
export const MODULE_FLOAT = 3;
export const MODULE_DOUBLE = 4;
export const MODULE_STRING = 5;

/** No moment of expiry. */
export const NEVER = -1;
