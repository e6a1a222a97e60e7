/**
 * Makes the store of a partition that its layout and its readers ask for.
 */
import type { Store } from '../plan/store.ts'
import { KeyedTurnStore } from './keyed-store.ts'
import { OrderedTurnStore } from './ordered-store.ts'
import type { CommittableStore, StoreGround } from './turn-store.ts'

export type RowStore = CommittableStore & Store<unknown, unknown>

/** @param isOrdered whether ranges are read, which costs rows more */
export function openStore(ground: StoreGround, isOrdered: boolean = ground.spec.layout.isOrdered): RowStore {
  return isOrdered ? new OrderedTurnStore(ground) : new KeyedTurnStore(ground)
}
