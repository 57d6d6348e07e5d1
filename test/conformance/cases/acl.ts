/**
 * ACL: users, rules and what they do. Redis 7.2 shows users otherwise than 7.0 (it has `sanitize-payload` among the flags,
 * and keeps the order of rules where 7.0 makes up its own), and it words denials otherwise; both are evened out here.
 */
import type { Reply } from '../../support/decoder.ts';
import { type Cases, differs, isAggregate, type Line, line, mapTexts, unordered } from '../case.ts';

const LATER_FLAG = '$sanitize-payload';
const DENIED_COMMAND = /^-NOPERM .*'([^']*)' command$/;
const DENIED_KEY = /^-NOPERM .*\bkeys?\b.*/;
const TEXTS_OF_7_2 = 'denials name the user since 7.2';

/** Without what 7.0 does not show. */
function user(text: string): Line {
  return line(text, {
    transform: (reply) => mapTexts(without(reply), (exact) => exact.replace(' sanitize-payload', '')),
  });
}

function without(reply: Reply): Reply {
  if (Array.isArray(reply)) return reply.filter((item) => item !== LATER_FLAG).map(without);
  if (isAggregate(reply)) {
    return { type: reply.type, items: reply.items.filter((item) => item !== LATER_FLAG).map(without) };
  }
  return reply;
}

/** Whether and why it is denied, not the words. */
function checked(text: string): Line {
  return line(text, {
    transform: (reply) =>
      mapTexts(reply, (exact) => exact.replace(DENIED_COMMAND, '#command $1').replace(DENIED_KEY, '#key')),
  });
}

/** What ACL GETUSER shows after these rules alone. */
function shown(...rules: string[]): (string | Line)[] {
  return rules.flatMap((rule) => [`ACL SETUSER shown reset ${rule}`, user('ACL GETUSER shown')]);
}

/** Rules that are refused; after each the user is as before. */
function refused(...rules: string[]): (string | Line)[] {
  return [
    'ACL SETUSER refused reset ~a +get',
    ...rules.map((rule) => `ACL SETUSER refused on ~b +set ${rule}`),
    user('ACL GETUSER refused'),
  ];
}

/** What a user with these rules is answered; the last line is the default user's again. */
function as(rules: string, ...lines: string[]): (string | Line)[] {
  return [
    'MSET r:1 one w:1 two x three',
    `ACL SETUSER acting reset on nopass ${rules}`,
    'AUTH acting anything',
    ...lines.map(checked),
    'RESET',
    'MGET r:1 w:1 x',
  ];
}

export const acl: Cases = {
  'what ACL GETUSER shows': shown(
    '',
    'on',
    'on nopass',
    'OFF',
    '>secret',
    '>secret >other <secret',
    '>secret nopass',
    'nopass >secret',
    'nopass resetpass',
    '#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b',
    '~a ~b ~a',
    'allkeys',
    'allkeys resetkeys ~a',
    '%R~a %W~b %RW~c',
    '%r~a %W~a',
    '%R',
    '&a &b &a',
    'allchannels',
    'allchannels resetchannels &a',
    '+@all',
    'allcommands nocommands',
    '+get',
    '+GET +get',
    '+@string',
    '+@all -@STRING',
    '+@all -config|get',
    '+config|get +config',
    '-@all +select|0',
    '+select|0 +select|1',
    '(+get ~a)',
    '(+get ~a) (&c)',
    '( +get ~a )',
    '(+get ~a &c) clearselectors',
    'on >x ~a &b +get (+set) reset',
  ),
  'rules that are refused': refused(
    'nonsense',
    '+nonsense',
    '-nonsense',
    '+@nonsense',
    '+config|nonsense',
    '+config|get|x',
    '-select|0',
    '+get|a|b',
    '+get|',
    '%~a',
    '%RR~a',
    '%X~a',
    '"~a b"',
    '"&a\\tb"',
    '"~a\\x00"',
    '#abc',
    '!abc',
    '#2BB80D537B1DA3E38BD30361AA855686BDE0EACD7162FEF6A25FE97BF527A25B',
    '<unknown',
    'allkeys ~a',
    'allchannels &a',
    '(+nonsense)',
    '(on)',
    '(+get',
  ),
  'names of users': [
    'ACL SETUSER "a b"',
    'ACL SETUSER "a\\x00b"',
    'ACL SETUSER "a\\n"',
    'ACL GETUSER nobody',
    'ACL DELUSER nobody',
    'ACL DELUSER default',
    'ACL DELUSER nobody default',
    'ACL SETUSER short',
    'ACL DELUSER short nobody short',
    'ACL WHOAMI',
    user('ACL GETUSER default'),
  ],
  'ACL CAT, GENPASS, LOG, LOAD and SAVE': [
    unordered('ACL CAT'),
    'ACL CAT nonsense',
    'ACL CAT string x',
    'ACL GENPASS 0',
    'ACL GENPASS -1',
    'ACL GENPASS 4097',
    'ACL GENPASS x',
    'ACL GENPASS 1 2',
    'ACL LOG RESET',
    'ACL LOG',
    'ACL LOG x',
    'ACL LOG 1 2',
    'ACL LOAD',
    'ACL SAVE',
    'ACL nonsense',
    'ACL',
    'ACL WHOAMI x',
    'ACL USERS x',
    'ACL HELP x',
  ],
  'ACL DRYRUN': [
    'ACL SETUSER dry reset +get +set %R~r* %W~w* +select|0 (+del ~d)',
    'ACL DRYRUN dry GET r1',
    'ACL DRYRUN dry SET w1 v',
    'ACL DRYRUN dry DEL d',
    'ACL DRYRUN dry SELECT 0',
    'ACL DRYRUN dry AUTH x',
    'ACL DRYRUN dry GET',
    'ACL DRYRUN dry nonsense',
    'ACL DRYRUN dry CONFIG nonsense',
    'ACL DRYRUN nobody GET a',
    'ACL DRYRUN dry',
    differs('ACL DRYRUN dry GET w1', TEXTS_OF_7_2, "$User dry has no permissions to access the 'w1' key"),
    differs('ACL DRYRUN dry PING', TEXTS_OF_7_2, "$User dry has no permissions to run the 'ping' command"),
  ],
  'a user may read and write what the rules name': as(
    '+@all -@dangerous %R~r:* %W~w:*',
    'GET r:1',
    'GET w:1',
    'GET x',
    'SET r:1 v',
    'SET w:1 v',
    'SET w:1 v GET',
    'SET w:1 v get',
    'SET x v',
    'SETEX w:1 100 v',
    'GETSET w:1 v',
    'GETDEL w:1',
    'GETEX r:1',
    'GETEX r:1 EX 10',
    'APPEND w:1 more',
    'INCR w:2',
    'STRLEN r:1',
    'STRLEN w:1',
    'MGET r:1 r:2',
    'MGET r:1 w:1',
    'MSET w:1 a w:2 b',
    'MSET w:1 a x b',
    'DEL w:2',
    'DEL w:1 x',
    'EXISTS r:1 w:1',
    'EXISTS r:1 x',
    'TYPE w:1',
    'TTL r:1',
    'EXPIRE w:1 100',
    'EXPIRE r:1 100',
    'PERSIST w:1',
    'TOUCH r:1',
    'KEYS *',
    'CONFIG GET maxclients',
    'FLUSHALL',
    'GET',
    'nonsense r:1',
    'PING',
    'ACL WHOAMI',
    'ACL LIST',
  ),
  'keys of one command that are not used alike': as(
    '+@all %R~r:* %W~w:* ~b:*',
    'COPY r:1 w:9',
    'COPY r:1 w:1',
    'COPY w:1 w:9',
    'COPY r:1 r:9',
    'RENAME b:1 w:9',
    'RENAME r:1 w:9',
    'RENAME w:1 w:9',
    'RENAMENX w:1 b:9',
    'MSETNX w:7 1 w:8 2',
    'MSETNX w:7 1 r:8 2',
    'BITOP AND w:6 r:1 r:2',
    'BITOP NOT w:6 w:1',
    'BITOP NOT r:6 r:1',
    'BITFIELD r:1 GET u8 0',
    'BITFIELD_RO r:1 GET u8 0',
    'BITFIELD w:1 GET u8 0',
    'BITFIELD r:1 SET u8 0 1',
    'BITFIELD w:1 SET u8 0 1',
    'BITFIELD b:4 GET u8 0 SET u8 0 1',
    'BITFIELD b:4 SET u8 0 1 OVERFLOW SAT INCRBY u8 0 1',
    'LCS r:1 r:2',
    'LCS r:1 w:2',
    'MOVE b:4 1',
    'MOVE r:1 1',
    'OBJECT ENCODING r:1',
    'OBJECT ENCODING x',
    'SORT r:none',
    'SORT w:none',
    'SORT r:none STORE w:none',
    'SORT r:none STORE r:none',
    'SORT r:none LIMIT 0 1 STORE x',
    'SORT r:none BY nosort',
    'SORT r:none BY r:*',
    'SORT r:none GET r:*',
    'SORT_RO r:none GET #',
    'SORT_RO w:none',
  ),
  'SORT reads other keys for those who may read all': as(
    '+@all %R~* %W~w:*',
    'SORT none BY x:* GET y:* STORE w:9',
    'SORT none BY x:* GET y:* STORE z:9',
    'SORT_RO none GET # BY x:*',
  ),
  'a user may run the commands that the rules name': as(
    '~* +get +config -config|set +select|0 +@connection -ping',
    'GET r:1',
    'SET r:1 v',
    'CONFIG GET maxclients',
    'CONFIG SET maxclients 100',
    'CONFIG RESETSTAT',
    'PING',
    'ECHO x',
    'SELECT 0',
    'CLIENT GETNAME',
    'COMMAND COUNT x',
    'DBSIZE',
  ),
  'one selector must allow all of a command': as(
    '(+get ~r:*) (+set ~w:*) (+mget ~r:* ~x)',
    'GET r:1',
    'GET x',
    'SET w:1 v',
    'SET r:1 v',
    'MGET r:1 x',
    'MGET r:1 w:1',
    'DEL r:1',
  ),
  'log-ins': [
    'ACL SETUSER login reset >one >two',
    'AUTH login one',
    'ACL SETUSER login on +@all',
    'AUTH login one',
    'ACL WHOAMI',
    'AUTH login two',
    'AUTH login three',
    'AUTH nobody one',
    'AUTH login',
    'AUTH login one two',
    'ACL WHOAMI',
    'HELLO 2 AUTH login nonsense',
    'ACL SETUSER login <one',
    'AUTH login one',
    'ACL SETUSER login off',
    'AUTH login two',
    'ACL WHOAMI',
    'RESET',
    'ACL WHOAMI',
    'CLIENT KILL USER nobody',
    'CLIENT KILL USER login',
  ],
};
