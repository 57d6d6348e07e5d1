/** Passing over a value without decoding it. */
import {
  MODULE_DOUBLE,
  MODULE_END,
  MODULE_FLOAT,
  MODULE_SIGNED,
  MODULE_STRING,
  MODULE_UNSIGNED,
  VALUE_HASH,
  VALUE_HASH_EXPIRIES,
  VALUE_HASH_EXPIRIES_PRE_GA,
  VALUE_HASH_LISTPACK,
  VALUE_HASH_LISTPACK_EXPIRIES,
  VALUE_HASH_LISTPACK_EXPIRIES_PRE_GA,
  VALUE_HASH_ZIPLIST,
  VALUE_HASH_ZIPMAP,
  VALUE_LIST,
  VALUE_LIST_QUICKLIST,
  VALUE_LIST_QUICKLIST_2,
  VALUE_LIST_ZIPLIST,
  VALUE_MODULE,
  VALUE_SET,
  VALUE_SET_INTSET,
  VALUE_SET_LISTPACK,
  VALUE_SORTED_SET,
  VALUE_SORTED_SET_2,
  VALUE_SORTED_SET_LISTPACK,
  VALUE_SORTED_SET_ZIPLIST,
  VALUE_STREAM,
  VALUE_STREAM_2,
  VALUE_STREAM_3,
  VALUE_STRING,
} from './format.ts';
import type { RdbInput } from './rdb-input.ts';

const EXPIRY_BYTES = 8;
const STREAM_ID_BYTES = 16;

/** Reads over a value of RDB type `type`. */
export function skipValue(input: RdbInput, type: number): void {
  switch (type) {
    case VALUE_STRING:
    case VALUE_HASH_ZIPMAP:
    case VALUE_LIST_ZIPLIST:
    case VALUE_SET_INTSET:
    case VALUE_SORTED_SET_ZIPLIST:
    case VALUE_HASH_ZIPLIST:
    case VALUE_HASH_LISTPACK:
    case VALUE_SORTED_SET_LISTPACK:
    case VALUE_SET_LISTPACK:
    case VALUE_HASH_LISTPACK_EXPIRIES_PRE_GA:
      input.skipString();
      break;
    case VALUE_HASH_LISTPACK_EXPIRIES:
      input.skip(EXPIRY_BYTES);
      input.skipString();
      break;
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_LIST_QUICKLIST:
      repeat(input, () => input.skipString());
      break;
    case VALUE_SORTED_SET:
      repeat(input, () => {
        input.skipString();
        skipTextScore(input);
      });
      break;
    case VALUE_SORTED_SET_2:
      repeat(input, () => {
        input.skipString();
        input.skip(8);
      });
      break;
    case VALUE_HASH:
      repeat(input, () => {
        input.skipString();
        input.skipString();
      });
      break;
    case VALUE_LIST_QUICKLIST_2:
      repeat(input, () => {
        input.length();
        input.skipString();
      });
      break;
    case VALUE_HASH_EXPIRIES:
      input.skip(8);
      skipExpiringHash(input);
      break;
    case VALUE_HASH_EXPIRIES_PRE_GA:
      skipExpiringHash(input);
      break;
    case VALUE_STREAM:
    case VALUE_STREAM_2:
    case VALUE_STREAM_3:
      skipStream(input, type);
      break;
    case VALUE_MODULE:
      input.length64();
      skipModuleValue(input);
      break;
    default:
      input.fail(`values of type ${type} are not known`, input.offset, 'unsupported');
  }
}

function repeat(input: RdbInput, step: () => void): void {
  for (let left = input.length(); left > 0; left--) step();
}

/** A score as text has a byte for its length; 253 and above stand for NaN and the infinities, without text. */
function skipTextScore(input: RdbInput): void {
  const length = input.byte();
  if (length < 253) input.skip(length);
}

function skipExpiringHash(input: RdbInput): void {
  repeat(input, () => {
    input.length();
    input.skipString();
    input.skipString();
  });
}

function skipStream(input: RdbInput, type: number): void {
  repeat(input, () => {
    input.skipString();
    input.skipString();
  });
  // The number of entries and the last id; since the second form the first id, the largest deleted one, and the number ever added.
  const numbers = type === VALUE_STREAM ? 3 : 8;
  for (let i = 0; i < numbers; i++) input.length64();
  repeat(input, () => {
    input.skipString();
    for (let i = type === VALUE_STREAM ? 2 : 3; i > 0; i--) input.length64();
    repeat(input, () => {
      input.skip(STREAM_ID_BYTES + 8);
      input.length64();
    });
    repeat(input, () => {
      input.skipString();
      input.skip(type === VALUE_STREAM_3 ? 16 : 8);
      repeat(input, () => input.skip(STREAM_ID_BYTES));
    });
  });
}

/** A module's data: parts that say what they are, up to an end mark. */
export function skipModuleValue(input: RdbInput): void {
  for (;;) {
    const offset = input.offset;
    const kind = input.length();
    switch (kind) {
      case MODULE_END:
        return;
      case MODULE_SIGNED:
      case MODULE_UNSIGNED:
        input.length64();
        break;
      case MODULE_FLOAT:
        input.skip(4);
        break;
      case MODULE_DOUBLE:
        input.skip(8);
        break;
      case MODULE_STRING:
        input.skipString();
        break;
      default:
        input.fail(`a module's data has no part of kind ${kind}`, offset);
    }
  }
}
