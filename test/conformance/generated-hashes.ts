/** Random lines of the commands of hashes. */
import type { Random } from '../support/random.ts';
import type { Maker, Words } from './generated-bits.ts';

const HASHES = Array.from({ length: 6 }, (_, i) => `hash${i}`);
const INTEGERS = ['', 'abc', '1.5', ' 1', '01', '9223372036854775808', '9223372036854775807', '-1', '0', '7'];
const FLOATS = ['1.5', '-0.25', '3', '1e3', 'abc', '', '1e-10'];

/**
 * Each maker with its weight. Fields are never so many, nor values so long, that the hashes lose their order, so that all replies can be
 * compared.
 */
export function makersOfHashes(random: Random, { key: anyKey, value: anyValue }: Words): [number, Maker][] {
  const maybe = (share: number, ...words: string[]) => (random.oneIn(share) ? words : []);
  const key = () => (random.oneIn(15) ? anyKey() : random.pick(HASHES));
  // Few, so that the same one is met again.
  const field = () => `f${random.below(20)}`;
  const value = () => {
    const given = anyValue();
    return given.length <= 64 && random.oneIn(3) ? given : String(random.between(-500, 500));
  };
  const fields = () => Array.from({ length: random.between(1, 5) }, field);
  const pairs = () => fields().flatMap((each) => [each, value()]);
  return [
    [12, () => ['HSET', key(), ...pairs(), ...maybe(25, 'odd')]],
    [3, () => ['HMSET', key(), ...pairs(), ...maybe(25, 'odd')]],
    [4, () => ['HSETNX', key(), field(), value()]],
    [6, () => ['HDEL', key(), ...fields()]],
    [5, () => ['HGET', key(), field()]],
    [4, () => ['HMGET', key(), ...fields()]],
    [3, () => ['HGETALL', key()]],
    [2, () => [random.pick(['HKEYS', 'HVALS', 'HLEN']), key()]],
    [3, () => [random.pick(['HEXISTS', 'HSTRLEN']), key(), field()]],
    [5, () => ['HINCRBY', key(), field(), random.pick(INTEGERS)]],
    [4, () => ['HINCRBYFLOAT', key(), field(), random.pick(FLOATS)]],
    [
      2,
      () => ['HSCAN', key(), '0', ...maybe(2, 'MATCH', 'f1*'), ...maybe(3, 'COUNT', random.pick(INTEGERS))],
    ],
    [1, () => [random.pick(['RENAME', 'RENAMENX', 'COPY']), key(), key()]],
    [1, () => ['DEL', key()]],
    [1, () => ['TYPE', key()]],
  ];
}
