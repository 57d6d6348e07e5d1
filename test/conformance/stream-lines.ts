/** Lines that cases of streams have in common. */
import { type Line, line, mapTexts } from './case.ts';

/** The time, wherever it stands in a reply. */
export const TIME = /\d{13,}/g;

/** `count` entries `1-1`, `2-1`, … with a name and a value. */
export function entries(key: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `XADD ${key} ${i + 1}-1 field value:${i}`);
}

/** How many nodes a tree has is not told as Redis does: there is none. */
export function withoutNodes(text: string): Line {
  return line(text, {
    transform: (reply) => {
      const all = (Array.isArray(reply) ? reply : (reply as unknown as { items: never[] }).items).slice();
      const at = all.indexOf('$radix-tree-nodes' as never);
      if (at >= 0) all.splice(at, 2);
      return mapTexts(all, (exact) => exact.replace(TIME, '#'));
    },
  });
}
