/**
 * Makes the store of a partition that its layout and its readers ask for.
 */
import { KeyedTurnStore } from './keyed-store.ts'
import { OrderedTurnStore } from './ordered-store.ts'
import type { CommittableStore, StoreGround } from './turn-store.ts'

/** @param isOrdered whether ranges are read, which costs rows more */
export function openStore(ground: StoreGround, isOrdered: boolean = ground.spec.layout.isOrdered): CommittableStore {
  return isOrdered ? new OrderedTurnStore(ground) : new KeyedTurnStore(ground)
}
