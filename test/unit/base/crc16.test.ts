import { describe, expect, test } from 'vitest';
import { crc16, SLOTS, slotOf } from '../../../src/base/crc16.ts';

function slot(key: string): number {
  const bytes = Buffer.from(`{x}${key}{y}`, 'latin1');
  return slotOf(bytes, 3, bytes.length - 3);
}

describe('key slots', () => {
  test('the checksum has the published check value', () => {
    const bytes = Buffer.from('123456789');
    expect(crc16(bytes, 0, bytes.length)).toBe(0x31c3);
  });

  // As CLUSTER KEYSLOT of Redis 7.0 says.
  test.each([
    ['foo', 12182],
    ['bar', 5061],
    ['', 0],
    ['123456789', 12739],
    ['{user1000}.following', 3443],
    ['user1000', 3443],
  ])('%j is in slot %i', (key, expected) => {
    expect(slot(key)).toBe(expected);
  });

  test('only what stands in the first non-empty braces counts', () => {
    expect(slot('{user1000}.followers')).toBe(slot('{user1000}.following'));
    expect(slot('foo{{bar}}zap')).toBe(slot('{bar'));
    expect(slot('foo{bar}{zap}')).toBe(slot('bar'));
    expect(slot('a}{b}c')).toBe(slot('b'));
  });

  test('empty or unclosed braces do not count', () => {
    for (const key of ['foo{}{bar}', '{}', 'foo{bar', 'foo}bar{', '{']) {
      const bytes = Buffer.from(key);
      expect(slot(key)).toBe(crc16(bytes, 0, bytes.length) % SLOTS);
    }
  });
});
