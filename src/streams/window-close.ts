/**
 * When the windows of a table close: the aggregations that it was made by know.
 */
import { readInt64 } from '../core/bytes.ts'
import type { Codec } from '../core/serde.ts'
import { windowGraceFact } from '../core/stored-plan.ts'
import type { PlanNode } from '../plan/node.ts'
import type { StoreSpec } from '../plan/store.ts'

export interface WindowClose {
  /** The stream time from which a window is closed, by the bytes of a key. */
  closeOf(keyBytes: Buffer): number
  /** How long the windows wait for records that come out of order. */
  readonly graceMs: number
  /** For how long the rows of windows are kept. */
  readonly retentionMs: number
}

/**
 * Of a table that several aggregations have a part in, a window closes when it does in the last of them.
 *
 * @returns undefined for a table that is not of windows, or not of such that an aggregation made
 */
export function windowCloseOf(node: PlanNode, keyCodec: Codec<unknown>): WindowClose | undefined {
  const [form] = keyCodec.windowForms
  const stores = form === undefined ? [] : windowStoresOf(node).filter((store) => store.form?.name === form.name)
  if (stores.length === 0) return undefined
  const { partitionSuffixBytes } = keyCodec
  const retentions = stores.map(({ layout }) => layout.retentionMs ?? 0)
  return {
    closeOf(keyBytes) {
      const at = readInt64(keyBytes, keyBytes.length - partitionSuffixBytes)
      let close = 0
      for (const store of stores) close = Math.max(close, store.closeOf?.(at) ?? 0)
      return close
    },
    graceMs: Math.max(...stores.map(({ facts }) => Number(facts[windowGraceFact] ?? 0))),
    retentionMs: Math.max(...retentions),
  }
}

/** The stores of the nearest aggregations over windows. */
function windowStoresOf(from: PlanNode): readonly StoreSpec[] {
  const seen = new Set<PlanNode>()
  const visit = (node: PlanNode): readonly StoreSpec[] => {
    if (seen.has(node)) return []
    seen.add(node)
    const own = node.stores.filter(({ closeOf }) => closeOf !== undefined)
    return own.length > 0 ? own : node.parents.flatMap(visit)
  }
  return visit(from)
}
