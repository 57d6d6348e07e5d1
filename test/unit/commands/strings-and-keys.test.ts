/** Handlers of strings and keys in states that no command can make: other types, unnoticed expiry, no memory. */
import { beforeEach, describe, expect, test } from 'vitest';
import { OutOfMemory, TYPE_HASH, TYPE_LIST, TYPE_STREAM } from '../../../src/store/layout.ts';
import { KeyspaceView } from '../../../src/store/view.ts';
import { ReplyError } from '../../support/decoder.ts';
import { FakeShard } from './fake-shard.ts';

const WRONG_TYPE = new ReplyError('WRONGTYPE Operation against a key holding the wrong kind of value');

let shard: FakeShard;
beforeEach(() => {
  shard = new FakeShard();
  shard.storeObject('list', TYPE_LIST);
});

describe('a key that holds a collection', () => {
  test.each([
    ['get', 'list'],
    ['set', 'list', 'v', 'get'],
    ['set', 'list', 'v', 'nx', 'get'],
    ['getset', 'list', 'v'],
    ['getdel', 'list'],
    ['getex', 'list'],
    ['getex', 'list', 'ex', '0'],
    ['append', 'list', 'x'],
    ['strlen', 'list'],
    ['incr', 'list'],
    ['decr', 'list'],
    ['incrby', 'list', '5'],
    ['decrby', 'list', '5'],
    ['incrbyfloat', 'list', '1'],
    ['incrbyfloat', 'list', 'x'],
  ])('is refused by %s', (...words) => {
    expect(shard.run(...words)).toEqual(WRONG_TYPE);
    expect(shard.run('type', 'list')).toBe('list');
  });

  test('is overwritten by commands that only store', () => {
    for (const words of [
      ['set', 'list', 'v'],
      ['put', 'list', 'v'],
      ['setex', 'list', '10', 'v'],
      ['psetex', 'list', '10000', 'v'],
      ['mset', 'list', 'v'],
    ]) {
      shard.storeObject('list', TYPE_LIST);
      expect(shard.run(...words)).toBe('OK');
      expect(shard.run('get', 'list')).toBe('v');
    }
  });

  test('is nil for MGET and there for EXISTS, TOUCH and SETNX', () => {
    expect(shard.run('mget', 'list')).toEqual([null]);
    expect(shard.run('exists', 'list', 'list')).toBe(2);
    expect(shard.run('touch', 'list')).toBe(1);
    expect(shard.run('setnx', 'list', 'v')).toBe(0);
    expect(shard.run('type', 'list')).toBe('list');
  });

  test('can expire and be deleted', () => {
    expect(shard.run('expire', 'list', 10)).toBe(1);
    expect(shard.run('ttl', 'list')).toBe(10);
    expect(shard.run('persist', 'list')).toBe(1);
    expect(shard.run('del', 'list')).toBe(1);
    expect(shard.run('exists', 'list')).toBe(0);
  });

  test('is found by SCAN with its type', () => {
    shard.storeObject('stream', TYPE_STREAM);
    shard.run('set', 'string', 'v');
    expect(shard.run('scan', 0, 'type', 'LIST')).toEqual(['0', ['list']]);
    expect(shard.run('scan', 0, 'type', 'stream')).toEqual(['0', ['stream']]);
    expect(shard.run('scan', 0, 'type', 'nosuch')).toEqual(['0', []]);
  });

  test('is told apart by direct reads', () => {
    shard.storeObject('hash', TYPE_HASH);
    const view = KeyspaceView.open(shard.keyspace.share());
    expect(shard.runDirect(view, 'get', 'hash')).toEqual(WRONG_TYPE);
    expect(shard.runDirect(view, 'strlen', 'hash')).toEqual(WRONG_TYPE);
    expect(shard.runDirect(view, 'type', 'hash')).toBe('hash');
    expect(shard.runDirect(view, 'mget', 'hash')).toBe(null);
    expect(shard.runDirect(view, 'ttl', 'hash')).toBe(-1);
  });
});

describe('a direct read', () => {
  test('answers as the handler on the shard does', () => {
    shard.run('set', 'plain', 'some value');
    shard.run('set', 'expiring', 'x', 'pxat', shard.nowMs + 12_600);
    shard.run('set', 'empty', '');
    const view = KeyspaceView.open(shard.keyspace.share());
    for (const name of ['get', 'strlen', 'type', 'ttl', 'pttl', 'expiretime', 'pexpiretime']) {
      for (const key of ['plain', 'expiring', 'empty', 'missing']) {
        expect(shard.runDirect(view, name, key), `${name} ${key}`).toEqual(shard.run(name, key));
      }
    }
    expect(shard.runDirect(view, 'ttl', 'expiring')).toBe(13);
    expect(shard.runDirect(view, 'mget', 'plain')).toBe('some value');
    expect(shard.runDirect(view, 'mget', 'missing')).toBe(null);
  });

  test('leaves an expired key to the shard', () => {
    shard.run('set', 'key', 'x', 'px', 10);
    const view = KeyspaceView.open(shard.keyspace.share());
    shard.nowMs += 11;
    expect(() => shard.runDirect(view, 'get', 'key')).toThrow('unsure');
    expect(shard.run('get', 'key')).toBe(null);
    expect(shard.runDirect(view, 'pttl', 'key')).toBe(-2);
  });
});

describe('keys that have expired unnoticed', () => {
  beforeEach(() => {
    shard.run('del', 'list');
    shard.run('set', 'gone', 'x', 'px', 10);
    shard.run('set', 'here', 'x');
    shard.nowMs += 11;
  });

  test('are not shown by KEYS, SCAN and RANDOMKEY', () => {
    expect(shard.run('keys', '*')).toEqual(['here']);
    expect(shard.run('scan', 0)).toEqual(['0', ['here']]);
    const sizeAndKey = shard.run('randomkey') as [number, string];
    expect(sizeAndKey[1]).toBe('here');
  });

  test('do not count as deleted', () => {
    expect(shard.run('del', 'gone')).toBe(0);
    expect(shard.run('unlink', 'gone', 'here')).toBe(1);
  });
});

describe('strings', () => {
  test('do not grow beyond proto-max-bulk-len', () => {
    shard.stringBytesMax = 10;
    shard.run('set', 'key', '12345678');
    expect(shard.run('append', 'key', '90')).toBe(10);
    expect(shard.run('append', 'key', '1')).toEqual(
      new ReplyError('ERR string exceeds maximum allowed size (proto-max-bulk-len)'),
    );
    expect(shard.run('get', 'key')).toBe('1234567890');
  });

  test('keep an expiry beyond the year 287396 as the last moment that is exact', () => {
    shard.run('set', 'key', 'x', 'pxat', '9223372036854775807');
    expect(shard.run('pexpiretime', 'key')).toBe(Number.MAX_SAFE_INTEGER);
    expect(shard.run('get', 'key')).toBe('x');
  });
});

describe('SCAN', () => {
  test('goes on with the next shard when one is finished', () => {
    shard.shardCount = 3;
    shard.run('del', 'list');
    shard.run('set', 'key', 'x');
    expect(shard.run('scan', 0)).toEqual([String(2 ** 32), ['key']]);
    shard.shardIndex = 2;
    expect(shard.run('scan', String(2 * 2 ** 32))).toEqual(['0', ['key']]);
  });

  test('is finished with a cursor of a shard that does not exist', () => {
    shard.run('set', 'key', 'x');
    expect(shard.run('scan', String(7 * 2 ** 32))).toEqual(['0', []]);
    expect(shard.run('scan', '18446744073709551615')).toEqual(['0', []]);
    expect(shard.run('scan', '-1')).toEqual(['0', []]);
  });
});

describe('a command that finds no memory', () => {
  test('has answered nothing and changed nothing', () => {
    const small = new FakeShard({ extentBytes: 1 << 16, maxArenaBytes: 1 << 16 });
    small.run('set', 'key', 'old');
    const tooLong = 'x'.repeat(1 << 17);
    for (const words of [
      ['set', 'key', tooLong],
      ['set', 'key', tooLong, 'get'],
      ['getset', 'key', tooLong],
      ['append', 'key', tooLong],
      ['mset', 'key', tooLong],
    ]) {
      expect(() => small.run(...words), words[0]).toThrow(OutOfMemory);
      expect(small.reply.position).toBe(0);
    }
    expect(small.run('get', 'key')).toBe('old');
  });
});
