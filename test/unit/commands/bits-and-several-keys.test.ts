/** Handlers of ranges, bits and several keys in states that no command can make: other types, no memory. */
import { describe, expect, test } from 'vitest';
import { OutOfMemory, TYPE_HASH, TYPE_LIST } from '../../../src/store/layout.ts';
import { verify } from '../../../src/store/verify.ts';
import { KeyspaceView } from '../../../src/store/view.ts';
import { ReplyError } from '../../support/decoder.ts';
import { FakeShard } from './fake-shard.ts';

const WRONG_TYPE = new ReplyError('WRONGTYPE Operation against a key holding the wrong kind of value');

describe('a key that holds a collection', () => {
  const shard = new FakeShard();
  shard.storeObject('list', TYPE_LIST);

  test.each([
    ['getrange', 'list', '0', '-1'],
    ['substr', 'list', '0', '-1'],
    ['setrange', 'list', '0', 'x'],
    ['setrange', 'list', '0', ''],
    ['setbit', 'list', '0', '1'],
    ['getbit', 'list', '0'],
    ['bitcount', 'list'],
    ['bitcount', 'list', 'a', 'b'],
    ['bitpos', 'list', '1'],
    ['bitpos', 'list', '1', 'a'],
    ['bitfield', 'list'],
    ['bitfield', 'list', 'set', 'u8', '0', '1'],
    ['bitfield_ro', 'list', 'get', 'u8', '0'],
    ['bitop', 'and', 'other', 'missing', 'list'],
    ['bitop', 'not', 'list', 'list'],
  ])('is refused by %s', (...words) => {
    expect(shard.run(...words)).toEqual(WRONG_TYPE);
    expect(shard.run('type', 'list')).toBe('list');
    expect(shard.run('exists', 'other')).toBe(0);
  });

  test('is refused by LCS in its own words', () => {
    const problem = new ReplyError('ERR The specified keys must contain string values');
    expect(shard.run('lcs', 'list', 'missing')).toEqual(problem);
    expect(shard.run('lcs', 'missing', 'list', 'nonsense')).toEqual(problem);
  });

  test('is there for MSETNX, and moves to another database', () => {
    expect(shard.run('msetnx', 'new', '1', 'list', '2')).toBe(0);
    expect(shard.run('move', 'list', '2')).toBe(1);
    expect(shard.run('type', 'list')).toBe('none');
    shard.db = 2;
    expect(shard.run('type', 'list')).toBe('list');
    expect(shard.run('move', 'list', '0')).toBe(1);
    shard.db = 0;
    verify(shard.keyspace);
  });

  test('is told apart by direct reads', () => {
    shard.storeObject('hash', TYPE_HASH);
    const view = KeyspaceView.open(shard.keyspace.share());
    expect(shard.runDirect(view, 'getrange', 'hash', 0, -1)).toEqual(WRONG_TYPE);
    expect(shard.runDirect(view, 'getbit', 'hash', 5)).toEqual(WRONG_TYPE);
  });
});

describe('direct reads of parts', () => {
  test('answer as the handlers on the shard do', () => {
    const shard = new FakeShard();
    shard.run('set', 'key', 'some value');
    shard.run('set', 'empty', '');
    const view = KeyspaceView.open(shard.keyspace.share());
    for (const key of ['key', 'empty', 'missing']) {
      for (const range of [
        [0, -1],
        [2, 4],
        [-3, -2],
        [5, 100],
        [4, 2],
        [-100, 0],
        ['a', 1],
        [1, ''],
      ]) {
        expect(shard.runDirect(view, 'getrange', key, ...range)).toEqual(
          shard.run('getrange', key, ...range),
        );
      }
      for (const offset of [0, 1, 2, 79, 80, 1000, -1, 'x']) {
        expect(shard.runDirect(view, 'getbit', key, offset)).toEqual(shard.run('getbit', key, offset));
      }
    }
  });
});

describe('a command that finds no memory', () => {
  const TOO_LONG = 'x'.repeat(1 << 17);

  function small(): FakeShard {
    const shard = new FakeShard({ extentBytes: 1 << 16, maxArenaBytes: 1 << 16 });
    shard.run('set', 'key', 'old');
    return shard;
  }

  test('has answered nothing and changed nothing', () => {
    const shard = small();
    for (const words of [
      ['setrange', 'key', 1 << 17, 'x'],
      ['setrange', 'new', 1 << 17, 'x'],
      ['setbit', 'key', 1 << 20, 1],
      ['setbit', 'new', 1 << 20, 1],
      ['bitfield', 'key', 'set', 'u8', 0, 1, 'set', 'u8', 1 << 20, 1],
      ['bitfield', 'new', 'set', 'u8', 0, 1, 'set', 'u8', 1 << 20, 1],
    ]) {
      expect(() => shard.run(...words), words.join(' ')).toThrow(OutOfMemory);
      expect(shard.reply.position).toBe(0);
    }
    verify(shard.keyspace);
    expect(shard.run('get', 'key')).toBe('old');
    expect(shard.run('exists', 'new')).toBe(0);
  });

  test('MSETNX leaves none of its keys behind', () => {
    const shard = small();
    expect(() => shard.run('msetnx', 'a', '1', 'b', '2', 'c', TOO_LONG, 'd', '4')).toThrow(OutOfMemory);
    expect(shard.run('exists', 'a', 'b', 'c', 'd')).toBe(0);
    expect(() => shard.run('msetnx', 'a', '1', 'a', TOO_LONG)).toThrow(OutOfMemory);
    expect(shard.run('exists', 'a', 'key')).toBe(1);
    verify(shard.keyspace);
  });

  test('RENAME and COPY keep the source and the destination', () => {
    // Room for one value of such a length, not for two.
    const shard = new FakeShard({ extentBytes: 1 << 16, maxArenaBytes: 1 << 18 });
    shard.run('set', 'key', 'old');
    const most = 'x'.repeat(100_000);
    shard.run('set', 'large', most);
    for (const words of [
      ['rename', 'large', 'key'],
      ['renamenx', 'large', 'new'],
      ['copy', 'large', 'key', 'replace'],
      ['copy', 'large', 'large', 'db', '3'],
    ]) {
      expect(() => shard.run(...words), words.join(' ')).toThrow(OutOfMemory);
    }
    expect(shard.run('mget', 'large', 'key', 'new')).toEqual([most, 'old', null]);
  });
});
