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
  | 'Memory'
  | 'Background work'
  | 'Persistence'
  | 'Log'
  | 'Monitoring'
  | 'Security'
  | 'Process'
  | 'Compatibility';

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
  /** Redis's other names for the option, which mean it everywhere. */
  readonly aliases?: readonly string[];
  /** CONFIG SET changes it only where `enable-protected-configs` allows that. */
  readonly isProtected?: boolean;
  /** CONFIG GET shows it when it is asked for by its whole name only. */
  readonly isHidden?: boolean;
  /** It is set before the start only: CONFIG does not know it at all. */
  readonly isForStart?: boolean;
  /** It is kept and shown, and changes nothing. */
  readonly isInert?: boolean;
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

type InertOptions = Pick<
  AnyFields,
  'aliases' | 'isProtected' | 'isHidden' | 'sensitive' | 'mutable' | 'placeholder'
>;
type AnyFields = Partial<Row<unknown>>;

/**
 * A row for an option of Redis that tools set and files have, and that has nothing to change here: the value is
 * checked, kept, shown and rewritten. `what` says what it means in Redis.
 */
export function inert<V, Input>(
  kind: Kind<V, Input>,
  standard: NoInfer<V> | (() => NoInfer<V>),
  what: string,
  options: InertOptions = {},
): Row<V, Input, readonly []> {
  return {
    kind,
    default: standard,
    mutable: true,
    affects: [],
    group: 'Compatibility',
    help: `${what}; accepted, no effect in this version`,
    isInert: true,
    ...options,
  };
}
