/** What runs for a command on a shard. */
import type { ShardContext } from '../commands/context.ts';
import type { Command } from '../commands/table.ts';

/** Commands that run elsewhere have one that throws: nobody may send them. */
export function handlerOf(command: Command): (context: ShardContext) => void {
  const placement = command.placement;
  if (placement?.at === 'server' && placement.onShard !== undefined) return placement.onShard;
  if (placement === undefined || placement.at === 'server') {
    return () => {
      throw new Error(`${command.fullName} does not run on a shard`);
    };
  }
  return placement.handler;
}
