/** HRANDFIELD. */
import { ABSENT } from '../../store/keyspace.ts';
import type { Hash } from '../../types/hash.ts';
import { REFUSED } from '../collection-access.ts';
import { defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { writeElement } from '../lists/elements.ts';
import { randomSample, readSample } from '../random-sample.ts';
import { field, findHash, hashOf, value } from './hash-access.ts';

/** Of a hash with so many fields at most, those to choose from are copied when many are wanted. */
const COPIED_MAX = 1024;
const MANY = 8;

export const hashSampling = defineCommands([
  {
    ...randomSample('WITHVALUES'),
    name: 'hrandfield',
    group: 'hash',
    summary: 'Returns random fields of a hash',
    complexity: 'O(N) where N is the number of fields returned',
    placement: { at: 'key', handler: randomFields },
  },
]);

function randomFields(context: ShardContext): void {
  const { args, reply } = context;
  if (args.count > 2) {
    manyFields(context);
    return;
  }
  const ref = findHash(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    reply.null();
    return;
  }
  const hash = hashOf(context, ref);
  hash.random();
  hash.readField(field);
  writeElement(reply, field);
}

function manyFields(context: ShardContext): void {
  const { args, reply } = context;
  const sample = readSample(args, 'withvalues');
  if (typeof sample === 'string') {
    reply.error(sample);
    return;
  }
  const { count, withPairs } = sample;
  const ref = findHash(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT || count === 0) {
    reply.array(0);
    return;
  }
  const hash = hashOf(context, ref);
  if (count < 0) writeAny(context, hash, -count, withPairs);
  else writeDistinct(context, hash, Math.min(count, hash.length), withPairs);
}

function header({ reply }: ShardContext, count: number, withValues: boolean): void {
  reply.array(withValues && reply.resp === 2 ? 2 * count : count);
}

/** The current field, with its value beside it in RESP2 and in an array of both in RESP3. */
function writeCurrent({ reply }: ShardContext, hash: Hash, withValues: boolean): void {
  if (withValues && reply.resp === 3) reply.array(2);
  hash.readField(field);
  writeElement(reply, field);
  if (!withValues) return;
  hash.readValue(value);
  writeElement(reply, value);
}

/** `count` fields, any of them any number of times. */
function writeAny(context: ShardContext, hash: Hash, count: number, withValues: boolean): void {
  const { reply } = context;
  header(context, count, withValues);
  if (count <= MANY || hash.length > COPIED_MAX) {
    for (let left = count; left > 0; left--) {
      hash.random();
      writeCurrent(context, hash, withValues);
    }
    return;
  }
  const pairs: (readonly [Uint8Array, Uint8Array])[] = [];
  hash.forEach(() => {
    hash.readField(field);
    hash.readValue(value);
    pairs.push([field.copy(), value.copy()]);
  });
  for (let left = count; left > 0; left--) {
    const [name, content] = pairs[Math.floor(Math.random() * pairs.length)]!;
    if (withValues && reply.resp === 3) reply.array(2);
    reply.bulk(name);
    if (withValues) reply.bulk(content);
  }
}

/** `count` different fields, of which there are as many: each is chosen with the probability that the rest needs it. */
function writeDistinct(context: ShardContext, hash: Hash, count: number, withValues: boolean): void {
  header(context, count, withValues);
  if (count * MANY < hash.length && hash.length > COPIED_MAX) {
    writeFew(context, hash, count, withValues);
    return;
  }
  let needed = count;
  let left = hash.length;
  hash.forEach(() => {
    if (Math.random() * left < needed) {
      writeCurrent(context, hash, withValues);
      needed--;
    }
    left--;
  });
}

/** The same for a small part of a large hash: what was chosen already is passed over. */
function writeFew(context: ShardContext, hash: Hash, count: number, withValues: boolean): void {
  const chosen = new Set<string>();
  while (chosen.size < count) {
    hash.random();
    hash.readField(field);
    const before = chosen.size;
    chosen.add(Buffer.from(field.copy()).toString('latin1'));
    if (chosen.size > before) writeCurrent(context, hash, withValues);
  }
}
