// The ids of an application's stores, given to them where they have none.
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'

export function storeIdsOf(
  { environment, applications }: EmbeddedLog,
  application: string,
  names: readonly string[],
): number[] {
  return environment.write((transaction) => names.map((name) => applications.storeId(transaction, application, name)))
}
