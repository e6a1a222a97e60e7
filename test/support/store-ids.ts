// The ids of an application's stores, given to them where they have none.
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'

export function storeIdsOf(
  { environment, applications, groupSession }: EmbeddedLog,
  application: string,
  names: readonly string[],
): number[] {
  const session = groupSession.begin()
  return environment.write((transaction) => {
    if (applications.find(application) === undefined) {
      applications.begin(
        transaction,
        application,
        { applicationId: application, version: 'v1', startedMs: 0, session },
        '{}',
      )
    }
    return names.map((name) => applications.storeId(transaction, application, name))
  })
}
