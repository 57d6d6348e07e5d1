/** ACL and its subcommands: what they answer. What rules do to commands is in test/server/acl*.test.ts. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CommandTable } from '../../src/commands/table.ts';
import type { Reply } from '../support/client.ts';
import { describeServed, error, NOT_AN_INTEGER, type Served, wrongArity } from './served.ts';

const SYNTAX = 'Syntax error';
const UNKNOWN = 'Unknown command or category name in ACL';
const CATEGORIES = [
  ...[
    'keyspace',
    'read',
    'write',
    'set',
    'sortedset',
    'list',
    'hash',
    'string',
    'bitmap',
    'hyperloglog',
    'geo',
  ],
  ...[
    'stream',
    'pubsub',
    'admin',
    'fast',
    'slow',
    'blocking',
    'dangerous',
    'connection',
    'transaction',
    'scripting',
  ],
];

function sha256(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex');
}

function ruleError(rule: string, why: string) {
  return error(`ERR Error in ACL SETUSER modifier '${rule}': ${why}`);
}

/** The reply of ACL GETUSER as an object. */
async function userOf({ run }: Served, name: string): Promise<Record<string, Reply>> {
  const reply = (await run('ACL', 'GETUSER', name)) as Reply[];
  return Object.fromEntries(Array.from({ length: 6 }, (_, i) => [reply[2 * i] as string, reply[2 * i + 1]!]));
}

/** The line of ACL LIST after `user name `, for a user made by these rules alone. */
async function described(served: Served, ...rules: string[]): Promise<string> {
  expect(await served.run('ACL', 'SETUSER', 'described', 'reset', ...rules)).toBe('OK');
  const lines = (await served.run('ACL', 'LIST')) as string[];
  return lines.find((line) => line.startsWith('user described '))!.slice('user described '.length);
}

describeServed('ACL SETUSER, GETUSER and LIST', (served) => {
  const { run } = served;

  test('a new user is off and may do nothing', async () => {
    await run('ACL', 'DELUSER', 'fresh');
    expect(await run('ACL', 'GETUSER', 'fresh')).toBe(null);
    expect(await run('ACL', 'SETUSER', 'fresh')).toBe('OK');
    expect(await run('ACL', 'GETUSER', 'fresh')).toEqual([
      ...[
        'flags',
        ['off', 'sanitize-payload'],
        'passwords',
        [],
        'commands',
        '-@all',
        'keys',
        '',
        'channels',
        '',
      ],
      ...['selectors', []],
    ]);
    expect(await run('ACL', 'LIST')).toContain('user fresh off sanitize-payload resetchannels -@all');
    expect(await run('ACL', 'USERS')).toEqual(expect.arrayContaining(['default', 'fresh']));
  });

  test('the default user may do everything', async () => {
    expect(await run('ACL', 'LIST')).toContain('user default on nopass sanitize-payload ~* &* +@all');
    expect(await run('ACL', 'WHOAMI')).toBe('default');
  });

  test('in RESP3 a user is a map, and so is a selector', async () => {
    const client = await served.connect();
    await client.command('HELLO', 3);
    await client.command('ACL', 'SETUSER', 'three', 'reset', 'on', '~a', '(+get &c)');
    expect(await client.command('ACL', 'GETUSER', 'three')).toEqual(
      new Map<string, Reply>([
        ['flags', new Set(['on', 'sanitize-payload'])],
        ['passwords', []],
        ['commands', '-@all'],
        ['keys', '~a'],
        ['channels', ''],
        ['selectors', [new Map(Object.entries({ commands: '-@all +get', keys: '', channels: '&c' }))]],
      ]),
    );
    client.destroy();
  });

  test.each<[rules: string[], description: string]>([
    [['on', 'nopass'], 'on nopass sanitize-payload resetchannels -@all'],
    [['skip-sanitize-payload'], 'off skip-sanitize-payload resetchannels -@all'],
    [['ON', 'OFF', 'On'], 'on sanitize-payload resetchannels -@all'],
    [['~a', '~b', '~a'], 'off sanitize-payload ~a ~b resetchannels -@all'],
    [['%R~a', '%W~a', '%W~b', '%rw~c', '%WR~d'], 'off sanitize-payload ~a %W~b ~c ~d resetchannels -@all'],
    [['~a', 'allkeys'], 'off sanitize-payload ~* resetchannels -@all'],
    [['~a', 'ALLKEYS', 'resetkeys', '~b'], 'off sanitize-payload ~b resetchannels -@all'],
    [['&a', '&b', '&a'], 'off sanitize-payload resetchannels &a &b -@all'],
    [['&a', 'allchannels'], 'off sanitize-payload &* -@all'],
    [['+get', '+@read', '-GET', '+@READ'], 'off sanitize-payload resetchannels -@all -get +@read'],
    [['allcommands', '-config|get', '-config'], 'off sanitize-payload resetchannels +@all -config'],
    [['+config', '-config|SET', 'nocommands'], 'off sanitize-payload resetchannels -@all'],
    [['+select|0', '+SELECT|1', '+select|0'], 'off sanitize-payload resetchannels -@all +select|1 +select|0'],
    [['+select|0', '+select'], 'off sanitize-payload resetchannels -@all +select'],
    [
      ['+debug|digest', '+debug|object'],
      'off sanitize-payload resetchannels -@all +debug|digest +debug|object',
    ],
    [
      ['(+get ~a)', '(+set', '~b', '%R~c)'],
      'off sanitize-payload resetchannels -@all (~a resetchannels -@all +get) (~b %R~c resetchannels -@all +set)',
    ],
    [['(+get)', 'clearselectors'], 'off sanitize-payload resetchannels -@all'],
    [['()'], 'off sanitize-payload resetchannels -@all (resetchannels -@all)'],
    [['>a', '', `#${sha256('b')}`, '>a', '<b'], `off sanitize-payload #${sha256('a')} resetchannels -@all`],
    [['>a', 'nopass'], 'off nopass sanitize-payload resetchannels -@all'],
    [['nopass', '>a'], `off sanitize-payload #${sha256('a')} resetchannels -@all`],
    [['>a\0b'], `off sanitize-payload #${sha256('a\0b')} resetchannels -@all`],
    [['>a', 'resetpass'], 'off sanitize-payload resetchannels -@all'],
    [['on', '>a', '~*', '&*', '+@all', '(+get)', 'reset'], 'off sanitize-payload resetchannels -@all'],
  ])('%j make a user that is described as Redis does', async (rules, description) => {
    expect(await described(served, ...rules)).toBe(description);
  });

  test('each category stands in the description as it was given', async () => {
    for (const category of CATEGORIES) {
      expect(await described(served, '+@all', `-@${category}`)).toMatch(
        new RegExp(` \\+@all -@${category}$`),
      );
      expect(await described(served, `+@${category}`)).toMatch(new RegExp(` -@all \\+@${category}$`));
    }
  });

  test.each([
    ['nonsense', SYNTAX],
    ['+', UNKNOWN],
    ['+nonsense', UNKNOWN],
    ['-nonsense', UNKNOWN],
    ['+@nonsense', UNKNOWN],
    ['+config|nonsense', UNKNOWN],
    ['-select|0', UNKNOWN],
    ['+get|a|b', UNKNOWN],
    ['+config|get|timeout', 'Allowing first-arg of a subcommand is not supported'],
    ['+get|', SYNTAX],
    ['%~a', SYNTAX],
    ['%', SYNTAX],
    ['%RR~a', SYNTAX],
    ['%X~a', SYNTAX],
    ['~a b', SYNTAX],
    ['&a\tb', SYNTAX],
    [
      '#abc',
      'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters',
    ],
    [
      `!${'G'.repeat(64)}`,
      'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters',
    ],
    ['<never', 'The password you are trying to remove from the user does not exist'],
    ['(+nonsense)', UNKNOWN],
    ['(on)', SYNTAX],
    ['((+get))', SYNTAX],
  ])('the rule %j is refused, and those before it do not count', async (rule, why) => {
    expect(await run('ACL', 'SETUSER', 'steady', 'reset', '+get', '~a')).toBe('OK');
    const before = await run('ACL', 'GETUSER', 'steady');
    expect(await run('ACL', 'SETUSER', 'steady', 'on', '+set', '~b', '>x', rule, '+@all')).toEqual(
      ruleError(rule, why),
    );
    expect(await run('ACL', 'GETUSER', 'steady')).toEqual(before);
    expect(await run('ACL', 'SETUSER', 'unborn', 'on', rule)).toEqual(ruleError(rule, why));
    expect(await run('ACL', 'GETUSER', 'unborn')).toBe(null);
  });

  test('patterns behind one that matches everything are refused with advice', async () => {
    expect(await run('ACL', 'SETUSER', 'wide', 'reset', 'allkeys', '~a')).toEqual(
      ruleError(
        '~a',
        "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns",
      ),
    );
    expect(await run('ACL', 'SETUSER', 'wide', 'reset', '&*', '&a')).toEqual(
      ruleError(
        '&a',
        "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels",
      ),
    );
  });

  test('a parenthesis that nothing closes is named', async () => {
    expect(await run('ACL', 'SETUSER', 'open', 'on', '(+get', '~a')).toEqual(
      error("ERR Unmatched parenthesis in acl selector starting at '(+get'."),
    );
  });

  test.each(['a b', 'a\tb', 'a\0b', 'a\n'])('%j is no name of a user', async (name) => {
    expect(await run('ACL', 'SETUSER', name)).toEqual(
      error("ERR Usernames can't contain spaces or null characters"),
    );
  });

  test('users are listed in the order of their names', async () => {
    for (const name of ['zoe', 'Adam', 'adam', '\xff']) await run('ACL', 'SETUSER', name);
    const names = ((await run('ACL', 'USERS')) as string[]).filter((name) => /^(zoe|adam|\xff)$/i.test(name));
    expect(names).toEqual(['Adam', 'adam', 'zoe', '\xff']);
    expect(((await run('ACL', 'LIST')) as string[]).length).toBe(
      ((await run('ACL', 'USERS')) as string[]).length,
    );
  });

  test('acl-pubsub-default says what new users may do with channels', async () => {
    await run('ACL', 'SETUSER', 'before', 'reset');
    expect(await run('CONFIG', 'SET', 'acl-pubsub-default', 'allchannels')).toBe('OK');
    await run('ACL', 'SETUSER', 'after', 'reset', '(+get)');
    expect((await userOf(served, 'before')).channels).toBe('');
    expect((await userOf(served, 'after')).channels).toBe('&*');
    expect((await userOf(served, 'after')).selectors).toEqual([
      ['commands', '-@all +get', 'keys', '', 'channels', '&*'],
    ]);
    expect(await run('CONFIG', 'SET', 'acl-pubsub-default', 'resetchannels')).toBe('OK');
    expect((await userOf(served, 'after')).channels).toBe('&*');
  });
});

describeServed('the other subcommands of ACL', (served) => {
  const { run } = served;

  test('ACL DELUSER counts the users it removes, and leaves the default user', async () => {
    await run('ACL', 'SETUSER', 'one');
    await run('ACL', 'SETUSER', 'two');
    expect(await run('ACL', 'DELUSER', 'one', 'default', 'two')).toEqual(
      error("ERR The 'default' user cannot be removed"),
    );
    expect(await run('ACL', 'DELUSER', 'one', 'nobody', 'two', 'one')).toBe(2);
    expect(await run('ACL', 'GETUSER', 'one')).toBe(null);
  });

  test('ACL CAT lists all 21 categories of Redis, and the commands of one', async () => {
    expect(await run('ACL', 'CAT')).toEqual(CATEGORIES);
    expect(await run('ACL', 'CAT', 'STRING')).toEqual(expect.arrayContaining(['get', 'set', 'append']));
    expect(await run('ACL', 'CAT', 'keyspace')).not.toContain('set');
    expect(await run('ACL', 'CAT', 'admin')).toEqual(expect.arrayContaining(['config|get', 'acl|setuser']));
    const inSome = new Set<string>();
    for (const category of CATEGORIES) {
      for (const name of (await run('ACL', 'CAT', category)) as string[]) inSome.add(name);
    }
    expect([...inSome].sort()).toEqual(new CommandTable().all.map(({ fullName }) => fullName).sort());
    expect(await run('ACL', 'CAT', 'nonsense')).toEqual(error("ERR Unknown category 'nonsense'"));
  });

  test('ACL GENPASS gives as many random bits as it is asked for', async () => {
    expect(await run('ACL', 'GENPASS')).toMatch(/^[0-9a-f]{64}$/);
    expect(await run('ACL', 'GENPASS')).not.toBe(await run('ACL', 'GENPASS'));
    expect(await run('ACL', 'GENPASS', 5)).toMatch(/^[0-9a-f]{2}$/);
    expect(await run('ACL', 'GENPASS', 1)).toMatch(/^[0-9a-f]$/);
    expect(await run('ACL', 'GENPASS', 4096)).toMatch(/^[0-9a-f]{1024}$/);
    const limits = error(
      'ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096',
    );
    for (const bits of [0, -1, 4097]) expect(await run('ACL', 'GENPASS', bits)).toEqual(limits);
    expect(await run('ACL', 'GENPASS', 'x')).toEqual(NOT_AN_INTEGER);
  });

  test('ACL DRYRUN tells what a user may run', async () => {
    await run('ACL', 'SETUSER', 'dry', 'reset', '+get', '+set', '%R~r*', '%W~w*', '+select|0');
    const dry = (...words: string[]) => run('ACL', 'DRYRUN', 'dry', ...words);
    expect(await dry('GET', 'r1')).toBe('OK');
    expect(await dry('get', 'w1')).toBe("User dry has no permissions to access the 'w1' key");
    expect(await dry('SET', 'w1', 'v')).toBe('OK');
    expect(await dry('SET', 'w1', 'v', 'GET')).toBe("User dry has no permissions to access the 'w1' key");
    expect(await dry('select', '0')).toBe('OK');
    expect(await dry('select', '1')).toBe("User dry has no permissions to run the 'select' command");
    expect(await dry('config', 'get', 'x')).toBe(
      "User dry has no permissions to run the 'config|get' command",
    );
    expect(await dry('AUTH', 'x')).toBe('OK');
    expect(await dry('GET')).toEqual(wrongArity('get'));
    expect(await dry('CONFIG')).toEqual(wrongArity('config'));
    expect(await dry('nonsense', 'x')).toEqual(error("ERR Command 'nonsense' not found"));
    expect(await dry('CONFIG', 'nonsense')).toEqual(error("ERR Command 'CONFIG' not found"));
    expect(await run('ACL', 'DRYRUN', 'nobody', 'GET', 'a')).toEqual(error("ERR User 'nobody' not found"));
  });

  test('without an aclfile there is nothing to load or save', async () => {
    const advice = error(
      'ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.',
    );
    expect(await run('ACL', 'LOAD')).toEqual(advice);
    expect(await run('ACL', 'SAVE')).toEqual(advice);
  });

  test('ACL HELP lists the subcommands', async () => {
    const lines = (await run('ACL', 'HELP')) as string[];
    expect(lines[0]).toBe('ACL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:');
    expect(lines).toContain('SETUSER <username> [<rule> [<rule> ...]]');
    expect(lines).toContain('LOG [<count>|RESET]');
  });

  test('words too many or too few are refused', async () => {
    const syntax = (name: string) =>
      error(`ERR unknown subcommand or wrong number of arguments for '${name}'. Try ACL HELP.`);
    expect(await run('ACL')).toEqual(wrongArity('acl'));
    expect(await run('ACL', 'nonsense')).toEqual(error("ERR unknown subcommand 'nonsense'. Try ACL HELP."));
    for (const name of ['CAT', 'GENPASS', 'LOG'])
      expect(await run('ACL', name, 'a', 'b')).toEqual(syntax(name));
    for (const name of ['WHOAMI', 'USERS', 'LIST', 'LOAD', 'SAVE', 'HELP']) {
      expect(await run('ACL', name, 'x')).toEqual(wrongArity(`acl|${name.toLowerCase()}`));
    }
    for (const name of ['SETUSER', 'DELUSER', 'GETUSER']) {
      expect(await run('ACL', name)).toEqual(wrongArity(`acl|${name.toLowerCase()}`));
    }
    expect(await run('ACL', 'DRYRUN', 'default')).toEqual(wrongArity('acl|dryrun'));
  });
});

describeServed('ACL LOG', (served) => {
  const { run } = served;

  interface Entry {
    readonly [field: string]: Reply;
  }

  async function entries(...words: (string | number)[]): Promise<Entry[]> {
    const reply = (await run('ACL', 'LOG', ...words)) as Reply[][];
    return reply.map((fields) =>
      Object.fromEntries(Array.from({ length: 10 }, (_, i) => [fields[2 * i] as string, fields[2 * i + 1]!])),
    );
  }

  test('notes what was denied, the same thing on one entry', async () => {
    await run('ACL', 'LOG', 'RESET');
    expect(await entries()).toEqual([]);
    await run('ACL', 'SETUSER', 'logged', 'reset', 'on', '>pass', '+set', '+ping', '~a');
    const client = await served.connect();
    await client.command('CLIENT', 'SETNAME', 'culprit');
    await client.command('AUTH', 'logged', 'wrong');
    await client.command('AUTH', 'logged', 'pass');
    await client.command('GET', 'a');
    await client.command('SET', 'b', '1');
    await client.command('SET', 'b', '2');
    await client.command('SET', 'a', '1');
    await client.command('CONFIG', 'GET', 'x');
    await client.command('GET', 'a');
    await client.command('HELLO', '3', 'AUTH', 'nobody', 'x');
    client.destroy();
    const found = await entries();
    expect(found.map((entry) => [entry.reason, entry.object, entry.username, entry.count])).toEqual([
      ['auth', 'HELLO', 'nobody', 1],
      ['command', 'get', 'logged', 2],
      ['command', 'config|get', 'logged', 1],
      ['key', 'b', 'logged', 2],
      ['auth', 'AUTH', 'logged', 1],
    ]);
    const ids = found.map((entry) => Number(entry['entry-id']));
    expect(ids.map((id) => id - ids[4]!)).toEqual([4, 1, 3, 2, 0]);
    for (const entry of found) {
      expect(entry.context).toBe('toplevel');
      expect(entry['client-info']).toMatch(
        /^id=\d+ addr=127\.0\.0\.1:\d+ .*name=culprit .* user=(default|logged) /,
      );
      expect(Number(entry['age-seconds'])).toBeGreaterThanOrEqual(0);
      expect(entry['timestamp-created']).toBeLessThanOrEqual(Number(entry['timestamp-last-updated']));
    }
    expect(found[1]!['client-info']).toContain(' cmd=get user=logged ');
  });

  test('shows ten entries, or as many as one asks for', async () => {
    await run('ACL', 'LOG', 'reset');
    for (let i = 0; i < 12; i++) await run('AUTH', `nobody ${i}`, 'x');
    expect(await entries()).toHaveLength(10);
    expect((await entries(3)).map(({ username }) => username)).toEqual([
      'nobody 11',
      'nobody 10',
      'nobody 9',
    ]);
    expect(await entries(100)).toHaveLength(12);
    expect(await entries(0)).toEqual([]);
    expect(await entries(-5)).toEqual([]);
    expect(await run('ACL', 'LOG', 'many')).toEqual(NOT_AN_INTEGER);
  });

  test('keeps as many as acllog-max-len says', async () => {
    expect(await run('CONFIG', 'SET', 'acllog-max-len', 3)).toBe('OK');
    for (let i = 0; i < 5; i++) await run('AUTH', `short ${i}`, 'x');
    expect((await entries(100)).map(({ username }) => username)).toEqual(['short 4', 'short 3', 'short 2']);
    expect(await run('CONFIG', 'SET', 'acllog-max-len', 0)).toBe('OK');
    await run('AUTH', 'nobody', 'x');
    expect(await entries()).toEqual([]);
    expect(await run('CONFIG', 'SET', 'acllog-max-len', 128)).toBe('OK');
  });

  test('in RESP3 an entry is a map, and its age a double', async () => {
    await run('AUTH', 'nobody', 'x');
    const client = await served.connect();
    await client.command('HELLO', 3);
    const [entry] = (await client.command('ACL', 'LOG', 1)) as Map<string, Reply>[];
    expect(typeof entry!.get('age-seconds')).toBe('number');
    expect(entry!.size).toBe(10);
    client.destroy();
  });

  test('INFO counts what was denied, and CONFIG RESETSTAT starts anew', async () => {
    const counts = async () =>
      [...String(await run('INFO', 'stats')).matchAll(/^acl_access_denied_(\w+):(\d+)/gm)].map((match) => [
        match[1],
        Number(match[2]),
      ]);
    await run('CONFIG', 'RESETSTAT');
    await run('ACL', 'SETUSER', 'counted', 'reset', 'on', 'nopass', '+get');
    const client = await served.connect();
    await client.command('AUTH', 'counted', 'x');
    await client.command('GET', 'k');
    await client.command('GET', 'k');
    await client.command('SET', 'k', 'v');
    await client.command('AUTH', 'nobody', 'x');
    client.destroy();
    expect(await counts()).toEqual([
      ['auth', 1],
      ['cmd', 1],
      ['key', 2],
      ['channel', 0],
    ]);
    await run('CONFIG', 'RESETSTAT');
    expect((await counts()).map(([, count]) => count)).toEqual([0, 0, 0, 0]);
  });
});

describe('the names in the table', () => {
  test('ACL has the subcommands of Redis 7.2', () => {
    const acl = new CommandTable().byName('acl')!;
    expect(acl.children.map(({ name }) => name)).toEqual([
      ...[
        'cat',
        'deluser',
        'dryrun',
        'genpass',
        'getuser',
        'list',
        'load',
        'log',
        'save',
        'setuser',
        'users',
        'whoami',
      ],
      'help',
    ]);
  });
});
