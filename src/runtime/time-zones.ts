/**
 * The rules of time zones that an application's windows are cut by. They come with the program that runs it, and
 * change: what a calendar window is may then depend on when it was first seen, so a change is told.
 */
import type { StoredPlan, TimeZoneRules } from '../core/stored-plan.ts'
import type { Topology } from '../plan/topology.ts'

const timeZoneWarning = 'MILLRACE_TIME_ZONES_CHANGED'

/** @param version of the IANA database; undefined where the program has none of its own */
export function timeZonesOf(
  { stores }: Pick<Topology, 'stores'>,
  version: string | undefined = process.versions['tz'],
): TimeZoneRules | undefined {
  if (version === undefined) return undefined
  const forms = stores.flatMap(({ spec: { form, keyCodec } }) => [form, ...keyCodec.windowForms])
  const zones = [...new Set(forms.flatMap((form) => form?.timeZone ?? []))].toSorted()
  return zones.length === 0 ? undefined : { version, zones }
}

/** A warning, because what is stored is sound, and only its user knows whether the zones matter. */
export function tellOfTimeZones(
  applicationId: string,
  { timeZones: before }: Pick<StoredPlan, 'timeZones'>,
  { timeZones: now }: Pick<StoredPlan, 'timeZones'>,
): void {
  if (before === undefined || now === undefined || before.version === now.version) return
  const zones = now.zones.filter((zone) => before.zones.includes(zone))
  if (zones.length === 0) return
  process.emitWarning(
    `application "${applicationId}" was last started with version ${before.version} of the time zone rules, and this ` +
      `program has ${now.version}: where they differ for ${zones.join(', ')}, its calendar windows begin and end ` +
      'otherwise than those that are stored. If that matters, process the history again, with replay()',
    { type: 'MillraceWarning', code: timeZoneWarning },
  )
}
