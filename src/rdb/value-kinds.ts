/** What the types of values are called, whichever of its forms a value has in a file. */
import {
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

const KINDS: readonly (readonly [kind: string, types: readonly number[]])[] = [
  ['string', [VALUE_STRING]],
  ['list', [VALUE_LIST, VALUE_LIST_ZIPLIST, VALUE_LIST_QUICKLIST, VALUE_LIST_QUICKLIST_2]],
  ['set', [VALUE_SET, VALUE_SET_INTSET, VALUE_SET_LISTPACK]],
  ['sorted set', [VALUE_SORTED_SET, VALUE_SORTED_SET_2, VALUE_SORTED_SET_ZIPLIST, VALUE_SORTED_SET_LISTPACK]],
  ['stream', [VALUE_STREAM, VALUE_STREAM_2, VALUE_STREAM_3]],
  ['value of a module', [VALUE_MODULE, VALUE_MODULE_PRE_GA]],
];

/** `type` is one of the VALUE_ numbers; all that are left are hashes. */
export function kindOfType(type: number): string {
  return KINDS.find(([, types]) => types.includes(type))?.[0] ?? 'hash';
}
