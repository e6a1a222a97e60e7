/**
 * What the watch knows, for those who ask once: an overview, and what it has of one application.
 */
import { liveText } from '../live.ts'
import { pathPart } from '../question.ts'
import { JsonText, Refusal } from '../reply.ts'
import type { Question } from '../router.ts'
import type { ApplicationView, TopologyDescription } from '../views.ts'

/** All that is live, without what is known of one version only. */
export async function overview({ watch }: Question): Promise<JsonText> {
  return new JsonText(liveText(watch.now, '', true))
}

type DetailedView = ApplicationView & { readonly topology: TopologyDescription }

/** @throws MillraceError `application_unknown`, `version_unknown` */
export async function application({ log, watch, path }: Question): Promise<DetailedView> {
  const [id, version] = [pathPart(path, 'application'), pathPart(path, 'version')]
  const seen = (): DetailedView | undefined => {
    const { parts } = watch.now
    const [detail, shape] = [parts.get(`detail/${id}/${version}`), parts.get(`shape/${id}/${version}`)]
    if (detail === undefined || shape === undefined) return undefined
    return { ...(JSON.parse(detail) as ApplicationView), topology: JSON.parse(shape) as TopologyDescription }
  }
  let found = seen()
  // A sample that is under way may have passed it by: the one after it has not.
  for (let looks = 0; found === undefined && looks < 2; looks++) {
    await log.admin.describeApplication(id, { version, stores: false }) // says why, where there is none
    await watch.sample()
    found = seen()
  }
  if (found === undefined) throw new Refusal(503, 'busy', `${id}/${version} could not be looked at: try again`)
  return found
}
