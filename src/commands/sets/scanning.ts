/** SSCAN: some members of a set and a cursor to go on from. */
import { EntryReader } from '../../types/listpack-entry.ts';
import { SetCursor } from '../../types/set-cursor.ts';
import { defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { ELEMENT_SCAN, isMatch, type ScanOptions, scanElements } from '../element-scan.ts';
import { findSet, setOf } from './set-access.ts';

const cursor = new SetCursor();
const reader = new EntryReader();

export const setScanning = defineCommands([
  {
    ...ELEMENT_SCAN,
    name: 'sscan',
    group: 'set',
    summary: 'Returns some of the members of a set and a cursor to go on from',
    complexity: 'O(1) for a call, O(N) for a whole walk, where N is the number of members',
    placement: {
      at: 'key',
      handler: (context) =>
        scanElements(context, findSet, (ref, from, options, found) =>
          collect(context, ref, from, options, found),
        ),
    },
  },
]);

/** Takes members to `found` and returns the next cursor. */
function collect(
  context: ShardContext,
  ref: number,
  from: number,
  options: ScanOptions,
  found: Uint8Array[],
): number {
  const set = setOf(context, ref);
  const { table } = set;
  const take = (member: EntryReader) => {
    member.asBytes();
    if (isMatch(options, member.bytes, member.start, member.end)) found.push(member.copy());
  };
  if (table === undefined) {
    // A packed one comes whole.
    cursor.open(set);
    while (cursor.next()) take(cursor.member);
    return 0;
  }
  return table.scan(Math.min(from, Number.MAX_SAFE_INTEGER), options.count, () => {
    reader.read(table.bytes, table.nameAt);
    take(reader);
  });
}
