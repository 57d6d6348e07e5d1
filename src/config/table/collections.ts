/** Options: at which sizes collections change their form. */
import { count, INT_MAX, integer, memory } from '../kinds.ts';
import { row } from '../row.ts';

const FORM = { mutable: true, affects: ['shards'], group: 'Memory' } as const;
const elements = count(0);
const bytes = memory({ min: 0 });

export const collectionForms = {
  'list-max-listpack-size': row({
    ...FORM,
    kind: integer(-(2 ** 31), INT_MAX),
    default: -2,
    help: 'how large one piece of a list gets: elements, or -1 to -5 for 4 KB to 64 KB',
    aliases: ['list-max-ziplist-size'],
  }),
  'hash-max-listpack-entries': row({
    ...FORM,
    kind: elements,
    default: 512,
    help: 'fields of a hash up to which it is packed',
    aliases: ['hash-max-ziplist-entries'],
  }),
  'hash-max-listpack-value': row({
    ...FORM,
    kind: bytes,
    default: 64,
    help: 'bytes of a field or a value up to which a hash is packed',
    aliases: ['hash-max-ziplist-value'],
  }),
  'set-max-intset-entries': row({
    ...FORM,
    kind: elements,
    default: 512,
    help: 'members of a set of integers up to which it is packed',
  }),
  'set-max-listpack-entries': row({
    ...FORM,
    kind: elements,
    default: 128,
    help: 'members of any other set up to which it is packed',
  }),
  'set-max-listpack-value': row({
    ...FORM,
    kind: elements,
    default: 64,
    help: 'bytes of a member up to which a set that is not of integers is packed',
  }),
  'zset-max-listpack-entries': row({
    ...FORM,
    kind: elements,
    default: 128,
    help: 'members of a sorted set up to which it is packed',
    aliases: ['zset-max-ziplist-entries'],
  }),
  'zset-max-listpack-value': row({
    ...FORM,
    kind: bytes,
    default: 64,
    help: 'bytes of a member up to which a sorted set is packed',
    aliases: ['zset-max-ziplist-value'],
  }),
  'stream-node-max-bytes': row({
    ...FORM,
    kind: bytes,
    default: 4096,
    help: 'bytes of one piece of a stream; 0: as many as its entries need',
  }),
  'stream-node-max-entries': row({
    ...FORM,
    kind: elements,
    default: 100,
    help: 'entries of one piece of a stream; 0: any number',
  }),
  'hll-sparse-max-bytes': row({
    ...FORM,
    kind: bytes,
    default: 3000,
    help: 'bytes up to which a HyperLogLog is kept as runs of equal registers; beyond that it takes 12304',
  }),
};
