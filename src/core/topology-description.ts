/**
 * The shape of a topology as plain data: what `describe` returns, what the log keeps of it, and what pictures are drawn
 * from.
 */

/**
 * What `topology.describe({ format: 'json' })` returns: plain data for tools, in the order of the calls that built it.
 */
export interface TopologyDescription {
  /** A regrouping ends one sub-topology and begins another; everything else stays inside. */
  readonly subTopologies: readonly SubTopologyDescription[]
}

/** The nodes that work on a record in one turn. */
export interface SubTopologyDescription {
  /** Its number, from 0. */
  readonly index: number
  /** The regroupings that feed it, and the ids of its nodes that they feed. */
  readonly regrouped: readonly { readonly id: string; readonly to: readonly string[] }[]
  /** Its nodes; a regrouping stands in the sub-topology that it ends. */
  readonly nodes: readonly NodeDescription[]
}

/** A node, by `kind`: `id` is what errors, metrics and dead letters call it, `verb` the call that made it. */
export type NodeDescription = {
  readonly id: string
  readonly verb: string
  /** The ids that it feeds; for a regrouping those in other sub-topologies. */
  readonly to: readonly string[]
  /** Only of the first node after which runs may differ in what they write, or in its order. */
  readonly breaksDeterminism?: true | undefined
} &
  /** `pattern`: it reads the topics that match this when the application starts, and lists none. */
  (
    | { readonly kind: 'source'; readonly topics: readonly string[]; readonly pattern?: string | undefined }
    | { readonly kind: 'operator'; readonly stores: readonly string[] }
    /** A further output of an operator; `name` is what the operator calls it. */
    | { readonly kind: 'port'; readonly name: string }
    /** `key` is the name of the serde of the keys that it regroups by. */
    | { readonly kind: 'regroup'; readonly key: string }
    /** `byRecord`: each record decides which topic it goes to, one of `topics` or another. */
    | { readonly kind: 'sink'; readonly topics: readonly string[]; readonly byRecord: boolean }
  )
