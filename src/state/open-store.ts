/**
 * Makes the store of a partition that its layout asks for.
 */
import { KeyedTurnStore } from './keyed-store.ts'
import { OrderedTurnStore } from './ordered-store.ts'
import type { CommittableStore, StoreGround } from './turn-store.ts'

export function openStore(ground: StoreGround): CommittableStore {
  return ground.spec.layout.isOrdered ? new OrderedTurnStore(ground) : new KeyedTurnStore(ground)
}
