/** DUMP and RESTORE. Payloads are made here, because a case cannot take one from a reply. */
import { bytes, checksum } from '../../support/rdb-bytes.ts';
import { type Cases, line, milliseconds } from '../case.ts';

function payload(content: Buffer, version = 10): Buffer {
  const body = bytes(content, version, 0);
  return bytes(body, checksum(body));
}

const HELLO = payload(bytes(0, 5, 'hello'));
const FUTURE = 33177117420000;
const restore = (key: string, ttl: number | string, value: Buffer, ...options: (string | number)[]) =>
  line(['RESTORE', key, ttl, value, ...options]);

export const dumping: Cases = {
  'DUMP gives the bytes of short strings': [
    'DUMP none',
    'MSET a hello b "" c 12 d -129 e 70000 f 2147483648 g 007 h "\\x00\\xff" i -2147483648 j -0',
    ...[...'abcdefghij'].map((key) => `DUMP ${key}`),
    'APPEND c 3',
    'DUMP c',
    'DUMP',
    'DUMP a b',
  ],
  'RESTORE makes a key': [
    restore('k', 0, HELLO),
    'GET k',
    'TTL k',
    'OBJECT ENCODING k',
    'STRLEN k',
    restore('k', 0, HELLO),
    restore('k', 0, HELLO, 'replace'),
    restore('n', 0, payload(bytes(0, 0xc1, 0x39, 0x30))),
    'INCR n',
    restore('lzf', 0, payload(bytes(0, 0xc3, 4, 9, 0, 'a', 0xc0, 0))),
    'GET lzf',
    restore('six', 0, payload(bytes(0, 5, 'hello'), 6)),
    'GET six',
    'DBSIZE',
  ],
  'RESTORE sets the expiry': [
    restore('k', 100000, HELLO),
    milliseconds('PTTL k'),
    restore('k', FUTURE, HELLO, 'ABSTTL', 'REPLACE'),
    'PEXPIRETIME k',
    restore('k', 5, HELLO, 'ABSTTL'),
    restore('k', 5, HELLO, 'ABSTTL', 'REPLACE'),
    'EXISTS k',
    restore('k', 5, HELLO, 'ABSTTL'),
    'EXISTS k',
    restore('k', 0, HELLO, 'ABSTTL'),
    'TTL k',
    restore('idle', 0, HELLO, 'IDLETIME', 1000, 'IDLETIME', 100),
    restore('used', 0, HELLO, 'FREQ', 1, 'FREQ', 0),
  ],
  'use is counted, or timed, as the eviction policy wants it': [
    'CONFIG SET maxmemory-policy allkeys-lfu lfu-decay-time 0',
    'SET k v',
    'OBJECT FREQ k',
    'OBJECT IDLETIME k',
    'OBJECT FREQ none',
    restore('used', 0, HELLO, 'FREQ', 200),
    'OBJECT FREQ used',
    'RENAME used renamed',
    restore('idle', 0, HELLO, 'IDLETIME', 1000),
    'OBJECT FREQ idle',
    'CONFIG SET lfu-log-factor 0',
    'SET twice v',
    'GET twice',
    'GET twice',
    'OBJECT FREQ twice',
    'CONFIG SET maxmemory-policy volatile-lru lfu-log-factor 10 lfu-decay-time 1',
    restore('idle', 0, HELLO, 'IDLETIME', 1000, 'REPLACE'),
    'OBJECT FREQ idle',
    'CONFIG SET maxmemory-policy noeviction',
    'CONFIG GET maxmemory-policy',
    'CONFIG SET maxmemory-samples 0',
    'CONFIG SET lfu-decay-time -1',
  ],
  'RESTORE refuses what is wrong': [
    'RESTORE k 0',
    'RESTORE k 0 x',
    'RESTORE k x x',
    'RESTORE k -1 x',
    'RESTORE k 0 x NONE',
    'RESTORE k 0 x IDLETIME',
    'RESTORE k 0 x FREQ',
    'RESTORE k 0 x IDLETIME -1',
    'RESTORE k 0 x IDLETIME x',
    'RESTORE k 0 x IDLETIME 1 FREQ 1',
    'RESTORE k 0 x FREQ 1 IDLETIME 1',
    'RESTORE k 0 x FREQ 256',
    'RESTORE k 0 x FREQ -1',
    'RESTORE k 0 x FREQ 1.5',
    restore('k', 0, HELLO.subarray(1)),
    restore('k', 0, payload(bytes(0, 60, 'hello'))),
    restore('k', 0, payload(bytes(255))),
    restore('k', 0, payload(bytes(1, 0))),
    restore('k', 0, payload(bytes(0, 5, 'hello'), 13)),
    'SET k v',
    restore('k', 'x', HELLO),
    restore('k', -1, HELLO, 'REPLACE'),
    'GET k',
  ],
};
