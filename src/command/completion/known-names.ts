/**
 * Names that the log has, as words that may come next on a command line.
 */
import type { Log } from '../../log/face.ts'
import { shownState } from '../../inspect/app-state.ts'
import { counted } from '../../inspect/counts.ts'

export interface NextWord {
  readonly word: string
  readonly about: string
}

/** What a name is of. */
export type NameKind = 'topic' | 'group' | 'application' | 'version' | 'operator' | 'store'

/** @param application whose stores, versions or operators are asked for */
export async function namesOf(
  { admin }: Log,
  kind: NameKind,
  application: string | undefined,
): Promise<readonly NextWord[]> {
  switch (kind) {
    case 'topic':
      return (await admin.listTopics()).map(({ name, partitions }) => ({
        word: name,
        about: counted(partitions, 'partition'),
      }))
    case 'group':
      return (await admin.groups()).map(({ name, kind: what }) => ({ word: name, about: what }))
    case 'application':
      return (await admin.applications()).map((one) => ({ word: one.applicationId, about: shownState(one) }))
    case 'version': {
      const of = (await admin.applications()).find((one) => one.applicationId === application)
      return (of?.versions ?? []).map((one) => ({ word: one.version, about: one.isLive ? 'live' : shownState(one) }))
    }
    case 'operator':
      if (application === undefined) return []
      return Object.entries((await admin.describeApplication(application, { stores: false })).operators).map(
        ([id, { verb }]) => ({
          word: id,
          about: String(verb),
        }),
      )
    case 'store':
      if (application === undefined) return []
      return (await admin.describeApplication(application)).stores.map(({ name, rows }) => ({
        word: name,
        about: counted(rows, 'row'),
      }))
  }
}
