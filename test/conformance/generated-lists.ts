/** Random lines of the commands of lists. */
import type { Random } from '../support/random.ts';
import type { Maker, Words } from './generated-bits.ts';

const LISTS = Array.from({ length: 8 }, (_, i) => `list${i}`);
const BAD_INTEGERS = ['', 'abc', '1.5', ' 1', '01', '9223372036854775808'];
const FAR = ['9223372036854775807', '-9223372036854775807', '4294967296', '-536870913'];

/** Each maker with its weight. */
export function makersOfLists(random: Random, { key: anyKey, value }: Words): [number, Maker][] {
  const oneOf = (...words: string[]) => random.pick(words);
  const maybe = (share: number, ...words: string[]) => (random.oneIn(share) ? words : []);
  const key = () => (random.oneIn(12) ? anyKey() : random.pick(LISTS));
  // Few, so that the same one is met again.
  const element = () => (random.oneIn(3) ? value() : oneOf('a', 'b', 'c', '1', '2', '-1', 'e'.repeat(70)));
  const elements = () => Array.from({ length: random.between(1, random.oneIn(10) ? 200 : 8) }, element);
  const integer = (min: number, max: number) => {
    if (random.oneIn(25)) return random.pick(BAD_INTEGERS);
    return random.oneIn(20) ? random.pick(FAR) : String(random.between(min, max));
  };
  const index = () => integer(-30, 30);
  const end = () => oneOf('LEFT', 'RIGHT', 'left', ...maybe(10, 'nonsense'));
  const where = () => oneOf('BEFORE', 'AFTER', 'after', ...maybe(10, 'nonsense'));
  const count = () => maybe(2, 'COUNT', integer(random.oneIn(5) ? -1 : 1, 12));
  const popKeys = () => {
    const keys = Array.from({ length: random.between(1, 4) }, key);
    return [String(keys.length + (random.oneIn(20) ? 1 : 0)), ...keys];
  };
  const options = () => [
    ...maybe(3, 'RANK', integer(-4, 4)),
    ...maybe(3, 'COUNT', integer(-1, 5)),
    ...maybe(4, 'MAXLEN', integer(-1, 40)),
    ...maybe(30, 'nonsense'),
  ];
  return [
    [12, () => [oneOf('LPUSH', 'RPUSH'), key(), ...elements()]],
    [3, () => [oneOf('LPUSHX', 'RPUSHX'), key(), ...elements()]],
    [5, () => [oneOf('LPOP', 'RPOP'), key(), ...maybe(2, integer(0, 20))]],
    [3, () => ['LLEN', key()]],
    [4, () => ['LINDEX', key(), index()]],
    [5, () => ['LRANGE', key(), index(), index()]],
    [4, () => ['LPOS', key(), element(), ...options()]],
    [4, () => ['LSET', key(), index(), element()]],
    [4, () => ['LINSERT', key(), where(), element(), element()]],
    [3, () => ['LREM', key(), integer(-3, 3), element()]],
    [1, () => ['LTRIM', key(), integer(0, 3), integer(-4, -1)]],
    [5, () => ['LMOVE', key(), key(), end(), end()]],
    [3, () => ['RPOPLPUSH', key(), key()]],
    [3, () => ['LMPOP', ...popKeys(), end(), ...count()]],
    [1, () => ['SORT', key(), 'BY', 'nosort', ...maybe(2, 'DESC'), ...maybe(2, 'LIMIT', index(), index())]],
    [1, () => ['SORT', key(), 'ALPHA', 'STORE', key()]],
    [1, () => [oneOf('RENAME', 'RENAMENX', 'COPY'), key(), key()]],
    [1, () => ['DEL', key()]],
    [1, () => ['TYPE', key()]],
  ];
}
