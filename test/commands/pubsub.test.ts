/** SUBSCRIBE to PUBSUB: what clients are told when they listen and publish. */
import { describe, expect, test } from 'vitest';
import type { Client, Reply } from '../support/client.ts';
import { describeServed, error, wrongArity } from './served.ts';

const NOT_HERE = (name: string) =>
  error(
    `ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
  );

/** The next `count` replies. */
function replies(client: Client, count: number): Promise<Reply[]> {
  return Promise.all(Array.from({ length: count }, () => client.reply()));
}

/** Sends a command that is answered by `count` arrays. */
function ask(client: Client, count: number, ...words: string[]): Promise<Reply[]> {
  client.send(`${words.join(' ')}\r\n`);
  return replies(client, count);
}

describeServed('listening to channels', ({ run, connect }) => {
  test('SUBSCRIBE confirms each channel, and messages come to all who listen', async () => {
    const [one, two] = [await connect(), await connect()];
    expect(await ask(one, 2, 'SUBSCRIBE', 'a', 'b')).toEqual([
      ['subscribe', 'a', 1],
      ['subscribe', 'b', 2],
    ]);
    expect(await ask(one, 1, 'SUBSCRIBE', 'a')).toEqual([['subscribe', 'a', 2]]);
    expect(await ask(two, 1, 'SUBSCRIBE', 'a')).toEqual([['subscribe', 'a', 1]]);
    expect(await run('PUBLISH', 'a', 'to both')).toBe(2);
    expect(await run('PUBLISH', 'b', 'to one')).toBe(1);
    expect(await run('PUBLISH', 'c', 'to nobody')).toBe(0);
    expect(await replies(one, 2)).toEqual([
      ['message', 'a', 'to both'],
      ['message', 'b', 'to one'],
    ]);
    expect(await two.reply()).toEqual(['message', 'a', 'to both']);
    for (const client of [one, two]) client.destroy();
  });

  test('UNSUBSCRIBE tells what is left, and without names leaves all', async () => {
    const client = await connect();
    await ask(client, 3, 'SUBSCRIBE', 'a', 'b', 'c');
    expect(await ask(client, 2, 'UNSUBSCRIBE', 'b', 'never')).toEqual([
      ['unsubscribe', 'b', 2],
      ['unsubscribe', 'never', 2],
    ]);
    expect(await ask(client, 2, 'UNSUBSCRIBE')).toEqual([
      ['unsubscribe', 'a', 1],
      ['unsubscribe', 'c', 0],
    ]);
    expect(await ask(client, 1, 'UNSUBSCRIBE')).toEqual([['unsubscribe', null, 0]]);
    expect(await run('PUBLISH', 'a', 'x')).toBe(0);
    expect(await client.command('GET', 'k')).toBe(null);
    client.destroy();
  });

  test('PSUBSCRIBE listens to patterns, PUNSUBSCRIBE ends that', async () => {
    const client = await connect();
    expect(await ask(client, 3, 'PSUBSCRIBE', 'n?ws.*', 'news.[ab]', 'news.[ab]')).toEqual([
      ['psubscribe', 'n?ws.*', 1],
      ['psubscribe', 'news.[ab]', 2],
      ['psubscribe', 'news.[ab]', 2],
    ]);
    await ask(client, 1, 'SUBSCRIBE', 'news.a');
    expect(await run('PUBLISH', 'news.a', 'm')).toBe(3);
    expect(await run('PUBLISH', 'news.c', 'm')).toBe(1);
    expect(await run('PUBLISH', 'nws.c', 'm')).toBe(0);
    expect(await replies(client, 4)).toEqual([
      ['message', 'news.a', 'm'],
      ['pmessage', 'n?ws.*', 'news.a', 'm'],
      ['pmessage', 'news.[ab]', 'news.a', 'm'],
      ['pmessage', 'n?ws.*', 'news.c', 'm'],
    ]);
    expect(await ask(client, 2, 'PUNSUBSCRIBE')).toEqual([
      ['punsubscribe', 'n?ws.*', 2],
      ['punsubscribe', 'news.[ab]', 1],
    ]);
    expect(await ask(client, 1, 'PUNSUBSCRIBE')).toEqual([['punsubscribe', null, 1]]);
    client.destroy();
  });

  test('shard channels are apart from the others, and have no patterns', async () => {
    const client = await connect();
    await ask(client, 2, 'SUBSCRIBE', 'same', 'other');
    await ask(client, 1, 'PSUBSCRIBE', '*');
    expect(await ask(client, 2, 'SSUBSCRIBE', 'same', 'shard')).toEqual([
      ['ssubscribe', 'same', 1],
      ['ssubscribe', 'shard', 2],
    ]);
    expect(await run('SPUBLISH', 'same', 's')).toBe(1);
    expect(await run('PUBLISH', 'same', 'p')).toBe(2);
    expect(await run('PUBLISH', 'shard', 'q')).toBe(1);
    expect(await replies(client, 4)).toEqual([
      ['smessage', 'same', 's'],
      ['message', 'same', 'p'],
      ['pmessage', '*', 'same', 'p'],
      ['pmessage', '*', 'shard', 'q'],
    ]);
    expect(await ask(client, 2, 'SUNSUBSCRIBE')).toEqual([
      ['sunsubscribe', 'same', 1],
      ['sunsubscribe', 'shard', 0],
    ]);
    expect(await ask(client, 1, 'SUNSUBSCRIBE')).toEqual([['sunsubscribe', null, 0]]);
    client.destroy();
  });

  test('names and messages are any bytes', async () => {
    const client = await connect();
    const name = Buffer.from([0, 255, 13, 10, 32]);
    const message = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    expect(await client.command('SUBSCRIBE', name)).toEqual(['subscribe', name.toString('latin1'), 1]);
    expect(await run('PUBLISH', name, message)).toBe(1);
    expect(await client.reply()).toEqual(['message', name.toString('latin1'), message.toString('latin1')]);
    expect(await run('PUBLISH', name, '')).toBe(1);
    expect(await client.reply()).toEqual(['message', name.toString('latin1'), '']);
    client.destroy();
  });

  test('long messages come whole', async () => {
    const client = await connect();
    await ask(client, 1, 'SUBSCRIBE', 'long');
    const lengths = [1, 1000, 1100, 2100, 16_300, 16_400, 100_000, 3_000_000, 2];
    for (const length of lengths) expect(await run('PUBLISH', 'long', 'x'.repeat(length))).toBe(1);
    for (const length of lengths) {
      const [, , message] = (await client.reply()) as string[];
      expect(message).toBe('x'.repeat(length));
    }
    client.destroy();
  });

  test('wrong numbers of words', async () => {
    for (const name of ['subscribe', 'psubscribe', 'ssubscribe'])
      expect(await run(name)).toEqual(wrongArity(name));
    for (const name of ['publish', 'spublish']) {
      expect(await run(name, 'a')).toEqual(wrongArity(name));
      expect(await run(name, 'a', 'b', 'c')).toEqual(wrongArity(name));
    }
  });
});

describeServed('a client of RESP2 that listens', ({ connect }) => {
  test('may only listen to more and less, PING, RESET and QUIT', async () => {
    const client = await connect();
    await ask(client, 1, 'SUBSCRIBE', 'a');
    expect(await client.command('GET', 'k')).toEqual(NOT_HERE('get'));
    expect(await client.command('PUBLISH', 'a', 'b')).toEqual(NOT_HERE('publish'));
    expect(await client.command('CLIENT', 'LIST')).toEqual(NOT_HERE('client|list'));
    expect(await client.command('HELLO', 3)).toEqual(NOT_HERE('hello'));
    expect(await client.command('MONITOR')).toEqual(NOT_HERE('monitor'));
    expect(await client.command('GET')).toEqual(wrongArity('get'));
    expect(String(await client.command('NONSENSE'))).toContain("unknown command 'NONSENSE'");
    expect(await client.command('PING')).toEqual(['pong', '']);
    expect(await client.command('PING', 'x')).toEqual(['pong', 'x']);
    expect(await client.command('PING', 'x', 'y')).toEqual(wrongArity('ping'));
    expect(await client.command('PSUBSCRIBE', 'p')).toEqual(['psubscribe', 'p', 2]);
    expect(await client.command('SSUBSCRIBE', 's')).toEqual(['ssubscribe', 's', 1]);
    expect(await client.command('UNSUBSCRIBE', 'a')).toEqual(['unsubscribe', 'a', 1]);
    expect(await client.command('PUNSUBSCRIBE', 'p')).toEqual(['punsubscribe', 'p', 0]);
    expect(await client.command('GET', 'k')).toEqual(NOT_HERE('get'));
    expect(await client.command('SUNSUBSCRIBE', 's')).toEqual(['sunsubscribe', 's', 0]);
    expect(await client.command('PING')).toBe('PONG');
    expect(await client.command('GET', 'k')).toBe(null);
    client.destroy();
  });

  test('RESET lets it begin anew, QUIT ends it', async () => {
    const client = await connect();
    for (const [command, name] of [
      ['SUBSCRIBE', 'a'],
      ['PSUBSCRIBE', 'b*'],
      ['SSUBSCRIBE', 'c'],
    ]) {
      await client.command(command!, name!);
    }
    expect(await client.command('RESET')).toBe('RESET');
    expect(await client.command('PUBLISH', 'a', 'x')).toBe(0);
    expect(await client.command('PUBLISH', 'b1', 'x')).toBe(0);
    expect(await client.command('SPUBLISH', 'c', 'x')).toBe(0);
    await client.command('SUBSCRIBE', 'a');
    expect(await client.command('QUIT')).toBe('OK');
    await client.closed;
  });

  test('confirmations and messages come to who wants no replies', async () => {
    const [client, publisher] = [await connect(), await connect()];
    client.send('CLIENT REPLY OFF\r\nSUBSCRIBE a\r\nGET k\r\nPING\r\n');
    expect(await client.reply()).toEqual(['subscribe', 'a', 1]);
    expect(await publisher.command('PUBLISH', 'a', 'm')).toBe(1);
    expect(await client.reply()).toEqual(['message', 'a', 'm']);
    client.send('UNSUBSCRIBE\r\nPING\r\nCLIENT REPLY ON\r\n');
    expect(await replies(client, 2)).toEqual([['unsubscribe', 'a', 0], 'OK']);
    client.send('CLIENT REPLY SKIP\r\nSUBSCRIBE a\r\nPING\r\n');
    expect(await replies(client, 2)).toEqual([
      ['subscribe', 'a', 1],
      ['pong', ''],
    ]);
    for (const each of [client, publisher]) each.destroy();
  });

  test('a confirmation waits for the replies before it', async () => {
    const client = await connect();
    const commands = Array.from({ length: 50 }, (_, i) => [`SET k${i} v${i}`, `GET k${i}`]).flat();
    client.send([...commands, 'SUBSCRIBE a', 'PING', ''].join('\r\n'));
    const all = await replies(client, 102);
    expect(all.slice(98)).toEqual(['OK', 'v49', ['subscribe', 'a', 1], ['pong', '']]);
    client.destroy();
  });
});

describeServed('a client of RESP3 that listens', ({ run, connect }) => {
  test('gets pushes, and goes on with commands', async () => {
    const client = await connect();
    await client.command('HELLO', 3);
    client.send('SUBSCRIBE a b\r\nPSUBSCRIBE a*\r\nSSUBSCRIBE s\r\n');
    expect(await client.command('PING')).toBe('PONG');
    expect(await client.command('SET', 'k', 'v')).toBe('OK');
    expect(await client.command('GET', 'k')).toBe('v');
    expect(await run('PUBLISH', 'a', 'm')).toBe(2);
    expect(await run('SPUBLISH', 's', 'm')).toBe(1);
    client.send('UNSUBSCRIBE a\r\n');
    await expect.poll(() => client.pushes.length).toBe(8);
    expect(client.pushes).toEqual([
      ['subscribe', 'a', 1],
      ['subscribe', 'b', 2],
      ['psubscribe', 'a*', 3],
      ['ssubscribe', 's', 1],
      ['message', 'a', 'm'],
      ['pmessage', 'a*', 'a', 'm'],
      ['smessage', 's', 'm'],
      ['unsubscribe', 'a', 2],
    ]);
    client.destroy();
  });

  test('what it publishes to itself comes behind the reply', async () => {
    const client = await connect();
    client.send(
      'HELLO 3\r\nCLIENT REPLY OFF\r\nCLIENT REPLY ON\r\nSUBSCRIBE a\r\nPUBLISH a m\r\nPING\r\nQUIT\r\n',
    );
    client.end();
    const text = await client.receivedUntilClosed();
    const push = (kind: string, last: string) => `>3\r\n$${kind.length}\r\n${kind}\r\n$1\r\na\r\n${last}\r\n`;
    expect(text.slice(text.indexOf('+OK\r\n'))).toBe(
      `+OK\r\n${push('subscribe', ':1')}:1\r\n${push('message', '$1\r\nm')}+PONG\r\n+OK\r\n`,
    );
  });

  test('messages that it publishes between other commands keep their order', async () => {
    const client = await connect();
    await client.command('HELLO', 3);
    client.send('SUBSCRIBE a\r\n');
    const rounds = 200;
    const sent = await client.pipeline(
      Array.from({ length: rounds }, (_, i) => [
        ['SET', `k${i}`, String(i)],
        ['PUBLISH', 'a', String(i)],
        ['GET', `k${i}`],
      ]).flat(),
    );
    expect(sent).toEqual(Array.from({ length: rounds }, (_, i) => ['OK', 1, String(i)]).flat());
    await expect.poll(() => client.pushes.length).toBe(rounds + 1);
    expect(client.pushes.slice(1)).toEqual(
      Array.from({ length: rounds }, (_, i) => ['message', 'a', String(i)]),
    );
    client.destroy();
  });

  test('HELLO 2 brings it under the rules of RESP2', async () => {
    const client = await connect();
    await client.command('HELLO', 3);
    client.send('SUBSCRIBE a\r\n');
    await client.command('HELLO', 2);
    expect(await client.command('GET', 'k')).toEqual(NOT_HERE('get'));
    expect(await run('PUBLISH', 'a', 'm')).toBe(1);
    expect(await client.reply()).toEqual(['message', 'a', 'm']);
    client.destroy();
  });
});

describeServed('channels in transactions', ({ connect }) => {
  test('what is published is sent behind the reply of EXEC', async () => {
    const client = await connect();
    await client.command('HELLO', 3);
    client.send('SUBSCRIBE a\r\n');
    await client.command('PING');
    client.pushes.length = 0;
    client.send('MULTI\r\nSET k v\r\nPUBLISH a one\r\nPUBLISH a two\r\nEXEC\r\nPING\r\nQUIT\r\n');
    client.end();
    const text = await client.receivedUntilClosed();
    const push = (message: string) => `>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$3\r\n${message}\r\n`;
    expect(text).toBe(
      `+OK\r\n${'+QUEUED\r\n'.repeat(3)}*3\r\n+OK\r\n:1\r\n:1\r\n${push('one')}${push('two')}+PONG\r\n+OK\r\n`,
    );
  });

  test('SUBSCRIBE may stand in one, SSUBSCRIBE and MONITOR may not', async () => {
    const client = await connect();
    const sent = await client.pipeline([
      ['MULTI'],
      ['SUBSCRIBE', 'a'],
      ['SSUBSCRIBE', 's'],
      ['MONITOR'],
      ['PUBLISH', 'b', 'm'],
      ['UNSUBSCRIBE', 'a'],
      ['EXEC'],
    ]);
    expect(sent[6]).toEqual([
      ['subscribe', 'a', 1],
      error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"),
      error("ERR MONITOR isn't allowed for DENY BLOCKING client"),
      0,
      ['unsubscribe', 'a', 0],
    ]);
    expect(await client.command('GET', 'k')).toBe(null);
    client.destroy();
  });
});

describeServed('PUBSUB', ({ run, connect }) => {
  test('tells who listens to what', async () => {
    const [one, two] = [await connect(), await connect()];
    await ask(one, 3, 'SUBSCRIBE', 'news.1', 'news.2', 'chat');
    await ask(two, 1, 'SUBSCRIBE', 'news.1');
    await ask(two, 2, 'PSUBSCRIBE', 'n*', 'm*');
    await ask(one, 1, 'PSUBSCRIBE', 'n*');
    await ask(one, 2, 'SSUBSCRIBE', 's1', 's2');
    expect(((await run('PUBSUB', 'CHANNELS')) as string[]).sort()).toEqual(['chat', 'news.1', 'news.2']);
    expect(((await run('pubsub', 'channels', 'news.*')) as string[]).sort()).toEqual(['news.1', 'news.2']);
    expect(await run('PUBSUB', 'NUMSUB', 'news.1', 'chat', 'none', 's1')).toEqual([
      ...['news.1', 2, 'chat', 1],
      ...['none', 0, 's1', 0],
    ]);
    expect(await run('PUBSUB', 'NUMSUB')).toEqual([]);
    expect(await run('PUBSUB', 'NUMPAT')).toBe(2);
    expect(((await run('PUBSUB', 'SHARDCHANNELS')) as string[]).sort()).toEqual(['s1', 's2']);
    expect(await run('PUBSUB', 'SHARDCHANNELS', '*1')).toEqual(['s1']);
    expect(await run('PUBSUB', 'SHARDNUMSUB', 's1', 'news.1')).toEqual(['s1', 1, 'news.1', 0]);
    for (const client of [one, two]) client.destroy();
    await expect.poll(() => run('PUBSUB', 'CHANNELS')).toEqual([]);
    expect(await run('PUBSUB', 'NUMPAT')).toBe(0);
    expect(await run('PUBSUB', 'SHARDCHANNELS')).toEqual([]);
  });

  test('explains itself', async () => {
    expect((await run('PUBSUB', 'HELP')) as string[]).toContain('NUMSUB [<channel> [<channel> ...]]');
    expect(await run('PUBSUB')).toEqual(wrongArity('pubsub'));
    expect(await run('PUBSUB', 'NONSENSE')).toEqual(
      error("ERR unknown subcommand 'NONSENSE'. Try PUBSUB HELP."),
    );
    expect(await run('PUBSUB', 'CHANNELS', 'a', 'b')).toEqual(
      error("ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP."),
    );
    expect(await run('PUBSUB', 'NUMPAT', 'a')).toEqual(wrongArity('pubsub|numpat'));
  });
});

describe('what is told of channels elsewhere', () => {
  describeServed('in lists of clients and in INFO', ({ run, connect }) => {
    const field = async (name: string) =>
      new RegExp(`^${name}:(.*)\r$`, 'm').exec(String(await run('INFO', 'everything')))?.[1];

    test('CLIENT LIST shows subscribers, and CLIENT KILL ends them', async () => {
      const client = await connect();
      await client.command('CLIENT', 'SETNAME', 'listener');
      await ask(client, 2, 'SUBSCRIBE', 'a', 'b');
      await ask(client, 3, 'PSUBSCRIBE', 'a', 'b', 'c');
      await ask(client, 1, 'SSUBSCRIBE', 'a');
      expect(await run('CLIENT', 'LIST', 'TYPE', 'pubsub')).toMatch(
        / name=listener .* flags=P db=0 sub=2 psub=3 ssub=1 .* cmd=ssubscribe /,
      );
      expect(await run('CLIENT', 'LIST', 'TYPE', 'normal')).not.toContain('listener');
      expect(await field('pubsub_clients')).toBe('1');
      expect(await field('pubsub_channels')).toBe('2');
      expect(await field('pubsub_patterns')).toBe('3');
      expect(await field('pubsubshard_channels')).toBe('1');
      expect(await run('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(1);
      await client.closed;
      expect(await field('pubsub_clients')).toBe('0');
      expect(await field('pubsub_channels')).toBe('0');
    });
  });
});
