/** Users: where they come from, how clients become one, and what rules do to connections and commands. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { forEachShardCount } from '../support/both.ts';
import { type Client, type Reply, ReplyError } from '../support/client.ts';
import { type RunningServer, startServer } from '../support/server.ts';
import { useServer } from './served.ts';

const NOAUTH = new ReplyError('NOAUTH Authentication required.');
const WRONGPASS = new ReplyError('WRONGPASS invalid username-password pair or user is disabled.');
const NO_KEY = new ReplyError('NOPERM No permissions to access a key');

function noCommand(user: string, command: string): ReplyError {
  return new ReplyError(`NOPERM User ${user} has no permissions to run the '${command}' command`);
}

/** Makes a user by the rules and returns a connection of it. */
async function clientOf(
  server: RunningServer,
  admin: Client,
  name: string,
  ...rules: string[]
): Promise<Client> {
  expect(await admin.command('ACL', 'SETUSER', name, 'reset', 'on', 'nopass', ...rules)).toBe('OK');
  const client = await server.client();
  expect(await client.command('AUTH', name, 'any')).toBe('OK');
  return client;
}

forEachShardCount([1, 3], (shards) => {
  describe.each(['yes', 'no'])('and direct-reads %s', (directReads) => {
    const server = useServer({ shards, args: ['--direct-reads', directReads] });

    test('a user runs the commands and uses the keys that the rules name', async () => {
      const admin = await server().client();
      await admin.command('MSET', 'r1', 'R', 'w1', 'W', 'x', 'X');
      const user = await clientOf(server(), admin, 'alice', '+@read', '+@write', '%R~r*', '%W~w*', '-keys');
      expect(await user.command('GET', 'r1')).toBe('R');
      expect(await user.command('GET', 'w1')).toEqual(NO_KEY);
      expect(await user.command('GET', 'x')).toEqual(NO_KEY);
      expect(await user.command('SET', 'w1', 'W2')).toBe('OK');
      expect(await user.command('SET', 'w1', 'W3', 'GET')).toEqual(NO_KEY);
      expect(await user.command('SET', 'r1', 'v')).toEqual(NO_KEY);
      expect(await user.command('APPEND', 'w1', 'x')).toBe(3);
      expect(await user.command('GETSET', 'w1', 'x')).toEqual(NO_KEY);
      expect(await user.command('MGET', 'r1', 'r2', 'r3')).toEqual(['R', null, null]);
      expect(await user.command('MGET', 'r1', 'x', 'r3')).toEqual(NO_KEY);
      expect(await user.command('MSET', 'w2', '2', 'w3', '3')).toBe('OK');
      expect(await user.command('MSET', 'w2', 'bad', 'x', 'bad')).toEqual(NO_KEY);
      expect(await user.command('DEL', 'w3', 'x')).toEqual(NO_KEY);
      expect(await user.command('EXISTS', 'w2', 'r1')).toBe(2);
      expect(await user.command('EXISTS', 'w2', 'x')).toEqual(NO_KEY);
      expect(await user.command('KEYS', '*')).toEqual(noCommand('alice', 'keys'));
      expect(await user.command('PING')).toEqual(noCommand('alice', 'ping'));
      expect(await user.command('CONFIG', 'GET', '*')).toEqual(noCommand('alice', 'config|get'));
      expect(await user.command('GET')).toEqual(
        new ReplyError("ERR wrong number of arguments for 'get' command"),
      );
      expect(await admin.command('MGET', 'r1', 'w1', 'w2', 'w3', 'x')).toEqual(['R', 'W2x', '2', '3', 'X']);
      for (const client of [user, admin]) client.destroy();
    });

    test('one selector must allow a command as a whole', async () => {
      const admin = await server().client();
      await admin.command('MSET', 'a', 'A', 'b', 'B');
      const user = await clientOf(server(), admin, 'two', '(+get ~a)', '(+set ~b)', '(+mget', '~a', '~b)');
      const replies = await user.pipeline([
        ['GET', 'a'],
        ['GET', 'b'],
        ['SET', 'a', '1'],
        ['SET', 'b', '2'],
        ['MGET', 'a', 'b'],
        ['DEL', 'a'],
      ]);
      expect(replies).toEqual(['A', NO_KEY, NO_KEY, 'OK', ['A', '2'], noCommand('two', 'del')]);
      for (const client of [user, admin]) client.destroy();
    });

    test('denied commands answer at their place of the pipeline', async () => {
      const admin = await server().client();
      const user = await clientOf(server(), admin, 'piped', '+@all', '~ok:*');
      const commands = Array.from({ length: 500 }, (_, i) => {
        const key = i % 3 === 0 ? `no:${i}` : `ok:${i}`;
        return i % 2 === 0 ? ['SET', key, `${i}`] : ['MGET', key, 'ok:0'];
      });
      const replies = await user.pipeline(commands);
      const expected = commands.map(([name], i): Reply => {
        if (i % 3 === 0) return NO_KEY;
        return name === 'SET' ? 'OK' : [null, null];
      });
      expect(replies).toEqual(expected);
      for (const client of [user, admin]) client.destroy();
    });

    test('a change of rules counts at once for those who are connected', async () => {
      const admin = await server().client();
      const user = await clientOf(server(), admin, 'changing', '+@all', '~*');
      expect(await user.command('SET', 'k', '1')).toBe('OK');
      await admin.command('ACL', 'SETUSER', 'changing', '-set');
      expect(await user.command('SET', 'k', '2')).toEqual(noCommand('changing', 'set'));
      await admin.command('ACL', 'SETUSER', 'changing', 'resetkeys', '~k');
      expect(
        await user.pipeline([
          ['GET', 'k'],
          ['GET', 'l'],
        ]),
      ).toEqual(['1', NO_KEY]);
      await admin.command('ACL', 'SETUSER', 'changing', '+@all', 'allkeys', 'allchannels');
      expect(
        await user.pipeline([
          ['SET', 'l', '3'],
          ['GET', 'l'],
        ]),
      ).toEqual(['OK', '3']);
      for (const client of [user, admin]) client.destroy();
    });

    test('a first word allows a command with that word only', async () => {
      const admin = await server().client();
      const user = await clientOf(server(), admin, 'selecting', '+select|3', '+get', '~*');
      expect(
        await user.pipeline([
          ['SELECT', '3'],
          ['SELECT', '4'],
          ['GET', 'none'],
        ]),
      ).toEqual(['OK', noCommand('selecting', 'select'), null]);
      for (const client of [user, admin]) client.destroy();
    });
  });

  describe('log-ins', () => {
    const server = useServer({ shards, args: ['--requirepass', 'first'] });

    async function loggedIn(): Promise<Client> {
      const admin = await server().client();
      expect(await admin.command('AUTH', 'first')).toBe('OK');
      return admin;
    }

    test('a user has any number of passwords, and logs in with AUTH and HELLO', async () => {
      const admin = await loggedIn();
      await admin.command('ACL', 'SETUSER', 'bob', 'reset', 'on', '>one', '>two', '+@all', '~*');
      const client = await server().client();
      expect(await client.command('AUTH', 'bob', 'three')).toEqual(WRONGPASS);
      expect(await client.command('AUTH', 'bob', 'one')).toBe('OK');
      expect(await client.command('ACL', 'WHOAMI')).toBe('bob');
      expect(await client.command('HELLO', '3', 'AUTH', 'bob', 'two')).toBeInstanceOf(Map);
      await admin.command('ACL', 'SETUSER', 'bob', '<one');
      expect(await client.command('AUTH', 'bob', 'one')).toEqual(WRONGPASS);
      // A log-in that fails changes nothing.
      expect(await client.command('ACL', 'WHOAMI')).toBe('bob');
      await admin.command('ACL', 'SETUSER', 'bob', 'resetpass');
      expect(await client.command('AUTH', 'bob', 'two')).toEqual(WRONGPASS);
      await admin.command('ACL', 'SETUSER', 'bob', 'nopass');
      expect(await client.command('AUTH', 'bob', 'whatever')).toBe('OK');
      for (const each of [client, admin]) each.destroy();
    });

    test('a user who is switched off stays connected and cannot come back', async () => {
      const admin = await loggedIn();
      const user = await clientOf(server(), admin, 'leaving', '+@all', '~*');
      await admin.command('ACL', 'SETUSER', 'leaving', 'off');
      expect(await user.command('PING')).toBe('PONG');
      expect(await user.command('AUTH', 'leaving', 'any')).toEqual(WRONGPASS);
      expect(await user.command('ACL', 'WHOAMI')).toBe('leaving');
      for (const each of [user, admin]) each.destroy();
    });

    test('RESET makes the connection the default user again, who must log in', async () => {
      const admin = await loggedIn();
      const user = await clientOf(server(), admin, 'resetting', '+get', '~*');
      expect(await user.pipeline([['RESET'], ['GET', 'k'], ['AUTH', 'first'], ['ACL', 'WHOAMI']])).toEqual([
        'RESET',
        NOAUTH,
        'OK',
        'default',
      ]);
      for (const each of [user, admin]) each.destroy();
    });

    test('requirepass is the password of the default user, and one of several', async () => {
      const admin = await loggedIn();
      const tries = async (...passwords: string[]) => {
        const client = await server().client();
        const replies = await client.pipeline(passwords.map((password) => ['AUTH', password]));
        client.destroy();
        return replies;
      };
      await admin.command('ACL', 'SETUSER', 'default', '>second');
      expect(await tries('first', 'second')).toEqual(['OK', 'OK']);
      expect(await admin.command('CONFIG', 'GET', 'requirepass')).toEqual(['requirepass', 'first']);
      await admin.command('CONFIG', 'SET', 'requirepass', 'third');
      expect(await tries('first', 'second', 'third')).toEqual([WRONGPASS, WRONGPASS, 'OK']);
      const stranger = await server().client();
      expect(await stranger.command('PING')).toEqual(NOAUTH);
      await admin.command('ACL', 'SETUSER', 'default', 'nopass');
      // As soon as the default user needs no password, those who have not logged in are let in.
      expect(await stranger.command('PING')).toBe('PONG');
      expect(String((await tries('third'))[0])).toContain('called without any password configured');
      await admin.command('ACL', 'SETUSER', 'default', '>fourth');
      expect(await stranger.command('PING')).toEqual(NOAUTH);
      expect(await tries('fourth')).toEqual(['OK']);
      await admin.command('CONFIG', 'SET', 'requirepass', '');
      expect(await stranger.command('PING')).toBe('PONG');
      await admin.command('CONFIG', 'SET', 'requirepass', 'first');
      for (const each of [stranger, admin]) each.destroy();
    });

    test('when the default user is off, new connections must log in as somebody else', async () => {
      const admin = await loggedIn();
      await admin.command('ACL', 'SETUSER', 'somebody', 'reset', 'on', 'nopass', '+ping');
      await admin.command('ACL', 'SETUSER', 'default', 'off');
      const client = await server().client();
      expect(
        await client.pipeline([['PING'], ['AUTH', 'first'], ['AUTH', 'somebody', 'x'], ['PING']]),
      ).toEqual([NOAUTH, WRONGPASS, 'OK', 'PONG']);
      expect(await admin.command('PING')).toBe('PONG');
      await admin.command('ACL', 'SETUSER', 'default', 'on');
      for (const each of [client, admin]) each.destroy();
    });

    test('a default user with rules is held to them, also by those who never log in', async () => {
      const admin = await loggedIn();
      const root = await clientOf(server(), admin, 'root', '+@all', '~*', '&*');
      await root.command('ACL', 'SETUSER', 'default', 'nopass', '-@all', '+get', 'resetkeys', '~a');
      const client = await server().client();
      expect(
        await client.pipeline([['GET', 'a'], ['GET', 'b'], ['SET', 'a', '1'], ['RESET'], ['HELLO']]),
      ).toEqual([null, NO_KEY, noCommand('default', 'set'), 'RESET', expect.anything()]);
      await root.command('ACL', 'SETUSER', 'default', 'resetpass', '>first', '+@all', '~*');
      for (const each of [client, root, admin]) each.destroy();
    });
  });

  describe('connections', () => {
    const server = useServer({ shards });

    test('those of a user who is removed are closed, those of others are not', async () => {
      const admin = await server().client();
      const [gone, alsoGone] = [
        await clientOf(server(), admin, 'gone', '+@all', '~*'),
        await clientOf(server(), admin, 'gone', '+@all', '~*'),
      ];
      const stays = await clientOf(server(), admin, 'stays', '+@all', '~*');
      expect(await admin.command('ACL', 'DELUSER', 'gone')).toBe(1);
      await gone.closed;
      await alsoGone.closed;
      expect(await stays.command('PING')).toBe('PONG');
      for (const each of [stays, admin]) each.destroy();
    });

    test('a user who removes itself gets the reply, and nothing after it', async () => {
      const admin = await server().client();
      const user = await clientOf(server(), admin, 'suicidal', '+@all', '~*');
      await admin.command('DEL', 'k');
      user.send('ACL DELUSER suicidal\r\nSET k v\r\n');
      expect(await user.receivedUntilClosed()).toBe(':1\r\n');
      expect(await admin.command('GET', 'k')).toBe(null);
      admin.destroy();
    });

    test('a new user of the same name is another one', async () => {
      const admin = await server().client();
      const old = await clientOf(server(), admin, 'twin', '+@all', '~*');
      await admin.pipeline([
        ['ACL', 'DELUSER', 'twin'],
        ['ACL', 'SETUSER', 'twin', 'on', 'nopass', '+@all', '~*'],
      ]);
      await old.closed;
      admin.destroy();
    });

    test('CLIENT LIST names the user, and CLIENT KILL finds connections by it', async () => {
      const admin = await server().client();
      const user = await clientOf(server(), admin, 'victim', '+@all', '~*');
      expect(await admin.command('CLIENT', 'LIST')).toMatch(/ user=victim /);
      expect(await admin.command('CLIENT', 'KILL', 'USER', 'nobody')).toEqual(
        new ReplyError("ERR No such user 'nobody'"),
      );
      expect(await admin.command('CLIENT', 'KILL', 'USER', 'victim')).toBe(1);
      await user.closed;
      expect(await admin.command('CLIENT', 'KILL', 'USER', 'victim')).toBe(0);
      admin.destroy();
    });

    test('denied commands count for the limits of rate, and those refused by these are not noted', async () => {
      const admin = await server().client();
      const user = await clientOf(server(), admin, 'flooding', '+@all', '-get', '~*');
      await admin.command('ACL', 'LOG', 'RESET');
      const limit = ['rate-limit-ops', '1', 'rate-limit-burst', '3'];
      expect(await admin.command('CONFIG', 'SET', ...limit)).toBe('OK');
      const replies = await user.pipeline(new Array(50).fill(['GET', 'k']));
      const denied = replies.filter((reply) => isDeepStrictEqual(reply, noCommand('flooding', 'get')));
      expect(denied.length).toBeLessThan(20);
      expect(replies.slice(0, 3)).toEqual(new Array(3).fill(noCommand('flooding', 'get')));
      const fresh = await server().client();
      expect(await fresh.command('CONFIG', 'SET', 'rate-limit-ops', '0', 'rate-limit-burst', '0')).toBe('OK');
      const [entry] = (await fresh.command('ACL', 'LOG')) as Reply[][];
      expect(entry!.slice(0, 2)).toEqual(['count', denied.length]);
      for (const each of [fresh, user, admin]) each.destroy();
    });

    test('denied commands do not wait for the end of a pause', async () => {
      const admin = await server().client();
      const user = await clientOf(server(), admin, 'paused', '+@all', '-set', '~*');
      expect(await admin.command('CLIENT', 'PAUSE', '600000', 'WRITE')).toBe('OK');
      expect(await user.command('SET', 'k', 'v')).toEqual(noCommand('paused', 'set'));
      expect(await admin.command('CLIENT', 'UNPAUSE')).toBe('OK');
      for (const each of [user, admin]) each.destroy();
    });

    test('a denied command is what CLIENT REPLY SKIP was for', async () => {
      const admin = await server().client();
      const user = await clientOf(server(), admin, 'quiet', '+@all', '-set', '~*');
      user.send('CLIENT REPLY SKIP\r\nSET a 1\r\nPING\r\n');
      expect(await user.reply()).toBe('PONG');
      for (const each of [user, admin]) each.destroy();
    });
  });
});

describe('users in the configuration', () => {
  test('user lines make users, and take the place of requirepass', async () => {
    const server = await startServer({
      config: [
        'requirepass secret',
        'user alice on >wonder ~a* +@all',
        'USER "bob" off nopass (+get ~b) (+set ~c)',
        'user default on >other ~* &* +@all',
      ].join('\n'),
    });
    const client = await server.client();
    expect(await client.command('AUTH', 'secret')).toEqual(WRONGPASS);
    expect(await client.command('AUTH', 'other')).toBe('OK');
    expect(await client.command('ACL', 'USERS')).toEqual(['alice', 'bob', 'default']);
    expect(await client.command('AUTH', 'alice', 'wonder')).toBe('OK');
    expect(await client.command('SET', 'b', '1')).toEqual(NO_KEY);
    expect(await client.command('SET', 'a', '1')).toBe('OK');
    expect(server.output()).toContain("The user 'bob' is disabled");
    client.destroy();
    expect(await server.close()).toEqual({ code: 0 });
  });

  test('users can be given as flags too', async () => {
    const server = await startServer({
      args: ['--user', 'carol', 'on', 'nopass', '+get', '--user', 'dan on nopass'],
    });
    const client = await server.client();
    expect(await client.command('ACL', 'USERS')).toEqual(['carol', 'dan', 'default']);
    client.destroy();
    await server.close();
  });
});

describe('the ACL file', () => {
  const server = useServer({
    args: ['--aclfile', 'users.acl'],
    files: { 'users.acl': '\nuser alice on >a +@all ~*\n\n' },
  });
  const file = () => path.join(server().directory, 'users.acl');

  test('users come from it, the default user as it is without configuration', async () => {
    const client = await server().client();
    expect(await client.command('ACL', 'USERS')).toEqual(['alice', 'default']);
    expect(await client.command('CONFIG', 'GET', 'aclfile')).toEqual(['aclfile', 'users.acl']);
    expect(await client.command('CONFIG', 'SET', 'aclfile', 'x')).toBeInstanceOf(ReplyError);
    client.destroy();
  });

  test('ACL SAVE writes what ACL LOAD reads', async () => {
    const client = await server().client();
    await client.command(
      'ACL',
      'SETUSER',
      'saved',
      'on',
      '>x',
      '%R~a',
      '&c',
      '+get',
      '+select|0',
      '(+set ~b)',
    );
    await client.command('ACL', 'SETUSER', 'b\xe4r', 'on', '~\xff*');
    const list = (await client.command('ACL', 'LIST')) as string[];
    expect(await client.command('ACL', 'SAVE')).toBe('OK');
    expect(readFileSync(file(), 'latin1')).toBe(list.map((line) => `${line}\n`).join(''));
    expect(readdirSync(server().directory).filter((name) => name.includes('tmp'))).toEqual([]);
    await client.command('ACL', 'SETUSER', 'saved', '-get');
    await client.command('ACL', 'SETUSER', 'unsaved');
    await client.command('ACL', 'SETUSER', 'default', '-config');
    expect(await client.command('ACL', 'LOAD')).toBe('OK');
    expect(await client.command('ACL', 'LIST')).toEqual(list);
    client.destroy();
  });

  test('ACL LOAD closes the connections of all but the default user, its own after the reply', async () => {
    const [admin, client, other] = [
      await server().client(),
      await server().client(),
      await server().client(),
    ];
    await client.command('AUTH', 'alice', 'a');
    await other.command('AUTH', 'alice', 'a');
    client.send('ACL LOAD\r\nPING\r\n');
    expect(await client.receivedUntilClosed()).toBe('+OK\r\n');
    await other.closed;
    expect(await admin.command('PING')).toBe('PONG');
    admin.destroy();
  });

  test('a file with mistakes is refused as a whole, and each is located', async () => {
    const client = await server().client();
    const before = await client.command('ACL', 'LIST');
    const good = readFileSync(file(), 'latin1');
    writeFileSync(
      file(),
      [
        'user fine on +@all',
        '# no comments here',
        'user bad +nonsense +@none ~* ~a (on)',
        'user fine on',
        'user open (+get',
        'user',
      ].join('\n'),
    );
    expect(await client.command('ACL', 'LOAD')).toEqual(
      new ReplyError(
        'ERR users.acl:2 should start with user keyword followed by the username. ' +
          "users.acl:3: Error in applying operation '+nonsense': Unknown command or category name in ACL. " +
          "users.acl:3: Error in applying operation '+@none': Unknown command or category name in ACL. " +
          "users.acl:3: Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns. " +
          "WARNING: Duplicate user 'fine' found on line 4. " +
          'users.acl:5: Unmatched parenthesis in selector definition.' +
          'users.acl:6 should start with user keyword followed by the username. ' +
          'WARNING: ACL errors detected, no change to the previously active ACL rules was performed',
      ),
    );
    expect(await client.command('ACL', 'LIST')).toEqual(before);
    rmSync(file());
    expect(await client.command('ACL', 'LOAD')).toEqual(
      new ReplyError("ERR Error loading ACLs, opening file 'users.acl': No such file or directory"),
    );
    expect(await client.command('ACL', 'LIST')).toEqual(before);
    writeFileSync(file(), good, 'latin1');
    client.destroy();
  });

  test('a file that cannot be written leaves the old one and says so', async () => {
    const client = await server().client();
    const good = readFileSync(file(), 'latin1');
    rmSync(file());
    // A directory in its place: the new file cannot be put there.
    mkdirSync(file());
    expect(await client.command('ACL', 'SAVE')).toEqual(
      new ReplyError(
        'ERR There was an error trying to save the ACLs. Please check the server logs for more information',
      ),
    );
    expect(readdirSync(server().directory).filter((name) => name.includes('tmp'))).toEqual([]);
    expect(existsSync(file())).toBe(true);
    rmSync(file(), { recursive: true });
    writeFileSync(file(), good, 'latin1');
    client.destroy();
  });
});
