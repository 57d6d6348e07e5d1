/** SCAN: whole iterations, and its errors. */
import { type Cases, line, scan } from '../case.ts';

const fill = line(['MSET', ...Array.from({ length: 600 }, (_, i) => (i % 2 ? `v${i}` : `key:${i / 2}`))]);

export const scanning: Cases = {
  'an iteration returns every key': [
    fill,
    scan('SCAN 0'),
    scan('SCAN 0 COUNT 1'),
    scan('SCAN 0 COUNT 7'),
    scan('SCAN 0 COUNT 100000'),
    'SELECT 3',
    scan('SCAN 0'),
  ],
  'MATCH and TYPE choose among them': [
    fill,
    scan('SCAN 0 MATCH *'),
    scan('SCAN 0 MATCH key:1*'),
    scan('SCAN 0 MATCH key:?5 COUNT 50'),
    scan('SCAN 0 MATCH none'),
    scan('SCAN 0 MATCH ""'),
    scan('SCAN 0 TYPE string'),
    scan('SCAN 0 TYPE STRING'),
    scan('SCAN 0 TYPE list'),
    scan('SCAN 0 TYPE nonsense'),
    scan('SCAN 0 TYPE string MATCH key:2* COUNT 20'),
    scan('SCAN 0 MATCH a MATCH key:3?'),
    scan('SCAN 0 COUNT 1 COUNT 500'),
  ],
  'expired keys are not returned': ['SET a 1 PX 1', 'SET b 1', 'DEBUG SLEEP 0.05', scan('SCAN 0')],
  'an empty database': [scan('SCAN 0'), scan('SCAN 0 COUNT 5')],
  'wrong cursors and options are refused': [
    'SCAN abc',
    scan('SCAN ""'),
    'SCAN " 0"',
    'SCAN 0x',
    'SCAN 1.5',
    'SCAN 18446744073709551616',
    'SCAN 99999999999999999999999',
    'SCAN 0 COUNT',
    'SCAN 0 COUNT 0',
    'SCAN 0 COUNT -5',
    'SCAN 0 COUNT abc',
    'SCAN 0 MATCH',
    'SCAN 0 TYPE',
    'SCAN 0 NONSENSE',
    'SCAN 0 NONSENSE x',
    'SCAN abc NONSENSE',
    'SCAN 0 MATCH * COUNT',
    'SCAN 0 COUNT abc NONSENSE',
    'SCAN',
  ],
};
