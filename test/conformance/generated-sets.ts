/** Random lines of the commands of sets. */
import type { Random } from '../support/random.ts';
import type { Maker, Words } from './generated-bits.ts';

const SETS = Array.from({ length: 6 }, (_, i) => `set${i}`);
const BAD_INTEGERS = ['', 'abc', '1.5', ' 1', '01', '9223372036854775808'];

/** Commands whose replies have no order. */
export const UNORDERED: ReadonlySet<string> = new Set([
  ...['smembers', 'sinter', 'sunion', 'sdiff', 'spop', 'srandmember', 'sscan', 'sort'],
]);

/** Each maker with its weight. What is chosen at random is always all. */
export function makersOfSets(random: Random, { key: anyKey, value }: Words): [number, Maker][] {
  const oneOf = (...words: string[]) => random.pick(words);
  const maybe = (share: number, ...words: string[]) => (random.oneIn(share) ? words : []);
  const key = () => (random.oneIn(20) ? anyKey() : random.pick(SETS));
  const keys = () => Array.from({ length: random.between(1, 4) }, key);
  // C's strings end at a NUL, so Redis would sort them as others.
  const text = () => value().replaceAll('\0', '0');
  const number = () => String(random.between(-20, random.oneIn(10) ? 100_000 : 20));
  // Few, so that the same one is met again.
  const member = () =>
    random.oneIn(4) ? oneOf('a', 'b', 'c', 'e'.repeat(70), text()) : random.oneIn(40) ? text() : number();
  const members = () => Array.from({ length: random.between(1, random.oneIn(15) ? 200 : 6) }, member);
  const all = () => (random.oneIn(15) ? random.pick(BAD_INTEGERS) : oneOf('0', '100000', '1000000'));
  return [
    [14, () => ['SADD', key(), ...members()]],
    [8, () => ['SREM', key(), ...members()]],
    [4, () => ['SISMEMBER', key(), member()]],
    [3, () => ['SMISMEMBER', key(), ...members()]],
    [2, () => ['SCARD', key()]],
    [4, () => ['SMEMBERS', key()]],
    [1, () => ['SPOP', key(), all()]],
    [2, () => ['SRANDMEMBER', key(), all()]],
    [6, () => ['SMOVE', key(), key(), member()]],
    [6, () => [oneOf('SINTER', 'SUNION', 'SDIFF'), ...keys()]],
    [5, () => [oneOf('SINTERSTORE', 'SUNIONSTORE', 'SDIFFSTORE'), key(), ...keys()]],
    [2, () => ['SINTERCARD', oneOf('1', '2', '2', '0', 'x'), key(), key(), ...maybe(3, 'LIMIT', number())]],
    [2, () => ['SSCAN', key(), '0', 'COUNT', '100000', ...maybe(2, 'MATCH', '1*')]],
    [1, () => ['SORT', key(), 'BY', 'nosort', ...maybe(2, 'ALPHA')]],
    [1, () => [oneOf('RENAME', 'RENAMENX', 'COPY'), key(), key()]],
    [1, () => ['DEL', key()]],
    [1, () => ['TYPE', key()]],
  ];
}
