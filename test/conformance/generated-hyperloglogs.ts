/** Random lines of the commands of HyperLogLogs, and of some that change their bytes. */
import type { Random } from '../support/random.ts';
import type { Maker, Words } from './generated-bits.ts';

const KEYS = Array.from({ length: 8 }, (_, i) => `hll${i}`);

/** Each maker with its weight. */
export function makersOfHyperLogLogs(random: Random, { key: anyKey, value }: Words): [number, Maker][] {
  const key = () => (random.oneIn(20) ? anyKey() : random.pick(KEYS));
  const element = () => (random.oneIn(4) ? value() : String(random.below(20_000)));
  const elements = () => Array.from({ length: random.below(random.oneIn(8) ? 300 : 8) }, element);
  const keys = (max: number) => Array.from({ length: random.between(1, max) }, key);
  return [
    [10, () => ['PFADD', key(), ...elements()]],
    [6, () => ['PFCOUNT', ...keys(random.oneIn(2) ? 1 : 4)]],
    [3, () => ['PFMERGE', ...keys(4)]],
    [1, () => ['PFDEBUG', random.pick(['DECODE', 'encoding', 'TODENSE', 'GETREG', 'nonsense']), key()]],
    [2, () => ['DEL', random.pick(KEYS)]],
    [2, () => ['GET', random.pick(KEYS)]],
  ];
}
