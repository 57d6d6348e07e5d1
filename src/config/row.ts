/** What one option declares: a row of the table in options.ts. */
import type { Kind } from './kinds.ts';

/** Who uses an option, and so must hear of a change. */
export type Audience = 'server' | 'shards' | 'log';

/** The headings of `--help`, in its order. */
export type Group =
  | 'Network'
  | 'TLS'
  | 'Clients'
  | 'Shards'
  | 'Background work'
  | 'Persistence'
  | 'Log'
  | 'Security';

export interface Row<V, Input = V, A extends readonly Audience[] = readonly Audience[]> {
  readonly kind: Kind<V, Input>;
  readonly default: V | (() => V);
  /** How a default that the machine decides is described. */
  readonly defaultText?: string;
  /** CONFIG SET may change it. */
  readonly mutable: boolean;
  readonly affects: A;
  readonly group: Group;
  /** One line. */
  readonly help: string;
  readonly placeholder?: string;
  /** No message may quote the value. */
  readonly sensitive?: boolean;
  /** The value names something that changes by itself, such as a file: setting the same value again is a change. */
  readonly volatile?: boolean;
}

/** Checks a row where it stands and keeps its exact types. */
export function row<V, Input, const A extends readonly Audience[]>(
  // The default takes no part in the inference: it must fit the kind.
  fields: Omit<Row<V, Input, A>, 'default'> & { readonly default: NoInfer<V> | (() => NoInfer<V>) },
): Row<V, Input, A> {
  return fields as Row<V, Input, A>;
}
