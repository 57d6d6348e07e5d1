/** PING to QUIT: what a connection says of itself. */
import { type Cases, differs, line, mapTexts, shape } from '../case.ts';

/** What differs between any two clients of any two servers. LATER_FIELDS are of Redis 7.2. */
const CLIENT_FIGURES =
  /(?<=\b(?:id|addr|laddr|fd|age|idle|qbuf|qbuf-free|argv-mem|multi-mem|rbs|rbp|obl|oll|omem|tot-mem)=)[^ ]*/g;
const LATER_FIELDS = / lib-name=[^ ]* lib-ver=[^ \n]*/g;

function clients(text: string) {
  return line(text, {
    transform: (reply) =>
      mapTexts(reply, (exact) => exact.replace(LATER_FIELDS, '').replace(CLIENT_FIGURES, '#')),
  });
}

/** HELLO without what differs between any two servers. */
function hello(text: string) {
  return line(text, {
    transform: (reply) => mapTexts(reply, (exact) => exact.replace(/^:\d+$|^\$\d+\.\d+\.\d+$/, '#')),
  });
}

const SETINFO = 'CLIENT SETINFO is of Redis 7.2, and libraries send it';
const NO_TOUCH = 'CLIENT NO-TOUCH is of Redis 7.2';

export const connection: Cases = {
  'PING and ECHO': [
    'PING',
    'PING hello',
    'PING "\\x00"',
    'PING ""',
    'PING a b',
    'ECHO hello',
    'ECHO ""',
    'ECHO',
    'ECHO a b',
    'ping',
  ],
  'client names': [
    'CLIENT GETNAME',
    'CLIENT SETNAME me',
    'CLIENT GETNAME',
    'CLIENT SETNAME "with space"',
    'CLIENT SETNAME "line\\n"',
    'CLIENT SETNAME "\\x7f"',
    'CLIENT SETNAME "\\xff"',
    'CLIENT GETNAME',
    'CLIENT SETNAME ""',
    'CLIENT GETNAME',
    'CLIENT SETNAME me',
    'RESET',
    'CLIENT GETNAME',
  ],
  'CLIENT ID, INFO and LIST': [
    shape('CLIENT ID'),
    'SELECT 2',
    'CLIENT SETNAME me',
    clients('CLIENT INFO'),
    clients('CLIENT LIST'),
    clients('CLIENT LIST TYPE normal'),
    'CLIENT LIST TYPE pubsub',
    'CLIENT LIST TYPE replica',
    'CLIENT LIST TYPE master',
    'CLIENT LIST TYPE nonsense',
    'CLIENT LIST ID 99999999',
    'CLIENT LIST ID abc',
    'CLIENT LIST ID 0',
    'CLIENT LIST ID',
    'CLIENT LIST NONSENSE',
    'CLIENT LIST TYPE',
    'CLIENT ID x',
    'CLIENT INFO x',
  ],
  'CLIENT KILL finds nobody or refuses': [
    'CLIENT KILL 127.0.0.1:1',
    'CLIENT KILL ID 99999999',
    'CLIENT KILL ID abc',
    'CLIENT KILL ID 0',
    'CLIENT KILL ID -1',
    'CLIENT KILL TYPE nonsense',
    'CLIENT KILL TYPE pubsub',
    'CLIENT KILL USER nobody',
    'CLIENT KILL ADDR 127.0.0.1:1',
    'CLIENT KILL LADDR 127.0.0.1:1',
    'CLIENT KILL SKIPME maybe',
    'CLIENT KILL SKIPME yes',
    'CLIENT KILL NONSENSE x',
    'CLIENT KILL ID 99999999 ADDR',
    'CLIENT KILL ID 99999999 SKIPME no TYPE normal',
    'CLIENT KILL',
    'PING',
  ],
  'CLIENT NO-EVICT and REPLY': [
    'CLIENT NO-EVICT on',
    'CLIENT NO-EVICT OFF',
    'CLIENT NO-EVICT maybe',
    'CLIENT NO-EVICT',
    'CLIENT REPLY ON',
    'CLIENT REPLY maybe',
    'CLIENT REPLY',
  ],
  'what later versions of Redis brought for clients': [
    differs('CLIENT SETINFO LIB-NAME lib', SETINFO, '+OK'),
    differs('CLIENT SETINFO lib-ver 1.0', SETINFO, '+OK'),
    differs('CLIENT NO-TOUCH on', NO_TOUCH, '+OK'),
    differs('CLIENT NO-TOUCH off', NO_TOUCH, '+OK'),
  ],
  'CLIENT refuses what it does not know': [
    'CLIENT',
    'CLIENT NONSENSE',
    'CLIENT nonsense x y',
    'CLIENT GETNAME x',
    'CLIENT SETNAME',
  ],
  'HELLO switches the protocol': [
    hello('HELLO'),
    hello('HELLO 3'),
    'GET none',
    'MGET none',
    'CONFIG GET timeout',
    hello('HELLO 2'),
    'GET none',
    'HELLO 1',
    'HELLO 4',
    'HELLO abc',
    'HELLO ""',
    'HELLO 3.0',
    'HELLO 99999999999999999999',
    'HELLO 3 SETNAME',
    'HELLO 3 NONSENSE',
    'HELLO 3 AUTH default',
    'HELLO 3 AUTH nobody wrong',
    'HELLO 3 SETNAME "a b"',
    'GET none',
    hello('HELLO 3 SETNAME me'),
    'CLIENT GETNAME',
    hello('HELLO 2 AUTH default x SETNAME you'),
    'CLIENT GETNAME',
    'SETNAME x',
  ],
  'AUTH without a password being set': [
    'AUTH x',
    'AUTH default x',
    'AUTH nobody x',
    'AUTH',
    'AUTH a b c',
    'PING',
  ],
  'RESET puts the connection back': [
    'SELECT 5',
    'SET k v',
    'CLIENT SETNAME me',
    'RESET',
    'GET k',
    'CLIENT GETNAME',
    'SELECT 5',
    'GET k',
    'RESET x',
  ],
  'QUIT says OK': ['QUIT'],
};
