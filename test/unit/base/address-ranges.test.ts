import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AddressRanges, parseAddressRange } from '../../../src/base/address-ranges.ts';

describe('ranges', () => {
  test.each<[ranges: string[], inside: string[], outside: string[]]>([
    [[], [], ['127.0.0.1', '::1']],
    [
      ['10.1.2.3'],
      ['10.1.2.3', '::ffff:10.1.2.3'],
      ['10.1.2.4', '10.1.2.2', '::ffff:10.1.2.4', '::10.1.2.3'],
    ],
    [['10.0.0.0/8'], ['10.0.0.0', '10.255.255.255', '::ffff:10.9.8.7'], ['9.255.255.255', '11.0.0.0']],
    [['10.77.3.1/8'], ['10.0.0.0', '10.255.255.255'], ['11.77.3.1']],
    [['192.168.1.128/25'], ['192.168.1.128', '192.168.1.255'], ['192.168.1.127', '192.168.2.128']],
    [['1.2.3.4/32'], ['1.2.3.4'], ['1.2.3.5']],
    [['128.0.0.0/1'], ['128.0.0.0', '255.255.255.255'], ['127.255.255.255']],
    [['0.0.0.0/0'], ['1.2.3.4', '::ffff:1.2.3.4'], ['::1', 'fd00::1']],
    [['::/0'], ['::1', 'fd00::1', 'fe80::1%eth0'], ['1.2.3.4', '::ffff:1.2.3.4']],
    [['fd00::/8'], ['fd00::1', 'FDFF::'], ['fc00::1', 'fe00::1', '253.0.0.1']],
    [['2001:db8::/33'], ['2001:db8:7fff::1'], ['2001:db8:8000::1']],
    [['::1'], ['::1', '0:0:0:0:0:0:0:1'], ['::2', '127.0.0.1']],
    [['fe80::1'], ['fe80::1%eth0'], ['fe80::2%eth0']],
    [['::ffff:10.0.0.0/104'], ['10.1.1.1', '::ffff:10.1.1.1'], ['11.0.0.0', '::1']],
    [['::ffff:a01:203'], ['10.1.2.3', '::ffff:10.1.2.3'], ['10.1.2.4']],
    [
      ['10.0.0.0/8', '::1', '172.16.0.1'],
      ['10.0.0.1', '::1', '172.16.0.1'],
      ['172.16.0.2', '::2'],
    ],
  ])('%j', (ranges, inside, outside) => {
    const set = new AddressRanges(ranges);
    expect(inside.filter((address) => !set.has(address))).toEqual([]);
    expect(outside.filter((address) => set.has(address))).toEqual([]);
  });

  test('of IPv4 agree with arithmetic', () => {
    const text = (address: number) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
    const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(
        uint32,
        fc.integer({ min: 0, max: 32 }),
        uint32,
        fc.integer({ min: 0, max: 32 }),
        (base, prefix, other, flip) => {
          const set = new AddressRanges([`${text(base)}/${prefix}`]);
          // Any address, and one that differs in a single bit.
          for (const address of [other, flip === 32 ? base : (base ^ (1 << flip)) >>> 0]) {
            const isInside = prefix === 0 || (base ^ address) >>> (32 - prefix) === 0;
            expect(set.has(text(address))).toBe(isInside);
          }
        },
      ),
    );
  });

  test.each([
    '',
    'host',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.4/',
    '1.2.3.4/33',
    '1.2.3.4/-1',
    '1.2.3.4/8/8',
    '1.2.3.4/08',
    '::1/129',
    '::g',
    'fe80::1%eth0',
    '10.0.0.0/255.0.0.0',
    '*',
    ' 1.2.3.4',
  ])('%j is none', (text) => {
    expect(parseAddressRange(text)).toBeUndefined();
  });

  test('what is no address is in none', () => {
    expect(new AddressRanges(['0.0.0.0/0', '::/0']).has('')).toBe(false);
    expect(new AddressRanges(['0.0.0.0/0', '::/0']).has('nonsense')).toBe(false);
  });
});
