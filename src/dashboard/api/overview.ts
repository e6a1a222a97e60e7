/**
 * What the watch knows, for those who ask once: an overview, and what it has of one application.
 */
import { liveText } from '../live.ts'
import { pathPart } from '../question.ts'
import { JsonText } from '../reply.ts'
import type { Question } from '../router.ts'
import type { ApplicationView, PartName, TopologyDescription } from '../views.ts'

/** All that is live, without what is known of one version only. */
export async function overview({ watch }: Question): Promise<JsonText> {
  return new JsonText(liveText(watch.now, '', true))
}

/** @throws MillraceError `application_unknown`, `version_unknown` */
export async function application({
  log,
  watch,
  path,
}: Question): Promise<ApplicationView & { readonly topology: TopologyDescription }> {
  const [id, version] = [pathPart(path, 'application'), pathPart(path, 'version')]
  const part = (name: PartName): string | undefined => watch.now.parts.get(name)
  if (part(`detail/${id}/${version}`) === undefined) {
    await log.admin.describeApplication(id, { version, stores: false }) // says why, where there is none
    await watch.sample()
  }
  return {
    ...(JSON.parse(part(`detail/${id}/${version}`) ?? '{}') as ApplicationView),
    topology: JSON.parse(part(`shape/${id}/${version}`) ?? '{}') as TopologyDescription,
  }
}
