/** Users and channels: who may publish and listen, and what becomes of listeners whose rules change. */
import { expect, test } from 'vitest';
import { type Client, ReplyError } from '../support/client.ts';
import { useServer } from './served.ts';

const DENIED = new ReplyError('NOPERM No permissions to access a channel');
const server = useServer({ shards: 2 });

async function connectAs(name: string, ...rules: string[]): Promise<{ admin: Client; user: Client }> {
  const [admin, user] = [await server().client(), await server().client()];
  expect(await admin.command('ACL', 'SETUSER', name, 'on', 'nopass', '+@all', '~*', ...rules)).toBe('OK');
  expect(await user.command('AUTH', name, 'x')).toBe('OK');
  return { admin, user };
}

function end(...clients: Client[]): void {
  for (const client of clients) client.destroy();
}

test('channels must match a pattern, patterns must have been given as they are', async () => {
  const { admin, user } = await connectAs('limited', 'resetchannels', '&news.*', '&chat');
  expect(await user.command('PUBLISH', 'news.1', 'm')).toBe(0);
  expect(await user.command('PUBLISH', 'other', 'm')).toEqual(DENIED);
  expect(await user.command('SPUBLISH', 'chat', 'm')).toBe(0);
  expect(await user.command('SPUBLISH', 'other', 'm')).toEqual(DENIED);
  expect(await user.command('SUBSCRIBE', 'chat', 'other')).toEqual(DENIED);
  expect(await user.command('SSUBSCRIBE', 'other')).toEqual(DENIED);
  expect(await user.command('PSUBSCRIBE', 'news.1*')).toEqual(DENIED);
  // Leaving needs no permission.
  expect(await user.command('UNSUBSCRIBE', 'other')).toEqual(['unsubscribe', 'other', 0]);
  expect(await user.command('SUNSUBSCRIBE', 'other')).toEqual(['sunsubscribe', 'other', 0]);
  expect(await user.command('PSUBSCRIBE', 'news.*')).toEqual(['psubscribe', 'news.*', 1]);
  expect(await user.command('SUBSCRIBE', 'chat')).toEqual(['subscribe', 'chat', 2]);
  expect(await user.command('SSUBSCRIBE', 'news.x')).toEqual(['ssubscribe', 'news.x', 1]);
  const [entry] = (await admin.command('ACL', 'LOG', '1')) as unknown[][];
  expect(entry).toEqual(expect.arrayContaining(['channel', 'news.1*', 'limited']));
  expect(await admin.command('ACL', 'DRYRUN', 'limited', 'PUBLISH', 'other', 'm')).toBe(
    "User limited has no permissions to access the 'other' channel",
  );
  end(admin, user);
});

test('shard channels need no permission for keys', async () => {
  const { admin, user } = await connectAs('keyless', 'resetkeys', 'allchannels');
  expect(await user.command('SPUBLISH', 'c', 'm')).toBe(0);
  expect(await user.command('SSUBSCRIBE', 'c')).toEqual(['ssubscribe', 'c', 1]);
  end(admin, user);
});

test.each([
  ['SUBSCRIBE', 'news.1'],
  ['PSUBSCRIBE', 'news.*'],
  ['SSUBSCRIBE', 'news.1'],
])('%s: whoever listens to what is taken away is closed', async (command, name) => {
  const { admin, user } = await connectAs('loser', 'resetchannels', '&news.*', '&chat');
  const { admin: other, user: chatter } = await connectAs('loser');
  await user.command(command, name);
  await chatter.command('SUBSCRIBE', 'chat');
  expect(await admin.command('ACL', 'SETUSER', 'loser', 'resetchannels', '&chat')).toBe('OK');
  await user.closed;
  expect(await chatter.command('PING')).toEqual(['pong', '']);
  end(admin, other, chatter);
});

test('more channels, or the same otherwise said, close nobody', async () => {
  const { admin, user } = await connectAs('keeper', 'resetchannels', '&news.*');
  await user.command('SUBSCRIBE', 'news.1');
  await user.command('PSUBSCRIBE', 'news.*');
  for (const rules of [['&more'], ['resetchannels', '&news.*', '&x'], ['-@all'], ['off'], ['allchannels']]) {
    expect(await admin.command('ACL', 'SETUSER', 'keeper', ...rules)).toBe('OK');
    expect(await user.command('PING')).toEqual(expect.anything());
    expect(user.isClosed).toBe(false);
    expect(await admin.command('PUBLISH', 'news.1', 'm')).toBe(2);
    expect([await user.reply(), await user.reply()]).toEqual([
      ['message', 'news.1', 'm'],
      ['pmessage', 'news.*', 'news.1', 'm'],
    ]);
  }
  // From all to some: a pattern that these do not name must go, though they cover it.
  expect(await admin.command('ACL', 'SETUSER', 'keeper', 'resetchannels', '&news.**')).toBe('OK');
  await user.closed;
  end(admin);
});

test('selectors count together', async () => {
  const { admin, user } = await connectAs('parts', 'resetchannels', '(&a +subscribe)', '(&b +subscribe)');
  await user.command('SUBSCRIBE', 'a');
  await user.command('SUBSCRIBE', 'b');
  expect(await admin.command('ACL', 'SETUSER', 'parts', 'clearselectors', '&a', '&b')).toBe('OK');
  expect(await user.command('UNSUBSCRIBE', 'a')).toEqual(['unsubscribe', 'a', 1]);
  expect(await admin.command('ACL', 'SETUSER', 'parts', 'resetchannels', '&a')).toBe('OK');
  await user.closed;
  end(admin);
});

test('a user that is deleted loses its listeners', async () => {
  const { admin, user } = await connectAs('deleted', 'allchannels');
  await user.command('SUBSCRIBE', 'a');
  expect(await admin.command('ACL', 'DELUSER', 'deleted')).toBe(1);
  await user.closed;
  await expect.poll(() => admin.command('PUBLISH', 'a', 'm')).toBe(0);
  end(admin);
});
