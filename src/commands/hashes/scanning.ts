/** HSCAN: the fields of a hash, some at a time. */
import { defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { token } from '../declarations.ts';
import { ELEMENT_SCAN, isMatch, scanElements } from '../element-scan.ts';
import { field, findHash, hashOf, value } from './hash-access.ts';

export const hashScanning = defineCommands([
  {
    ...ELEMENT_SCAN,
    name: 'hscan',
    group: 'hash',
    summary: 'Returns some of the fields of a hash and a cursor to go on from',
    complexity: 'O(1) for a call, O(N) for a whole walk, where N is the number of fields',
    arguments: [...ELEMENT_SCAN.arguments, { ...token('NOVALUES'), optional: true }],
    placement: { at: 'key', handler: scan },
  },
]);

function scan(context: ShardContext): void {
  let withValues = true;
  scanElements(
    context,
    findHash,
    (ref, from, options, found) => {
      const hash = hashOf(context, ref);
      return hash.scan(Number.isSafeInteger(from) ? from : 0, options.count, () => {
        hash.readField(field);
        field.asBytes();
        if (!isMatch(options, field.bytes, field.start, field.end)) return;
        found.push(field.copy());
        if (!withValues) return;
        hash.readValue(value);
        found.push(value.copy());
      });
    },
    (index) => {
      if (!context.args.is(index, 'novalues')) return 0;
      withValues = false;
      return 1;
    },
  );
}
