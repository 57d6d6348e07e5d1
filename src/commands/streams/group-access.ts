/** How the handlers of groups reach them. */
import { noGroupAt } from '../../protocol/collection-errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import type { Stream } from '../../types/stream.ts';
import type { Group } from '../../types/stream-groups.ts';
import { REFUSED } from '../collection-access.ts';
import type { ShardContext } from '../context.ts';
import { findStream, streamOf } from './stream-access.ts';

/** A group of the stream of the entry `ref`. */
export interface FoundGroup {
  readonly ref: number;
  readonly stream: Stream;
  readonly group: Group;
}

/** The group that word `word` names, of the stream at the first key; undefined, and answered, when it is not there. */
export function groupOrRefusal(context: ShardContext, word: number): FoundGroup | undefined {
  const { args, reply } = context;
  const ref = findStream(context);
  if (ref === REFUSED) return undefined;
  const stream = ref === ABSENT ? undefined : streamOf(context, ref);
  const group = stream?.group(args.bytes, args.starts[word]!, args.ends[word]!);
  if (stream !== undefined && group !== undefined) return { ref, stream, group };
  reply.error(noGroupAt(args.text(1), args.text(word)));
  return undefined;
}
