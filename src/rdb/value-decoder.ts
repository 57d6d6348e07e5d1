/** Decodes a value of any RDB type into plain data. */
import { latin1 } from '../base/bytes.ts';
import { parseDouble } from '../base/numbers.ts';
import {
  NEVER,
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
  VALUE_MODULE_PRE_GA,
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
import { readIntset } from './intset.ts';
import { readListpack } from './listpack.ts';
import { readQuicklist, readQuicklist2 } from './quicklist.ts';
import type { RdbInput } from './rdb-input.ts';
import { readStream } from './stream.ts';
import type { HashValue, RdbValue, SortedSetValue } from './values.ts';
import { readZiplist } from './ziplist.ts';
import { readZipmap } from './zipmap.ts';

/** Reads the value that follows in `input`. Throws RdbError. */
export function decodeValue(input: RdbInput, type: number): RdbValue {
  input.reading = `a value of type ${type}`;
  switch (type) {
    case VALUE_STRING:
      return { kind: 'string', bytes: input.stringCopy() };
    case VALUE_LIST:
      return { kind: 'list', elements: readStrings(input) };
    case VALUE_LIST_ZIPLIST:
      return { kind: 'list', elements: readZiplist(input.packed()) };
    case VALUE_LIST_QUICKLIST:
      return { kind: 'list', elements: readQuicklist(input) };
    case VALUE_LIST_QUICKLIST_2:
      return { kind: 'list', elements: readQuicklist2(input) };
    case VALUE_SET:
      return { kind: 'set', members: readStrings(input) };
    case VALUE_SET_INTSET:
      return { kind: 'set', members: readIntset(input.packed()) };
    case VALUE_SET_LISTPACK:
      return { kind: 'set', members: readListpack(input.packed()) };
    case VALUE_SORTED_SET:
    case VALUE_SORTED_SET_2:
      return readSortedSet(input, type);
    case VALUE_SORTED_SET_ZIPLIST:
      return pairedScores(input, readZiplist(input.packed()));
    case VALUE_SORTED_SET_LISTPACK:
      return pairedScores(input, readListpack(input.packed()));
    case VALUE_STREAM:
    case VALUE_STREAM_2:
    case VALUE_STREAM_3:
      return readStream(input, type);
    case VALUE_MODULE:
      return input.fail(
        `the values of the module type ${readModuleName(input)} cannot be read`,
        input.offset,
        'unsupported',
      );
    case VALUE_MODULE_PRE_GA:
      return input.fail('values of modules of before Redis 4.0 cannot be read', input.offset, 'unsupported');
    default:
      return decodeHash(input, type);
  }
}

function decodeHash(input: RdbInput, type: number): HashValue {
  switch (type) {
    case VALUE_HASH:
      return readHash(input);
    case VALUE_HASH_ZIPMAP:
      return pairedFields(input, readZipmap(input.packed()));
    case VALUE_HASH_ZIPLIST:
      return pairedFields(input, readZiplist(input.packed()));
    case VALUE_HASH_LISTPACK:
      return pairedFields(input, readListpack(input.packed()));
    case VALUE_HASH_EXPIRIES_PRE_GA:
      return readExpiringHash(input, undefined);
    case VALUE_HASH_EXPIRIES:
      return readExpiringHash(input, input.int64());
    case VALUE_HASH_LISTPACK_EXPIRIES:
      // The smallest expiry, which those of the fields tell.
      input.int64();
      return tripledFields(input, readListpack(input.packed()));
    case VALUE_HASH_LISTPACK_EXPIRIES_PRE_GA:
      return tripledFields(input, readListpack(input.packed()));
    default:
      return input.fail(`values of type ${type} are not known`, input.offset, 'unsupported');
  }
}

/** Whether a collection has nothing in it, which Redis never keeps. Streams may be empty. */
export function isEmpty(value: RdbValue): boolean {
  if (value.kind === 'list') return value.elements.length === 0;
  if (value.kind === 'hash') return value.fields.length === 0;
  return (value.kind === 'set' || value.kind === 'sorted-set') && value.members.length === 0;
}

function readStrings(input: RdbInput): Uint8Array[] {
  const strings: Uint8Array[] = [];
  for (let left = input.length(); left > 0; left--) strings.push(input.stringCopy());
  return strings;
}

function readSortedSet(input: RdbInput, type: number): SortedSetValue {
  const members: Uint8Array[] = [];
  const scores: number[] = [];
  for (let left = input.length(); left > 0; left--) {
    members.push(input.stringCopy());
    const offset = input.offset;
    const score = type === VALUE_SORTED_SET_2 ? input.double() : readTextScore(input);
    if (score === undefined || Number.isNaN(score)) input.fail('a score is not a number', offset);
    scores.push(score);
  }
  return { kind: 'sorted-set', members, scores };
}

const TEXT_NAN = 253;
const TEXT_INFINITY = 254;
const TEXT_MINUS_INFINITY = 255;

function readTextScore(input: RdbInput): number | undefined {
  const length = input.byte();
  if (length === TEXT_NAN) return undefined;
  if (length === TEXT_INFINITY) return Number.POSITIVE_INFINITY;
  if (length === TEXT_MINUS_INFINITY) return Number.NEGATIVE_INFINITY;
  return parseDouble(input.text(length));
}

/** Members and scores in turn. */
function pairedScores(input: RdbInput, pairs: readonly Uint8Array[]): SortedSetValue {
  if (pairs.length % 2 !== 0) input.fail('the last member has no score');
  const members: Uint8Array[] = [];
  const scores: number[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const text = pairs[i + 1]!;
    const score = parseDouble(latin1(text, 0, text.length));
    if (score === undefined) input.fail('a score is not a number');
    members.push(pairs[i]!);
    scores.push(score);
  }
  return { kind: 'sorted-set', members, scores };
}

function readHash(input: RdbInput): HashValue {
  const fields: Uint8Array[] = [];
  const values: Uint8Array[] = [];
  for (let left = input.length(); left > 0; left--) {
    fields.push(input.stringCopy());
    values.push(input.stringCopy());
  }
  return { kind: 'hash', fields, values, expiries: undefined };
}

function pairedFields(input: RdbInput, pairs: readonly Uint8Array[]): HashValue {
  if (pairs.length % 2 !== 0) input.fail('the last field has no value');
  return {
    kind: 'hash',
    fields: pairs.filter((_, i) => i % 2 === 0),
    values: pairs.filter((_, i) => i % 2 === 1),
    expiries: undefined,
  };
}

/** Fields with their expiry in front: 0 for none, a moment, or its distance from `smallest` and one more. */
function readExpiringHash(input: RdbInput, smallest: number | undefined): HashValue {
  const fields: Uint8Array[] = [];
  const values: Uint8Array[] = [];
  const expiries: number[] = [];
  for (let left = input.length(); left > 0; left--) {
    const expiry = input.length();
    fields.push(input.stringCopy());
    values.push(input.stringCopy());
    expiries.push(expiry === 0 ? NEVER : smallest === undefined ? expiry : smallest + expiry - 1);
  }
  return { kind: 'hash', fields, values, expiries };
}

/** Fields, values and moments of expiry in turn, 0 for none. */
function tripledFields(input: RdbInput, triples: readonly Uint8Array[]): HashValue {
  if (triples.length % 3 !== 0) input.fail('the last field has no value or no expiry');
  const expiries: number[] = [];
  for (let i = 2; i < triples.length; i += 3) {
    const text = latin1(triples[i]!, 0, triples[i]!.length);
    if (!/^\d{1,16}$/.test(text)) input.fail(`a field's expiry is no time`);
    expiries.push(Number(text) === 0 ? NEVER : Number(text));
  }
  return {
    kind: 'hash',
    fields: triples.filter((_, i) => i % 3 === 0),
    values: triples.filter((_, i) => i % 3 === 1),
    expiries,
  };
}

const MODULE_NAME_CHARS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Nine characters of six bits each, and ten bits of a version. */
function readModuleName(input: RdbInput): string {
  const id = input.length64();
  let name = '';
  for (let i = 0n; i < 9n; i++) name += MODULE_NAME_CHARS[Number((id >> (58n - 6n * i)) & 63n)];
  return name;
}
