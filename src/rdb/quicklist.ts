/** Quicklists: lists as rows of ziplists (since 3.2), or of listpacks and single long elements (since 7.0). */
import { readListpack } from './listpack.ts';
import type { RdbInput } from './rdb-input.ts';
import { readZiplist } from './ziplist.ts';

const PLAIN_NODE = 1;
const PACKED_NODE = 2;

/** The elements of a quicklist of ziplists. */
export function readQuicklist(input: RdbInput): Uint8Array[] {
  const elements: Uint8Array[] = [];
  for (let left = input.length(); left > 0; left--) append(elements, readZiplist(input.packed()));
  return elements;
}

/** The elements of a quicklist whose nodes say what they are. */
export function readQuicklist2(input: RdbInput): Uint8Array[] {
  const elements: Uint8Array[] = [];
  for (let left = input.length(); left > 0; left--) {
    const offset = input.offset;
    const container = input.length();
    if (container === PACKED_NODE) append(elements, readListpack(input.packed()));
    else if (container === PLAIN_NODE) elements.push(input.stringCopy());
    else input.fail(`a quicklist has no node of kind ${container}`, offset);
  }
  return elements;
}

function append(elements: Uint8Array[], more: readonly Uint8Array[]): void {
  for (const element of more) elements.push(element);
}
