/** Publishes the events of the keyspace that shards tell of (`notify-keyspace-events`) on the channels that Redis has for them. */
import { latin1 } from '../base/bytes.ts';
import { eventClassesOf } from '../commands/keyspace-events.ts';
import type { PubSubService } from '../commands/pub-sub-service.ts';
import type { Config } from '../config/config.ts';
import { NOTICE, type Notice } from '../ring/notices.ts';

/** What this needs of the acceptor. */
interface EventsHost {
  readonly noticeHandlers: { set(kind: number, handler: (notice: Notice) => void): unknown };
  awaitNotices(reason: string, isOn: boolean): void;
}

/** To be called once, before anybody connects. */
export function publishKeyspaceEvents(host: EventsHost, config: Config, pubSub: PubSubService): void {
  let letters = '';
  const follow = () => {
    letters = config.get('notify-keyspace-events');
    host.awaitNotices('events', eventClassesOf(letters) !== 0);
  };
  follow();
  config.onChange('notify-keyspace-events', follow);
  host.noticeHandlers.set(NOTICE.event, ({ db, parts }) => {
    const [event, key] = parts;
    if (event === undefined || key === undefined || !pubSub.hasSubscribers) return;
    if (letters.includes('K')) pubSub.publish(channel(`__keyspace@${db}__:`, key), event);
    if (letters.includes('E')) pubSub.publish(channel(`__keyevent@${db}__:`, event), key);
  });
}

function channel(prefix: string, name: Uint8Array): Uint8Array {
  return Buffer.from(prefix + latin1(name, 0, name.length), 'latin1');
}
